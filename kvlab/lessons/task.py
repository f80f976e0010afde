"""A task as one student has it: the words with the parameters in them, and what is handed out."""

from __future__ import annotations

import json
import re
from copy import copy
from string import Template
from typing import TYPE_CHECKING, Any

from kvlab.lessons.draw import MOST_EXERCISES, Draw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kvlab.lessons.exercise import Exercise

_PARAMETER = re.compile(r"\$(\w+)")


class Task:
    """
    A task. Its parameters and hand-outs are attributes: ``task.name``, ``task.host`` and so on.

    Attributes:
        set_up_until: the number of the last event of its scene; None without a scene.

    Args:
        exercise: what it is the task of.
        student: the seed that the parameters are drawn from.
    """

    def __init__(self, exercise: Exercise, student: str) -> None:
        self.exercise = exercise
        self.student = student
        self.id = exercise.id
        self.parameters: dict[str, Any] = dict(exercise.making.draw(Draw(student, exercise.id)))
        self.handed_out: dict[str, Any] = {}
        self.set_up_until: int | None = None
        self.view: Any = None
        own = Draw(student, exercise.id)
        self.own_plants = frozenset(
            own.of(f"{exercise.lesson}.{number}").plant() for number in range(1, MOST_EXERCISES + 1)
        )

    def __getattr__(self, name: str) -> Any:
        for values in (self.__dict__.get("handed_out", {}), self.__dict__.get("parameters", {})):
            if name in values:
                return values[name]
        raise AttributeError(f"This task has no {name!r}; it has {', '.join(self.words_given())}.")

    def __repr__(self) -> str:
        return repr(self.view) if self.view is not None else f"{self.id} {self.exercise.title}: {self.text()}"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.view._repr_mimebundle_(**options) if self.view is not None else {"text/plain": repr(self)}

    def handed_over(self) -> Task:
        """Return the learner's copy: whatever is written into it, a check goes by the one that the lesson keeps."""
        theirs = Task(self.exercise, self.student)
        theirs.handed_out = {
            name: copy(value) if isinstance(value, (list, dict)) else value for name, value in self.handed_out.items()
        }
        theirs.set_up_until, theirs.view = self.set_up_until, self.view
        return theirs

    def words_given(self) -> list[str]:
        """Return the names of the parameters and hand-outs."""
        return [*self.parameters, *self.handed_out]

    def parts(self) -> Iterator[tuple[str, bool]]:
        """Return the text of the task in pieces, each with whether it is one of the student's own words."""
        for place, piece in enumerate(_PARAMETER.split(self.exercise.task)):
            if place % 2 == 0:
                yield piece, False
                continue
            value = self.parameters[piece]
            for number, word in enumerate(value if isinstance(value, list) else [value]):
                if number:
                    yield " ", False
                yield str(word), True

    def text(self) -> str:
        """Return the task in plain words."""
        return "".join(piece for piece, _ in self.parts())

    def code(self, template: str) -> str:
        """Return code with the parameters filled in; a list is written as Python and JSON both write it."""
        words = {
            name: json.dumps(value) if isinstance(value, list) else value for name, value in self.parameters.items()
        }
        return Template(template).safe_substitute(words).strip() + "\n"
