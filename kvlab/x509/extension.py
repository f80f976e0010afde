"""The extensions of RFC 5280 that a policy can ask for."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from kvlab.errors import X509Error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
"""otherName type of a user principal name, a UTF8String ([MS-WCCE] section 2.2.2.7.5)."""

_PYCA_KEY_USAGE = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
    "encipherOnly": "encipher_only",
    "decipherOnly": "decipher_only",
}

KEY_USAGES = tuple(_PYCA_KEY_USAGE)
"""The bits of RFC 5280 section 4.2.1.3, spelt as there, in bit order."""

_NO_KEY_USAGE = dict.fromkeys(_PYCA_KEY_USAGE.values(), False)

Extension = tuple[x509.ExtensionType, bool]


class BadExtension(X509Error):
    """
    A value does not fit its extension.

    Attributes:
        value: the value as given.
    """

    def __init__(self, value: object, reason: str) -> None:
        self.value = value
        super().__init__(f"'{value}': {reason}")


@dataclass(frozen=True, slots=True)
class Profile:
    """
    What a subscriber certificate, and the request for it, should carry.

    Attributes:
        subject: the subject's name; may be empty if ``san`` is not.
        san: subject alternative names in order.
        key_usage: names out of ``KEY_USAGES``; empty leaves the extension out.
        ekus: dotted object identifiers; empty leaves the extension out.
        ca: ``cA`` of basic constraints.
        path_length: ``pathLenConstraint``; only with ``ca``.
    """

    subject: x509.Name
    san: tuple[x509.GeneralName, ...] = ()
    key_usage: tuple[str, ...] = ()
    ekus: tuple[str, ...] = ()
    ca: bool = False
    path_length: int | None = None


def key_usage(names: Iterable[str]) -> x509.ExtensionType:
    """
    Make a key usage extension.

    The two ``…Only`` bits have a meaning only beside ``keyAgreement`` (RFC 5280 section 4.2.1.3) and pyca refuses them
    without it; the service obeys such a policy, so does this function (``decipherOnly`` alone: 03 03 07 00 80).

    Args:
        names: out of ``KEY_USAGES``.

    Raises:
        BadExtension: an unknown name.
    """
    wanted = set(names)
    for name in wanted:
        if name not in _PYCA_KEY_USAGE:
            raise BadExtension(name, f"no key usage; allowed are {', '.join(KEY_USAGES)}")
    if wanted & {"encipherOnly", "decipherOnly"} and "keyAgreement" not in wanted:
        return x509.UnrecognizedExtension(ExtensionOID.KEY_USAGE, _key_usage_der(wanted))
    return x509.KeyUsage(**(_NO_KEY_USAGE | {_PYCA_KEY_USAGE[name]: True for name in wanted}))


def _key_usage_der(names: set[str]) -> bytes:
    bits = sum(1 << (15 - index) for index, name in enumerate(KEY_USAGES) if name in names)
    octets = bits.to_bytes(2, "big").rstrip(b"\x00")
    unused = (octets[-1] & -octets[-1]).bit_length() - 1
    return bytes([3, len(octets) + 1, unused]) + octets


def object_identifier(dotted: str) -> x509.ObjectIdentifier:
    """
    Read a dotted object identifier.

    Raises:
        BadExtension: it is none.
    """
    try:
        return x509.ObjectIdentifier(dotted)
    except (ValueError, TypeError):
        raise BadExtension(dotted, "no object identifier; write it with dots, like 1.3.6.1.5.5.7.3.1") from None


def dns_name(value: str) -> x509.DNSName:
    """
    Make a ``dNSName`` (RFC 5280 section 4.2.1.6): ASCII, no spaces, at most 253 characters.

    Raises:
        BadExtension: it is none; international names are written in their xn-- form.
    """
    if not value or len(value) > 253 or not value.isascii() or any(c <= " " or c == "\x7f" for c in value):
        raise BadExtension(value, "a DNS name is 1 to 253 ASCII characters without spaces (international: xn--…)")
    return x509.DNSName(value)


def email(value: str) -> x509.RFC822Name:
    """
    Make an ``rfc822Name``: an ASCII mailbox ``local@host``.

    Raises:
        BadExtension: it is none.
    """
    local, _, host = value.rpartition("@")
    if not local or not host or not value.isascii() or any(c <= " " for c in value):
        raise BadExtension(value, "an e-mail address is ASCII, like ada@contoso.com")
    return x509.RFC822Name(value)


def upn(value: str) -> x509.OtherName:
    """
    Make a user principal name: an otherName ``1.3.6.1.4.1.311.20.2.3`` that holds a UTF8String.

    Raises:
        BadExtension: it is empty or longer than 256 characters.
    """
    octets = value.encode()
    if not value or len(value) > 256:
        raise BadExtension(value, "a user principal name has 1 to 256 characters")
    return x509.OtherName(UPN, b"\x0c" + der_length(len(octets)) + octets)


def upn_text(name: x509.OtherName) -> str:
    """Return the text of a user principal name; what is no UTF-8 in it is replaced."""
    octets = name.value
    long_form = int(octets[1:2].hex() or "0", 16) - 0x80
    return octets[2 + max(long_form, 0) :].decode("utf-8", "replace")


def uri(value: str) -> x509.UniformResourceIdentifier:
    """
    Make a ``uniformResourceIdentifier``: absolute, ASCII (RFC 5280 section 4.2.1.6).

    Raises:
        BadExtension: it is none.
    """
    scheme, colon, rest = value.partition(":")
    letters = scheme.replace("+", "a").replace("-", "a").replace(".", "a")
    if not (colon and rest and value.isascii() and letters.isalnum() and scheme[:1].isalpha()) or " " in value:
        raise BadExtension(value, "a URI is absolute and ASCII, like spiffe://contoso.com/web")
    return x509.UniformResourceIdentifier(value)


def ip_address(value: str) -> x509.IPAddress:
    """
    Make an ``iPAddress`` of 4 or 16 octets from its text.

    Raises:
        BadExtension: it is none.
    """
    try:
        return x509.IPAddress(ipaddress.ip_address(value))
    except ValueError:
        raise BadExtension(value, "no IPv4 or IPv6 address") from None


def requested_extensions(profile: Profile) -> list[Extension]:
    """Return what a request asks for, in the service's order: key usage, EKU, SAN, basic constraints."""
    return [*_usage(profile), *_purposes(profile), *_names(profile), _constraints(profile)]


