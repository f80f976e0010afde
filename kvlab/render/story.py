"""The flow of one certificate, read from the vault's events: which steps there are, and how far it has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kvlab.events import Event

State = Literal["done", "now", "to come", "unseen"]
Kind = Literal["self-signed", "manual", "known issuer", "import", "none"]
Lane = Literal["application", "vault", "CA"]


class Step(NamedTuple):
    """
    One step of a flow.

    Attributes:
        number: as reference pages of the service number it.
        source: the lane it starts from.
        target: the lane it leads to; the same one for something done inside.
        title: what happens, in a few words.
        detail: what is carried, or by which call.
        state: ``unseen`` is a step that must have happened outside, where the vault can not see.
        remark: one more fact, such as a refusal.
    """

    number: int
    source: Lane
    target: Lane
    title: str
    detail: str
    state: State
    remark: str = ""


class Story(NamedTuple):
    """
    The flow of a certificate's newest version, or of the one that is pending.

    Attributes:
        kind: which of the flows.
        name: the certificate.
        status: of the operation: ``inProgress``, ``completed``, ``cancelled``, ``failed``, ``deleted``; or ``none``.
        key: the type of the private key, where known.
        steps: in order.
    """

    kind: Kind
    name: str
    status: str
    key: str
    steps: tuple[Step, ...]

    def step(self, number: int) -> State:
        """Return the state of a step; ``to come`` for one the flow does not have."""
        return next((step.state for step in self.steps if step.number == number), "to come")


Script = tuple[tuple[Lane, Lane, str, str], ...]

MANUAL: Script = (
    ("application", "vault", "Create a certificate", "create_certificate, issuer Unknown"),
    ("vault", "application", "Certificate signing request", "public key, names, signature"),
    ("application", "CA", "Pass the request on", "you carry it"),
    ("CA", "application", "X.509 certificate", "public; no private key in it"),
    ("application", "vault", "Merge the certificate", "merge_certificate: leaf, chain"),
)
KNOWN: Script = (
    ("application", "vault", "Create a certificate", "create_certificate, issuer by name"),
    ("vault", "CA", "Certificate signing request", "the vault asks the CA itself"),
    ("application", "vault", "Poll until it is complete", "get_certificate_operation"),
    ("CA", "vault", "X.509 certificate", "the CA's answer"),
    ("vault", "vault", "Merge", "the vault completes it"),
)
SELF: Script = (
    ("application", "vault", "Create a certificate", "create_certificate, issuer Self"),
    ("vault", "application", "Pending operation", "202 Accepted: poll me"),
    ("vault", "vault", "Sign with its own key", "nobody else is asked"),
)
IMPORT: Script = (("application", "vault", "Import certificate and key", "import_certificate, PFX or PEM"),)


def read_story(events: Iterable[Event], name: str) -> Story:
    """
    Read how a certificate came to be, or how far it is.

    Args:
        events: of the vault, oldest first.
        name: of the certificate, in any case.

    Returns:
        The flow that began last; of kind ``none`` if there is none.
    """
    about = f"certificates/{name}".casefold()
    mine = [event for event in events if event.object.casefold() == about]
    begun = [at for at, event in enumerate(mine) if event.kind in ("create_certificate", "import_certificate")]
    if not begun:
        return Story("none", name, "none", "", ())
    chapter = mine[begun[-1] :]
    first = chapter[0]
    shown = first.object.split("/", 1)[1]
    if first.kind == "import_certificate":
        return Story("import", shown, "completed", "", _steps(IMPORT, ["done"]))
    issuer = str(first.detail.get("issuer", "Unknown")).casefold()
    key = str(first.detail.get("key_type") or "")
    status = _status(chapter)
    if issuer == "self":
        return Story("self-signed", shown, status, key, _steps(SELF, _running(status, 2, 3)))
    if issuer != "unknown":
        seen = 3 if any(event.step == 3 for event in chapter) else 2
        return Story("known issuer", shown, status, key, _steps(KNOWN, _running(status, seen, 5)))
    return Story("manual", shown, status, key, _manual_steps(chapter, status))


def _status(chapter: list[Event]) -> str:
    status = "inProgress"
    for event in chapter:
        if event.kind == "delete_certificate_operation":
            status = "deleted"
        elif event.kind in ("transition", "merge_certificate") and "to" in event.detail:
            status = str(event.detail["to"])
    return status


def _running(status: str, done: int, total: int) -> list[State]:
    """Return the states of steps of which some are done, the next one is under way unless all is over."""
    if status == "completed":
        return ["done"] * total
    after: State = "now" if status == "inProgress" else "to come"
    before: list[State] = ["done"] * done
    rest: list[State] = ["to come"] * (total - done - 1)
    return [*before, after, *rest]


def _manual_steps(chapter: list[Event], status: str) -> tuple[Step, ...]:
    seen = {event.step for event in chapter if event.step}
    elsewhere: State = "unseen" if status == "completed" else "to come"
    last: State = "done" if status == "completed" else "to come"
    states: list[State] = ["done", "done", *("done" if number in seen else elsewhere for number in (3, 4)), last]
    if status == "inProgress" and "to come" in states:
        states[states.index("to come")] = "now"
    steps = _steps(MANUAL, states)
    refused = [event for event in chapter if _is_refused_merge(event)]
    if refused and status != "completed":
        count = "refused" if len(refused) == 1 else f"refused {len(refused)} times"
        steps = (*steps[:4], steps[4]._replace(remark=f"{count}; it can still be merged"))
    elif refused:
        steps = (*steps[:4], steps[4]._replace(remark="after a refusal"))
    return steps


def _is_refused_merge(event: Event) -> bool:
    return event.kind == "refused" and event.detail.get("operation") == "merge_certificate"


def _steps(script: Script, states: list[State]) -> tuple[Step, ...]:
    return tuple(
        Step(number, *line, state) for number, (line, state) in enumerate(zip(script, states, strict=True), start=1)
    )
