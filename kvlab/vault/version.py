"""How a signed certificate becomes a version, and with it a managed key and a managed secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cryptography import x509

from kvlab.entropy import identifier
from kvlab.store import certificate as rows
from kvlab.vault import policy as policies
from kvlab.vault.key_material import key_operations
from kvlab.vault.lifetime import reschedule
from kvlab.x509.certificate import thumbprint
from kvlab.x509.words import numbers_of, search_words, wanted_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kvlab.vault.core import Core
    from kvlab.vault.turn import Turn
    from kvlab.wire.policy import CertificatePolicy


def add_version(
    turn: Turn,
    core: Core,
    *,
    certificate_id: int,
    name: str,
    policy: CertificatePolicy,
    leaf_der: bytes,
    certificates_der: Sequence[bytes],
    key_id: str,
    enabled: bool,
    tags: str | None,
    preserve_cert_order: bool,
    version: str | None = None,
    overrides: str | None = None,
) -> str:
    """
    Keep a certificate as the newest version of its name.

    Args:
        turn: the open turn; its instant is the version's ``created``.
        core: the vault.
        certificate_id: the certificate's row.
        name: its name.
        policy: decides the secret's content type, whether it holds the private key, and the key's operations.
        leaf_der: the DER certificate.
        certificates_der: all certificates in the order the secret shows them, the leaf among them.
        key_id: the sealed key's row.
        enabled: whether the version can be used.
        tags: JSON text, or None.
        preserve_cert_order: whether the caller's order was kept.
        version: its id, if it is not to be drawn.
        overrides: JSON text of what the CA decided otherwise than it was asked, or None.

    Returns:
        The version id, 32 hexadecimal digits.
    """
    certificate = x509.load_der_x509_certificate(leaf_der)
    key_props, secret_props, x509_props = policy.key_props, policy.secret_props, policy.x509_props
    assert key_props is not None
    assert secret_props is not None
    assert x509_props is not None
    kty = key_props.kty or "RSA"
    version = version or identifier(core.entropy, name, "version")
    row = {
        "certificate_id": certificate_id,
        "version": version,
        "created": turn.seconds,
        "updated": turn.seconds,
        "enabled": enabled,
        "nbf": int(certificate.not_valid_before_utc.timestamp()),
        "exp": int(certificate.not_valid_after_utc.timestamp()),
        "tags": tags,
        "leaf_der": leaf_der,
        "certificates_der": b"".join(certificates_der),
        "x5t": thumbprint(leaf_der),
        "key_id": key_id,
        "key_type": kty,
        "key_ops": ",".join(key_operations(x509_props.key_usage or (), kty)),
        "content_type": secret_props.content_type,
        "exportable": key_props.exportable,
        "preserve_cert_order": preserve_cert_order,
        "overrides": overrides,
    }
    current_id = rows.add_version(turn.connection, row)
    words = _words(name, policy, certificate, leaf_der)
    rows.set_certificate(turn.connection, certificate_id, current_id=current_id, noticed=None, words=words)
    reschedule(turn, certificate_id)
    return version


def _words(name: str, policy: CertificatePolicy, certificate: x509.Certificate, leaf_der: bytes) -> str:
    """Return what a version is found by. What the vault signed itself has the policy's names: no need to read them."""
    if not policies.is_self(policy):
        return search_words(name, leaf_der)
    return wanted_words([name, *policies.names_of(policy)], numbers_of(leaf_der, certificate.serial_number))


def tags_text(tags: Mapping[str, str] | None) -> str | None:
    """Return tags as they are stored."""
    return None if tags is None else json.dumps(dict(tags))
