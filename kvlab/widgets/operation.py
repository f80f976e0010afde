"""The pending operation of a certificate: where it is, where it can go, and what else the vault would answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import traitlets

from kvlab.clock import SimulatedClock
from kvlab.errors import (
    ForbiddenByPolicy,
    ForbiddenByRbac,
    InvalidName,
    NameDeleted,
    NameInUse,
    VaultClosed,
    VaultError,
)
from kvlab.render.call.call import Call
from kvlab.render.call.page import Part
from kvlab.render.call.rest import response_text
from kvlab.render.chapter import about, chapters
from kvlab.render.error import error_html
from kvlab.render.machine import (
    WORKERS,
    Where,
    barred_html,
    cell,
    machine_sentence,
    machine_svg,
    machine_table,
    machine_text,
)
from kvlab.render.markup import card, image, pill, seed_pill, text
from kvlab.render.past import past_html
from kvlab.render.timeline import clock_words
from kvlab.vault.glance import Glance
from kvlab.vault.operation import CALLS, Move, Status, Worker, answer, outcome
from kvlab.widgets.argument import NAME, VAULT, check_argument
from kvlab.widgets.following import Following

if TYPE_CHECKING:
    from collections.abc import Callable

    from kvlab.events import Event
    from kvlab.vault.vault import Vault

PILLS = {"inProgress": "now", "completed": "ok", "cancelled": "", "failed": "bad", "none": ""}
_STEP_SECONDS = 10


class Offer(NamedTuple):
    """
    A move that a caller can try.

    Attributes:
        move: which.
        title: in words.
        help: one sentence on what it does.
        button: the words on its button; empty where it needs more than a button.
        needs: what to do instead, as code; empty where a button does it.
    """

    move: Move
    title: str
    help: str
    button: str = ""
    needs: str = ""


OFFERS = (
    Offer(Move.POLL, "Poll the operation", "Asks how far it is; the log notes it.", "Poll now"),
    Offer(
        Move.MERGE,
        "Merge a certificate",
        "A practice CA of this vault signs the request, and its answer is merged.",
        "Sign and merge",
        "kvlab.merge(vault, {name!r})",
    ),
    Offer(Move.CREATE, "Create the next version", "By the stored policy, with a new key.", "Create"),
    Offer(Move.ASK_CANCEL, "Ask to cancel", "Only a wish: an issuer may be quicker.", "Ask to cancel"),
    Offer(
        Move.IMPORT, "Import a certificate", "A file with its key becomes a version.", "", "kvlab.import_form(vault)"
    ),
    Offer(Move.DELETE, "Delete the operation", "The pending object goes; versions stay.", "Delete"),
)


def operation(vault: Vault, name: str) -> OperationView:
    """
    Show the state machine of a certificate's pending operation: which moves are legal now, and what else is answered.

    Args:
        vault: used as whoever it is bound to; the buttons act as that principal.
        name: of the certificate; one that does not exist has no operation.

    Raises:
        TypeError: it is no vault, or the name no text.
    """
    check_argument("vault", vault, VAULT)
    check_argument("name", name, NAME)
    return OperationView(vault, name)


class OperationView(Following, module="operation"):
    """
    A state machine that follows the vault. It holds no rule: what is legal is the vault's answer to a rehearsal.

    Without a browser: call ``do("poll")``, look at ``where``, ``legal`` and ``refused``.

    Args:
        vault: whose operation it is.
        name: of the certificate.

    Attributes:
        where: how the operation stands.
        legal: the moves that would be done now.
        refused: the refusals of the others.
        barred: those of them that are not the table's, such as for want of a permission.
    """

    view = traitlets.Dict().tag(sync=True)
    """All that the page shows; made here alone."""
    signer = traitlets.Enum(("", *(worker.value for worker in Worker)), default_value="").tag(sync=True)
    """Whose table is drawn: empty for the operation's own, else ``caller`` or ``issuer``."""

    def __init__(self, vault: Vault, name: str, **options: Any) -> None:
        self.name = name
        self.where = Where(name, Status.NONE, Worker.CALLER, "Unknown")
        self.legal: tuple[Move, ...] = ()
        self.refused: dict[Move, VaultError] = {}
        self.barred: dict[Move, VaultError] = {}
        self._outcome = ""
        wanted = about(name)
        super().__init__(vault, lambda event: event.object.casefold() == wanted, about=wanted, **options)
        self.on_msg(self._told_to)
        self.observe(lambda _: self.draw(), ["signer"])
        self.draw()

    def do(self, move: str) -> None:
        """
        Try a move, legal or not; the answer is shown.

        Args:
            move: the value of a ``Move`` that a caller can make with no more than the name, such as ``poll``.
        """
        tried = Move(move)
        if tried in _ACTIONS:
            self.work(lambda: _ACTIONS[tried](self.vault, self.name), lambda result: self._done(tried, result))

    def advance(self, seconds: float = _STEP_SECONDS) -> None:
        """Let time pass on a simulated clock, and what falls due happen."""
        clock = self.vault.clock
        if isinstance(clock, SimulatedClock):
            self.work(lambda: clock.advance(seconds), self._waited)

    def show_call(self, move: str, answer: Part | None = None) -> None:
        """Show a move as the call that makes it, in every language that can."""
        self.show(Call.of(CALLS[Move(move)], self.name, vault=self.vault), answer)

    def _done(self, move: Move, result: Any) -> None:
        refused = isinstance(result, VaultError)
        self._outcome = error_html(result) if refused else pill(f"{move.value}: done", "ok")
        if move is not Move.MERGE:
            call = Call.of(CALLS[move], self.name, vault=self.vault)
            self.show(call, Part("Response", response_text(call, result)))

    def _waited(self, result: Any) -> None:
        self._outcome = text(result) if isinstance(result, Exception) else ""

    def _draw(self) -> None:
        glance = self._glance()
        self.where = _where(self.name, glance, self.signer)
        verdicts = {offer.move: self._verdict(offer.move, glance) for offer in OFFERS}
        self.legal = tuple(move for move, refusal in verdicts.items() if refusal is None)
        self.refused = {move: refusal for move, refusal in verdicts.items() if refusal is not None}
        own = _where(self.name, glance, "")
        self.barred = {
            move: refusal for move, refusal in self.refused.items() if cell(own, own.status, move).kind == "legal"
        }
        self.view = {
            "svg": machine_svg(self.where, seeded=self.vault.seeded, barred=self.barred),
            "name": self.name,
            "status": pill(own.status.value, PILLS[own.status.value]),
            "seed": seed_pill() if self.vault.seeded else "",
            "subject": _subject(own),
            "signers": [
                {"key": worker.value, "words": words, "own": worker is own.worker} for worker, words in WORKERS.items()
            ],
            "signer": self.where.worker.value,
            "table": machine_table(self.where),
            "legal": [_legal_view(offer, self.name) for offer in OFFERS if offer.move in self.legal],
            "refused": [
                _refused_view(offer, self.refused[offer.move]) for offer in OFFERS if offer.move in self.refused
            ],
            "clock": self._clock_words(),
            "past": past_html(self._past()),
            "outcome": self._outcome,
        }

    def _glance(self) -> Glance:
        try:
            return self.vault.glance(self.name)
        except VaultError:
            return Glance(self.name)

    def _verdict(self, move: Move, glance: Glance) -> VaultError | None:
        """Ask the vault what it would answer; where a file is needed that is not there, its table knows."""
        if move in (Move.MERGE, Move.IMPORT):
            refusal = self.vault.rehearse(CALLS[move], self.name, b"")
            if isinstance(refusal, _WHATEVER_THE_FILE):
                return refusal
            found = answer(glance.status, move, glance.worker, name=self.name, issuer=glance.issuer)
            return found if isinstance(found, VaultError) else None
        return self.vault.rehearse(CALLS[move], self.name)

    def _past(self) -> list[Event]:
        found = chapters(self.events)
        return found[-1].events if found else self.events

    def _clock_words(self) -> str:
        clock = self.vault.clock
        if not isinstance(clock, SimulatedClock):
            return ""
        try:
            due = self.vault.next_operation_due()
        except VaultError:
            # Of a vault that was closed: what has happened can still be read.
            due = None
        waits = "" if due is None else f". Something falls due in {max((due - clock.now()).total_seconds(), 0):.0f} s"
        return f"simulated clock {clock_words(clock.now())}{waits}"

    def _told_to(self, _: object, content: object, __: object) -> None:
        """Do what the page asks for; what is not understood is ignored."""
        if not isinstance(content, dict):
            return
        move = content.get("move")
        known = move in [offer.move.value for offer in OFFERS]
        if content.get("do") == "move" and known:
            self.do(str(move))
        elif content.get("do") == "call" and known:
            self.show_call(str(move))
        elif content.get("do") == "advance":
            self.advance()

    def picture(self) -> str:
        """Return the SVG of the state machine."""
        self.draw()
        return machine_svg(self.where, seeded=self.vault.seeded, barred=self.barred)

    def sentence(self) -> str:
        """Return where the operation stands as one sentence."""
        return machine_sentence(self.where, self.barred)

    def page(self) -> str:
        """Return the picture, every move in every state, and what has happened, for a page without a kernel."""
        drawn = image(self.picture(), self.sentence())
        past = f"<details><summary>What has happened</summary>{past_html(self._past())}</details>"
        subtitle = f"of the certificate <b>{text(self.name)}</b> · {text(_subject(self.where))}"
        return card(
            "Operation",
            subtitle,
            str(self.view["status"]),
            f"{drawn}{barred_html(self.where, self.barred)}{machine_table(self.where)}{past}",
        )

    def __repr__(self) -> str:
        self.draw()
        return machine_text(self.where, self.barred)


