"""
What each member of a request may be, once for all operations.

Source: the service description of AWS IoT, version 2015-05-28; clients check less of it than the service does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from kvlab.errors import InvalidRequestException

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ANY_LENGTH = 1 << 20


class Text(NamedTuple):
    """Text of a length, in characters; of a pattern, or one of several words."""

    least: int = 0
    most: int = ANY_LENGTH
    pattern: str = ""
    words: tuple[str, ...] = ()


class Flag(NamedTuple):
    """``true`` or ``false``."""


class Count(NamedTuple):
    """A whole number in a range."""

    least: int
    most: int


class Part(NamedTuple):
    """A JSON object; its members are the operation's business."""


class Row(NamedTuple):
    """A JSON array of so many entries."""

    least: int = 0
    most: int = ANY_LENGTH


Shape = Text | Flag | Count | Part | Row

_STATUSES = ("ACTIVE", "INACTIVE", "REVOKED", "PENDING_TRANSFER", "REGISTER_INACTIVE", "PENDING_ACTIVATION")
_CERTIFICATE_ID = Text(64, 64, "(0x)?[a-fA-F0-9]+")
_PEM = Text(1, 65536)
_NAME = Text(1, 128, "[a-zA-Z0-9:_-]+")
_MESSAGE = Text(0, 128)
_PAGE = Count(1, 250)
_TOKEN = Text(0, 1024, "[A-Za-z0-9+/]+={0,2}")

PRINTABLE = r"[^\p{C}]*"
"""AWS's way to say: no control characters; the one pattern that Python does not know."""

MEMBERS: dict[str, Shape] = {
    "allow_auto_registration": Flag(),
    "ascending_order": Flag(),
    "attribute_name": Text(0, 128, "[a-zA-Z0-9_.,@/:#-]+"),
    "attribute_payload": Part(),
    "attribute_value": Text(0, 800, r"[a-zA-Z0-9_.,@/:#=\[\]-]*"),
    "auth_infos": Row(1, 10),
    "billing_group_name": _NAME,
    "default_version_id": Count(0, 2**31 - 1),
    "description": Text(0, 500, PRINTABLE),
    "enabled": Flag(),
    "ca_certificate": _PEM,
    "ca_certificate_id": _CERTIFICATE_ID,
    "ca_certificate_pem": _PEM,
    "certificate_id": _CERTIFICATE_ID,
    "certificate_mode": Text(words=("DEFAULT", "SNI_ONLY")),
    "certificate_pem": _PEM,
    "certificate_signing_request": Text(1, 4096),
    "client_id": Text(),
    "cognito_identity_pool_id": Text(),
    "endpoint_type": Text(0, 128),
    "expected_version": Count(0, 2**63 - 1),
    "force_delete": Flag(),
    "marker": _TOKEN,
    "max_results": _PAGE,
    "new_auto_registration_status": Text(words=("ENABLE", "DISABLE")),
    "new_status": Text(words=_STATUSES),
    "next_token": Text(),
    "page_size": _PAGE,
    "parameters": Part(),
    "policy_document": Text(0, 404600),
    "policy_name": Text(1, 128, r"[\w+=,.@-]+"),
    "policy_names_to_add": Row(),
    "policy_names_to_skip": Row(),
    "policy_version_id": Text(0, 19, "[0-9]+"),
    "pre_provisioning_hook": Part(),
    "principal": Text(),
    "provisioning_role_arn": Text(20, 2048),
    "recursive": Flag(),
    "registration_config": Part(),
    "reject_reason": _MESSAGE,
    "remove_auto_registration": Flag(),
    "remove_pre_provisioning_hook": Flag(),
    "remove_thing_type": Flag(),
    "set_as_active": Flag(),
    "set_as_default": Flag(),
    "status": Text(words=_STATUSES),
    "tags": Row(),
    "target": Text(),
    "target_aws_account": Text(12, 12, "[0-9]+"),
    "template_body": Text(0, 10240),
    "template_name": Text(1, 36, "^[0-9A-Za-z_-]+$"),
    "thing_name": _NAME,
    "thing_principal_type": Text(words=("EXCLUSIVE_THING", "NON_EXCLUSIVE_THING")),
    "thing_type_name": _NAME,
    "transfer_message": _MESSAGE,
    "type": Text(words=("FLEET_PROVISIONING", "JITP")),
    "use_prefix_attribute_value": Flag(),
    "verification_certificate": _PEM,
}

