"""The words that exercises are written in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kvlab.lessons.draw import Draw
    from kvlab.lessons.look import Look
    from kvlab.vault.vault import Vault


class Hint(NamedTuple):
    """
    What helps with one kind of mistake.

    Attributes:
        nudge: a question that names no value.
        pointer: where to look, and the word to look up.
        why: why it matters; stands under the wrong field at once.
    """

    nudge: str
    pointer: str
    why: str


class Row(NamedTuple):
    """
    One thing that was looked at.

    Attributes:
        field: its name, as a learner knows it.
        expected: what it should be.
        found: what it is.
        passed: whether that will do.
        hint: the name of the hint that helps if it will not.
        event: the number of the event that tells the story, if one does.
    """

    field: str
    expected: str
    found: str
    passed: bool
    hint: str
    event: int | None = None


class Stuck(Exception):
    """There is nothing to look at yet; the message says what to do. It is no mistake, and counts as no attempt."""


class Making(NamedTuple):
    """
    What Python there is to an exercise; its words stand in the TOML file beside the module.

    Attributes:
        draw: makes the parameters, which differ from student to student.
        look: says row by row, in reading order, what it found; raises ``Stuck`` where there is nothing.
        scene: prepares the vault, and returns what is handed out, by name.
    """

    draw: Callable[[Draw], Mapping[str, Any]]
    look: Callable[[Look], Iterator[Row]]
    scene: Callable[[Vault, Mapping[str, Any]], Mapping[str, Any]] | None = None


class Wrong(NamedTuple):
    """
    A mistake that people make.

    Attributes:
        name: a letter.
        belief: what somebody believes who makes it.
        field: the first row that is not as it should be.
        hint: the name of the hint which that row must give.
        code: as of ``Exercise.right``.
    """

    name: str
    belief: str
    field: str
    hint: str
    code: str


@dataclass(frozen=True)
class Exercise:
    """
    A task, the look that tells whether it is done, and what proves the look.

    Attributes:
        id: as in ``02.3``: the lesson, and the number in it.
        making: how it is drawn, set up and looked at.
        title: a few words.
        task: plain text with ``$parameters``.
        nudge: the question that stands there before anything was made.
        right: at least one right way; the first is the worked answer. Python with ``$parameters``, run with ``vault``,
            ``kvlab``, ``task`` and ``CertificatePolicy`` at hand; what is handed in is called ``answer``.
        wrong: at least three.
        hands_in: what ``answer`` is to be; empty if nothing is handed in.
        service: one sentence on the real service.
    """

    id: str
    making: Making
    title: str
    task: str
    nudge: str
    right: tuple[str, ...]
    wrong: tuple[Wrong, ...]
    hands_in: str = ""
    service: str = ""

    @property
    def lesson(self) -> str:
        """The lesson's number."""
        return self.id.partition(".")[0]


@dataclass(frozen=True)
class Plan:
    """The exercises of one lesson, by id."""

    number: str
    exercises: Mapping[str, Exercise]