def _sign_and_merge(vault: Vault, name: str) -> object:
    # A glance, for to ask for the request is to poll. Where the vault refuses anyway, no CA is troubled.
    glance = vault.glance(name)
    pending = glance.operation
    legal = outcome(glance.status, Move.MERGE, glance.worker) is Status.COMPLETED
    signed: Any = vault.practice_ca().sign(pending) if legal and pending else b""
    return vault.merge_certificate(name, signed)


_WHATEVER_THE_FILE = (ForbiddenByPolicy, ForbiddenByRbac, InvalidName, NameDeleted, NameInUse, VaultClosed)
"""The refusals that no file could avoid and that are not those of the table."""

_ACTIONS: dict[Move, Callable[[Vault, str], object]] = {
    Move.POLL: lambda vault, name: vault.get_certificate_operation(name),
    Move.ASK_CANCEL: lambda vault, name: vault.update_certificate_operation(name),
    Move.DELETE: lambda vault, name: vault.delete_certificate_operation(name),
    Move.CREATE: lambda vault, name: vault.create_certificate(name),
    Move.MERGE: _sign_and_merge,
}


def _where(name: str, glance: Glance, signer: str) -> Where:
    pending = glance.operation if glance.status is not Status.NONE else None
    worker = Worker(signer) if signer else glance.worker
    issuer = glance.issuer if worker is glance.worker else {"caller": "Unknown", "issuer": "Self"}[worker.value]
    return Where(
        name,
        glance.status,
        worker,
        issuer,
        pending.request_id if pending else "",
        bool(pending and pending.cancellation_requested),
    )


def _subject(where: Where) -> str:
    if not where.request_id:
        return "there is no pending object"
    return f"issuer {where.issuer} · request {where.request_id[:8]}…"


def _legal_view(offer: Offer, name: str) -> dict[str, Any]:
    return {
        "move": offer.move.value,
        "title": offer.title,
        "help": offer.help,
        "button": offer.button,
        "needs": offer.needs.format(name=name),
        "danger": offer.move is Move.DELETE,
    }


def _refused_view(offer: Offer, refusal: VaultError) -> dict[str, Any]:
    return {
        "move": offer.move.value,
        "title": offer.title,
        "status": refusal.status,
        "code": f"{refusal.code}/{refusal.inner_code}" if refusal.inner_code else refusal.code,
        "sentence": " ".join(refusal.message.split()),
        "hint": refusal.hint or "",
        "can_try": offer.move in _ACTIONS,
    }
