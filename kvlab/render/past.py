"""What happened to an operation, as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.render.markup import text
from kvlab.render.moment import event_words, is_bad

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kvlab.events import Event

MOST = 40


def past_html(events: Sequence[Event]) -> str:
    """
    Return the events of an operation as an HTML table, the newest first.

    Args:
        events: oldest first; of many, the newest are shown, and how many there are.
    """
    if not events:
        return "<p>Nothing has happened to it yet.</p>"
    shown = list(reversed(events[-MOST:]))
    rows = "".join(
        f"<tr><td>{event.seq}</td><td>{event.time:%d %b %Y %H:%M:%S}</td><td>{text(event.actor)}</td>"
        f"<td>{_mark(event)}{text(event_words(event))}{_code(event)}</td></tr>"
        for event in shown
    )
    more = f"<p>and {len(events) - MOST} events before</p>" if len(events) > MOST else ""
    return (
        '<table class="kvl-past"><thead><tr><th>event</th><th>time, UTC</th><th>who</th><th>what</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>{more}"
    )


def _code(event: Event) -> str:
    return f' <code class="kvr-tag">{text(event.detail.get("status", ""))}</code>' if event.kind == "refused" else ""


def _mark(event: Event) -> str:
    return '<i class="bad">✕</i> ' if is_bad(event) else ""
