"""The ready check of the first page."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from kvlab.clock import SimulatedClock
from kvlab.render.start import Check, checks_html, checks_text
from kvlab.vault.vault import Vault

_INSTALL = "pip install 'kvlab[lab]'"
_TRIAL = {"issuer": {"name": "Self"}, "key_props": {"kty": "EC"}, "x509_props": {"subject": "CN=ready"}}


def ready() -> Ready:
    """
    Check whether this machine can run the lessons: Python, the packages, and a vault that makes a certificate.

    Returns:
        True if it can; ``checks`` says of each what was looked at, and what to do. It never raises.
    """
    return Ready(
        [
            Check(sys.version_info >= (3, 11), "Python 3.11 or newer", "install a newer Python"),
            Check(_is_installed("pandas"), "pandas, for tables", _INSTALL),
            Check(_is_installed("ipywidgets") and _is_installed("anywidget"), "ipywidgets, for forms", _INSTALL),
            Check(_is_installed("paho.mqtt") and _is_installed("OpenSSL"), "MQTT, for lesson 08", _INSTALL),
            Check(_is_installed("azure.keyvault.certificates"), "the official Azure clients, for lesson 09", _INSTALL),
            Check(_makes_certificate(), "a vault made a key and a certificate, in memory", _INSTALL),
        ]
    )


class Ready:
    """
    What was checked.

    Attributes:
        checks: each with ``passed``, ``what`` and ``remedy``.
    """

    def __init__(self, checks: list[Check]) -> None:
        self.checks = checks

    def __bool__(self) -> bool:
        return all(check.passed for check in self.checks)

    def __repr__(self) -> str:
        return checks_text(self.checks)

    def _repr_html_(self) -> str:
        return checks_html(self.checks)


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # of a package that contains it
        return False


def _makes_certificate() -> bool:
    clock = SimulatedClock()
    with Vault(clock=clock) as vault:
        vault.create_certificate("ready", _TRIAL)
        clock.advance(0)
        return vault.get_certificate("ready").cer is not None
