"""What the commands of ``%kv`` find in the notebook: the vault, variables and files."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvlab.vault.vault import Vault
from kvlab.widgets.magics.line import WrongUse
from kvlab.wire.policy import CertificatePolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_OCTETS = 5_000_000
"""A longer file is refused."""


class Session:
    """
    One notebook.

    Args:
        names: its variables; those that begin with an underline (IPython's own) are passed over.
    """

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names
        self.chosen = ""

    def vaults(self) -> dict[str, Vault]:
        """Return the variables that hold a vault."""
        return {
            name: value for name, value in self.names.items() if isinstance(value, Vault) and not name.startswith("_")
        }

    @property
    def vault(self) -> Vault:
        """
        The vault that ``%kv use`` chose; else the one that there is.

        Raises:
            WrongUse: there is none, or more than one.
        """
        found = self.vaults()
        if self.chosen:
            if self.chosen not in found:
                raise WrongUse(f"The variable {self.chosen} holds no vault any more: %kv use NAME chooses another one.")
            return found[self.chosen]
        if not found:
            raise WrongUse("No variable holds a vault: write vault = kvlab.Vault() first.")
        if len({id(vault) for vault in found.values()}) > 1:
            raise WrongUse(f"Several variables hold a vault ({', '.join(found)}): %kv use {next(iter(found))} chooses.")
        return next(iter(found.values()))

    def use(self, name: str) -> Vault:
        """
        Choose the vault of a variable for all commands to come.

        Raises:
            WrongUse: the variable holds no vault.
        """
        if name not in self.vaults():
            raise WrongUse(f"No variable {ascii(name)[1:-1]} holds a vault.")
        self.chosen = name
        return self.vault

    def policy(self, name: str) -> CertificatePolicy | dict[str, Any] | str:
        """
        Return the policy that a variable holds.

        Raises:
            WrongUse: it holds none.
        """
        value = self.names.get(name)
        if isinstance(value, (CertificatePolicy, dict, str)):
            return value
        raise WrongUse(f"The variable {ascii(name)[1:-1]} holds no policy: %%kvpolicy {ascii(name)[1:-1]} makes one.")


def read_file(path: str) -> bytes:
    """
    Read a whole file.

    Raises:
        WrongUse: it can not be read, or is too long.
    """
    try:
        place = Path(path).expanduser()
        if place.stat().st_size > MOST_OCTETS:
            raise WrongUse(f"{path} has more than {MOST_OCTETS:,} octets.")
        return place.read_bytes()
    except (OSError, ValueError) as error:
        raise WrongUse(f"{path} can not be read: {getattr(error, 'strerror', None) or error}.") from None


def write_file(path: str, octets: bytes) -> Path:
    """
    Write a new file.

    Raises:
        WrongUse: it is there already, or can not be written.
    """
    try:
        place = Path(path).expanduser()
        with place.open("xb") as file:
            file.write(octets)
    except FileExistsError:
        raise WrongUse(f"{path} is there already: name another file.") from None
    except (OSError, ValueError) as error:
        raise WrongUse(f"{path} can not be written: {getattr(error, 'strerror', None) or error}.") from None
    return place


def read_password(path: str | None, *, ask: bool) -> str | None:
    """Return the first line of a file, or what is typed when asked; never what stands in a notebook."""
    if path is not None:
        return read_file(path).split(b"\n", 1)[0].removesuffix(b"\r").decode("utf-8", "replace")
    return getpass.getpass("Password: ") if ask else None
