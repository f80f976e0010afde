"""A form that is a row of buttons, one for each move in the life of something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from kvlab.render.markup import pill
from kvlab.widgets.field import Field
from kvlab.widgets.form import Form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kvlab.errors import ServiceError
    from kvlab.events import Event
    from kvlab.widgets.form_page import Button


class Labelled(Protocol):
    """What a move must have for its button."""

    @property
    def label(self) -> str:
        """Its words."""

    @property
    def help(self) -> str:
        """One sentence."""


def move_fields(moves: Mapping[str, Labelled]) -> list[Field]:
    """Return a button's field for each move, by its key."""
    return [Field(key, move.label, "action", move.help) for key, move in moves.items()]


class MovesForm(Form):
    """
    Buttons that are on while their move is legal; a subclass looks what is, and makes the move.

    Attributes:
        moves: key of a button -> what it does.
        made: key of the move that was made last.
    """

    moves: Mapping[str, Labelled]
    made: str

    def look(self) -> None:
        """Look again which moves are legal."""
        raise NotImplementedError

    def concerns(self, event: Event) -> bool:
        """Whether an event may have changed which moves are legal."""
        raise NotImplementedError

    def legal(self) -> dict[str, ServiceError | str | None]:
        """Return, for each move, None if it can be made now, else the answer it would get or why it makes no sense."""
        return {key: self.inputs[key].off for key in self.moves}

    def do(self, key: str) -> Any:
        """
        Make a move and wait for it.

        Returns:
            The service's answer, or a list of what it refuses.
        """
        if key not in self.moves:
            raise KeyError(key)
        self.made = key
        return self.submit()

    def press(self, key: str) -> None:
        """Press a button; one that is off does nothing."""
        if key not in self.moves:
            super().press(key)
        elif self.state != "busy" and self.inputs[key].off is None:
            self.made = key
            self.click()

    def heard(self, event: Event) -> None:
        """Look again whenever something happened."""
        # What comes of a move of its own is looked at when it is over: until then no other one is taken.
        if self.state != "busy" and self.concerns(event):
            self.look()

    def end(self, answer: Any) -> None:  # noqa: ARG002
        """Say what was done."""
        self.outcome = f"<div>{pill(f'{self.moves[self.made].label}: done', 'ok')}</div>"
        self.look()

    def refuse(self, errors: list[ServiceError]) -> list[ServiceError]:
        """Show a refusal, and what can be done now."""
        super().refuse(errors)
        self.look()
        return errors

    def buttons(self) -> list[Button]:
        """Return the buttons at the foot: there is no main one."""
        return [button for button in super().buttons() if button is not self.button]
