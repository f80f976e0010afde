"""What other widgets draw in the explorer: a tab, the form that makes a certificate, the call behind an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipywidgets import VBox

from kvlab.render.call.event import call_of

if TYPE_CHECKING:
    from ipywidgets import Widget

    from kvlab.vault.vault import Vault

KINDS = ("tab", "create", "call")


class Beside(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """
    The place for one other widget below what is opened, and in place of it; whoever leaves it is closed.

    Attributes:
        kind: what the widget is there for, one of ``KINDS``; empty while there is none.
    """

    children: Any

    def __init__(self) -> None:
        super().__init__()
        self.kind = ""
        self.add_class("kvx-slot")

    def show(self, kind: str, widget: Widget | None) -> None:
        """Show a widget in place of what was there; None clears the place."""
        before = self.children
        for other in KINDS:
            self.remove_class(other)
        self.kind = kind if widget is not None else ""
        self.children = () if widget is None else (widget,)
        if self.kind:
            self.add_class(self.kind)
        for widget_before in before:
            widget_before.close()


def tab_widget(name: str, vault: Vault, certificate: str) -> Widget:
    """Return the widget that draws a tab: ``operation`` or ``actions``."""
    if name == "operation":
        from kvlab.widgets.operation import operation  # noqa: PLC0415  loaded by who opens it, like the others here

        return operation(vault, certificate)
    from kvlab.widgets.lifecycle import lifecycle  # noqa: PLC0415

    return lifecycle(vault, certificate)


def creation(vault: Vault) -> Widget:
    """Return the form that makes a certificate."""
    from kvlab.widgets.create import create  # noqa: PLC0415

    return create(vault)


def call_behind(vault: Vault, seq: int) -> Widget | None:
    """Return the call behind an event; None if nobody called."""
    from kvlab.widgets.call import calls  # noqa: PLC0415

    events = vault.events.since(seq - 1, 1)
    return calls(events[0], vault) if events and call_of(events[0]) is not None else None
