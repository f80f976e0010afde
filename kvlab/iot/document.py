"""The grammar of IoT policies: text in, statements out."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn

from kvlab.errors import MalformedPolicyException
from kvlab.iot.condition import OPERATORS, QUANTIFIERS, Condition
from kvlab.iot.pattern import matcher

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LONGEST_DOCUMENT = 2048
"""Characters, white space not counted."""

VERSIONS = ("2012-10-17", "2008-10-17")
"""Of the policy language; policies of the older one, which counts where none is named, know no variables."""

_MEMBERS = {"Version", "Id", "Statement"}
_STATEMENT_MEMBERS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_RESOURCE = re.compile(r"\*|arn:[^:]+:([^:]*:){3}.+|arn:.*\*")
_WHITE = re.compile(r"\s+")


class Statement(NamedTuple):
    """
    One rule of a policy.

    Attributes:
        effect: what it does where it matches.
        actions: patterns such as ``iot:*``, in any case.
        resources: patterns of ARNs.
        without_actions: whether it is about all actions but these (``NotAction``).
        without_resources: whether it is about all resources but these (``NotResource``).
        conditions: all have to hold.
        substitute: whether ``${…}`` is a variable in it.
    """

    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    without_actions: bool
    without_resources: bool
    conditions: tuple[Condition, ...]
    substitute: bool

    def matches(self, action: str, resource: str, context: Mapping[str, tuple[str, ...]]) -> bool:
        """Say whether the rule is about this; one with a variable that has no value is not."""
        actions = (_fits(pattern.lower(), action.lower(), {}, substitute=False) for pattern in self.actions)
        if any(actions) is self.without_actions:
            return False
        resources = [_fits(pattern, resource, context, substitute=self.substitute) for pattern in self.resources]
        if (None in resources and self.without_resources) or any(resources) is self.without_resources:
            return False
        return all(condition.holds(context) for condition in self.conditions)


@lru_cache(maxsize=1000)
def read_document(document: str) -> tuple[Statement, ...]:
    """
    Read a policy document.

    Args:
        document: JSON text of at most 2,048 characters that are not white space.

    Raises:
        MalformedPolicyException: it is no policy; the hint says what is wrong.

    Source: https://docs.aws.amazon.com/iot/latest/developerguide/iot-policies.html; the refusals' sentences from
        public reports (aws-samples/simplerobotservice issue 1, aws/aws-cdk issue 32414).
    """
    if not (length := len(_WHITE.sub("", document))) or length > LONGEST_DOCUMENT:
        _refuse(
            f"A policy has 1 to {LONGEST_DOCUMENT} characters that are not white space; this one has {length}.",
            f"Policy size is {length}, and may be {LONGEST_DOCUMENT} at most.",
        )
    try:
        found = json.loads(document, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise MalformedPolicyException("Policy document is Malformed", hint=f"It is no JSON: {error}") from None
    body = _members(found, "The document", _MEMBERS, {"Statement"})
    version = body.get("Version", VERSIONS[1])
    if version not in VERSIONS:
        _refuse(f"Version is {_shown(version)}; it is {VERSIONS[0]} (or {VERSIONS[1]}, without variables).")
    if not isinstance(body.get("Id", ""), str):
        _refuse("Id is text.")
    statements = body["Statement"] if isinstance(body["Statement"], list) else [body["Statement"]]
    if not statements:
        _refuse("Statement is empty; a policy has one rule at least.")
    return tuple(
        _statement(item, f"Statement {number}", substitute=version == VERSIONS[0])
        for number, item in enumerate(statements, 1)
    )


def _statement(found: object, place: str, *, substitute: bool) -> Statement:
    body = _members(found, place, _STATEMENT_MEMBERS, {"Effect"})
    effect = body["Effect"]
    if effect not in ("Allow", "Deny"):
        _refuse(f"{place}: Effect is {_shown(effect)}; it is Allow or Deny.")
    if not isinstance(body.get("Sid", ""), str):
        _refuse(f"{place}: Sid is text.")
    without_actions, actions = _either(body, "Action", place)
    for action in actions:
        if not _ACTION.fullmatch(action):
            _refuse(f"{place}: {_shown(action)} is no action; write iot:Connect, iot:*, or *.")
    without_resources, resources = _either(body, "Resource", place)
    if wrong := [resource for resource in resources if not _RESOURCE.fullmatch(resource)]:
        _refuse(
            f"{place}: a resource is * or an ARN such as arn:aws:iot:us-east-1:123456789012:topic/lamp.",
            f"The following resources are invalid : {', '.join(wrong)}",
        )
    conditions = _conditions(body.get("Condition", {}), place)
    return Statement(effect, actions, resources, without_actions, without_resources, conditions, substitute)


def _either(body: Mapping[str, object], name: str, place: str) -> tuple[bool, tuple[str, ...]]:
    """Return the patterns of ``Action`` or ``NotAction``, and whether they are what to leave out."""
    without = f"Not{name}" in body
    if without is (name in body):
        _refuse(f"{place} has {'both' if without else 'no'} {name}{' and Not' + name if without else ''}.")
    written = f"Not{name}" if without else name
    return without, _texts(body[written], f"{place}: {written}")


def _conditions(found: object, place: str) -> tuple[Condition, ...]:
    conditions = []
    for written, keys in _members(found, f"{place}: Condition").items():
        quantifier, colon, rest = written.rpartition(":")
        name = rest.removesuffix("IfExists")
        if name not in OPERATORS or (colon and quantifier not in QUANTIFIERS) or (name == "Null" and rest != name):
            _refuse(f"{place}: {_shown(written)} is no condition operator; write StringEquals, Bool, IpAddress, …")
        for key, values in _members(keys, f"{place}: {written}").items():
            texts = _texts(values, f"{place}: {written}: {key}", may_be_empty=True)
            conditions.append(Condition(quantifier, name, rest != name, key, texts))
    return tuple(conditions)


def _members(
    found: object, place: str, known: Collection[str] | None = None, needed: Collection[str] = ()
) -> dict[str, Any]:
    if not isinstance(found, dict):
        _refuse(f"{place} is {_shown(found)}; it is a JSON object.")
    if known is not None and (strange := set(found) - set(known)):
        _refuse(f"{place} has {_shown(min(strange))}; what it may have is {', '.join(sorted(known))}.")
    if missing := set(needed) - set(found):
        _refuse(f"{place} has no {min(missing)}.")
    return found


def _texts(found: object, place: str, *, may_be_empty: bool = False) -> tuple[str, ...]:
    """Return a text, or a list of them; in conditions, truth values and numbers are written as text or as they are."""
    items = found if isinstance(found, list) else [found]
    if may_be_empty:
        items = [json.dumps(item) if isinstance(item, (bool, int, float)) else item for item in items]
    if not all(isinstance(item, str) for item in items) or not (items or may_be_empty):
        _refuse(f"{place} is {_shown(found)}; it is text, or a list of texts.")
    return tuple(items)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        _refuse("A member stands twice in one object.")
    return found


def _fits(pattern: str, text: str, context: Mapping[str, tuple[str, ...]], *, substitute: bool) -> bool | None:
    """Match; None where a variable of the pattern has no value."""
    expression = matcher(pattern, context, substitute=substitute)
    return None if expression is None else expression.fits(text)


def _shown(found: object) -> str:
    text = json.dumps(found, ensure_ascii=True)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _refuse(hint: str, sentence: str = "Invalid policy syntax.") -> NoReturn:
    raise MalformedPolicyException(f"Policy document is Malformed: {sentence}", hint=hint)
