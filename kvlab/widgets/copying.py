"""The form that copies what was issued into the policy, so that renewals ask for what they get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets

from kvlab.errors import MissingProperty, ServiceError
from kvlab.render.call.call import Call
from kvlab.render.chapter import about
from kvlab.render.markup import compact_json, json_lines
from kvlab.widgets.field import Field, Option
from kvlab.widgets.form import Form
from kvlab.widgets.live import Live
from kvlab.widgets.policy_sheet import SIDE_LETTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kvlab.events import Event
    from kvlab.vault.vault import Vault
    from kvlab.widgets.form_page import Button
    from kvlab.wire.policy import CertificatePolicy

_WORDS = {
    "subject": "Subject", "sans": "Names beside the subject", "ekus": "Purposes (EKU)", "key_usage": "Key usage",
    "validity_months": "Validity",
}  # fmt: skip
_WHY = "As long as the policy asks for something else, each renewal asks for it again, and in vain."
_NOTE = "Changes the policy of the versions to come; those that are there stay as they are."


class DiffTable(Live, module="diff"):
    """A comparison in a page with a kernel, where it can become another one."""

    html = traitlets.Unicode().tag(sync=True)
    """HTML of ``kvlab.render``'s own."""

    def page(self) -> str:
        """Return the same for a page without a kernel."""
        return str(self.html)


class CopyForm(Form):
    """
    Calls ``update_certificate_policy`` with members of ``x509_props`` as they were issued.

    ``fields``: ``members``, a list of their names; at first all that differ.

    Args:
        vault: where the policy is.
        name: of the certificate.
        props: JSON value by member, as it was issued.
        again: compares anew after something has happened to the certificate; returns ``props`` as they are then.
    """

    def __init__(
        self, vault: Vault, name: str, props: Mapping[str, Any], again: Callable[[], Mapping[str, Any]]
    ) -> None:
        self.name = name
        self._props = props
        self._again = again
        self._sent: dict[str, Any] = {}
        members = Field("members", "What to copy", "checks", _WHY, member="x509_props", value=[*props],
                        options=[Option(member, _WORDS[member]) for member in props])  # fmt: skip
        super().__init__(vault, "Copy what was issued into the policy", "Copy into the policy", [members])
        self.check()

    def document(self) -> dict[str, Any]:
        """Return the change of the policy, as JSON."""
        return {"x509_props": {member: self._props[member] for member in self._chosen()}}

    def check(self) -> None:
        """Show the change, and beside it what the vault would say to it."""
        members = self.inputs["members"]
        foreseen = self._refusal() if self._chosen() else None
        members.refusal = None
        if foreseen is not None and not self.place(foreseen):
            self.status = ("bad", foreseen.message)
        elif self.state not in ("busy", "done"):
            self.status = ("", "")
        self._show_change()
        self.draw()

    def begin(self) -> list[ServiceError]:
        """Return what would be refused."""
        if not self._chosen():
            return [MissingProperty("policy.x509_props", hint="Tick what is to be copied.")]
        foreseen = self._refusal()
        return [] if foreseen is None else [foreseen]

    def ask(self, vault: Vault) -> CertificatePolicy:
        """Change the policy."""
        self._sent = self.document()
        return vault.update_certificate_policy(self.name, self._sent)

    def end(self, answer: CertificatePolicy) -> None:
        """Say what will be asked for now."""
        del answer
        self.outcome = ""
        self.status = ("ok", "Copied: the next version asks for it.")
        self._look_again()

    def call(self) -> Call:
        """Return the call; once there is nothing left to copy, the last one."""
        document = self.document() if self._chosen() else self._sent
        return Call.of("update_certificate_policy", self.name, vault=self.vault, policy=document)

    def is_shown(self, field: Field) -> bool:  # noqa: ARG002  there is one
        """Tell whether there is something to copy."""
        return bool(self._props)

    def buttons(self) -> list[Button]:
        """Return the buttons; where there is nothing left to copy, the main one is away."""
        return [button for button in super().buttons() if self._props or button is not self.button]

    def changed(self, field: Field) -> None:
        """Look again."""
        del field
        if not self._held:
            self.state = "idle"
            self.outcome = ""
            self.check()

    def heard(self, event: Event) -> None:
        """Compare anew when somebody else has changed the policy, or made another version."""
        mine = event.object.casefold() == about(self.name)
        if mine and event.kind not in ("poll", "refused") and self.state != "busy":
            self._look_again()

    def _chosen(self) -> list[str]:
        return [member for member in self._props if member in self.inputs["members"].value]

    def _refusal(self) -> ServiceError | None:
        return self.vault.rehearse("update_certificate_policy", self.name, self.document())

    def _look_again(self) -> None:
        before, self._props = self._props, self._again()
        members = self.inputs["members"]
        members.options = tuple(Option(member, _WORDS[member]) for member in self._props)
        with self.holding():
            members.value = [member for member in self._props if member in members.value or member not in before]
        self.check()

    def _show_change(self) -> None:
        document = self.document()
        lines = [[line.text, ""] for line in json_lines(document, width=SIDE_LETTERS)]
        shown = {"title": "Change of the policy", "text": compact_json(document), "lines": lines, "note": _NOTE}
        self.side = shown if self._chosen() else None