def certificate_extensions(
    profile: Profile, public_key: CertificatePublicKeyTypes, authority: x509.AuthorityKeyIdentifier | None
) -> list[Extension]:
    """
    Return a certificate's extensions in the service's order: key usage, basic constraints, EKU, SAN, AKI, SKI.

    Args:
        profile: what the certificate is for.
        public_key: the subject's key; its SHA-1 is the subject key identifier (RFC 5280 section 4.2.1.2, method 1).
        authority: names the issuer's key; None for a self-signed certificate, which names its own.
    """
    subject_key = x509.SubjectKeyIdentifier.from_public_key(public_key)
    authority = authority or x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject_key)
    return [
        *_usage(profile),
        _constraints(profile),
        *_purposes(profile),
        *_names(profile),
        (authority, False),
        (subject_key, False),
    ]


def _usage(profile: Profile) -> list[Extension]:
    return [(key_usage(profile.key_usage), True)] if profile.key_usage else []


def _purposes(profile: Profile) -> list[Extension]:
    if not profile.ekus:
        return []
    return [(x509.ExtendedKeyUsage([object_identifier(eku) for eku in profile.ekus]), False)]


def _names(profile: Profile) -> list[Extension]:
    # RFC 5280 section 4.1.2.6: with an empty subject the alternative name is the identity, and critical.
    return [(x509.SubjectAlternativeName(profile.san), not list(profile.subject))] if profile.san else []


def _constraints(profile: Profile) -> Extension:
    # RFC 5280 section 4.2.1.9: critical in a CA's certificate; the service leaves a leaf's uncritical.
    return x509.BasicConstraints(profile.ca, profile.path_length if profile.ca else None), profile.ca


def der_length(length: int) -> bytes:
    """Return the length octets of a DER element (X.690 section 8.1.3, definite form, as short as can be)."""
    if length < 0x80:
        return bytes([length])
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets
