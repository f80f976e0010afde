"""The start page: the lessons, how far this learner is in each, and where to go on."""

from __future__ import annotations

import os
from typing import Any

from kvlab.lessons import draw
from kvlab.lessons import plan as plans
from kvlab.lessons.draw import DEFAULT, VARIABLE, remember
from kvlab.lessons.progress import Progress
from kvlab.render.markup import text
from kvlab.render.start import LESSONS, Done, lessons_html, lessons_text


def start(student: str | int | None = None) -> Start:
    """
    Show the lessons with a link to each, and how many of its exercises are done.

    Args:
        student: a seat number or a name: from now on all notebooks on this machine draw that student's tasks, until
            another one is named; ``""`` goes back to the tasks of the committed pages.

    Returns:
        The start page; ``next_exercise`` is the first that has not passed. It never raises: where the student can not
        be remembered, the page says so.
    """
    return Start(Progress(), note="" if student is None else _kept(str(student)))


def _kept(seed: str) -> str:
    """Remember a student; returns a sentence if that could not be done, or will not be seen."""
    try:
        remember(seed)
    except (OSError, RuntimeError) as error:
        return f"This could not be remembered ({error}). Set KVLAB_HOME to a folder that can be written."
    if VARIABLE in os.environ:
        return f"{VARIABLE} is set, and goes first: the tasks are those of {draw.student()}."
    return ""


class Start:
    """
    The start page.

    Args:
        progress: what was done.
        seed: whose; by default this learner's.
        note: a sentence that is shown above.
    """

    def __init__(self, progress: Progress, seed: str | None = None, note: str = "") -> None:
        self.progress = progress
        self.student = seed or draw.student()
        self._note = note
        self._panel: Any = None

    @property
    def done(self) -> dict[str, Done]:
        """How far each lesson is, by its number; lessons without exercises are left out."""
        entries = self.progress.entries(self.student)
        return {
            each.number: Done(tuple(bool(name in entries and entries[name].passed_at) for name in each.exercises))
            for each in plans.plans()
        }

    @property
    def next_exercise(self) -> str:
        """The first exercise that has not passed; empty if all have."""
        entries = self.progress.entries(self.student)
        every = (name for each in plans.plans() for name in each.exercises)
        return next((name for name in every if name not in entries or not entries[name].passed_at), "")

    def __repr__(self) -> str:
        return "\n".join(part for part in (self._said, lessons_text(LESSONS, self.done)) if part)

    @property
    def _said(self) -> str:
        """Whose tasks they are, unless they are those of the committed pages, and the note."""
        whose = "" if self.student == DEFAULT else f"The tasks are those of {self.student}."
        return " ".join(part for part in (whose, self._note) if part)

    def page(self) -> str:
        """Return the lessons as HTML."""
        said = f'<div class="kvr kvr-onward">{text(self._said)}</div>' if self._said else ""
        return said + lessons_html(LESSONS, self.done, self.next_exercise)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if self._panel is None:
            try:
                from kvlab.widgets.lessons import StartPanel  # noqa: PLC0415  without ipywidgets there is no upload
            except ImportError:
                return {"text/plain": repr(self), "text/html": self.page()}
            self._panel = StartPanel(self.page, self.progress.download, self.progress.upload)
        data, metadata = self._panel._repr_mimebundle_(**options)
        return {**data, "text/plain": repr(self)}, metadata