OF_OPERATION: dict[tuple[str, str], Shape] = {
    ("update_ca_certificate", "new_status"): Text(words=("ACTIVE", "INACTIVE")),
}
"""Where a member may be less in one operation than in others."""

_SHOWN = 100
_PATTERNS = {
    shape.pattern: re.compile(shape.pattern, re.ASCII)
    for shape in MEMBERS.values()
    if isinstance(shape, Text) and shape.pattern not in ("", PRINTABLE)
}


def wire_name(argument: str) -> str:
    """Return how the wire spells an argument: ``certificate_id`` is ``certificateId``."""
    first, *others = argument.split("_")
    return first + "".join(word.capitalize() for word in others)


def shape_of(operation: str, argument: str) -> Shape:
    """Return what an argument of an operation may be."""
    return OF_OPERATION.get((operation, argument)) or MEMBERS[argument]


def check(operation: str, arguments: Mapping[str, Any], required: Collection[str] = ()) -> None:
    """
    Refuse arguments that are out of range; those that are None are absent.

    Args:
        operation: the method.
        arguments: by name.
        required: those that must be there.

    Raises:
        InvalidRequestException: in AWS's words; all that is wrong is named.
    """
    wrong = [
        f"Value null at '{wire_name(name)}' failed to satisfy constraint: Member must not be null"
        for name in required
        if arguments.get(name) is None
    ]
    wrong += [
        f"Value {_shown(value)} at '{wire_name(name)}' failed to satisfy constraint: {reason}"
        for name, value in arguments.items()
        if value is not None
        for reason in _reasons(shape_of(operation, name), value)
    ]
    if wrong:
        count = f"{len(wrong)} validation error{'s' if len(wrong) > 1 else ''} detected"
        raise InvalidRequestException(f"{count}: {'; '.join(wrong)}")


def _reasons(shape: Shape, value: object) -> list[str]:
    match shape:
        case Text():
            return _text_reasons(shape, value) if isinstance(value, str) else ["Member must be text"]
        case Flag():
            return [] if isinstance(value, bool) else ["Member must be true or false"]
        case Count():
            if isinstance(value, bool) or not isinstance(value, int):
                return ["Member must be a whole number"]
            return _range("value", value, shape.least, shape.most)
        case Part():
            return [] if isinstance(value, dict) else ["Member must be an object"]
        case Row():
            return _range("length", len(value), shape.least, shape.most) if isinstance(value, list) else [
                "Member must be an array"
            ]  # fmt: skip


def _text_reasons(shape: Text, value: str) -> list[str]:
    if shape.words:
        return [] if value in shape.words else [f"Member must satisfy enum value set: [{', '.join(shape.words)}]"]
    found = _range("length", len(value), shape.least, shape.most)
    if not found and not storable(value):
        return ["Member must be Unicode text without NUL"]
    if shape.pattern and not _matches(shape.pattern, value):
        found.append(f"Member must satisfy regular expression pattern: {shape.pattern}")
    return found


def _matches(pattern: str, value: str) -> bool:
    return value.isprintable() if pattern == PRINTABLE else bool(_PATTERNS[pattern].fullmatch(value))


def _range(what: str, value: int, least: int, most: int) -> list[str]:
    if value < least:
        return [f"Member must have {what} greater than or equal to {least}"]
    return [f"Member must have {what} less than or equal to {most}"] if value > most else []


def storable(value: str) -> bool:
    """Tell whether every database can keep a text: no NUL, no half of a surrogate pair."""
    return "\x00" not in value and value.encode("utf-8", "replace").decode() == value


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, (str, int)) else type(value).__name__
    return f"'{ascii(text[:_SHOWN])[1:-1]}'"
