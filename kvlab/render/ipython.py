"""How a notebook shows what the vault answers: registered by class name, so that wire and vault know nothing of it."""

from __future__ import annotations

import ast
import linecache
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvlab.errors import DeviceError, IotError, ServiceError, VaultError, X509Error

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_VIEWS = {
    ("kvlab.wire.certificate", "CertificateBundle"): ("kvlab.render.certificate", "bundle"),
    ("kvlab.wire.issuer", "Contacts"): ("kvlab.render.issuer", "contacts"),
    ("kvlab.wire.issuer", "IssuerBundle"): ("kvlab.render.issuer", "issuer"),
    ("kvlab.wire.key", "KeyBundle"): ("kvlab.render.key", "key"),
    ("kvlab.wire.operation", "CertificateOperation"): ("kvlab.render.operation", "operation"),
    ("kvlab.wire.policy", "CertificatePolicy"): ("kvlab.render.policy", "policy"),
    ("kvlab.wire.secret", "SecretBundle"): ("kvlab.render.secret", "secret"),
}
_PACKAGE = str(Path(__file__).parent.parent)
_WIDTH = 100
_MAGIC = re.compile(r"get_ipython\(\)\.run_line_magic\('(\w+)', ('.*'|\".*\")\)")
"""What IPython makes of a line magic: https://ipython.readthedocs.io/en/stable/config/inputtransforms.html"""
_FAINT, _PLAIN = "\x1b[2m", "\x1b[0m"


def register(shell: Any) -> None:
    """
    Teach an IPython shell to show certificates, operations, policies, vaults and refusals.

    Refusals get a few lines in place of a traceback through kvlab; other exceptions keep theirs.
    """
    formatters = shell.display_formatter.formatters
    page, line = formatters["text/html"], formatters["text/plain"]
    for (module, name), (home, prefix) in _VIEWS.items():
        page.for_type_by_name(module, name, _late(home, f"{prefix}_html"))
        line.for_type_by_name(module, name, _printed(_late(home, f"{prefix}_text")))
    page.for_type_by_name("kvlab.vault.vault", "Vault", _late("kvlab.render.vault", "vault_html"))
    for kind in (VaultError, IotError, X509Error, DeviceError):
        # IPython asks an exception for this method before it writes a traceback.
        setattr(kind, "_render_traceback_", refusal_lines)  # noqa: B010
        page.for_type(kind, _late("kvlab.render.error", "error_html"))


def refusal_lines(error: ServiceError | X509Error) -> list[str]:
    """Return what a cell shows in place of a traceback: the caller's own line, then the refusal."""
    lines = _late("kvlab.render.error", "error_lines")(error, colour=True, width=_WIDTH)
    place = _callers_line(error.__traceback__)
    return [f"{_FAINT}{place}{_PLAIN}", *lines] if place else lines


def _late(home: str, name: str) -> Callable[..., Any]:
    """Return a function that is looked up when it is first needed."""

    def call(*args: Any, **options: Any) -> Any:
        return getattr(import_module(home), name)(*args, **options)

    return call


def _printed(write: Callable[[Any], str]) -> Callable[[Any, Any, bool], None]:
    def show(value: Any, printer: Any, _cycle: bool) -> None:
        printer.text(write(value))

    return show


def _typed(found: re.Match[str]) -> str:
    """Return a line magic as it was typed."""
    return f"%{found[1]} {ast.literal_eval(found[2])}"


def _callers_line(trace: TracebackType | None) -> str:
    """Return the last line of source outside kvlab on the way to the error."""
    found = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith(_PACKAGE) and "IPython" not in file:
            source = _MAGIC.sub(_typed, linecache.getline(file, trace.tb_lineno).strip())
            found = f"line {trace.tb_lineno}:  {source}" if source else found
        trace = trace.tb_next
    return found
