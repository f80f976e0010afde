"""The start page: the lessons, how far this learner is in each, and where to go on."""

from __future__ import annotations

from typing import Any

from kvlab.lessons import plan as plans
from kvlab.lessons.draw import student
from kvlab.lessons.progress import Progress
from kvlab.render.start import LESSONS, Done, lessons_html, lessons_text


def start() -> Start:
    """Show the lessons with a link to each, and how many of its exercises are done."""
    return Start(Progress())


class Start:
    """
    The start page.

    Args:
        progress: what was done.
        seed: whose; by default this learner's.
    """

    def __init__(self, progress: Progress, seed: str | None = None) -> None:
        self.progress = progress
        self.student = seed or student()
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
        return lessons_text(LESSONS, self.done)

    def page(self) -> str:
        """Return the lessons as HTML."""
        return lessons_html(LESSONS, self.done, self.next_exercise)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if self._panel is None:
            try:
                from kvlab.widgets.lessons import StartPanel  # noqa: PLC0415  without ipywidgets there is no upload
            except ImportError:
                return {"text/plain": repr(self), "text/html": self.page()}
            self._panel = StartPanel(self.page, self.progress.download, self.progress.upload)
        data, metadata = self._panel._repr_mimebundle_(**options)
        return {**data, "text/plain": repr(self)}, metadata
