"""The explorer's own widget: what the browser asks for comes in by one trait each, what is shown goes out by four."""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import TYPE_CHECKING, Any, TypeVar

import traitlets

from kvlab.errors import VaultError, X509Error
from kvlab.render.error import error_html
from kvlab.widgets.explorer.detail import FIRST_TAB, detail_view, is_slow, pane_view
from kvlab.widgets.explorer.inventory import PAGE_ROWS, STATES, Ask, Entry, Inventory
from kvlab.widgets.explorer.listing import head_view, list_view, total_of
from kvlab.widgets.form_page import characters
from kvlab.widgets.live import Live
from kvlab.widgets.task import in_thread, start

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kvlab.widgets.explorer.inventory import Row

T = TypeVar("T")

ORDERS = {
    "name": "Name",
    "-name": "Name, Z first",
    "expires": "Expires first",
    "-expires": "Expires last",
    "-made": "Newest",
    "made": "Oldest",
}
"""Order -> its words."""


class ExplorerPanel(Live, module="explorer"):
    """
    The list and what is opened of it.

    Without a browser: set ``query``, ``state``, ``order``, ``page``, ``selected``, ``tab`` or ``version``, and look at
    ``view``, ``shown`` and ``pane``.

    Args:
        inventory: where certificates come from.
    """

    query = traitlets.Unicode().tag(sync=True)
    state = traitlets.Unicode().tag(sync=True)
    order = traitlets.Unicode("name").tag(sync=True)
    page = traitlets.Int(0).tag(sync=True)
    selected = traitlets.Unicode().tag(sync=True)
    version = traitlets.Unicode().tag(sync=True)
    tab = traitlets.Unicode(FIRST_TAB).tag(sync=True)

    head = traitlets.Dict().tag(sync=True)
    view = traitlets.Dict().tag(sync=True)
    shown = traitlets.Dict().tag(sync=True)
    pane = traitlets.Dict().tag(sync=True)

    def __init__(self, inventory: Inventory) -> None:
        self._end: Callable[[], None] = lambda: None
        self.inventory = inventory
        self.opened: Entry | None = None
        self._waiting = self._stale = False
        self._views: int | None = None
        self._counts: dict[str, Mapping[str, int]] = {}
        self._grant: Callable[[str, Mapping[str, Any]], None] = lambda _, __: None
        super().__init__()
        self._list()
        if rows := self.view["rows"]:
            self.selected = rows[0]["key"]
        self._open()
        self.observe(lambda _: self._search(), ["query", "state", "order"])
        self.observe(lambda _: self._list(), "page")
        self.observe(lambda _: self._select(), "selected")
        self.observe(lambda _: self._open(), "version")
        self.observe(lambda _: self._show_tab(), "tab")
        self.on_msg(self._asked)
        self._end = inventory.subscribe(self._changed)

    def refresh(self) -> None:
        """Show the list and what is opened as they are now."""
        self._counts = {}
        self._list()
        self._open()

    def on_wish(self, grant: Callable[[str, Mapping[str, Any]], None]) -> None:
        """Say who shows what other widgets draw: ``create``, or ``call`` with the ``seq`` of an event."""
        self._grant = grant

    def close(self) -> None:
        """End the subscription and the widget."""
        self._end()
        super().close()

    def _asked(self, _: object, content: Any, __: object) -> None:
        if not isinstance(content, dict) or not isinstance(content.get("do"), str):
            return
        if content["do"] in ("seen", "gone"):
            self._count_views(1 if content["do"] == "seen" else -1)
        else:
            self._grant(content["do"], content)

    def _count_views(self, step: int) -> None:
        """Know whether anybody looks: a cell that is run again leaves its old explorer behind, at no cost."""
        self._views = max((self._views or 0) + step, 0)
        if self._views and self._stale:
            self._stale = False
            self.refresh()

    def _changed(self) -> None:
        """Refresh soon: on the kernel's loop, once for all that happens in one cell; where there is none, now."""
        if self._views == 0:
            self._stale = True
        elif not self._waiting:
            self._waiting = True
            self._home.soon(self._refresh_once)

    def _refresh_once(self) -> None:
        self._waiting = False
        self.refresh()

    def _search(self) -> None:
        if self.page:
            self.page = 0
        else:
            self._list()

    def _select(self) -> None:
        if self.version:
            self.version = ""
        else:
            self._open()

    def _list(self) -> None:
        ask = Ask(characters(self.query), self.state if self.state in STATES else "", self._order(), max(self.page, 0))
        found, refusal = _tried(lambda: self._find(ask))
        rows, counts = found or ([], {})
        total = total_of(ask.state, counts)
        if ask.page and total and not rows:
            self.page = ceil(total / PAGE_ROWS) - 1
            return
        self.head = head_view(self.inventory, self._count("") if found else {})
        self.view = list_view(ask, rows, counts, self.inventory.progress(), refusal)

    def _find(self, ask: Ask) -> tuple[Sequence[Row], Mapping[str, int]]:
        rows = self.inventory.page(ask)
        is_all = not ask.page and not ask.state and len(rows) < PAGE_ROWS
        return rows, self._count(ask.query, rows if is_all else None)

    def _count(self, query: str, rows: Sequence[Row] | None = None) -> Mapping[str, int]:
        """Count once what does not change while one turns pages; no second search for what a page shows all of."""
        if query not in self._counts:
            self._counts = {"": self._counts[""]} if "" in self._counts else {}
            if rows is None:
                self._counts[query] = self.inventory.counts(query)
            else:
                deleted = self.inventory.counts(query, only_deleted=True)
                self._counts[query] = {**Counter(row.state for row in rows), **deleted}
        return self._counts[query]

    def _order(self) -> str:
        return self.order if self.order in ORDERS else "name"

    def _open(self) -> None:
        self.opened, refusal = _tried(lambda: self.inventory.entry(self.selected, self.version))
        self.shown = detail_view(self.opened, refusal)
        self._show_tab()

    def _show_tab(self) -> None:
        tab, opened = self.tab, self.opened
        if self._home.has_loop and is_slow(tab):
            start(lambda: self._show_slowly(tab, opened))
        else:
            self.pane = self._content(tab, opened)

    async def _show_slowly(self, tab: str, opened: Entry | None) -> None:
        content = await in_thread(lambda: self._content(tab, opened))
        # Meanwhile somebody may have turned to something else.
        if (self.tab, self.opened) == (tab, opened):
            self.pane = content

    def _content(self, tab: str, opened: Entry | None) -> dict[str, Any]:
        content, refusal = _tried(lambda: pane_view(tab, opened, self.inventory))
        return content or {"tab": tab, "key": opened.row.key if opened else "", "html": refusal}


def _tried(call: Callable[[], T]) -> tuple[T | None, str]:
    """Return what a call gives; or, where it is refused, the refusal as HTML."""
    try:
        return call(), ""
    except (VaultError, X509Error) as error:
        return None, error_html(error)
