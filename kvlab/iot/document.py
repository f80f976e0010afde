"""
The grammar of an IoT policy document.

Source: https://docs.aws.amazon.com/iot/latest/developerguide/iot-policies.html and the grammar of IAM's policies.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from pydantic_core import from_json

from kvlab.errors import MalformedPolicyException

MOST_CHARACTERS = 2048
"""Of a document, white space not counted."""

VERSIONS = ("2012-10-17", "2008-10-17")
EFFECTS = ("Allow", "Deny")

_MEMBERS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_MEMBERS = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"})
_ACTION = re.compile(r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+", re.ASCII)
_WHITE_SPACE = re.compile(r"\s")


class Statement(NamedTuple):
    """
    One statement of a policy.

    Attributes:
        effect: ``Allow`` or ``Deny``.
        actions: patterns such as ``iot:Publish``; ``*`` and ``?`` are wildcards.
        resources: patterns of ARNs; they may hold policy variables.
        without_actions: whether the statement is about all actions but these (``NotAction``).
        without_resources: whether it is about all resources but these (``NotResource``).
        condition: operator -> key -> values.
    """

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    without_actions: bool
    without_resources: bool
    condition: dict[str, dict[str, tuple[str, ...]]]


def read_document(text: str) -> tuple[Statement, ...]:
    """
    Read a policy document.

    Args:
        text: JSON.

    Raises:
        MalformedPolicyException: it is no policy; the sentence says where.
    """
    if len(_WHITE_SPACE.sub("", text)) > MOST_CHARACTERS:
        raise MalformedPolicyException(
            f"Policy document has more than {MOST_CHARACTERS} characters, not counting white space."
        )
    try:
        document = from_json(text, allow_inf_nan=False)
    except ValueError:
        raise MalformedPolicyException("Policy document is not JSON.") from None
    if not isinstance(document, dict):
        raise MalformedPolicyException("Policy document is not a JSON object.")
    _only(document, _MEMBERS, "Policy document")
    if document.get("Version", VERSIONS[0]) not in VERSIONS:
        raise MalformedPolicyException(f"Version must be {' or '.join(VERSIONS)}.")
    statements = document.get("Statement")
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not statements:
        raise MalformedPolicyException("Statement must be one statement or a list of them.")
    return tuple(_statement(value, place) for place, value in enumerate(statements))


def _statement(value: Any, place: int) -> Statement:
    where = f"Statement[{place}]"
    if not isinstance(value, dict):
        raise MalformedPolicyException(f"{where} is not a JSON object.")
    _only(value, _STATEMENT_MEMBERS, where)
    if value.get("Effect") not in EFFECTS:
        raise MalformedPolicyException(f"{where}.Effect must be {' or '.join(EFFECTS)}.")
    if not isinstance(value.get("Sid", ""), str):
        raise MalformedPolicyException(f"{where}.Sid must be text.")
    action, actions = _either(value, "Action", where)
    resource, resources = _either(value, "Resource", where)
    for name in actions:
        if not _ACTION.fullmatch(name):
            raise MalformedPolicyException(f"{where}.{action} must be like iot:Publish, iot:* or *.")
    for name in resources:
        if name != "*" and not name.startswith("arn:"):
            raise MalformedPolicyException(f"{where}.{resource} must be an ARN or *.")
    condition = _condition(value.get("Condition", {}), f"{where}.Condition")
    return Statement(value["Effect"], actions, resources, action == "NotAction", resource == "NotResource", condition)


def _either(value: dict[str, Any], name: str, where: str) -> tuple[str, tuple[str, ...]]:
    """Return ``Action`` or ``NotAction``, of which there must be one, and its entries."""
    found = [spelling for spelling in (name, f"Not{name}") if spelling in value]
    if len(found) != 1:
        raise MalformedPolicyException(f"{where} must have either {name} or Not{name}.")
    return found[0], _texts(value[found[0]], f"{where}.{found[0]}")


def _condition(value: Any, where: str) -> dict[str, dict[str, tuple[str, ...]]]:
    if not isinstance(value, dict) or not all(isinstance(keys, dict) for keys in value.values()):
        raise MalformedPolicyException(f"{where} must be an object of operators, each with an object of keys.")
    return {
        operator: {key: _texts(_as_text(values), f"{where}.{operator}") for key, values in keys.items()}
        for operator, keys in value.items()
    }


def _as_text(values: Any) -> Any:
    """Return condition values as text: booleans and numbers may stand there bare."""
    if isinstance(values, list):
        return [_as_text(value) for value in values]
    if isinstance(values, bool):
        return str(values).lower()
    return str(values) if isinstance(values, (int, float)) else values


def _texts(value: Any, where: str) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values or not all(isinstance(entry, str) and entry for entry in values):
        raise MalformedPolicyException(f"{where} must be text or a list of texts.")
    return tuple(values)


def _only(value: dict[str, Any], allowed: frozenset[str], where: str) -> None:
    if unknown := sorted(value.keys() - allowed):
        raise MalformedPolicyException(f"{where} has no member {unknown[0][:40]!a}.")
