"""
The Key Vault you can hold in a notebook.

>>> from kvlab import Vault
>>> vault = Vault()
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kvlab import tables, zoo
    from kvlab.clients.aws import aws
    from kvlab.clients.forward import transport
    from kvlab.clients.sdk import sdk
    from kvlab.clock import SimulatedClock, SystemClock
    from kvlab.errors import IotError, VaultError, X509Error
    from kvlab.iot.iot import Iot
    from kvlab.lessons.lesson import check, lesson
    from kvlab.lessons.start import start
    from kvlab.server.mqtt import broker
    from kvlab.vault.vault import Vault
    from kvlab.widgets.access import access
    from kvlab.widgets.call import calls
    from kvlab.widgets.contacts import contacts
    from kvlab.widgets.create import create
    from kvlab.widgets.device import device
    from kvlab.widgets.device_life import device_life
    from kvlab.widgets.diff import diff
    from kvlab.widgets.explorer.explorer import explore
    from kvlab.widgets.flow import flow
    from kvlab.widgets.importing import import_form
    from kvlab.widgets.issuer import issuer
    from kvlab.widgets.lifecycle import lifecycle
    from kvlab.widgets.merge import merge
    from kvlab.widgets.operation import operation
    from kvlab.widgets.start import ready
    from kvlab.wire.policy import CertificatePolicy

__version__ = "0.1.0"

__all__ = [
    "CertificatePolicy",
    "Iot",
    "IotError",
    "SimulatedClock",
    "SystemClock",
    "Vault",
    "VaultError",
    "X509Error",
    "__version__",
    "access",
    "aws",
    "broker",
    "calls",
    "check",
    "contacts",
    "create",
    "device",
    "device_life",
    "diff",
    "explore",
    "flow",
    "import_form",
    "issuer",
    "lesson",
    "lifecycle",
    "merge",
    "operation",
    "ready",
    "sdk",
    "start",
    "tables",
    "transport",
    "zoo",
]

# What a learner types, and where it lives; loaded on first use, so that ``import kvlab`` is quick.
_HOMES = {
    "aws": "kvlab.clients.aws",
    "CertificatePolicy": "kvlab.wire.policy",
    "Iot": "kvlab.iot.iot",
    "IotError": "kvlab.errors",
    "SimulatedClock": "kvlab.clock",
    "SystemClock": "kvlab.clock",
    "Vault": "kvlab.vault.vault",
    "VaultError": "kvlab.errors",
    "X509Error": "kvlab.errors",
    "broker": "kvlab.server.mqtt",
    "calls": "kvlab.widgets.call",
    "check": "kvlab.lessons.lesson",
    "access": "kvlab.widgets.access",
    "contacts": "kvlab.widgets.contacts",
    "create": "kvlab.widgets.create",
    "explore": "kvlab.widgets.explorer.explorer",
    "device": "kvlab.widgets.device",
    "device_life": "kvlab.widgets.device_life",
    "diff": "kvlab.widgets.diff",
    "flow": "kvlab.widgets.flow",
    "import_form": "kvlab.widgets.importing",
    "lesson": "kvlab.lessons.lesson",
    "issuer": "kvlab.widgets.issuer",
    "lifecycle": "kvlab.widgets.lifecycle",
    "merge": "kvlab.widgets.merge",
    "operation": "kvlab.widgets.operation",
    "ready": "kvlab.widgets.start",
    "start": "kvlab.lessons.start",
    "sdk": "kvlab.clients.sdk",
    "transport": "kvlab.clients.forward",
}
_ROOMS = ("tables", "zoo")


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"kvlab.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'kvlab' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(shell: Any) -> None:
    """
    Do what ``%load_ext kvlab`` asks for: give an IPython shell the magics ``%kv`` and ``%%kvpolicy``.
    """
    from kvlab.widgets import magics  # noqa: PLC0415  IPython's business only where there is IPython

    _show_objects(shell)
    magics.load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """
    Do what ``%unload_ext kvlab`` asks for: take the magics away; objects are still shown.
    """
    from kvlab.widgets import magics  # noqa: PLC0415

    magics.unload(shell)


def _show_objects(shell: Any) -> None:
    from kvlab.render.ipython import register  # noqa: PLC0415

    register(shell)


def _register_in_running_shell() -> None:
    # IPython is not imported for this: where nobody has done so, no shell runs.
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None and hasattr(module, "get_ipython") else None
    if shell is not None:
        _show_objects(shell)


_register_in_running_shell()
