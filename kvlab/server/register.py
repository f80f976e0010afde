"""Whom a server is, and whom it knows: tenant, signing key, certification authority, and clients with their secrets."""

from __future__ import annotations

import base64
import hmac
import json
import os
import uuid
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec

from kvlab.store import site as rows
from kvlab.vault.view import storable
from kvlab.x509.key import load_pkcs8_der, private_key_pkcs8_der

if TYPE_CHECKING:
    from collections.abc import Callable

    from kvlab.store.store import Store

IDENTITY = "identity"

TENANT_ID = "a378ee47-eb11-5e4c-95da-3b5a2c42ff53"
"""
The tenant of every kvlab. The SDKs remember for as long as the process lives which tenant an address belongs to, and
refuse a credential of another one before any request is sent: a second kvlab under the first one's address, in process
or on a fixed port, must not be another tenant.

Source: https://github.com/Azure/azure-sdk-for-python/blob/main/sdk/keyvault/azure-keyvault-keys/azure/keyvault/keys/_shared/http_challenge_cache.py
"""


class ManagedIdentity(NamedTuple):
    """
    A client that needs no secret of its own, for it asks from a place that has the header's.

    Attributes:
        client_id: the principal's name.
        secret: what ``X-IDENTITY-HEADER`` must hold.
    """

    client_id: str
    secret: str

    def __repr__(self) -> str:
        return f"ManagedIdentity({self.client_id!r})"


class Register:
    """
    A server's identity, kept sealed in the default vault's database and made there when it is first asked for.

    Args:
        store: of the default vault; None for a register that ends with the process and knows no client but the owner's.
        managed_identity: the principal that the managed-identity endpoint speaks for; None for no such endpoint.

    Attributes:
        tenant_id: a UUID.
        client_id: of the owner's client, a UUID.
        client_secret: of the owner's client.
        signing_key: P-256; signs access tokens.
    """

    def __init__(self, store: Store | None = None, *, managed_identity: str | None = None) -> None:
        self._store = store
        identity = json.loads(self.fact(IDENTITY, _new_identity))
        self.tenant_id: str = identity["tenant_id"]
        self.client_id: str = identity["client_id"]
        self.client_secret: str = identity["client_secret"]
        key = load_pkcs8_der(base64.b64decode(identity["signing_key"]), trusted=True)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self.signing_key = key
        self.managed_identity = ManagedIdentity(managed_identity, os.urandom(32).hex()) if managed_identity else None

    def fact(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return a sealed fact; the first server that asks makes it, all others find it."""
        if self._store is None:
            return make()
        with self._store.write() as connection:
            self._store.lock(connection)
            sealed = rows.find(connection, name)
            if sealed is not None:
                return self._store.sealer.open(sealed, _sealing_id(name))
            made = make()
            rows.put(connection, name, self._store.sealer.seal(made, _sealing_id(name)))
            return made

    def add(self, client_id: str, secret: str) -> None:
        """Let a client in with this secret, in place of an earlier one."""
        assert self._store is not None
        name = _client(client_id)
        with self._store.write() as connection:
            self._store.lock(connection)
            rows.put(connection, name, self._store.sealer.seal(secret.encode(), _sealing_id(name)))

    def has(self, client_id: str) -> bool:
        """Tell whether a client is known, whatever its secret."""
        identity = self.managed_identity
        return self._secret(client_id) is not None or (identity is not None and identity.client_id == client_id)

    def knows(self, client_id: str, secret: str) -> bool:
        """Tell whether a client's secret is right."""
        known = self._secret(client_id)
        return known is not None and hmac.compare_digest(known, secret.encode("utf-8", "surrogatepass"))

    def _secret(self, client_id: str) -> bytes | None:
        if client_id == self.client_id:
            return self.client_secret.encode()
        if self._store is None or storable(client_id) != client_id:
            return None
        name = _client(client_id)
        with self._store.read() as connection:
            sealed = rows.find(connection, name)
        return None if sealed is None else self._store.sealer.open(sealed, _sealing_id(name))

    def __repr__(self) -> str:
        return f"Register(tenant {self.tenant_id})"


def _new_identity() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return json.dumps({
        "tenant_id": TENANT_ID, "client_id": _uuid(),
        # Typed after an option of a command line, so it must not begin as one.
        "client_secret": os.urandom(30).hex(),
        "signing_key": base64.b64encode(private_key_pkcs8_der(key)).decode(),
    }).encode()  # fmt: skip


def _uuid() -> str:
    return str(uuid.UUID(bytes=os.urandom(16), version=4))


def _client(client_id: str) -> str:
    return f"client {client_id}"


def _sealing_id(name: str) -> str:
    return f"site {name}"
