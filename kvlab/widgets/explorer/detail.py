"""What is opened: its heading, its tabs, and what the open tab holds, each made only when it is asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from kvlab.render.markup import instant
from kvlab.widgets.explorer.fields import bytes_pane, fields_pane
from kvlab.widgets.explorer.history import diff_pane, events_pane, keys_pane, versions_pane
from kvlab.widgets.explorer.inventory import STATES
from kvlab.widgets.explorer.listing import ago_words, days_words
from kvlab.widgets.explorer.overview import overview_pane
from kvlab.widgets.explorer.trust import chain_pane, lint_pane

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kvlab.widgets.explorer.inventory import Entry, Inventory

    Content = dict[str, Any]


def widget_pane(name: str, _: Entry, __: Inventory) -> Content:
    """Return that another widget draws the tab; ``kvlab.widgets.explorer.beside`` says which."""
    return {"widget": name}


class Tab(NamedTuple):
    """
    A tab.

    Attributes:
        label: its words.
        content: makes what it holds: ``html``, or what a part of the widget draws.
        needs: ``der``: it has been signed; ``vault``: a vault holds it; ``live``: and it is not deleted; ``signed``:
            and it has been signed; empty for nothing.
        slow: it takes so long that it is made off the kernel's loop.
    """

    label: str
    content: Callable[[Entry, Inventory], Content]
    needs: str = ""
    slow: bool = False


TABS = {
    "overview": Tab("Overview", overview_pane),
    "fields": Tab("Fields", fields_pane, "der"),
    "diff": Tab("Diff", diff_pane, "live"),
    "operation": Tab("Operation", partial(widget_pane, "operation"), "live"),
    "actions": Tab("Actions", partial(widget_pane, "actions"), "vault"),
    "versions": Tab("Versions", versions_pane, "live"),
    "keys": Tab("Key & secret", keys_pane, "signed"),
    "chain": Tab("Chain", chain_pane, "der"),
    "bytes": Tab("Bytes", bytes_pane, "der"),
    "lint": Tab("Lint", lint_pane, "der", slow=True),
    "events": Tab("Timeline", events_pane, "vault"),
}
FIRST_TAB = "overview"


def detail_view(entry: Entry | None, refusal: str) -> dict[str, Any]:
    """Return the heading of what is opened, and the tabs that it has."""
    if entry is None:
        return {"key": "", "refusal": refusal, "tabs": []}
    row = entry.row
    sign, role, _ = STATES[row.state]
    return {
        "key": row.key,
        "name": row.name,
        "pill": {"sign": sign, "role": role, "words": _state_words(entry)},
        "kind": row.kind,
        "private": _key_words(entry),
        "about": _about(entry),
        "older": entry.version,
        "refusal": refusal,
        "tabs": [{"id": name, "label": TABS[name].label, **_count(name, entry)} for name in tabs_of(entry)],
    }


def tabs_of(entry: Entry) -> Sequence[str]:
    """Return the names of the tabs that something has."""
    in_vault, is_signed = entry.bundle is not None, entry.der is not None
    is_live = in_vault and entry.row.state != "deleted"
    has = {"": True, "der": is_signed, "vault": in_vault, "live": is_live, "signed": is_live and is_signed}
    return [name for name, tab in TABS.items() if has[tab.needs]]


def is_slow(tab: str) -> bool:
    """Tell whether a tab is made off the kernel's loop."""
    return tab in TABS and TABS[tab].slow


def pane_view(tab: str, entry: Entry | None, inventory: Inventory) -> Content:
    """Return what a tab holds; the first, where there is no such tab."""
    if entry is None:
        return {"tab": tab, "key": "", "html": ""}
    name = tab if tab in tabs_of(entry) else FIRST_TAB
    return {"tab": name, "key": entry.row.key, **TABS[name].content(entry, inventory)}


def _state_words(entry: Entry) -> str:
    row = entry.row
    if entry.version:
        return "an older version"
    if row.state == "expires soon":
        return f"expires in {days_words(row)}"
    if row.state == "expired" and row.days is not None:
        return f"expired {ago_words(row.days)}"
    return row.state


def _key_words(entry: Entry) -> str:
    """Say where the private key is: only a vault knows."""
    if entry.bundle is None:
        return ""
    props = entry.bundle.policy.key_props if entry.bundle.policy else None
    if props is None or props.exportable is None:
        return "key in vault"
    return "key in vault, exportable" if props.exportable else "key in vault, not exportable"


def _about(entry: Entry) -> str:
    if entry.fault:
        return entry.fault
    if entry.bundle is None:
        return "from a file; its private key is not known here"
    if entry.der is None:
        return "no version yet: there is a key and a request, and no certificate"
    made = entry.bundle.attributes.created
    version = entry.bundle.id.rsplit("/", 1)[1]
    facts = [f"version {version}"]
    if made is not None:
        facts.append(f"made {instant(made)[:10]}")
    if entry.glance is not None and not entry.version:
        renews = entry.glance.renews_at
        facts.append("renews never by itself" if renews is None else f"renews {renews:%Y-%m-%d}")
    return " · ".join(facts)


def _count(name: str, entry: Entry) -> dict[str, int]:
    return {"count": entry.versions} if name == "versions" and entry.versions else {}
