"""Decide by IoT policies what a connection may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kvlab.iot.document import Statement

RESOURCE_KINDS = {
    "iot:Connect": "client",
    "iot:Publish": "topic",
    "iot:RetainPublish": "topic",
    "iot:Receive": "topic",
    "iot:Subscribe": "topicfilter",
}
"""What each action of MQTT is done on, as its ARN says it."""


class Decision(NamedTuple):
    """
    What the policies say to one request.

    Attributes:
        allowed: whether it may be.
        reason: ``allowed``, ``explicitDeny`` (a rule forbids it) or ``implicitDeny`` (no rule is about it).
        policies: the names of those whose rules decided; all of them where none is about it.
    """

    allowed: bool
    reason: Literal["allowed", "explicitDeny", "implicitDeny"]
    policies: tuple[str, ...]


def decide(
    policies: Mapping[str, Iterable[Statement]], action: str, resource: str, context: Mapping[str, tuple[str, ...]]
) -> Decision:
    """
    Decide a request by all policies together: a Deny wins, and what no rule allows is denied.

    Args:
        policies: what ``read_document`` returned, by the policies' names.
        action: such as ``iot:Publish``.
        resource: an ARN, see ``resource_arn``.
        context: the values of each policy variable.

    Source: https://docs.aws.amazon.com/iot/latest/developerguide/iot-policies.html
    """
    named: dict[str, list[str]] = {"Allow": [], "Deny": []}
    for name, statements in policies.items():
        for effect in {s.effect for s in statements if s.matches(action, resource, context)}:
            named[effect].append(name)
    if named["Deny"]:
        return Decision(False, "explicitDeny", tuple(named["Deny"]))
    if named["Allow"]:
        return Decision(True, "allowed", tuple(named["Allow"]))
    return Decision(False, "implicitDeny", tuple(policies))


def resource_arn(action: str, name: str, *, region: str, account: str) -> str:
    """
    Return the ARN of what an action is done on.

    Args:
        action: one of ``RESOURCE_KINDS``.
        name: a client id, topic or topic filter, by the action.

    >>> resource_arn("iot:Subscribe", "lamp/+", region="eu-central-1", account="123456789012")
    'arn:aws:iot:eu-central-1:123456789012:topicfilter/lamp/+'
    """
    return f"arn:aws:iot:{region}:{account}:{RESOURCE_KINDS[action]}/{name}"
