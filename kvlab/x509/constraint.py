"""What a verifier has to refuse in a chain although every signature holds: constraints on names, unknown extensions."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from kvlab.x509.primitive import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kvlab.x509.field import Field

    Kind = type[x509.GeneralName]

Value = TypeVar("Value", bound=x509.ExtensionType)

# keyUsage, subjectAltName, basicConstraints, nameConstraints, cRLDistributionPoints, certificatePolicies,
# policyMappings, authorityKeyIdentifier, policyConstraints, extKeyUsage, inhibitAnyPolicy, subjectKeyIdentifier
_KNOWN = frozenset(f"2.5.29.{arc}" for arc in (15, 17, 19, 30, 31, 32, 33, 35, 36, 37, 54, 14))
_NETSCAPE_CERT_TYPE = "2.16.840.1.113730.1.1"


def unknown_critical(fields: Iterable[Field]) -> list[str]:
    """
    Name the critical extensions that no verifier of chains knows: such a certificate is refused.

    Source: RFC 5280 section 4.2; known are the extensions that OpenSSL's ``X509_supported_extension`` lists.
    """
    return [
        field.name
        for field in fields
        if field.section == "extensions" and field.critical and field.oid not in {*_KNOWN, _NETSCAPE_CERT_TYPE}
    ]


def outside(certificate: x509.Certificate, issuer: x509.Certificate) -> list[str]:
    """
    List the names of a certificate that the name constraints of a CA above it do not allow.

    Dns names, addresses, e-mail addresses, hosts of URIs and directory names are looked at.

    Returns:
        Each with its kind, as ``dNSName www.contoso.com``; none where nothing is constrained, or can be read.

    Source: RFC 5280 section 4.2.1.10.
    """
    constraints = _extension(issuer, x509.NameConstraints)
    if constraints is None:
        return []
    permitted, excluded = constraints.permitted_subtrees or (), constraints.excluded_subtrees or ()
    return [
        f"{_WORDS[type(name)]} {_text(name)}"
        for name in _names(certificate)
        if not _is_allowed(name, permitted, excluded)
    ]


def _is_allowed(
    name: x509.GeneralName, permitted: Sequence[x509.GeneralName], excluded: Sequence[x509.GeneralName]
) -> bool:
    kind = type(name)
    lies_in = _WITHIN[kind]
    allowed = [base for base in permitted if type(base) is kind]
    if any(type(base) is kind and lies_in(name.value, base.value) for base in excluded):
        return False
    return not allowed or any(lies_in(name.value, base.value) for base in allowed)


def _names(certificate: x509.Certificate) -> Iterator[x509.GeneralName]:
    try:
        subject = certificate.subject
    except (ValueError, TypeError):
        subject = x509.Name([])
    others = [name for name in _extension(certificate, x509.SubjectAlternativeName) or () if type(name) in _WITHIN]
    if list(subject):
        yield x509.DirectoryName(subject)
    yield from others
    if not any(isinstance(name, x509.RFC822Name) for name in others):
        for attribute in subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS):
            # What is no mailbox at all can not be within a constraint on mailboxes, nor outside of one.
            with suppress(ValueError, TypeError):
                yield x509.RFC822Name(attribute.value)  # type: ignore[arg-type]


def _extension(certificate: x509.Certificate, kind: type[Value]) -> Value | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (ValueError, TypeError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return None


def _address_within(address: object, base: object) -> bool:
    """Tell whether an address lies in a network; what is malformed may be read as the other of the two."""
    return isinstance(base, (IPv4Network, IPv6Network)) and address in base


def _host_within(host: str, base: str) -> bool:
    host, base = host.casefold(), base.casefold()
    return not base or host == base or host.endswith(base if base.startswith(".") else f".{base}")


def _is_host(host: str, base: str) -> bool:
    """Tell whether a host is the one of a constraint; one that begins with a dot stands for all below it."""
    host, base = host.casefold(), base.casefold()
    return host.endswith(base) if base.startswith(".") else host == base


def _mailbox_within(mailbox: str, base: str) -> bool:
    local, _, host = mailbox.rpartition("@")
    wanted, at, base_host = base.rpartition("@")
    return _is_host(host, base_host) and (not at or local == wanted)


def _uri_within(uri: str, base: str) -> bool:
    try:
        host = urlsplit(uri).hostname
    except ValueError:
        return False
    return host is not None and _is_host(host, base)


def _directory_within(name: x509.Name, base: x509.Name) -> bool:
    wanted = [_folded(part) for part in base.rdns]
    return [_folded(part) for part in name.rdns][: len(wanted)] == wanted


def _folded(part: x509.RelativeDistinguishedName) -> frozenset[tuple[str, str | bytes]]:
    return frozenset(
        (one.oid.dotted_string, " ".join(one.value.casefold().split()) if isinstance(one.value, str) else one.value)
        for one in part
    )


def _text(name: x509.GeneralName) -> str:
    return visible(name.value.rfc4514_string() if isinstance(name, x509.DirectoryName) else str(name.value))


_WITHIN: dict[Kind, Callable[..., bool]] = {
    x509.DNSName: _host_within,
    x509.IPAddress: _address_within,
    x509.RFC822Name: _mailbox_within,
    x509.UniformResourceIdentifier: _uri_within,
    x509.DirectoryName: _directory_within,
}
_WORDS: dict[Kind, str] = {
    x509.DNSName: "dNSName",
    x509.IPAddress: "iPAddress",
    x509.RFC822Name: "rfc822Name",
    x509.UniformResourceIdentifier: "uniformResourceIdentifier",
    x509.DirectoryName: "directoryName",
}
