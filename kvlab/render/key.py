"""A key: what it can do, and for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.render.deletion import condition_pill, deletion_rows
from kvlab.render.markup import card, instant, mono, table, tag, text
from kvlab.x509.primitive import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kvlab.wire.key import JsonWebKey, KeyBundle


def key_html(bundle: KeyBundle) -> str:
    """Return a key as HTML; its private half stays in the vault."""
    name, version = _name(bundle)
    return card(name, f"key · version {mono(version)}", condition_pill(bundle), table(_rows(bundle)))


def key_text(bundle: KeyBundle) -> str:
    """Return a key as one line."""
    name, version = _name(bundle)
    return f"<{type(bundle).__name__} {name!r} {visible(version[:8])}…: {visible(_kind(bundle.key))}>"


def _name(bundle: KeyBundle) -> tuple[str, str]:
    _, name, version = (bundle.key.kid or "//").rsplit("/", 2)
    return name, version


def _kind(key: JsonWebKey) -> str:
    if key.crv:
        return f"{key.kty} {key.crv}"
    return f"{key.kty} {8 * len(key.n)}" if key.n else key.kty


def _rows(bundle: KeyBundle) -> Iterator[tuple[str, str]]:
    yield "Type", f'{tag(_kind(bundle.key))} <span class="kvr-muted">shown is the public half</span>'
    yield "May", " ".join(map(tag, bundle.key.key_ops or ())) or '<span class="kvr-muted">do nothing</span>'
    if bundle.managed:
        yield "Managed", "by the certificate of the same name"
    yield from dates(bundle.attributes.nbf, bundle.attributes.exp)
    yield "Key id", mono(bundle.key.kid or "")
    if bundle.tags:
        yield "Tags", text(", ".join(f"{name}={value}" for name, value in bundle.tags.items()))
    yield from deletion_rows(bundle)


def dates(not_before: int | None, expires: int | None) -> Iterator[tuple[str, str]]:
    """Return from when and until when something can be used, where that is limited."""
    if not_before is not None:
        yield "Not before", instant(not_before)
    if expires is not None:
        yield "Expires", instant(expires)
