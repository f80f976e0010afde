"""What a vault knows of a certificate beside its bytes: versions, key and secret, and what happened."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kvlab.errors import VaultError
from kvlab.render.call.event import call_of
from kvlab.render.diff import diff_html
from kvlab.render.error import error_html
from kvlab.render.markup import instant, mono, pill, table, tag, text
from kvlab.widgets.diff import diff
from kvlab.widgets.explorer.sheet import sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kvlab.events import Event
    from kvlab.vault.vault import Vault
    from kvlab.widgets.explorer.inventory import Entry, Inventory
    from kvlab.wire.certificate import CertificateItem

MOST_VERSIONS = 200
MOST_EVENTS = 150
_LONGEST_DETAIL = 300

_NEVER_SHOWN = (
    '<div class="kvr-note">The secret\'s value holds the private key, if the policy lets it leave. It is never shown '
    "here; <code>vault.get_secret(name)</code> returns it to who may get secrets.</div>"
)


def diff_pane(entry: Entry, inventory: Inventory) -> dict[str, Any]:
    """Return what was asked, requested and signed, side by side."""
    assert inventory.vault is not None
    found = diff(inventory.vault, entry.row.name, entry.version or None)
    return {"html": diff_html(found.rows, found.heading)}


def versions_pane(entry: Entry, inventory: Inventory) -> dict[str, Any]:
    """Return the versions, the newest first, each with a button that opens it."""
    assert inventory.vault is not None
    items = inventory.vault.get_certificate_versions(entry.row.name)
    # Within one second the version id decides, so that two looks show the same.
    found = sorted(items, key=lambda item: (item.attributes.created or 0, item.id), reverse=True)
    assert entry.bundle is not None
    shown = entry.bundle.id.rsplit("/", 1)[1]
    if not found:
        return {"html": "<p>There is no version yet: the first is pending.</p>"}
    rest = len(found) - MOST_VERSIONS
    more = f"<p>{rest:,} older versions are not shown.</p>" if rest > 0 else ""
    heads = ("Version", "Made", "Valid until", "", "Thumbprint (SHA-1)")
    return {"html": sheet(heads, (_version_row(item, shown) for item in found[:MOST_VERSIONS])) + more}


def keys_pane(entry: Entry, inventory: Inventory) -> dict[str, Any]:
    """Return what key and secret of a version show of themselves; never a value."""
    assert inventory.vault is not None
    assert entry.bundle is not None
    vault, name = inventory.vault, entry.row.name
    version = entry.bundle.id.rsplit("/", 1)[1]
    parts = [
        "<h4>Key</h4>",
        _part(lambda: _key_rows(vault, name, version)),
        "<h4>Secret</h4>",
        _part(lambda: _secret_rows(vault, name, version)),
        _NEVER_SHOWN,
    ]
    return {"html": "".join(parts)}


def events_pane(entry: Entry, inventory: Inventory) -> dict[str, Any]:
    """Return what happened to a certificate, the newest first."""
    assert inventory.vault is not None
    found = inventory.vault.events.about(f"certificates/{entry.row.name}", MOST_EVENTS)
    rows = "".join(_event_row(event) for event in reversed(found))
    note = f"<p>The newest {MOST_EVENTS} events.</p>" if len(found) == MOST_EVENTS else ""
    return {"html": f'{note}<ol class="kvx-events">{rows}</ol>'}


def _version_row(item: CertificateItem, shown: str) -> Iterator[str]:
    version = text(item.id.rsplit("/", 1)[1])
    yield f'<button type="button" class="kvx-link kvr-mono" data-version="{version}">{version}</button>'
    yield instant(item.attributes.created)
    yield instant(item.attributes.exp)
    state = pill("enabled", "ok") if item.attributes.enabled else pill("disabled")
    yield f"{state} {pill('shown', 'now') if version == shown else ''}"
    yield mono(item.x5t.hex().upper() if item.x5t else "")


def _part(rows: Callable[[], Iterator[tuple[str, str]]]) -> str:
    try:
        return table(list(rows()))
    except VaultError as refusal:
        return f'<div class="kvx-inset">{error_html(refusal)}</div>'


def _key_rows(vault: Vault, name: str, version: str) -> Iterator[tuple[str, str]]:
    bundle = vault.get_key(name, version)
    key = bundle.key.model_dump(mode="json", by_alias=True, exclude_none=True)
    yield "Id", mono(key.pop("kid", ""))
    kind = " ".join(str(part) for part in (key.pop("kty", ""), key.pop("crv", "")) if part)
    yield "Kind", f"{tag(kind)} {pill('private half: in the vault only', 'ok')}"
    yield "Operations", " ".join(tag(operation) for operation in key.pop("key_ops", ())) or "none"
    for member, value in key.items():
        yield f"Public, {member}", mono(value)
    yield from _attribute_rows(bundle.attributes)


def _secret_rows(vault: Vault, name: str, version: str) -> Iterator[tuple[str, str]]:
    items = [item for item in vault.get_secret_versions(name) if item.id.endswith(f"/{version}")]
    if not items:
        yield "Id", '<span class="kvr-muted">there is none yet</span>'
    for item in items:
        yield "Id", mono(item.id)
        yield "Holds", mono(item.content_type or "")
        yield from _attribute_rows(item.attributes)


def _attribute_rows(attributes: Any) -> Iterator[tuple[str, str]]:
    yield "Enabled", pill("enabled", "ok") if attributes.enabled else pill("disabled")
    yield "Valid", f"{instant(attributes.nbf)} <b>to</b> {instant(attributes.exp)}"
    if attributes.recovery_level:
        yield "After deletion", f"{tag(attributes.recovery_level)} {attributes.recoverable_days} days"


def _event_row(event: Event) -> str:
    facts = {name: value for name, value in event.detail.items() if name != "request"}
    told = json.dumps(facts, ensure_ascii=True) if facts else ""
    if len(told) > _LONGEST_DETAIL:
        told = f"{told[:_LONGEST_DETAIL]}…"
    step = f'<span class="kvx-step" title="step {event.step} of the flow">{event.step}</span>' if event.step else ""
    sign = '<span class="kvr-sign">✕</span>' if event.kind == "refused" else ""
    button = f'<button type="button" class="kvx-link" data-call="{event.seq}">Show me the call</button>'
    return (
        f"<li><time>{instant(int(event.time.timestamp()))}</time><div>{sign}<b>{text(event.kind)}</b> {step} "
        f'<span class="kvr-muted">by {text(event.actor)}</span> {"" if call_of(event) is None else button}'
        f'<div class="kvr-mono kvr-muted">{text(told)}</div></div></li>'
    )
