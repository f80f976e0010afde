"""
Importing: what the service takes as a certificate with its key, and the policy it infers.

Source: https://learn.microsoft.com/azure/key-vault/certificates/tutorial-import-certificate
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from kvlab.errors import (
    ExcessiveWork,
    ExpiredCertificate,
    InvalidProperty,
    KeyMismatch,
    LegacyKeyFormat,
    PublicKeyMismatch,
    UnreadablePem,
    UnreadablePfx,
    UnsupportedKey,
    X509Error,
)
from kvlab.store import certificate as rows
from kvlab.vault import creation
from kvlab.vault import policy as policies
from kvlab.vault.key_material import sealed_key
from kvlab.vault.operation import Move
from kvlab.vault.version import add_version, tags_text
from kvlab.vault.view import encoded
from kvlab.wire.policy import (
    BasicConstraints,
    CertificatePolicy,
    KeyProperties,
    SubjectAlternativeNames,
    X509CertificateProperties,
)
from kvlab.x509.certificate import begun_months
from kvlab.x509.chain import find_leaf, order_from_leaf
from kvlab.x509.container import read_pem_import
from kvlab.x509.extension import KEY_USAGES, UPN, upn_text
from kvlab.x509.key import key_spec, public_key_der
from kvlab.x509.name import format_name
from kvlab.x509.pfx import read_pfx

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from kvlab.vault.core import Core
    from kvlab.vault.turn import Turn
    from kvlab.x509.container import Contents
    from kvlab.x509.key import PrivateKey

SIZE_LIMIT = 5 * 1024 * 1024
PASSWORD_LIMIT = 200


class Source(NamedTuple):
    """What a caller gave."""

    name: str
    name_key: str
    value: bytes | str
    pwd: str | bytes | None
    policy: CertificatePolicy | None
    ignored: list[str]
    enabled: bool
    tags: dict[str, str] | None
    preserve_cert_order: bool

    def __repr__(self) -> str:
        return f"Source({self.name!r})"


class Brought(NamedTuple):
    """What was in it."""

    key: PrivateKey
    leaf_der: bytes
    certificates_der: list[bytes]
    policy: CertificatePolicy

    def __repr__(self) -> str:
        return "Brought()"


def stored_policy(core: Core, connection: Connection, source: Source) -> CertificatePolicy | None:
    """
    Return the policy the name has already.

    Raises:
        VaultError: the name can not be used now (see ``creation.check_name_free``), or there is no such issuer.
    """
    found = rows.occupants(connection, core.vault_id, source.name_key)
    row = creation.check_name_free(found, source.name, Move.IMPORT)
    if source.policy is not None:
        creation.check_issuer(core, connection, source.policy)
    return CertificatePolicy.model_validate_json(row.policy) if row else None


def open_source(source: Source, stored: CertificatePolicy | None, now: datetime) -> Brought:
    """
    Read the key and certificates, and infer the policy.

    Raises:
        VaultError: 400; see ``Vault.import_certificate``.
    """
    octets = _octets(source.value)
    password = _password(source.pwd)
    wish = _content_type(source.policy) or _content_type(stored)
    is_pem = wish == policies.PEM if wish else b"-----BEGIN" in octets
    contents = _read_pem(octets, password) if is_pem else _read_pfx(octets, password)
    key = contents.key
    if key is None:
        raise (UnreadablePem if is_pem else UnreadablePfx)("There is no private key in it.")
    try:
        spec = key_spec(key.public_key())
        leaf = contents.certificates_der[find_leaf(contents.certificates_der, public_key_der(key))]
    except UnsupportedKey as error:
        raise InvalidProperty("value", f"{error}") from None
    except KeyMismatch:
        raise PublicKeyMismatch("value") from None
    certificate = x509.load_der_x509_certificate(leaf)
    if certificate.not_valid_after_utc <= now:
        raise ExpiredCertificate("value", certificate.not_valid_after_utc.isoformat())
    ordered = contents.file_order
    if not source.preserve_cert_order:
        ordered = order_from_leaf(leaf, [der for der in ordered if der != leaf])
    key_props = KeyProperties(kty=spec.kty, key_size=spec.key_size, crv=spec.crv)  # type: ignore[arg-type]
    content_type = policies.PEM if is_pem else policies.PKCS12
    return Brought(key, leaf, ordered, _policy(source.policy, certificate, key_props, content_type))


def keep(core: Core, turn: Turn, source: Source, brought: Brought) -> None:
    """Keep key, policy and version; an earlier pending operation, which is over, goes."""
    found = rows.occupants(turn.connection, core.vault_id, source.name_key)
    row = creation.check_name_free(found, source.name, Move.IMPORT)
    if row is None:
        text = policies.stamped(brought.policy, created=turn.seconds, updated=turn.seconds).model_dump_json()
        certificate_id = rows.add_certificate(turn.connection, {
            "vault_id": core.vault_id, "name_key": source.name_key, "name": source.name, "policy": text,
            "created": turn.seconds,
        })  # fmt: skip
    else:
        certificate_id = row.id
        rows.drop_operation(turn.connection, certificate_id)
        text = creation.replaced_policy(turn, row.policy, brought.policy)
        rows.set_certificate(turn.connection, certificate_id, policy=text)
    key = sealed_key(core, brought.key, seeded=False)
    rows.add_key(turn.connection, key)
    version = add_version(
        turn,
        core,
        certificate_id=certificate_id,
        name=source.name_key,
        policy=brought.policy,
        leaf_der=brought.leaf_der,
        certificates_der=brought.certificates_der,
        key_id=key["id"],
        enabled=source.enabled,
        tags=tags_text(source.tags),
        preserve_cert_order=source.preserve_cert_order,
    )
    turn.record(
        "import_certificate",
        f"certificates/{row.name if row else source.name}",
        version=version,
        certificates=len(brought.certificates_der),
        ignored=source.ignored or None,
        key_type=brought.policy.key_props and brought.policy.key_props.kty,
        exportable=brought.policy.key_props and brought.policy.key_props.exportable,
    )


def _octets(value: bytes | str) -> bytes:
    if not isinstance(value, (bytes, bytearray, str)):
        raise InvalidProperty("value", "It is octets, or text that is PEM or base64.")
    if len(value) > SIZE_LIMIT * 4 // 3:
        raise InvalidProperty("value", f"It is larger than {SIZE_LIMIT} octets.")
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if "-----BEGIN" in value:
        return encoded("value", value)
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidProperty("value", "It is neither PEM nor base64.") from None


def _password(pwd: str | bytes | None) -> bytes | None:
    if pwd is None:
        return None
    if not isinstance(pwd, (str, bytes)):
        raise InvalidProperty("pwd", "It is text.")
    if len(pwd) > PASSWORD_LIMIT:
        raise InvalidProperty("pwd", f"It has more than {PASSWORD_LIMIT} characters.")
    return encoded("pwd", pwd) if isinstance(pwd, str) else pwd


def _content_type(policy: CertificatePolicy | None) -> str | None:
    return policy.secret_props.content_type if policy and policy.secret_props else None


def _read_pem(octets: bytes, password: bytes | None) -> Contents:
    try:
        return read_pem_import(octets.decode("utf-8", "replace"), password)
    except LegacyKeyFormat as error:
        raise UnreadablePem(
            f"{error} Convert it with: openssl pkcs8 -topk8 -nocrypt -in OLD.pem -out NEW.pem"
        ) from None
    except (UnsupportedKey, ExcessiveWork) as error:
        raise InvalidProperty("value", f"{error}") from None
    except X509Error as error:
        raise UnreadablePem(f"{error}") from None


def _read_pfx(octets: bytes, password: bytes | None) -> Contents:
    try:
        return read_pfx(octets, password)
    except UnsupportedKey as error:
        raise InvalidProperty("value", f"{error}") from None
    except X509Error as error:
        raise UnreadablePfx(f"{error}") from None


def _policy(
    wish: CertificatePolicy | None, certificate: x509.Certificate, key_props: KeyProperties, content_type: str
) -> CertificatePolicy:
    """Return the whole policy: ``x509_props`` always the certificate's, the rest as wished or by default."""
    wish = wish or CertificatePolicy()
    wished_key = wish.key_props or KeyProperties()
    for member in ("kty", "key_size", "crv"):
        wanted, found = getattr(wished_key, member), getattr(key_props, member)
        if wanted is not None and wanted not in (found, f"{found}-HSM"):
            raise InvalidProperty(f"policy.key_props.{member}", f"The key in the file has {member} {found}.")
    props = x509_props_of(certificate)
    # The rules of complete() are those of a wish; what a certificate says is a fact and need not follow them.
    whole = policies.complete(
        CertificatePolicy(
            key_props=wished_key.model_copy(update={
                "kty": wished_key.kty or key_props.kty, "key_size": key_props.key_size, "crv": key_props.crv,
            }),
            x509_props=X509CertificateProperties(subject="CN=x", validity_months=props.validity_months),
            lifetime_actions=wish.lifetime_actions,
            issuer=wish.issuer,
        ),
        facts=["validity_months"],
    ).policy  # fmt: skip
    assert whole.secret_props is not None
    whole.secret_props.content_type = content_type  # type: ignore[assignment]
    whole.x509_props = props
    return whole


