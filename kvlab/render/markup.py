"""The few pieces of HTML that every view is made of; all text from outside is escaped here."""

from __future__ import annotations

import base64
import html
import json
import re
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from kvlab.x509.primitive import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

SIGNS = {"ok": "✓", "now": "◐", "warn": "≠", "bad": "✕", "": "•"}
"""What stands before a word, so that colour never says something alone."""

SEEDED = "seeded vault · its keys are not secret"

_JSON_PART = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=:)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<plain>\b(?:true|false|-?\d+)\b)'
)
_ONE_LINE = 48


def text(value: object) -> str:
    """Escape text from outside: markup stays text, invisible and direction-changing characters are shown by code."""
    return html.escape(visible(str(value)), quote=True)


def stylesheet() -> str:
    """Return the style element that views begin with; a page that drops it shows plain tables."""
    return style_of("theme.css")


@cache
def style_of(file: str) -> str:
    """Return a style sheet of this room as an element."""
    return f"<style>{(files('kvlab.render') / file).read_text('utf-8')}</style>"


def pill(words: str, kind: str = "") -> str:
    """Return a state, with its sign."""
    return f'<span class="kvr-pill {kind}"><i>{SIGNS[kind]}</i> {text(words)}</span>'


def seed_pill() -> str:
    """Return the mark of a seeded vault."""
    return f'<span class="kvr-pill seed">{SEEDED}</span>'


def tag(word: object) -> str:
    """Return a kind or a code."""
    return f'<code class="kvr-tag">{text(word)}</code>'


def mono(value: object) -> str:
    """Return a value in the type of code."""
    return f'<span class="kvr-mono">{text(value)}</span>'


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Return a table of names and values; names are plain text, values are HTML."""
    # A page that drops the stylesheet keeps these two words, and the table stays readable.
    left = 'style="text-align:left"'
    body = "".join(f"<tr><th {left}>{text(name)}</th><td {left}>{value}</td></tr>" for name, value in rows)
    return f'<table class="kvr-t"><tbody>{body}</tbody></table>'


def card(title: str, subtitle: str, marks: str, body: str) -> str:
    """Return a framed view; the title is plain text, everything else is HTML."""
    return (
        f'{stylesheet()}<div class="kvr kvr-card"><div class="kvr-head"><div class="kvr-grow">'
        f'<b class="kvr-title">{text(title)}</b><div class="kvr-sub">{subtitle}</div></div>{marks}</div>{body}</div>'
    )


def image(svg: str, description: str) -> str:
    """Return an SVG as an image element: the one form that a page which trusts nothing still shows."""
    octets = base64.b64encode(svg.encode()).decode()
    return f'<img style="max-width:100%" alt="{text(description)}" src="data:image/svg+xml;base64,{octets}">'


def json_code(value: Any) -> str:
    """Return JSON with short objects on one line and member names marked."""
    return f'<pre class="kvr-code">{_JSON_PART.sub(_marked, html.escape(compact_json(value), quote=False))}</pre>'


class JsonLine(NamedTuple):
    """
    A line of JSON as it is shown.

    Attributes:
        text: with its indent.
        path: the member that stands or begins on it, such as ``x509_props.sans``; list entries count as the list.
        whole: whether all of that member is on this line.
    """

    text: str
    path: str
    whole: bool


def compact_json(value: Any) -> str:
    """Write JSON with two spaces of indent; an object or list that is short enough stays on one line."""
    return "\n".join(line.text for line in json_lines(value))


def json_lines(
    value: Any, indent: str = "", lead: str = "", path: str = "", *, width: int = _ONE_LINE
) -> list[JsonLine]:
    """
    Write JSON as ``compact_json`` does, line by line.

    Args:
        value: JSON values.
        indent: of the line it begins on.
        lead: what stands on that line before it.
        path: of the member it is.
        width: how many characters an object or list on one line has at most.
    """
    flat = json.dumps(value, ensure_ascii=True)
    if not isinstance(value, (dict, list)) or (
        len(indent) + len(lead) + len(flat) <= width and not _holds_objects(value)
    ):
        return [JsonLine(indent + lead + flat, path, whole=True)]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    lines = [JsonLine(indent + lead + opening, path, whole=False)]
    members = list(value.items()) if isinstance(value, dict) else [(None, entry) for entry in value]
    for at, (name, member) in enumerate(members):
        head = "" if name is None else f"{json.dumps(name)}: "
        inner_path = path if name is None else f"{path}.{name}".lstrip(".")
        inner = json_lines(member, indent + "  ", head, inner_path, width=width)
        if at < len(members) - 1:
            inner[-1] = inner[-1]._replace(text=inner[-1].text + ",")
        lines += inner
    return [*lines, JsonLine(indent + closing, path, whole=False)]


def instant(seconds: int | None) -> str:
    """Write epoch seconds as ``2026-06-01 09:00:00 UTC``; nothing for none."""
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def one_line(message: str) -> str:
    """Return a sentence of the service without the line ends that some carry."""
    return " ".join(message.split())


def _holds_objects(value: Any) -> bool:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(isinstance(member, (dict, list)) and member for member in members)


def _marked(match: re.Match[str]) -> str:
    kind = match.lastgroup
    return {"key": f'<span class="p">{match[0]}</span>', "plain": f'<span class="n">{match[0]}</span>'}.get(
        kind or "", match[0]
    )
