"""
What a picture of a flow is made of: lanes, who holds what in them, and numbered steps between them.

A flow of any kind becomes a picture, a live widget, a text and a list of cards by being told as a ``Story``. To add one
(a device that gets its certificate from an IoT service, say), write a function that reads events and returns a
``Story``:

1. its lanes, from left to right, with ``home=True`` for the one that everything is about (it is drawn widest);
2. what each holds at this moment (``Holding``), and how it stands to the private key (``key``, ``key_words``);
3. its steps, each between two lanes (or inside one), with its state and the events that crossed it.

It must be a function of the events alone: the picture of an earlier moment is the story of the events up to then, which
is how replay, the line of time and the steps back work. ``kvlab.render.flow.flow_svg(story, …)`` draws it. To make it
live, put it into a ``kvlab.render.reading.Reading`` and give that to ``kvlab.widgets.flow.FlowView``. Nothing in either
knows a kind of flow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from kvlab.events import Event

State = Literal["done", "now", "to come", "unseen", "told"]
Look = Literal["exists", "pending", "to come", "over"]
Tone = Literal["", "bad", "warn"]
KeyPlace = Literal["here", "copy", "may", "none", "gone"]


class Holding(NamedTuple):
    """
    A thing somebody holds.

    Attributes:
        words: what it is.
        note: one more word about it.
        look: whether it ``exists``, is ``pending`` (not final), is ``to come``, or is ``over`` (expired, refused).
    """

    words: str
    note: str = ""
    look: Look = "exists"


class Lane(NamedTuple):
    """
    Somebody who takes part.

    Attributes:
        id: what steps call it.
        title: its name; may be text from outside.
        subtitle: one more fact in the type of code, such as the vault's name.
        holds: what it has at this moment.
        key: the private key is ``here``; it may have a ``copy``; it ``may`` get one; it has ``none``; or the key that
            was here is ``gone``.
        key_words: the same in words.
        home: whether everything is about it.
    """

    id: str
    title: str
    subtitle: str = ""
    holds: tuple[Holding, ...] = ()
    key: KeyPlace = "none"
    key_words: str = "no private key"
    home: bool = False


class Step(NamedTuple):
    """
    One step of a flow.

    Attributes:
        number: as reference pages of the service number it.
        source: the lane it starts from.
        target: the lane it leads to; the same one for something done inside.
        title: what happens, in a few words.
        detail: what is carried, or by which call.
        state: ``unseen`` is a step that must have happened outside, where the vault can not see; ``told`` is one of
            which only the reader says so.
        about: one or two sentences on what it is for.
        remark: one more fact.
        tone: whether the remark is that something went wrong (``bad``), or that somebody decided otherwise (``warn``).
        loop: how often it happened, for a step that is repeated until something else happens; drawn as ticks.
        asks: a question to who carries it, where the vault can not see it.
        events: what crossed it, the oldest first.
        overrides: where the answer differs from what was asked; see ``kvlab.providers.provider.Override``.
    """

    number: int
    source: str
    target: str
    title: str
    detail: str
    state: State = "to come"
    about: str = ""
    remark: str = ""
    tone: Tone = ""
    loop: int | None = None
    asks: str = ""
    events: tuple[Event, ...] = ()
    overrides: tuple[dict[str, Any], ...] = ()

    @property
    def refused(self) -> bool:
        """Whether something went wrong in it."""
        return self.tone == "bad"


class Story(NamedTuple):
    """
    A flow as it stands at one moment.

    Attributes:
        kind: which flow, in one or two words.
        title: the same as a heading.
        subject: what it is about, such as ``certificate``.
        name: of that; may be text from outside.
        status: how it stands, such as ``inProgress``; ``none`` where nothing has happened.
        look: of the status.
        lanes: from left to right.
        steps: in order.
        key_sentence: where the private key is, in one sentence.
    """

    kind: str
    title: str
    subject: str
    name: str
    status: str
    look: Look
    lanes: tuple[Lane, ...]
    steps: tuple[Step, ...]
    key_sentence: str

    def lane(self, name: str) -> Lane:
        """Return the lane of an id."""
        return next(lane for lane in self.lanes if lane.id == name)

    def step(self, number: int) -> State:
        """Return the state of a step; ``to come`` for one the flow does not have."""
        return next((step.state for step in self.steps if step.number == number), "to come")

    @property
    def holders(self) -> tuple[str, ...]:
        """The ids of the lanes where the private key is, or may have been copied to."""
        return tuple(lane.id for lane in self.lanes if lane.key in ("here", "copy"))
