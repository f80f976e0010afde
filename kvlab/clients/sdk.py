"""The official Azure SDK's clients wired to a vault in process, without port or TLS."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

try:
    from azure.keyvault.certificates import CertificateClient
    from azure.keyvault.keys import KeyClient
    from azure.keyvault.secrets import SecretClient
except ImportError as error:
    raise ImportError('The Azure SDK is not installed: pip install "kvlab[azure]".') from error

from kvlab.clients.local import AsyncLocalCredential, AsyncLocalTransport, LocalCredential, LocalTransport, Wire
from kvlab.server.endpoint import Endpoint
from kvlab.server.register import Register
from kvlab.server.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.keyvault.certificates.aio import CertificateClient as AsyncCertificateClient
    from azure.keyvault.keys.aio import KeyClient as AsyncKeyClient
    from azure.keyvault.secrets.aio import SecretClient as AsyncSecretClient

    from kvlab.vault.vault import Vault

Made = TypeVar("Made")


def sdk(vault: Vault, **options: Any) -> Clients:
    """
    Return the official clients of a vault, wired in process: no port is opened, and everything else is the SDK's own.

    On a simulated clock the SDK's pollers do not wait: where they would sleep, the clock moves.

    Args:
        vault: used as the principal that the vault is used as.
        options: passed on to each client, such as ``api_version``.

    Returns:
        ``certificates``, ``keys`` and ``secrets``, made when first asked for; ``aio`` has their asynchronous twins.

    Raises:
        ImportError: the extra ``azure`` is not installed.

    Source: https://learn.microsoft.com/python/api/overview/azure/key-vault

    Examples:
        >>> from kvlab import Vault, sdk
        >>> from azure.keyvault.certificates import CertificatePolicy
        >>> client = sdk(Vault(clock="simulated")).certificates
        >>> client.begin_create_certificate("web", CertificatePolicy("Self", subject="CN=contoso.com")).result().name
        'web'
    """
    return Clients(vault, options)


class Clients:
    """
    The official clients of one vault.

    Attributes:
        vault_url: where they believe the vault to be.
        credential: a token credential for the vault's principal.
        aio: the asynchronous twins.
    """

    def __init__(self, vault: Vault, options: dict[str, Any]) -> None:
        site = Site(vault, Register())
        self._wire = Wire(vault, Endpoint(site))
        self._options = options
        self.vault_url = f"https://{vault.name.lower()}.vault.azure.net"
        self.credential = LocalCredential(site, vault.principal)
        self.aio = AsyncClients(self._wire, self.vault_url, AsyncLocalCredential(self.credential), options)

    @cached_property
    def certificates(self) -> CertificateClient:
        """``azure.keyvault.certificates.CertificateClient``."""
        return self._make(CertificateClient)

    @cached_property
    def keys(self) -> KeyClient:
        """``azure.keyvault.keys.KeyClient``."""
        return self._make(KeyClient)

    @cached_property
    def secrets(self) -> SecretClient:
        """``azure.keyvault.secrets.SecretClient``."""
        return self._make(SecretClient)

    @property
    def transport(self) -> LocalTransport:
        """A transport to give to a client of your own, such as a ``CryptographyClient``."""
        return LocalTransport(self._wire)

    def _make(self, client: Callable[..., Made]) -> Made:
        return client(self.vault_url, self.credential, transport=self.transport, **self._options)

    def __repr__(self) -> str:
        return f"<Clients of {self.vault_url}>"


class AsyncClients:
    """The asynchronous twins of ``Clients``."""

    def __init__(self, wire: Wire, vault_url: str, credential: AsyncLocalCredential, options: dict[str, Any]) -> None:
        self._wire = wire
        self._options = options
        self.vault_url = vault_url
        self.credential = credential

    @cached_property
    def certificates(self) -> AsyncCertificateClient:
        """``azure.keyvault.certificates.aio.CertificateClient``."""
        from azure.keyvault.certificates.aio import CertificateClient as Client  # noqa: PLC0415  twins are rarely used

        return self._make(Client)

    @cached_property
    def keys(self) -> AsyncKeyClient:
        """``azure.keyvault.keys.aio.KeyClient``."""
        from azure.keyvault.keys.aio import KeyClient as Client  # noqa: PLC0415

        return self._make(Client)

    @cached_property
    def secrets(self) -> AsyncSecretClient:
        """``azure.keyvault.secrets.aio.SecretClient``."""
        from azure.keyvault.secrets.aio import SecretClient as Client  # noqa: PLC0415

        return self._make(Client)

    @property
    def transport(self) -> AsyncLocalTransport:
        """A transport to give to an asynchronous client of your own."""
        return AsyncLocalTransport(self._wire)

    def _make(self, client: Callable[..., Made]) -> Made:
        return client(self.vault_url, self.credential, transport=self.transport, **self._options)
