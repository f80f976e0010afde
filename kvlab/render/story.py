"""The flow of one certificate, read from the vault's events: which steps there are, and how far it has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.render.chapter import Chapter, chapters, own_events
from kvlab.render.holder import key_sentence, lanes_of
from kvlab.render.script import (
    APPLICATION,
    ASKED,
    BY_HAND,
    IMPORT,
    KNOWN,
    MANUAL,
    RENEWAL,
    RESTORE,
    REUSED,
    SELF,
    VAULT,
    Script,
)
from kvlab.render.stage import Holding, Lane, Look, State, Step, Story

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kvlab.events import Event

TITLES = {
    "manual": "Manual flow: a CA of your choice",
    "self-signed": "Self-signed: the vault signs its own",
    "known issuer": "Known issuer: the vault asks the CA",
    "import": "Import: a private key moves in",
    "restore": "Restore: a backup comes back",
    "none": "Nothing has happened yet",
}
RENEWED = {
    "self-signed": "Renewal: the vault signs the next version",
    "known issuer": "Renewal: the vault asks the CA again",
    "manual": "Renewal: the next version waits for your CA",
}
_LOOKS: dict[str, Look] = {"completed": "exists", "inProgress": "pending"}


def read_story(events: Iterable[Event], name: str, *, told: Collection[int] = (), vault_name: str = "") -> Story:
    """
    Read how a certificate came to be, or how far it is.

    Args:
        events: of the vault.
        name: of the certificate, in any case.
        told: the steps outside the vault of which the reader says that they are done.
        vault_name: shown on the vault's card.

    Returns:
        The flow that began last; of kind ``none`` if there is none.
    """
    mine = own_events(events, name)
    found = chapters(mine)
    if not found:
        return _nothing(name, vault_name)
    chapter = found[-1]
    kind, steps = _tell(chapter, told)
    return _story(chapter, kind, steps, vault_name)


def _nothing(name: str, vault_name: str) -> Story:
    home = Lane(VAULT, "Key vault", vault_name, (Holding("nothing of this name", look="to come"),), home=True)
    lanes = (Lane(APPLICATION, "Your application"), home._replace(key_words="no private key of this name"))
    words = "No private key has been made for it."
    return Story("none", TITLES["none"], "certificate", name, "none", "to come", lanes, (), words)


def _tell(chapter: Chapter, told: Collection[int]) -> tuple[str, tuple[Step, ...]]:
    first = chapter.first
    if first.kind == "import_certificate":
        return "import", _all_done(IMPORT, chapter)
    if first.kind == "restore_certificate":
        return "restore", _all_done(RESTORE, chapter)
    issuer = str(first.detail.get("issuer", "Unknown")).casefold()
    if issuer == "unknown":
        return "manual", _manual_steps(chapter, told)
    if issuer == "self":
        return "self-signed", _self_steps(chapter)
    return "known issuer", _known_steps(chapter)


def _story(chapter: Chapter, kind: str, steps: tuple[Step, ...], vault_name: str) -> Story:
    status = chapter.end or chapter.status
    # A version that ended is told by its certificate; what is pending beside it is still the news.
    status = chapter.status if chapter.end == "expired" and chapter.status != "completed" else status
    title = (RENEWED if chapter.renewed else TITLES)[kind]
    name = chapter.first.object.split("/", 1)[1]
    look = _LOOKS.get(status, "over")
    lanes = lanes_of(chapter, kind, steps, vault_name)
    return Story(kind, title, "certificate", name, status, look, lanes, steps, key_sentence(chapter, kind))


def _steps(script: Script, states: Sequence[State]) -> tuple[Step, ...]:
    return tuple(
        line.step(number)._replace(state=state)
        for number, (line, state) in enumerate(zip(script, states, strict=True), start=1)
    )


def _begun(steps: tuple[Step, ...], chapter: Chapter) -> tuple[Step, ...]:
    """Tell in the first step who began, and that no key was made where the one before was taken again."""
    first = RENEWAL.step(1)._replace(state=steps[0].state) if chapter.renewed else steps[0]
    if chapter.reuses:
        first = first._replace(about=f"{REUSED}{first.about}" if chapter.renewed else f"{ASKED}{REUSED.rstrip()}")
    return (first, *steps[1:])


def _all_done(script: Script, chapter: Chapter) -> tuple[Step, ...]:
    """Return steps of which all but the last happened elsewhere."""
    elsewhere: list[State] = ["unseen"] * (len(script) - 1)
    *before, last = _steps(script, [*elsewhere, "done"])
    return (*before, last._replace(events=(chapter.first,)))


def _self_steps(chapter: Chapter) -> tuple[Step, ...]:
    script = (RENEWAL, SELF[-1]) if chapter.renewed else SELF
    status = chapter.status
    running: State = "now" if chapter.under_way else "to come"
    before: list[State] = ["done"] * (len(script) - 1)
    states: list[State] = [*before, "done" if status == "completed" else running]
    if not chapter.answered:
        states = [*before[:-1], running, "to come"]
    *asked, sign = _begun(_steps(script, states), chapter)
    answers = tuple(event for event in chapter.of("transition") if event.detail.get("move") == "create")
    crossed = [(chapter.first,), (chapter.first, *answers)]
    done = tuple(event for event in chapter.of("transition") if event not in answers)
    told = (step._replace(events=events) for step, events in zip(asked, crossed, strict=False))
    return (*told, _with_outcome(sign._replace(events=done), chapter))


def _known_steps(chapter: Chapter) -> tuple[Step, ...]:
    status, events = chapter.status, chapter.events
    ca = chapter.issuer_authority
    # After a refusal another CA may have been asked, by hand: what was said to it is not this CA's.
    talk = [event for event in events if ca and event.detail.get("authority") == ca]
    running, done = chapter.under_way, status == "completed"
    ordered = _answered(talk)
    polls = chapter.of("poll")
    under_way: State = "now" if running else "to come"
    polled: State = "done" if polls and not running else under_way if ordered else "to come"
    answered: State = "done" if any(event.step == 4 for event in talk) else "to come"
    states: list[State] = ["done", "done" if ordered else under_way, polled, answered, "done" if done else "to come"]
    first, order, poll, answer, merge = _begun(_steps(KNOWN, states), chapter)
    placing, answering = _divided(talk)
    order = order._replace(events=placing)
    if silent := sum(_is_silence(event) for event in talk):
        order = order._replace(remark=f"no answer {_times(silent)}", tone="" if ordered else "bad")
    poll = poll._replace(loop=len(polls), events=polls[-1:], remark=f"asked {_times(len(polls))}" if polls else "")
    answer = _with_outcome(answer._replace(events=answering), chapter)
    if by_hand := chapter.of("merge_certificate"):
        merge = BY_HAND.step(5)._replace(state=merge.state, events=by_hand)
    else:
        merge = merge._replace(events=tuple(event for event in chapter.of("transition") if event.step == 5))
    return first._replace(events=(chapter.first,)), order, poll, answer, merge


def _divided(talk: list[Event]) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """Return what was said when the order was placed, and the last thing the CA was asked and answered."""
    asked = [at for at, event in enumerate(talk) if event.step == 2]
    placing = talk[asked[-1] : asked[-1] + 2] if asked else talk[:2]
    last = talk[-2:] if len(talk) > len(placing) else []
    return tuple(placing), tuple(last)


def _is_silence(event: Event) -> bool:
    return str(event.detail.get("summary", "")).startswith("503")


def _answered(talk: list[Event]) -> bool:
    """Tell whether the CA has taken (or refused) the order, and not only been asked in vain."""
    asked = False
    for event in talk:
        asked = asked or event.step == 2
        if asked and event.kind == "ca.answer" and not _is_silence(event):
            return True
    return False


def _with_outcome(answer: Step, chapter: Chapter) -> Step:
    """Add to the step that ends a flow how it ended, and where the CA decided otherwise than it was asked."""
    if answer.state == "done":
        decided = tuple(
            next((event.detail["overrides"] for event in chapter.events if event.detail.get("overrides")), ())
        )
        if not decided:
            return answer
        return answer._replace(remark=f"≠ {len(decided)} things decided by the CA", tone="warn", overrides=decided)
    error = next((event.detail["error"] for event in chapter.events if event.detail.get("error")), None)
    if error is not None:
        return answer._replace(remark=str(error["code"]), tone="bad")
    ends = [chapter.status, *(str(event.detail.get("to")) for event in chapter.of("transition"))]
    ended = next((status for status in ends if status in ("cancelled", "deleted")), "")
    return answer._replace(remark=ended, tone="bad") if ended else answer


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _manual_steps(chapter: Chapter, told: Collection[int]) -> tuple[Step, ...]:
    status = chapter.status
    seen = {event.step for event in chapter.events if event.step}
    done = status == "completed"
    answered: State = "done" if chapter.answered else "to come"
    states: list[State] = ["done", answered, *(_outside(number, seen, told, done=done) for number in (3, 4))]
    states.append("done" if done else "to come")
    if chapter.under_way and "to come" in states:
        states[states.index("to come")] = "now"
    steps: list[Step] = [
        step._replace(asks=step.asks if chapter.under_way and step.state not in ("done", "unseen") else "")
        for step in _begun(_steps(MANUAL, states), chapter)
    ]
    crossed = (
        ("create_certificate",),
        ("create_certificate", "transition"),
        ("ca.request",),
        ("ca.answer", "ca.refusal"),
        ("merge_certificate",),
    )
    told_steps = [step._replace(events=chapter.of(*kinds)) for step, kinds in zip(steps, crossed, strict=True)]
    merge = told_steps[4]
    refused = _refused_merges(chapter)
    if refused:
        still = "; it can still be merged" if chapter.under_way else ""
        words = "after a refusal" if done else f"{_refusals(len(refused))}{still}"
        told_steps[4] = merge._replace(remark=words, tone="" if done else "bad", events=merge.events or refused)
    return tuple(told_steps)


def _outside(number: int, seen: set[int], told: Collection[int], *, done: bool) -> State:
    if number in seen:
        return "done"
    if done:
        return "unseen"
    return "told" if number in told else "to come"


def _refused_merges(chapter: Chapter) -> tuple[Event, ...]:
    """Return the refused merges up to the one that was done: what is tried again afterwards is no part of the flow."""
    tries = chapter.of("refused", "merge_certificate")
    merged = next((at for at, event in enumerate(tries) if event.kind == "merge_certificate"), len(tries))
    return tuple(event for event in tries[:merged] if event.detail.get("operation") == "merge_certificate")


def _refusals(count: int) -> str:
    return "refused" if count == 1 else f"refused {count} times"
