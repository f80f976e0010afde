"""The first tab: what people ask first of a certificate."""

from __future__ import annotations

from hashlib import sha1, sha256
from typing import TYPE_CHECKING, Any

from kvlab.render.markup import mono, pill, table, text
from kvlab.render.policy import policy_rows
from kvlab.widgets.explorer.inventory import value_of
from kvlab.widgets.explorer.listing import ago_words
from kvlab.x509.explain import explain
from kvlab.x509.words import alternative_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kvlab.widgets.explorer.inventory import Entry, Inventory
    from kvlab.x509.field import Field

_MOST_NAMES = 30


def overview_pane(entry: Entry, _: Inventory) -> dict[str, Any]:
    """Return names, dates and key, what is wrong, and for a vault the policy of the versions to come."""
    parts = []
    if entry.fault:
        parts.append(f'<div class="kvr-note">✕ {text(entry.fault)}</div>')
    if entry.remark:
        parts.append(f'<div class="kvr-note">{text(entry.remark)}</div>')
    if entry.der is not None:
        fields = explain(entry.der)
        parts += [_problems(fields), table(_rows(entry, fields))]
    if entry.bundle is not None and entry.bundle.policy is not None:
        parts += ["<h4>The next version</h4>", table(policy_rows(entry.bundle.policy))]
    return {"html": "".join(parts)}


def _rows(entry: Entry, fields: list[Field]) -> Iterator[tuple[str, str]]:
    assert entry.der is not None
    subject, issuer = value_of(fields, "subject", "subject"), value_of(fields, "issuer", "issuer")
    yield "Subject", mono(subject or "(empty)")
    own = ' <span class="kvr-muted">the same: it vouches for itself</span>' if subject == issuer else ""
    yield "Issuer", mono(issuer or "(empty)") + own
    yield "Good for", _names(alternative_names(fields))
    yield "Valid", _validity(entry, fields)
    yield "Public key", mono(entry.row.kind or value_of(fields, "public key", "subjectPublicKeyInfo"))
    yield "Serial number", mono(value_of(fields, "certificate", "serialNumber"))
    yield "SHA-256", mono(sha256(entry.der).hexdigest().upper())
    yield "SHA-1, x5t", mono(sha1(entry.der, usedforsecurity=False).hexdigest().upper())
    yield from _tags(entry)


def _names(names: list[str]) -> str:
    if not names:
        return '<span class="kvr-muted">no other name</span>'
    more = len(names) - _MOST_NAMES
    shown = "<br>".join(mono(name) for name in names[:_MOST_NAMES])
    return shown + (f'<br><span class="kvr-muted">and {more:,} more, in Fields</span>' if more > 0 else "")


def _validity(entry: Entry, fields: list[Field]) -> str:
    start, end = (value_of(fields, "validity", name) for name in ("notBefore", "notAfter"))
    days = "" if entry.row.days is None or entry.version else f" · {_left_words(entry.row.days)}"
    return f'{mono(start)} <b>to</b> {mono(end)}<span class="kvr-muted">{days}</span>'


def _left_words(days: int) -> str:
    return ago_words(days) if days < 0 else f"{days:,} day{'' if days == 1 else 's'} left"


def _tags(entry: Entry) -> Iterator[tuple[str, str]]:
    if entry.bundle is not None and entry.bundle.tags:
        yield "Tags", text(", ".join(f"{name}={value}" for name, value in entry.bundle.tags.items()))


def _problems(fields: list[Field]) -> str:
    found = [field for field in fields if field.problem]
    if not found:
        return ""
    lines = "".join(f"<li>{mono(field.name)}: {text(field.problem)}</li>" for field in found[:_MOST_NAMES])
    head = pill(f"{len(found)} problem{'' if len(found) == 1 else 's'}", "bad")
    return f'<div class="kvx-problems">{head}<ul>{lines}</ul></div>'
