"""A call in every language, as HTML and as text."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, NamedTuple

from kvlab.render.call.dialect import written
from kvlab.render.markup import card, text
from kvlab.x509.primitive import visible

if TYPE_CHECKING:
    from kvlab.render.call.dialect import AnyCall


class Part(NamedTuple):
    """One text that is copied as a whole; its label is empty where a tab has one only."""

    label: str
    text: str


class Tab(NamedTuple):
    """One language."""

    key: str
    title: str
    remark: str
    parts: tuple[Part, ...]


def tabs(call: AnyCall, answer: Part | None = None) -> list[Tab]:
    """Return a call in each language that has it; the answer, if it is known, stands below the REST request."""
    found = []
    for each in written(call):
        parts: tuple[Part, ...] = (Part("", each.text),)
        if each.key == "rest" and answer is not None:
            parts = (Part("Request", each.text), answer)
        found.append(Tab(each.key, each.title, each.remark, parts))
    return found


def call_html(call: AnyCall, answer: Part | None = None) -> str:
    """Draw a call as a page without a kernel shows it: one language open, the others to be opened."""
    body = "".join(_tab_html(tab, is_open=rank == 0) for rank, tab in enumerate(tabs(call, answer)))
    return card("Show me the call", text(call.title), "", body)


def call_text(call: AnyCall, answer: Part | None = None) -> str:
    """Write a call in every language, for a terminal."""
    blocks = []
    for tab in tabs(call, answer):
        blocks += [f"── {tab.title}{f' · {part.label}' if part.label else ''} ──\n{part.text}" for part in tab.parts]
    return "\n".join(blocks)


def _tab_html(tab: Tab, *, is_open: bool) -> str:
    parts = "".join(
        (f'<div class="kvr-note">{text(part.label)}</div>' if part.label else "")
        + f'<pre class="kvr-code">{html.escape(code_shown(part.text))}</pre>'
        for part in tab.parts
    )
    opened = " open" if is_open else ""
    remark = f'<div class="kvr-note">{text(tab.remark)}</div>'
    return f"<details{opened}><summary>{text(tab.title)}</summary>{parts}{remark}</details>"


def code_shown(source: str) -> str:
    """Show what can not be seen in a text of several lines by its code; line ends stay."""
    return "\n".join(map(visible, source.split("\n")))
