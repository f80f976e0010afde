"""What crossed an arrow of a flow: who said what to whom, as HTML beside the picture."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

from kvlab.render.flow import STATE_SIGNS, STATE_WORDS
from kvlab.render.markup import json_code, tag, text
from kvlab.x509.primitive import visible

if TYPE_CHECKING:
    from kvlab.events import Event
    from kvlab.render.stage import Holding, Lane, Step, Story

LONGEST = 2400
"""Characters of a message that are shown."""

_HEADS = {
    "ca.request": "Request to the CA", "ca.answer": "The CA's answer", "ca.refusal": "The CA's refusal",
    "poll": "The newest poll", "transition": "The operation moves on", "refused": "The vault refused",
}  # fmt: skip
_HIDDEN = frozenset({"body", "summary", "overrides", "seeded", "request"})
_KEYS = {
    "here": "kvl-key", "copy": "kvl-nokey", "may": "kvl-nokey", "none": "kvl-nokey", "gone": "kvl-nokey"
}  # fmt: skip


def step_html(step: Step) -> str:
    """Return what a step is for, and everything that crossed it."""
    state = f"{STATE_SIGNS[step.state]} {STATE_WORDS[step.state]}"
    return (
        f'<p class="kvl-about">{text(step.about)}</p><p class="kvl-state">{text(state)}'
        f"{' · ' + text(step.remark) if step.remark else ''}</p>"
        f"{_overrides(step)}{''.join(map(_message, step.events))}"
    )


def lanes_html(story: Story) -> str:
    """Return who holds what as cards, for a page too narrow for the picture: the lane it is about comes first."""
    lanes = sorted(story.lanes, key=lambda lane: not lane.home)
    return f'<div class="kvl-lanes">{"".join(map(_lane, lanes))}</div>'


def _lane(lane: Lane) -> str:
    subtitle = f' <span class="kvr-mono kvr-muted">{text(lane.subtitle)}</span>' if lane.subtitle else ""
    holds = "".join(map(_holding, lane.holds))
    return (
        f'<div class="kvl-lane{" home" if lane.home else ""}"><b>{text(lane.title)}</b>{subtitle}'
        f'<div class="kvl-holds">{holds}</div><div class="{_KEYS[lane.key]}">{text(lane.key_words)}</div></div>'
    )


def _holding(holding: Holding) -> str:
    note = f" <span>{text(holding.note)}</span>" if holding.note else ""
    return f'<span class="kvl-chip {holding.look.replace(" ", "")}">{text(holding.words)}{note}</span>'


def _overrides(step: Step) -> str:
    if not step.overrides:
        return ""
    rows = "".join(
        f"<tr><th>{text(one['field'])}</th><td><s>{text(one['asked'] or '—')}</s></td>"
        f"<td><b>{text(one['issued'] or '—')}</b></td></tr><tr><td colspan=3>{text(one['why'])}</td></tr>"
        for one in sorted(step.overrides, key=lambda one: one["field"] != "validity")
    )
    return (
        '<details class="kvl-overrides" open><summary>≠ Asked, and what was issued</summary><table><thead><tr><th></th>'
        f"<th>asked</th><th>issued</th></tr></thead><tbody>{rows}</tbody></table></details>"
    )


def _message(event: Event) -> str:
    """Return one event: a CA's message whole, else the facts of it."""
    when = f"{event.time:%H:%M:%S} · event {event.seq} · {text(event.actor)}"
    head = _HEADS.get(event.kind, event.kind)
    facts = {name: value for name, value in event.detail.items() if name not in _HIDDEN}
    summary = tag(event.detail["summary"]) if "summary" in event.detail else ""
    body = _body(str(event.detail["body"])) if event.detail.get("body") else ""
    shown = "" if event.kind.startswith("ca.") and (summary or body) else _facts(facts)
    return (
        f'<div class="kvl-message"><div class="kvl-when"><b>{text(head)}</b><span>{when}</span></div>'
        f"{summary}{body}{shown}</div>"
    )


def _facts(facts: dict[str, Any]) -> str:
    return json_code(facts) if facts else ""


def _body(body: str) -> str:
    """Return a message's body: JSON in order, other text as it is; the end of a long one is left out."""
    try:
        return json_code(_shortened(json.loads(body)))
    except ValueError:
        shown = "\n".join(map(visible, body[:LONGEST].split("\n")))
        more = f"\n… {len(body) - LONGEST} more characters" if len(body) > LONGEST else ""
        return f'<pre class="kvr-code">{html.escape(shown)}{more}</pre>'


def _shortened(value: Any) -> Any:
    """Cut long text in JSON, such as a request in PEM."""
    if isinstance(value, dict):
        return {name: _shortened(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_shortened(member) for member in value]
    return f"{value[:72]}… ({len(value)} characters)" if isinstance(value, str) and len(value) > 120 else value
