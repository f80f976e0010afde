"""Conditions of an IoT policy statement: what has to be true of the connection besides action and resource."""

from __future__ import annotations

import ipaddress
import operator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from kvlab.iot.pattern import matcher, variables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Test = Callable[[str, str], bool]


class Condition(NamedTuple):
    """
    One operator on one key.

    Attributes:
        quantifier: ``ForAllValues``, ``ForAnyValue`` or empty.
        operator: without quantifier and ``IfExists``, such as ``StringEquals``.
        if_exists: whether a key without a value is well.
        key: such as ``iot:Connection.Thing.IsAttached``.
        values: what is written; patterns.
    """

    quantifier: str
    operator: str
    if_exists: bool
    key: str
    values: tuple[str, ...]

    def holds(self, context: Mapping[str, tuple[str, ...]]) -> bool:
        """
        Say whether the connection is as the condition wants it.

        Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
        """
        found = context.get(self.key, ())
        if self.operator == "Null":
            return all(text.lower() == str(not found).lower() for text in self.values)
        test, negated = _OPERATORS[self.operator]
        if not found:
            return self.if_exists or (negated if not self.quantifier else self.quantifier == "ForAllValues")
        wanted = [filled for text in self.values if (filled := _fill(text, context)) is not None]
        outcomes = (any(_try(test, value, text) for text in wanted) is not negated for value in found)
        return all(outcomes) if self.quantifier == "ForAllValues" else any(outcomes)


def _fill(text: str, context: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return a written value with its variables filled in, still a pattern; None if one has no value."""
    for name in variables(text):
        if not (values := context.get(name)):
            return None
        text = text.replace(f"${{{name}}}", "".join(f"${{{c}}}" if c in "*?$" else c for c in values[0]))
    return text


def _try(test: Test, value: str, text: str) -> bool:
    """Compare; what is no number, date or address is equal to nothing."""
    try:
        return test(value, text)
    except (ValueError, OverflowError):
        return False


def _plain(text: str) -> str:
    """Return a filled pattern as the plain text it stands for where wildcards mean nothing."""
    return text.replace("${*}", "*").replace("${?}", "?").replace("${$}", "$")


def _like(value: str, text: str) -> bool:
    pattern = matcher(text, {})
    return pattern is not None and pattern.fits(value)


def _arn_like(value: str, text: str) -> bool:
    parts, patterns = value.split(":", 5), text.split(":", 5)
    return len(parts) == len(patterns) and all(map(_like, parts, patterns))


def _number(compare: Callable[[float, float], bool]) -> Test:
    return lambda value, text: compare(float(value), float(text))


def _date(compare: Callable[[float, float], bool]) -> Test:
    return lambda value, text: compare(_instant(value), _instant(text))


def _instant(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _in_network(value: str, text: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(text, strict=False)


def _ordered(kind: str, of: Callable[[Callable[[float, float], bool]], Test]) -> dict[str, tuple[Test, bool]]:
    return {
        f"{kind}Equals": (of(operator.eq), False),
        f"{kind}NotEquals": (of(operator.eq), True),
        f"{kind}LessThan": (of(operator.lt), False),
        f"{kind}LessThanEquals": (of(operator.le), False),
        f"{kind}GreaterThan": (of(operator.gt), False),
        f"{kind}GreaterThanEquals": (of(operator.ge), False),
    }


def _equal(value: str, text: str) -> bool:
    return value == _plain(text)


def _equal_in_any_case(value: str, text: str) -> bool:
    return value.casefold() == _plain(text).casefold()


_OPERATORS: dict[str, tuple[Test, bool]] = {
    "StringEquals": (_equal, False),
    "StringNotEquals": (_equal, True),
    "StringEqualsIgnoreCase": (_equal_in_any_case, False),
    "StringNotEqualsIgnoreCase": (_equal_in_any_case, True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "Bool": (_equal_in_any_case, False),
    "IpAddress": (_in_network, False),
    "NotIpAddress": (_in_network, True),
    "ArnEquals": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnLike": (_arn_like, False),
    "ArnNotLike": (_arn_like, True),
    **_ordered("Numeric", _number),
    **_ordered("Date", _date),
}
"""Each operator's comparison of a value with what is written, and whether it is turned round."""

OPERATORS = frozenset(_OPERATORS) | {"Null"}
QUANTIFIERS = frozenset({"ForAllValues", "ForAnyValue"})
