"""The variables of IoT policies: what a certificate, a thing and a connection say of a device."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_VALUES = 5
"""How many values of one attribute count; further ones are ignored."""

_CERTIFICATE = "iot:Certificate."
_ATTRIBUTES = {
    "DistinguishedNameQualifier": NameOID.DN_QUALIFIER,
    "Country": NameOID.COUNTRY_NAME,
    "Organization": NameOID.ORGANIZATION_NAME,
    "OrganizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "State": NameOID.STATE_OR_PROVINCE_NAME,
    "CommonName": NameOID.COMMON_NAME,
    "SerialNumber": NameOID.SERIAL_NUMBER,
    "Title": NameOID.TITLE,
    "Surname": NameOID.SURNAME,
    "GivenName": NameOID.GIVEN_NAME,
    "Initials": NameOID.INITIALS,
    "Pseudonym": NameOID.PSEUDONYM,
    "GenerationQualifier": NameOID.GENERATION_QUALIFIER,
}
_ALTERNATIVES: dict[str, type[x509.GeneralName]] = {
    "RFC822Name": x509.RFC822Name,
    "DNSName": x509.DNSName,
    "DirectoryName": x509.DirectoryName,
    "UniformResourceIdentifier": x509.UniformResourceIdentifier,
    "IPAddress": x509.IPAddress,
}


def certificate_variables(certificate: x509.Certificate) -> dict[str, tuple[str, ...]]:
    """
    Return what a certificate says, by the names of the policy variables.

    An attribute's first value is ``iot:Certificate.Subject.Country``, the next ones are ``….Country.1`` and so on, all
    together ``….Country.List``. ``iot:Certificate.SerialNumber`` is in lower-case hexadecimal digits.

    Source: https://docs.aws.amazon.com/iot/latest/developerguide/cert-policy-variables.html
    """
    found: dict[str, tuple[str, ...]] = {}
    sides = (
        ("Subject", certificate.subject, ExtensionOID.SUBJECT_ALTERNATIVE_NAME),
        ("Issuer", certificate.issuer, ExtensionOID.ISSUER_ALTERNATIVE_NAME),
    )
    for side, name, extension in sides:
        for attribute, oid in _ATTRIBUTES.items():
            values = (str(item.value) for item in name.get_attributes_for_oid(oid))
            found |= _indexed(f"iot:Certificate.{side}.{attribute}", values)
        alternatives = _alternatives(certificate, extension)
        for kind, form in _ALTERNATIVES.items():
            values = (_text(item) for item in alternatives if isinstance(item, form))
            found |= _indexed(f"iot:Certificate.{side}.AlternativeName.{kind}", values)
    found["iot:Certificate.SerialNumber"] = (f"{certificate.serial_number:x}",)
    found["iot:Certificate.AvailableKeys"] = tuple(found)
    return found


class CertificateVariables(Mapping[str, tuple[str, ...]]):
    """
    What a certificate says, read when the first policy asks for it: most ask for nothing of it.

    Args:
        certificate: see ``certificate_variables``.
    """

    def __init__(self, certificate: x509.Certificate) -> None:
        self._certificate = certificate

    def __getitem__(self, name: str) -> tuple[str, ...]:
        if not name.startswith(_CERTIFICATE):
            raise KeyError(name)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    @cached_property
    def _found(self) -> dict[str, tuple[str, ...]]:
        return certificate_variables(self._certificate)


def thing_variables(
    name: str | None, thing_type: str | None = None, attributes: Mapping[str, str] | None = None
) -> dict[str, tuple[str, ...]]:
    """
    Return what a thing says of the device that connects as it.

    Args:
        name: of the thing that the connection stands for, see ``kvlab.iot.lookup.thing_of``; None if there is none.
        thing_type: its type's name, if it has one.
        attributes: its attributes.

    Source: https://docs.aws.amazon.com/iot/latest/developerguide/thing-policy-variables.html
    """
    found: dict[str, tuple[str, ...]] = {"iot:Connection.Thing.IsAttached": ("true" if name is not None else "false",)}
    if name is not None:
        found["iot:Connection.Thing.ThingName"] = (name,)
    if thing_type is not None:
        found["iot:Connection.Thing.ThingTypeName"] = (thing_type,)
    for attribute, value in (attributes or {}).items():
        found[f"iot:Connection.Thing.Attributes[{attribute}]"] = (value,)
    return found


def _indexed(name: str, values: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return a variable, its further values, and all of them as a list; nothing if it has none."""
    found = tuple(values)[:MOST_VALUES]
    if not found:
        return {}
    numbered: dict[str, tuple[str, ...]] = {f"{name}.{number}": (value,) for number, value in enumerate(found)}
    return {name: found[:1], f"{name}.List": found, **numbered}


def _alternatives(certificate: x509.Certificate, extension: x509.ObjectIdentifier) -> list[x509.GeneralName]:
    """Return the alternative names; none where they are missing, or can not be read."""
    try:
        value = certificate.extensions.get_extension_for_oid(extension).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return []
    return list(value) if isinstance(value, (x509.SubjectAlternativeName, x509.IssuerAlternativeName)) else []


def _text(name: x509.GeneralName) -> str:
    value = name.value
    return value.rfc4514_string() if isinstance(value, x509.Name) else str(value)
