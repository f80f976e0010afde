"""A policy between a form's fields and its JSON: what the fields say, what a pasted text says, what is shown beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.errors import InvalidProperty, VaultError
from kvlab.render.course import course_svg, course_words
from kvlab.render.markup import compact_json, json_lines
from kvlab.vault import policy as policies
from kvlab.widgets.field import said
from kvlab.widgets.form_page import member_path
from kvlab.widgets.policy_fields import lifetime_actions, policy_document, policy_values
from kvlab.wire.policy import CertificatePolicy, LifetimeAction

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kvlab.render.markup import JsonLine
    from kvlab.vault.lifetime import Foreseen
    from kvlab.vault.rehearsal import Proposal
    from kvlab.widgets.field import Field

_TWO_WAYS = "Two ways, one truth: edit here and the form follows. Members you leave out get the vault's defaults."
SIDE_LETTERS = 38
"""What a line beside a form has room for."""
_LIFETIME = ("action", "trigger", "when")
_TRIGGERS = ("lifetime_percentage", "days_before_expiry")
KNOWN = "known"
"""The method of a form by which an issuer object is asked; the others are called as the issuer is."""


class PolicySheet:
    """
    The policy that some fields describe.

    Args:
        inputs: by name: ``method``, and those of ``kvlab.widgets.policy_fields.certificate_fields``.
    """

    def __init__(self, inputs: Mapping[str, Field]) -> None:
        self._inputs = inputs
        self._members = {field.member: field for field in inputs.values() if "." in field.member}
        self._more_actions: list[Any] = []
        self._refusal: VaultError | None = None

    def document(self) -> dict[str, Any]:
        """Return the policy as JSON."""
        values = {member: field.value for member, field in self._members.items()}
        if self._inputs["method"].value != KNOWN:
            values["issuer.name"] = self._inputs["method"].value
        found = policy_document(values)
        fields = [self._inputs[name] for name in _LIFETIME]
        wishes = [field.value for field in fields]
        if any(wish is not None for wish in wishes):
            wishes = [field.shown for field in fields]
        actions = lifetime_actions(wishes, self._more_actions)
        return found if actions is None else {**found, "lifetime_actions": actions}

    def show(self, proposal: Proposal) -> None:
        """Let fields that are left out show what the vault would take, and say what would come of it."""
        days = proposal.shortened_days
        words = f"The CA will issue {days} days at most; the vault takes the policy as it is." if days else ""
        self._inputs["validity_months"].note = ("warn", words) if days else ("", "")
        if proposal.policy is not None:
            self._show_defaults(proposal.policy)
        refused = {member_path(str(error.facts.get("field", ""))) for error in proposal.refusals}
        course = () if any(_is_about_time(path) for path in refused) else proposal.course
        self._inputs["course"].default = _drawn(course) if course else None

    def paste(self, text: str) -> None:
        """Take a policy's JSON: the fields follow; what is no policy is refused beside it."""
        self._refusal = None
        try:
            read = CertificatePolicy.read(text, "policy").model_dump(mode="json")
        except VaultError as error:
            self._refusal = error
            return
        ignored = CertificatePolicy.unknown_members(text, "policy.")
        if ignored:
            self._refusal = InvalidProperty(ignored[0], "The service knows no such member and will ignore it.")
        self._follow(read)

    def typed(self) -> None:
        """Forget what was refused of a pasted text: somebody went on with the fields."""
        self._refusal = None

    def reset(self) -> None:
        """Forget what no field shows."""
        self._more_actions, self._refusal = [], None

    def side(self, here: Collection[str]) -> dict[str, Any]:
        """
        Return the policy as it is drawn beside the form.

        Args:
            here: the members whose lines are marked; those that are refused are marked anyway.
        """
        refusals = [field.refusal for field in self._inputs.values() if field.refusal]
        wrong = [member_path(str(error.facts.get("field", "-"))) for error in refusals]
        document = self.document()
        return {
            "title": "Policy to be sent",
            "text": compact_json(document),
            "lines": [
                [line.text, "bad" if _concerns(line, wrong) else "hot" if _concerns(line, here) else ""]
                for line in json_lines(document, width=SIDE_LETTERS)
            ],
            "editable": "Paste JSON",
            "refusal": said(self._refusal),
            "note": _TWO_WAYS,
        }

    def _show_defaults(self, policy: CertificatePolicy) -> None:
        whole = policy.model_dump(mode="json")
        for member, value in policy_values(whole, [*self._members]).items():
            self._members[member].default = value
        action = next(iter(whole.get("lifetime_actions") or ()), {"trigger": {}, "action": {"action_type": ""}})
        trigger = next(iter(action["trigger"].items()), (None, None))
        self._inputs["action"].default = action["action"]["action_type"]
        self._inputs["trigger"].default, self._inputs["when"].default = trigger
        said = self._inputs["trigger"].shown
        self._inputs["when"].help = LifetimeAction.describe(f"trigger.{said}") if said in _TRIGGERS else ""

    def _follow(self, policy: dict[str, Any]) -> None:
        """Let the fields say what a policy says."""
        actions = policy.pop("lifetime_actions", None)
        for member, value in policy_values(policy, [*self._members]).items():
            field = self._members[member]
            empty = {"list": [], "text": ""}.get(field.kind) if member != "x509_props.ekus" else None
            field.value = empty if value is None else value
        name = self._inputs["issuer"].value or policies.UNKNOWN
        known = name.casefold() not in (policies.SELF.casefold(), policies.UNKNOWN.casefold())
        self._inputs["method"].value = KNOWN if known else name.capitalize()
        self._inputs["issuer"].value = name if known else None
        first, *self._more_actions = actions or [None]
        trigger = next(iter(first["trigger"].items()), (None, None)) if first else (None, None)
        self._inputs["action"].value = first["action"]["action_type"] if first else "" if actions == [] else None
        self._inputs["trigger"].value, self._inputs["when"].value = trigger


def _drawn(course: Sequence[Foreseen]) -> dict[str, str]:
    return {"svg": course_svg(course), "words": course_words(course)}


def _is_about_time(path: str) -> bool:
    return path.startswith(("lifetime_actions", "x509_props.validity_months"))


def _concerns(line: JsonLine, members: Collection[str]) -> bool:
    """Tell whether a line of JSON shows one of these members, or a part of it."""
    return any(
        f"{line.path}.".startswith(f"{member}.")
        or (line.whole and member.startswith(f"{line.path}.") and f'"{member.rpartition(".")[2]}"' in line.text)
        for member in members
        if line.path
    )
