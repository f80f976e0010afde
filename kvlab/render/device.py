"""The flow of a device certificate, read from the events: from the first key to the last message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.render.device_script import BEGINNINGS, CA, DEVICE, HEADS, IOT, TAIL, TITLES
from kvlab.render.moment import Moment
from kvlab.render.stage import Holding, KeyPlace, Lane, Look, State, Step, Story, Tone

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kvlab.events import Event

_STATUS_EVENTS = (*BEGINNINGS, "update_certificate", "transfer_certificate", "accept_certificate_transfer",
                  "reject_certificate_transfer", "cancel_certificate_transfer")  # fmt: skip
_ATTACHING = {"attach_policy": 1, "attach_principal_policy": 1, "detach_policy": -1, "detach_principal_policy": -1}
_TALK = ("publish", "subscribe", "refuse_subscription")
_LOOKS: dict[str, Look] = {"ACTIVE": "exists", "REVOKED": "over", "deleted": "over"}
_OWN_CAS = ("register_certificate", "register_certificate_without_ca", "register_by_ca")
_WORDS = {
    "create_keys_and_certificate": "key and certificate made", "create_certificate_from_csr": "request signed",
    "register_certificate": "registered", "register_certificate_without_ca": "registered",
    "register_by_ca": "registered at the first connection", "attach_policy": "policy attached",
    "detach_policy": "policy detached", "attach_thing_principal": "attached to a thing",
    "detach_thing_principal": "detached from a thing", "connect": "connected", "disconnect": "disconnected",
    "publish": "a message", "subscribe": "subscribed", "refuse_connection": "connection refused",
    "refuse_subscription": "subscription refused", "delete_certificate": "deleted", "provision": "provisioned",
}  # fmt: skip
_BAD = ("refuse_connection", "refuse_subscription", "delete_certificate", "refuse_provisioning")


class DeviceReading:
    """
    The flow of a device certificate.

    Args:
        arn: of the certificate.
    """

    about = ""
    """What a device does is told of its client, and what is attached of the policy: no one object has it all."""

    def __init__(self, arn: str) -> None:
        self._arn = arn

    def hears(self, event: Event) -> bool:
        """Tell whether an event is about the certificate: of the registry, or of the device that uses it."""
        return self._arn in (event.object, event.detail.get("target"), event.detail.get("principal"))

    def story(self, events: Sequence[Event], told: Collection[int]) -> Story:  # noqa: ARG002  the service sees it all
        """Tell how far the device has come."""
        return device_story(events, self._arn)

    def moments(self, events: Sequence[Event]) -> list[Moment]:
        """Say which moments can be looked at again; messages that follow each other are one."""
        found: list[Moment] = []
        last = ""
        for event in events:
            gone_wrong = event.kind in _BAD or _is_cut(event) or event.detail.get("status") == "REVOKED"
            moment = Moment(event.seq, event.time, _words(event), _step(event), gone_wrong, 0)
            if found and event.kind == last == "publish":
                found[-1] = moment
            else:
                found.append(moment)
            last = event.kind
        return found

    def made(self, events: Sequence[Event], chapter: int) -> Event | None:  # noqa: ARG002
        """Return None: these certificates live until somebody ends them."""
        return None


def device_story(events: Sequence[Event], arn: str) -> Story:
    """
    Read how a device certificate came into the registry, and what its device does.

    Args:
        events: about the certificate, the oldest first; see ``DeviceReading.hears``.
        arn: of the certificate.
    """
    name = f"{arn.rpartition('/')[2][:12]}…"
    first = next((event for event in events if event.kind in BEGINNINGS), None)
    if first is None:
        return _nothing(name)
    status = _status(events)
    steps = _steps(first, events, status)
    look = _LOOKS.get(status, "pending")
    title = TITLES[first.kind]
    drawn = _lanes(first, events, status)
    return Story(first.kind, title, "device certificate", name, status, look, drawn, steps, _key_sentence(first))


def _nothing(name: str) -> Story:
    home = Lane(IOT, "AWS IoT", "", (Holding("nothing of it", look="to come"),), home=True)
    words = "No certificate of this id is in the registry."
    title = "Nothing has happened yet"
    return Story(
        "none", title, "device certificate", name, "none", "to come", (Lane(DEVICE, "Your device"), home), (), words
    )


def _status(events: Sequence[Event]) -> str:
    status = ""
    for event in events:
        if event.kind == "delete_certificate":
            status = "deleted"
        elif event.kind in _STATUS_EVENTS:
            status = str(event.detail.get("status", status))
    return status


def _attached(events: Sequence[Event]) -> int:
    return sum(_ATTACHING.get(event.kind, 0) for event in events)


def _steps(first: Event, events: Sequence[Event], status: str) -> tuple[Step, ...]:
    head, count = HEADS[first.kind], len(HEADS[first.kind])
    unseen = 2 if first.kind in _OWN_CAS else 0
    steps = [line.step(number) for number, line in enumerate((*head, *TAIL), start=1)]
    for at in range(count):
        steps[at] = steps[at]._replace(state="unseen" if at < unseen else "done", events=(first,) * (at == count - 1))
    activate, policy, connect, talk = steps[count:]
    changes = tuple(event for event in events if event.kind in _STATUS_EVENTS)
    moves = tuple(event for event in events if event.kind in _ATTACHING)
    ever = any(event.detail.get("status") == "ACTIVE" for event in changes)
    held = status == "ACTIVE" or (ever and _tone(status) == "bad")
    states: list[State] = ["done" if held else "to come", "done" if _attached(events) else "to come"]
    connected, said = _connection(events, connect)
    spoken = tuple(event for event in events if event.kind in _TALK)
    states += [connected.state, "done" if spoken else "to come"]
    if "to come" in states and status not in ("REVOKED", "deleted"):
        states[states.index("to come")] = "now"
    tail = (
        activate._replace(events=changes, remark="" if status == "ACTIVE" else status, tone=_tone(status)),
        policy._replace(events=moves, remark="" if _attached(events) else "detached" if moves else ""),
        connected._replace(events=said),
        _talk(talk, spoken),
    )
    return (*steps[:count], *(step._replace(state=state) for step, state in zip(tail, states, strict=True)))


def _tone(status: str) -> Tone:
    return "bad" if status in ("REVOKED", "deleted") else ""


def _connection(events: Sequence[Event], step: Step) -> tuple[Step, tuple[Event, ...]]:
    """Tell how the last try to connect went, or how the last connection ended."""
    said = tuple(event for event in events if event.kind in ("connect", "disconnect", "refuse_connection"))
    if not said:
        return step, said
    last = said[-1]
    ever = any(event.kind == "connect" for event in said)
    state: State = "done" if ever else "to come"
    if last.kind == "connect":
        return step._replace(state="done", remark=f"as {last.detail.get('client_id')}"), said
    reason = str(last.detail.get("reason", ""))
    bad = last.kind == "refuse_connection" or _is_cut(last)
    return step._replace(state=state, remark=reason, tone="bad" if bad else ""), said


def _talk(step: Step, spoken: Sequence[Event]) -> Step:
    messages = sum(event.kind == "publish" for event in spoken)
    refused = [event for event in spoken if event.kind == "refuse_subscription"]
    remark = f"{messages} {'message' if messages == 1 else 'messages'}" if spoken else ""
    if refused and spoken[-1] is refused[-1]:
        return step._replace(remark=str(refused[-1].detail.get("reason", "")), tone="bad", events=tuple(spoken))
    return step._replace(remark=remark, events=tuple(spoken[-3:]))


def _is_cut(event: Event) -> bool:
    """Tell whether a connection ended because the device may not be connected any more."""
    reason = str(event.detail.get("reason", ""))
    return event.kind == "disconnect" and reason.startswith(("the certificate", "no policy", "policy"))


def _lanes(first: Event, events: Sequence[Event], status: str) -> tuple[Lane, ...]:
    policies = _attached(events)
    things = sum({"attach_thing_principal": 1, "detach_thing_principal": -1}.get(event.kind, 0) for event in events)
    held = [Holding("certificate", status, _LOOKS.get(status, "pending"))]
    held.append(Holding("policy", f"{policies} attached", "exists" if policies else "to come"))
    if things:
        held.append(Holding("thing", "attached"))
    key: KeyPlace = "gone" if first.kind == "create_keys_and_certificate" else "none"
    words = "made the key, did not keep it" if key == "gone" else "has never seen the private key"
    own = first.kind in _OWN_CAS
    return (
        Lane(DEVICE, "Your device", "", (Holding("certificate"),), "here", "private key is here"),
        Lane(IOT, "AWS IoT", "", tuple(held), key, words, home=True),
        Lane(CA, "Your CA" if own else "Amazon's CA", "", (Holding("certificate", "signed"),)),
    )


def _key_sentence(first: Event) -> str:
    if first.kind == "create_keys_and_certificate":
        return "AWS IoT made the private key and returned it once; it keeps the certificate, and no copy of the key."
    return "The private key was made outside AWS IoT, and no step carries it there."


def _words(event: Event) -> str:
    if event.kind == "update_certificate":
        return f"{event.detail.get('before')} → {event.detail.get('status')}"
    return _WORDS.get(event.kind, event.kind.replace("_", " "))


def _step(event: Event) -> int | None:
    """Return the number of the step that an event belongs to; all heads have three."""
    places = {"update_certificate": 4, "connect": 6, "disconnect": 6, "refuse_connection": 6}
    places |= dict.fromkeys(BEGINNINGS, 3) | dict.fromkeys(_ATTACHING, 5) | dict.fromkeys(_TALK, 7)
    return places.get(event.kind)
