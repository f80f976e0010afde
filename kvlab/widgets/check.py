"""An exercise as a panel: its card, a button that checks, the ladder of hints, and the way to the next one."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Protocol

import traitlets
from ipywidgets import HTML, Button, HBox, Textarea, VBox

from kvlab.render.check import STEPS, Checked, Onward, check_html, check_text
from kvlab.render.markup import stylesheet
from kvlab.widgets.live import Live

if TYPE_CHECKING:
    from collections.abc import Sequence


@cache
def panel_style() -> str:
    """Return the style elements of a panel."""
    return f"{stylesheet()}<style>{(files('kvlab.widgets') / 'style.css').read_text('utf-8')}</style>"


class Subject(Protocol):
    """What a panel shows and asks."""

    hands_in: str
    """What is to be handed in; empty if nothing is."""

    @property
    def checked(self) -> Checked:
        """What is shown now."""

    def look(self, answer: object = None) -> object:
        """Look again."""

    def reveal(self, step: int) -> object:
        """Open the hints up to a step."""


class NextPanel(Live, module="next"):
    """
    A button that goes to the next exercise: to its cell, or to its notebook.

    Args:
        onward: where that is.
    """

    view = traitlets.Dict().tag(sync=True)

    def __init__(self, onward: Onward, **options: Any) -> None:
        super().__init__(**options)
        self.view = onward._asdict()

    def page(self) -> str:
        """Return nothing: a page without a kernel has it on the card."""
        return ""

    def __repr__(self) -> str:
        return f"<NextPanel {self.view['id']}>"


class CheckPanel(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """
    The card of an exercise with its buttons.

    Without a browser: ``panel.button.click()``, and look at ``panel.subject.checked``.

    Args:
        subject: what is checked.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.card = HTML()
        self.answer = Textarea(rows=4, placeholder=subject.hands_in, description="Hand in")
        self.button = Button().add_class("kvw-primary")
        self.hints = [Button(description=f"Show: {STEPS[step]}") for step in (1, 2)]
        self.foot = HBox().add_class("kvw-foot")
        self.onward: NextPanel | None = None
        super().__init__([self.card, self.foot])
        self.add_class("kvr").add_class("kvw").add_class("kvw-check-panel")
        self.button.on_click(lambda _: self.check())
        for step, button in enumerate(self.hints, start=2):
            button.on_click(lambda _, step=step: self.show(step))
        self._draw()

    def check(self) -> None:
        """Look again, at what stands in the field too if something is to be handed in."""
        # It leaves the field at once: a private key in it would be saved with the notebook.
        answer, self.answer.value = self.answer.value.strip(), ""
        self.subject.look(answer or None)
        self._draw()

    def show(self, step: int) -> None:
        """Open the hints up to a step, 2 or 3."""
        self.subject.reveal(step)
        self._draw()

    def __repr__(self) -> str:
        return check_text(self.subject.checked)

    def _draw(self) -> None:
        checked = self.subject.checked
        self.card.value = panel_style() + check_html(checked._replace(onward=None))
        self.button.description = "Check" if checked.state == "task" else "Check again"
        onward = self._next(checked)
        # One button is the one to press next.
        (self.button.remove_class if onward else self.button.add_class)("kvw-primary")
        self.foot.children = [*self._fields(), self.button, *self._closed(checked), *onward]

    def _fields(self) -> Sequence[Any]:
        return [self.answer] if self.subject.hands_in else []

    def _next(self, checked: Checked) -> list[NextPanel]:
        """Return the way to the next exercise, made when the first pass is shown."""
        if checked.state != "passed" or checked.onward is None:
            return []
        self.onward = self.onward or NextPanel(checked.onward)
        return [self.onward]

    def _closed(self, checked: Checked) -> list[Button]:
        """Return a button for each step that may be opened and is not."""
        return [
            button
            for button, step in zip(self.hints, checked.steps[1:], strict=False)
            if not step.words and step.how.startswith("check(")
        ]

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Add the card to the live widget: what a page without a kernel shows."""
        answer = super()._repr_mimebundle_(**options)
        data, metadata = answer if isinstance(answer, tuple) else (answer or {}, {})
        return {**data, "text/plain": repr(self), "text/html": check_html(self.subject.checked)}, metadata
