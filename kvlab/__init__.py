"""
The Key Vault you can hold in a notebook.

>>> from kvlab import Vault
>>> vault = Vault()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kvlab.clock import SimulatedClock, SystemClock
    from kvlab.errors import VaultError, X509Error
    from kvlab.vault.vault import Vault
    from kvlab.wire.policy import CertificatePolicy

__version__ = "0.1.0"

__all__ = [
    "CertificatePolicy",
    "SimulatedClock",
    "SystemClock",
    "Vault",
    "VaultError",
    "X509Error",
    "__version__",
]

# What a learner types, and where it lives; loaded on first use, so that ``import kvlab`` is quick.
_HOMES = {
    "CertificatePolicy": "kvlab.wire.policy",
    "SimulatedClock": "kvlab.clock",
    "SystemClock": "kvlab.clock",
    "Vault": "kvlab.vault.vault",
    "VaultError": "kvlab.errors",
    "X509Error": "kvlab.errors",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'kvlab' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
