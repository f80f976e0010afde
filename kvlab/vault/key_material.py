"""The private keys and secret values of a vault: made, sealed, opened; and what certificates allow keys to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kvlab.x509.key import CURVES, load_pkcs8_der, private_key_pkcs8_der

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Row

    from kvlab.vault.core import Core
    from kvlab.wire.policy import KeyProperties
    from kvlab.x509.key import PrivateKey

_OPS_OF_USAGE = {
    "digitalSignature": ("sign", "verify"),
    "nonRepudiation": ("sign", "verify"),
    "keyCertSign": ("sign", "verify"),
    "cRLSign": ("sign", "verify"),
    "keyEncipherment": ("wrapKey", "unwrapKey"),
    "dataEncipherment": ("encrypt", "decrypt"),
    "encipherOnly": ("encrypt",),
    "decipherOnly": ("decrypt",),
    "keyAgreement": (),
}
_WIRE_ORDER = ("sign", "verify", "wrapKey", "unwrapKey", "encrypt", "decrypt")
_ALL_OPS = ("encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey")


def key_operations(key_usage: Iterable[str], kty: str) -> tuple[str, ...]:
    """
    Return the ``key_ops`` that a certificate's key usage leaves its key; an EC key only ever signs and verifies.

    Source: https://learn.microsoft.com/azure/key-vault/certificates/about-certificates#key-usage-flags
    """
    usages = tuple(key_usage)
    allowed = {name for usage in usages for name in _OPS_OF_USAGE[usage]} if usages else set(_ALL_OPS)
    if kty.startswith("EC"):
        allowed &= {"sign", "verify"}
    return tuple(name for name in (_WIRE_ORDER if usages else _ALL_OPS) if name in allowed)


def sealed_key(core: Core, key: PrivateKey, *, seeded: bool) -> dict[str, Any]:
    """Return the row of a private key: sealed under the master key, bound to an id of its own."""
    key_id = core.store.sealer.new_id()
    return {
        "id": key_id,
        "vault_id": core.vault_id,
        "kty": "EC" if isinstance(key, ec.EllipticCurvePrivateKey) else "RSA",
        "public_der": key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "sealed": core.store.sealer.seal(private_key_pkcs8_der(key), key_id),
        "seeded": seeded,
    }


def make_key(core: Core, name: str, props: KeyProperties) -> PrivateKey:
    """
    Make the private key that complete key properties ask for.

    It is called before any transaction or lock is taken: ``cryptography`` releases the interpreter meanwhile.
    """
    if (props.kty or "").startswith("EC"):
        assert props.crv is not None
        return core.entropy.ec_key(name, CURVES[props.crv].curve)
    assert props.key_size is not None
    return core.entropy.rsa_key(name, props.key_size)


def open_key(core: Core, row: Row[Any]) -> PrivateKey:
    """
    Open a stored key (a row with ``key_id`` or ``id``, and ``sealed``).

    The seal proves that the octets are those that were checked when the key came in, so the costly check of an RSA
    key's numbers is not repeated.
    """
    key_id = row.key_id if "key_id" in row._fields else row.id
    return load_pkcs8_der(core.store.sealer.open(row.sealed, key_id), trusted=True)


def seal_value(core: Core, version: str, value: bytes) -> bytes:
    """Seal a plain secret's value, bound to its vault and version id."""
    return core.store.sealer.seal(value, f"secret {core.vault_id} {version}")


def open_value(core: Core, version: str, sealed: bytes) -> bytes:
    """Open a plain secret's value."""
    return core.store.sealer.open(sealed, f"secret {core.vault_id} {version}")
