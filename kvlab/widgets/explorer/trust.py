"""Whom a certificate's trust hangs on, link by link, and what a linter says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.render.markup import instant, mono, pill, text
from kvlab.widgets.explorer.sheet import sheet
from kvlab.x509.path import check_chain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kvlab.widgets.explorer.inventory import Entry, Inventory
    from kvlab.x509.path import Step

MOST_FINDINGS = 200

_CHECKS = {
    "signature": "signature",
    "name": "names",
    "key_identifier": "key identifiers",
    "ca": "issuer is a CA",
    "path_length": "path length",
    "constraints": "names and critical extensions",
    "valid": "valid now",
}
_VERDICTS = {"verifies": "ok", "fails": "bad", "missing": "warn", "not checked": ""}
_WORDS = {"missing": "its issuer is not here"}
_SEVERITIES = {"FATAL": "bad", "ERROR": "bad", "WARNING": "warn"}


def chain_pane(entry: Entry, inventory: Inventory) -> dict[str, Any]:
    """Return the chain as a tree, what vouches on top."""
    steps = check_chain(inventory.chain(entry), inventory.now())
    line = [step for step in steps if step.role in ("leaf", "intermediate", "root")]
    others = [step for step in steps if step not in line]
    html = _tree(list(reversed(line)))
    if others:
        html += "<h4>Not part of it</h4>" + "".join(_node(step) for step in others)
    note = (
        '<div class="kvr-note">Whether the one on top is trusted is for the reader\'s own list of roots to say; '
        "here only the links are checked.</div>"
    )
    return {"html": f'<div class="kvx-chain">{html}</div>{note}'}


def lint_pane(entry: Entry, _: Inventory) -> dict[str, Any]:
    """Return what pkilint finds; how to install it, where it is not."""
    # Pandas and pkilint take a second to load, and only who opens this tab needs them.
    from kvlab.tables.lint import lint  # noqa: PLC0415

    assert entry.der is not None
    try:
        found = lint(entry.der)
    except ModuleNotFoundError:
        return {"html": '<p>This needs pkilint: <code>pip install "kvlab[lint]"</code>.</p>'}
    rows = list(found.itertuples(index=False, name=None))
    if not rows:
        return {"html": f"<p>{pill('nothing found', 'ok')} pkilint finds nothing against RFC 5280.</p>"}
    counted = f"{len(rows):,} finding{'' if len(rows) == 1 else 's'} of pkilint, by RFC 5280"
    findings = (_finding(*row) for row in rows[:MOST_FINDINGS])
    return {"html": f"<p>{counted}</p>" + sheet(("Severity", "Rule", "Where"), findings)}


def _tree(steps: Sequence[Step]) -> str:
    if not steps:
        return ""
    return f'<ul role="tree"><li role="treeitem">{_node(steps[0])}{_tree(steps[1:])}</li></ul>'


def _node(step: Step) -> str:
    summary = step.summary
    name = (summary and summary.subject) or "(no subject)"
    life = f"{instant(summary.not_before)[:10]} to {instant(summary.not_after)[:10]}" if summary else ""
    verdict = pill(_WORDS.get(step.verdict, step.verdict), _VERDICTS[step.verdict])
    reasons = "".join(f"<li>{text(reason)}</li>" for reason in step.reasons)
    role = f'<span class="kvr-muted">{step.role}</span>'
    return (
        f'<div class="kvx-node {_VERDICTS[step.verdict]}"><div class="kvx-line">{role}{mono(name)}{verdict}</div>'
        f'<div class="kvr-muted kvx-small">{life}</div><div class="kvx-checks">{"".join(_checks(step))}</div>'
        f"{f'<ul>{reasons}</ul>' if reasons else ''}</div>"
    )


def _checks(step: Step) -> Iterator[str]:
    for member, words in _CHECKS.items():
        outcome = getattr(step, member)
        if outcome is not None:
            sign, kind = ("✓", "ok") if outcome else ("✕", "bad")
            yield f'<span class="{kind}"><i>{sign}</i> {words}</span>'


def _finding(severity: str, code: str, where: str, message: Any) -> tuple[str, str, str]:
    words = text(message) if isinstance(message, str) else ""
    sign = pill(severity.lower(), _SEVERITIES.get(severity, ""))
    return sign, f'{mono(code)}<div class="kvr-muted">{words}</div>', mono(where)
