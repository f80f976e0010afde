"""
Provisioning templates: JSON that says which thing, policy and status a certificate gets.

Source: https://docs.aws.amazon.com/iot/latest/developerguide/provision-template.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.x509.oid import NameOID
from pydantic_core import from_json

from kvlab.errors import InvalidRequestException
from kvlab.iot.material import certificate_id, der_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography import x509

PREFIX = "AWS::IoT::Certificate::"
"""Of the parameters that just-in-time provisioning takes from a certificate."""

KINDS = ("AWS::IoT::Thing", "AWS::IoT::Certificate", "AWS::IoT::Policy")

_SUBJECT = {
    "Country": NameOID.COUNTRY_NAME,
    "Organization": NameOID.ORGANIZATION_NAME,
    "OrganizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "DistinguishedNameQualifier": NameOID.DN_QUALIFIER,
    "StateName": NameOID.STATE_OR_PROVINCE_NAME,
    "CommonName": NameOID.COMMON_NAME,
    "SerialNumber": NameOID.SERIAL_NUMBER,
}
_MEMBERS = frozenset({"Parameters", "Resources", "DeviceConfiguration", "Mappings"})
_VARIABLE = re.compile(r"\$\{([^}]*)\}")


class Resource(NamedTuple):
    """
    One resource of a template, with the parameters' values put in.

    Attributes:
        name: what the template calls it.
        kind: one of ``KINDS``.
        properties: by AWS's names.
        overrides: what to do with what is there already: ``DO_NOTHING``, ``REPLACE``, ``FAIL`` or ``MERGE``.
    """

    name: str
    kind: str
    properties: dict[str, Any]
    overrides: dict[str, Any]


def of_certificate(certificate: x509.Certificate) -> dict[str, str]:
    """Return what a certificate gives as parameters: its id and its subject's attributes."""
    found = {f"{PREFIX}Id": certificate_id(der_of(certificate))}
    for name, oid in _SUBJECT.items():
        if values := certificate.subject.get_attributes_for_oid(oid):
            found[PREFIX + name] = str(values[0].value)
    return found


def check_template(body: str) -> None:
    """
    Refuse text that is no provisioning template.

    Raises:
        InvalidRequestException: it is none.
    """
    _read(body)


def fill_template(body: str, parameters: Mapping[str, str]) -> list[Resource]:
    """
    Put the parameters' values into a template.

    Args:
        body: JSON.
        parameters: by name; those that are declared with a default may be left out.

    Raises:
        InvalidRequestException: it is no template, or a value is missing.
    """
    declared, resources = _read(body)
    values = {name: told["Default"] for name, told in declared.items() if "Default" in told}
    values |= {name: value for name, value in parameters.items() if name in declared}
    for name in declared:
        if name not in values:
            raise _unresolved(name)
    return [
        Resource(
            name, value["Type"], _filled(value.get("Properties", {}), values), dict(value.get("OverrideSettings", {}))
        )
        for name, value in resources.items()
    ]


def _read(body: str) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Return what a template declares, and its resources."""
    try:
        found = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise _invalid("It is not JSON.") from None
    if not isinstance(found, dict) or set(found) - _MEMBERS:
        raise _invalid(f"It is an object of {', '.join(sorted(_MEMBERS))}.")
    declared, resources = found.get("Parameters", {}), found.get("Resources")
    for part in (declared, resources):
        if not isinstance(part, dict) or not all(isinstance(entry, dict) for entry in part.values()):
            raise _invalid("Parameters and Resources are objects of objects.")
    if not resources:
        raise _invalid("It has no Resources.")
    for name, resource in resources.items():
        if resource.get("Type") not in KINDS or not isinstance(resource.get("Properties", {}), dict):
            raise _invalid(f"The resource {name[:128]!a} is none of {', '.join(KINDS)}, with Properties.")
    return declared, resources


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_filled(entry, values) for entry in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and (function := _FUNCTIONS.get(next(iter(value)))) is not None:
        return function(_filled(next(iter(value.values())), values), values)
    if any(name.startswith("Fn::") for name in value):
        raise _invalid(f"The function {next(iter(value))[:40]!a} is not known.")
    return {name: _filled(entry, values) for name, entry in value.items()}


def _join(argument: Any, _values: Mapping[str, str]) -> str:
    separator, parts = _pair(argument)
    return _text(separator).join(_text(part) for part in _entries(parts))


def _split(argument: Any, _values: Mapping[str, str]) -> list[str]:
    separator, text = _pair(argument)
    return _text(text).split(_text(separator) or None)


def _select(argument: Any, _values: Mapping[str, str]) -> Any:
    place, entries = _pair(argument)
    number = int(place) if str(place).isascii() and str(place).isdigit() and len(str(place)) < 6 else -1
    if not 0 <= number < len(_entries(entries)):
        raise _invalid("Fn::Select has no such entry.")
    return entries[number]


def _substitute(argument: Any, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: _value(found[1], values), _text(argument))


def _pair(argument: Any) -> tuple[Any, Any]:
    if not isinstance(argument, list) or len(argument) != 2:
        raise _invalid("Fn::Join, Fn::Split and Fn::Select take a list of two.")
    return argument[0], argument[1]


def _entries(argument: Any) -> list[Any]:
    if not isinstance(argument, list):
        raise _invalid("Fn::Join and Fn::Select work on a list.")
    return argument


def _value(name: Any, values: Mapping[str, str]) -> str:
    if _text(name) not in values:
        raise _unresolved(name)
    return _text(values[name])


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _invalid(f"{json.dumps(value)[:100]} is not text.")
    return value


def _invalid(reason: str) -> InvalidRequestException:
    return InvalidRequestException(f"Invalid registration template. {reason}")


def _unresolved(name: str) -> InvalidRequestException:
    return _invalid(f"Cannot resolve reference value: {{Ref={ascii(name[:128])[1:-1]}}}")


_FUNCTIONS: dict[str, Callable[[Any, Mapping[str, str]], Any]] = {
    "Ref": _value, "Fn::Join": _join, "Fn::Split": _split, "Fn::Select": _select, "Fn::Sub": _substitute,
}  # fmt: skip
