"""The explorer: a list of certificates beside what is opened of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipywidgets import VBox

from kvlab.vault.vault import Vault
from kvlab.widgets.explorer.of_vault import VaultInventory
from kvlab.widgets.explorer.panel import ExplorerPanel

if TYPE_CHECKING:
    from kvlab.widgets.explorer.inventory import Inventory


def explore(source: Vault) -> Explorer:
    """
    Look through the certificates of a vault.

    Args:
        source: a vault, used as a principal that may list and get certificates.
    """
    return Explorer(VaultInventory(source))


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
        self._slot = VBox().add_class("kvx-slot")
        self._grid = VBox([self.panel, self._slot]).add_class("kvx-grid")
        super().__init__([self._grid])
        self.add_class("kvr").add_class("kvl").add_class("kvx")

    def refresh(self) -> None:
        """Show everything as it is now; after a change of the vault it happens by itself."""
        self.panel.refresh()

    def close(self) -> None:
        """End the explorer: it no longer follows the vault."""
        self.panel.close()
        super().close()

    def __repr__(self) -> str:
        return f"<Explorer of {self.inventory.title!r}: {self.panel.head['words']}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        answer = super()._repr_mimebundle_(**options)
        data, metadata = answer if isinstance(answer, tuple) else (answer or {}, {})
        return {**data, "text/plain": repr(self)}, metadata
