"""What IPython sees: ``%kv``, ``%%kvpolicy`` and their completion."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class

from kvlab.errors import VaultError
from kvlab.widgets.magics.command import COMMANDS
from kvlab.widgets.magics.completion import complete
from kvlab.widgets.magics.line import Help, WrongUse, find_command, overview, read_options, split
from kvlab.widgets.magics.session import Session
from kvlab.wire.policy import CertificatePolicy

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_NAMES = (("line", "kv"), ("cell", "kvpolicy"))
_KEY = "%kv"


@magics_class
class KeyVaultMagics(Magics):  # type: ignore[misc]  # IPython's decorators have no types
    """The magics of one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.session = Session(shell.user_ns)

    @line_magic  # type: ignore[untyped-decorator]
    def kv(self, line: str) -> Any:
        """
        Do something with the vault of this notebook, and show it.

        ``%kv`` lists the commands, ``%kv COMMAND --help`` shows what one takes. The vault is the one that a variable
        holds; where there are several, ``%kv use NAME`` chooses.

        Examples::

            %kv create web --subject CN=contoso.com --issuer Self
            %kv advance 30d
            %kv show web
            operation = %kv poll web
        """
        try:
            name, *words = split(line) or [""]
            if not name or name in ("--help", "-h"):
                return overview(COMMANDS)
            command = find_command(COMMANDS, name)
            given = read_options(name, command, words)
            return given if isinstance(given, Help) else command.run(self.session, given)
        except WrongUse as mistake:
            raise UsageError(f"{mistake}") from None

    @cell_magic  # type: ignore[untyped-decorator]
    def kvpolicy(self, line: str, cell: str) -> CertificatePolicy:
        """
        Make a policy of the JSON in the cell, as the service writes it; a name after ``%%kvpolicy`` keeps it.

        Examples::

            %%kvpolicy tls
            {"issuer": {"name": "Self"}, "x509_props": {"subject": "CN=contoso.com"}}
        """
        name = line.strip()
        if name and not name.isidentifier():
            raise UsageError(f"{name!a} is no name of a variable: write %%kvpolicy NAME.")
        try:
            policy = CertificatePolicy.read(cell, "policy")
        except VaultError as error:
            raise UsageError(" ".join(error.message.split())) from None
        if name:
            self.shell.user_ns[name] = policy
        return policy


def load(shell: InteractiveShell) -> None:
    """Give a shell the magics; one that has them keeps what it chose."""
    if isinstance(_magics_of(shell), KeyVaultMagics):
        return
    shell.register_magics(KeyVaultMagics)
    shell.set_hook("complete_command", _completer, str_key=_KEY)


def unload(shell: InteractiveShell) -> None:
    """Take the magics from a shell."""
    for kind, name in _NAMES:
        shell.magics_manager.magics[kind].pop(name, None)
    shell.magics_manager.registry.pop(KeyVaultMagics.__name__, None)
    with suppress(KeyError):
        del shell.strdispatchers["complete_command"].strs[_KEY]


def _magics_of(shell: InteractiveShell) -> Any:
    return getattr(shell.magics_manager.magics["line"].get("kv"), "__self__", None)


def _completer(shell: InteractiveShell, event: Any) -> list[str]:
    magics = _magics_of(shell)
    if magics is None:
        return []
    return complete(event.text_until_cursor.lstrip().removeprefix(_KEY), magics.session)
