"""One server's vaults, and who may come in: tenant, clients and their tokens."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from kvlab.errors import InvalidProperty, UnknownHost
from kvlab.server.token import AUDIENCE, Tokens
from kvlab.store import vault as rows
from kvlab.vault.access import OWNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from kvlab.server.register import Register
    from kvlab.vault.vault import Vault

CLOUD = ".vault.azure.net"
LOGIN = "https://login.microsoftonline.com"

_LOOPBACK = re.compile(r"(?:(?P<name>[a-z0-9-]+)\.(?:vault\.)?)?localhost|127(?:\.\d{1,3}){3}|\[::1\]", re.IGNORECASE)
_PORT = re.compile(r":\d{1,5}$")


class Site:
    """
    What stands behind one address.

    Args:
        vault: the default vault, used as its owner.
        register: tenant, signing key and clients.
        base_url: of the HTTPS server, without a slash at the end; None in process.
        further_hosts: host names, beside loopback ones, under which the default vault stands.
        opened: told the name of every vault but the default one.
    """

    def __init__(
        self,
        vault: Vault,
        register: Register,
        *,
        base_url: str | None = None,
        further_hosts: frozenset[str] = frozenset(),
        opened: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self.default = vault
        self.register = register
        self.base_url = base_url
        self.further_hosts = further_hosts
        self.tokens = Tokens(register.signing_key, register.tenant_id)
        self._vaults = {vault.name.casefold(): vault}
        self._opened = opened
        self._lock = threading.RLock()
        if base_url:
            self.meet()

    def meet(self) -> None:
        """Open the vaults that are stored: their due work goes on whether somebody asks for them or not."""
        for name in self._stored_names():
            self.open(name)

    def vault_at(self, host: str) -> Vault:
        """
        Return the vault at an authority, with ids that begin with it.

        Raises:
            UnknownHost: the host is neither loopback nor a vault of this site.
        """
        # A next page is asked for with the port spelled out; the ids on it have none, as those on the first page.
        return self._find(host).at(f"https://{host.removesuffix(':443')}")

    def _find(self, host: str) -> Vault:
        bare = _PORT.sub("", host)
        name = None
        if (loopback := _LOOPBACK.fullmatch(bare)) and self.base_url:
            name = loopback["name"] or self.default.name
        elif bare.lower().endswith(CLOUD):
            name = bare[: -len(CLOUD)]
        elif bare.lower() in self.further_hosts:
            name = self.default.name
        vault = self._vaults.get((name or "").casefold())
        if vault is None and self.base_url and name:
            # Another server on the same database may have made it.
            stored = {known.casefold(): known for known in self._stored_names()}.get(name.casefold())
            vault = self.open(stored)[0] if stored else None
        if vault is None:
            raise UnknownHost(host)
        return vault

    def _stored_names(self) -> list[str]:
        with self.default.store.read() as connection:
            return rows.vault_names(connection)

    def open(self, name: str) -> tuple[Vault, bool]:
        """
        Return a vault of this site by name, and whether it was made just now, for there was none.

        Raises:
            InvalidProperty: no name of a vault.
        """
        with self._lock:
            if (found := self._vaults.get(name.casefold())) is not None:
                return found, False
            if name.casefold() == "vault":
                raise InvalidProperty(
                    "name", "'vault' is a part of the addresses vaults have here; choose another name."
                )
            vault = self.default.sibling(name)
            self._vaults[name.casefold()] = vault
            self._opened(vault.name)
            return vault, vault.made

    def vault_url(self, vault: Vault, host: str) -> str:
        """Return where a vault stands for a client that reaches this site under a host."""
        if host.lower().endswith(CLOUD) or not self.base_url:
            return f"https://{vault.name}{CLOUD}"
        port = self.base_url.rpartition(":")[2]
        return self.base_url if vault is self.default else f"https://{vault.name}.localhost:{port}"

    @property
    def names(self) -> list[str]:
        """The vaults' names, the default one's first."""
        if self.default.store.is_shared:
            self.meet()
        return [vault.name for vault in self._vaults.values()]

    def challenge(self, host: str) -> str:
        """
        Return the ``WWW-Authenticate`` header for a request to a host.

        Its resource is the parent domain of the vault's host, with the port: that is what the clients check.

        Source: https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses
        """
        resource = AUDIENCE
        if self.base_url and not _PORT.sub("", host).lower().endswith(CLOUD):
            named = (match := _LOOPBACK.fullmatch(_PORT.sub("", host))) and match["name"]
            resource = f"https://{host.partition('.')[2] if named else host}"
        authority = self.base_url or LOGIN
        return f'Bearer authorization="{authority}/{self.register.tenant_id}", resource="{resource}"'

    def audience(self, resource: str) -> str:
        """Return the audience of a token for a resource: every name of this service stands for the same one."""
        host = resource.removeprefix("https://")
        if host.lower() == "vault.azure.net":
            return AUDIENCE
        if self.base_url:
            port = self.base_url.rpartition(":")[2]
            own, _, asked = host.rpartition(":")
            if asked == port and (_LOOPBACK.fullmatch(own) or own == "vault.localhost" or own in self.further_hosts):
                return AUDIENCE
        return resource

    def principal(self, client_id: str) -> str:
        """Return whom the vaults know a client as."""
        return OWNER if client_id == self.register.client_id else client_id

    def caller(self, client_id: str) -> str:
        """Return how refusals name a client."""
        return f"appid={client_id};oid={client_id};numgroups=0;iss={self.tokens.issuer}"