def x509_props_of(certificate: x509.Certificate) -> X509CertificateProperties:
    """
    Read what a certificate says, as the service shows it; an extension that can not be read counts as absent.

    Raises:
        InvalidProperty: its subject can not be read.
    """
    try:
        extensions = {extension.oid: extension.value for extension in certificate.extensions}
    except ValueError:
        extensions = {}
    usage = extensions.get(ExtensionOID.KEY_USAGE)
    purposes = extensions.get(ExtensionOID.EXTENDED_KEY_USAGE)
    constraints = extensions.get(ExtensionOID.BASIC_CONSTRAINTS)
    names = extensions.get(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    try:
        subject = format_name(certificate.subject)
    except ValueError:
        raise InvalidProperty("value", "The certificate's subject can not be read.") from None
    return X509CertificateProperties(
        subject=subject,
        sans=_sans(names) if isinstance(names, x509.SubjectAlternativeName) else None,
        ekus=[eku.dotted_string for eku in purposes] if isinstance(purposes, x509.ExtendedKeyUsage) else [],
        key_usage=_usages(usage) if isinstance(usage, x509.KeyUsage) else [],
        validity_months=begun_months(certificate.not_valid_before_utc, certificate.not_valid_after_utc),
        basic_constraints=BasicConstraints(ca=isinstance(constraints, x509.BasicConstraints) and constraints.ca),
    )


def _usages(usage: x509.KeyUsage) -> list[str]:
    bits = (
        usage.digital_signature, usage.content_commitment, usage.key_encipherment, usage.data_encipherment,
        usage.key_agreement, usage.key_cert_sign, usage.crl_sign,
        usage.key_agreement and usage.encipher_only, usage.key_agreement and usage.decipher_only,
    )  # fmt: skip
    return sorted((name for name, bit in zip(KEY_USAGES, bits, strict=True) if bit), key=str.casefold)


def _sans(names: x509.SubjectAlternativeName) -> SubjectAlternativeNames:
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    others = names.get_values_for_type(x509.OtherName)
    # The three old arrays are there even when empty; the two new ones only when they say something.
    return SubjectAlternativeNames(
        emails=names.get_values_for_type(x509.RFC822Name),
        dns_names=names.get_values_for_type(x509.DNSName),
        upns=[upn_text(other) for other in others if other.type_id == UPN],
        uris=uris or None,
        ip_addresses=addresses or None,
    )
