"""The explorer: a list of certificates beside what is opened of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipywidgets import VBox

from kvlab.vault.vault import Vault
from kvlab.widgets.explorer.beside import Beside, call_behind, creation, tab_widget
from kvlab.widgets.explorer.of_vault import VaultInventory
from kvlab.widgets.explorer.page import explorer_html
from kvlab.widgets.explorer.panel import ExplorerPanel
from kvlab.widgets.task import running_loop

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ipywidgets import Widget

    from kvlab.widgets.explorer.inventory import Inventory


def explore(source: Vault | Path | bytes | Iterable[Any]) -> Explorer:
    """
    Look through certificates: search, filter, open one; its fields and its bytes lead to one another.

    An explorer of a vault stays true while the vault changes, until it is closed.

    Args:
        source: a vault, used as a principal that may list and get certificates; or a ``pathlib.Path`` of a folder, of a
            PEM, DER, P7B or PFX file, or of a Parquet file of ``kvlab.tables.certificates``; DER or PEM octets; an
            iterable of what ``kvlab.tables.fields`` takes; or a table of ``kvlab.tables.certificates``.

    Raises:
        OSError: the path is not there, or closed to you.
        TypeError: it is nothing of that kind.

    Examples:
        >>> from kvlab import Vault, explore
        >>> explore(Vault("contoso"))
        <Explorer of 'contoso': 0 certificates>
    """
    if isinstance(source, Vault):
        return Explorer(VaultInventory(source))
    from kvlab.widgets.explorer.of_files import open_files  # noqa: PLC0415  a vault's explorer needs no tables

    return Explorer(open_files(source, in_thread=running_loop() is not None))


class Explorer(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """
    The list on the left, what is opened of it on the right, and below that what other widgets add.

    Args:
        inventory: where certificates come from.

    Attributes:
        panel: list and tabs; its traits are what the explorer shows.
    """

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.panel = ExplorerPanel(inventory)
        self.panel.on_wish(self._grant)
        self._place = Beside()
        super().__init__([VBox([self.panel, self._place]).add_class("kvx-grid")])
        self.add_class("kvr").add_class("kvl").add_class("kvx")
        self.panel.observe(lambda _: self._turned(), "pane")
        self.panel.observe(lambda _: self._left(), ["selected", "tab"])

    @property
    def beside(self) -> tuple[Widget, ...]:
        """What another widget shows below what is opened, or in place of it: a tab, a form, a call."""
        return tuple(self._place.children)

    def refresh(self) -> None:
        """Show everything as it is now; after a change of the vault it happens by itself."""
        self.panel.refresh()

    def close(self) -> None:
        """End the explorer: it no longer follows the vault."""
        # Also called on one that could not be made.
        if "panel" in vars(self):
            self.panel.close()
            self._place.show("", None)
        super().close()

    def _turned(self) -> None:
        """Show the widget of a tab that has one."""
        vault, name = self.inventory.vault, self.panel.pane.get("widget")
        if vault is not None and name is not None:
            self._place.show("tab", tab_widget(name, vault, self.panel.pane["key"]))
        elif self._place.kind == "tab":
            self._place.show("", None)

    def _left(self) -> None:
        """Take away what was asked for beside something else."""
        if self._place.kind in ("create", "call"):
            self._place.show("", None)

    def _grant(self, wish: str, content: Mapping[str, Any]) -> None:
        vault = self.inventory.vault
        if vault is None:
            return
        if wish == "create":
            self._place.show("create", None if self._place.kind == "create" else creation(vault))
        elif wish == "call" and isinstance(content.get("seq"), int):
            self._place.show("call", call_behind(vault, content["seq"]))

    def __repr__(self) -> str:
        return f"<Explorer of {self.inventory.title!r}: {self.panel.head['words']}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        answer = super()._repr_mimebundle_(**options)
        data, metadata = answer if isinstance(answer, tuple) else (answer or {}, {})
        return {**data, "text/plain": repr(self), "text/html": explorer_html(self.panel)}, metadata
