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
        remark: one more fact.
        refused: whether the remark is that something went wrong.
    """

    number: int
    source: Lane
    target: Lane
    title: str
    detail: str
    state: State
    remark: str = ""
    refused: bool = False


class Story(NamedTuple):
    """
    The flow of a certificate's newest version, or of the one that is pending.

    Attributes:
        kind: which of the flows.
        name: the certificate.
        status: of the operation: ``inProgress``, ``completed``, ``cancelled``, ``failed``, ``deleted``; or ``none``.
        key: the type of the private key, where known.
        steps: in order.
        ca: who was asked, in the known-issuer flow.
        polls: how often the application asked how far it is.
        current: whether there is an earlier version, which stays in use meanwhile.
    """

    kind: Kind
    name: str
    status: str
    key: str
    steps: tuple[Step, ...]
    ca: str = ""
    polls: int = 0
    current: bool = False

    def step(self, number: int) -> State:
        """Return the state of a step; ``to come`` for one the flow does not have."""
        return next((step.state for step in self.steps if step.number == number), "to come")


Line = tuple[Lane, Lane, str, str]
Script = tuple[Line, ...]

MANUAL: Script = (
    ("application", "vault", "Create a certificate", "create_certificate, issuer Unknown"),
    ("vault", "application", "Certificate signing request", "public key, names, signature"),
    ("application", "CA", "Pass the request on", "you carry it"),
    ("CA", "application", "X.509 certificate", "public; no private key in it"),
    ("application", "vault", "Merge the certificate", "merge_certificate: leaf, chain"),
)
KNOWN: Script = (
    ("application", "vault", "Create a certificate", "create_certificate, issuer by name"),
    ("vault", "CA", "TLS/SSL certificate request", "the CSR, in an order to the CA"),
    ("application", "vault", "Poll until it is complete", "get_certificate_operation"),
    ("CA", "vault", "X.509 certificate", "the CA's answer"),
    ("vault", "vault", "Merge", "the vault completes it"),
)
BY_HAND: Line = ("application", "vault", "Merge by hand", "merge_certificate: another CA's answer")
RENEWAL: Line = ("vault", "vault", "Renew the certificate", "AutoRenew: nobody asked")
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
    current = any(event.version is not None for event in mine[: begun[-1]])
    if issuer == "unknown":
        return Story("manual", shown, status, key, _manual_steps(chapter, status), current=current)
    polls = sum(event.kind == "poll" for event in chapter)
    ca = next((str(event.detail["authority"]) for event in chapter if "authority" in event.detail), "")
    renewed = first.actor == "vault"
    if issuer == "self":
        kind: Kind = "self-signed"
        script = (RENEWAL, SELF[-1]) if renewed else SELF
        steps = _steps(script, _running(status, len(script) - 1, len(script)))
    else:
        kind = "known issuer"
        steps = _known_steps(chapter, ca, status, polls)
        if renewed:
            steps = (Step(1, *RENEWAL, steps[0].state), *steps[1:])
    return Story(kind, shown, status, key, steps, ca, polls, current)


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


def _known_steps(chapter: list[Event], ca: str, status: str, polls: int) -> tuple[Step, ...]:
    # After a refusal another CA may have been asked, by hand: what was said to it is not this CA's.
    talk = [event for event in chapter if event.detail.get("authority") == ca]
    running, done = status == "inProgress", status == "completed"
    ordered = _answered(talk)
    under_way: State = "now" if running else "to come"
    polled: State = "done" if polls and not running else under_way if ordered else "to come"
    answered: State = "done" if any(event.step == 4 for event in talk) else "to come"
    states: list[State] = ["done", "done" if ordered else under_way, polled, answered, "done" if done else "to come"]
    first, order, poll, answer, merge = _steps(KNOWN, states)
    if silent := sum(str(event.detail.get("summary", "")).startswith("503") for event in talk):
        order = order._replace(remark=f"no answer {_times(silent)}", refused=not ordered)
    if polls:
        poll = poll._replace(remark=f"asked {_times(polls)}")
    answer = _with_outcome(answer, chapter, status)
    if any(event.kind == "merge_certificate" for event in chapter):
        merge = Step(5, *BY_HAND, merge.state)
    return first, order, poll, answer, merge


def _answered(talk: list[Event]) -> bool:
    """Tell whether the CA has taken (or refused) the order, and not only been asked in vain."""
    asked = False
    for event in talk:
        asked = asked or event.step == 2
        if asked and event.kind == "ca.answer" and not str(event.detail.get("summary", "")).startswith("503"):
            return True
    return False


def _with_outcome(answer: Step, chapter: list[Event], status: str) -> Step:
    if answer.state == "done":
        decided = next((event.detail["overrides"] for event in chapter if event.detail.get("overrides")), ())
        return answer._replace(remark=f"≠ {len(decided)} things decided by the CA") if decided else answer
    error = next((event.detail["error"] for event in chapter if event.detail.get("error")), None)
    if error is not None:
        return answer._replace(remark=str(error["code"]), refused=True)
    return answer._replace(remark=status, refused=True) if status in ("cancelled", "deleted") else answer


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


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
        steps = (*steps[:4], steps[4]._replace(remark=f"{count}; it can still be merged", refused=True))
    elif refused:
        steps = (*steps[:4], steps[4]._replace(remark="after a refusal"))
    return steps


def _is_refused_merge(event: Event) -> bool:
    return event.kind == "refused" and event.detail.get("operation") == "merge_certificate"


def _steps(script: Script, states: list[State]) -> tuple[Step, ...]:
    return tuple(
        Step(number, *line, state) for number, (line, state) in enumerate(zip(script, states, strict=True), start=1)
    )
