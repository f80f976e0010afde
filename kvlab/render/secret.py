"""A secret: what kind it is, and never its value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.render.deletion import condition_pill, deletion_rows
from kvlab.render.key import dates
from kvlab.render.markup import card, mono, table, tag, text
from kvlab.x509.primitive import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kvlab.wire.secret import SecretBundle


def secret_html(bundle: SecretBundle) -> str:
    """Return a secret as HTML, without its value: a notebook is passed on."""
    name, version = _name(bundle)
    return card(name, f"secret · version {mono(version)}", condition_pill(bundle), table(_rows(bundle)))


def secret_text(bundle: SecretBundle) -> str:
    """Return a secret as one line."""
    name, version = _name(bundle)
    kind = visible(bundle.content_type or "no content type")
    return f"<{type(bundle).__name__} {name!r} {visible(version[:8])}…: {kind}>"


def _name(bundle: SecretBundle) -> tuple[str, str]:
    _, name, version = bundle.id.rsplit("/", 2)
    return name, version


def _rows(bundle: SecretBundle) -> Iterator[tuple[str, str]]:
    if bundle.value is None:
        yield "Value", '<span class="kvr-muted">not part of this answer</span>'
    else:
        shown = f"{len(bundle.value):,} characters"
        yield "Value", f'{shown} <span class="kvr-muted">not shown; {mono(".value")} is the text itself</span>'
    yield "Content type", tag(bundle.content_type) if bundle.content_type else '<span class="kvr-muted">none</span>'
    if bundle.managed:
        yield "Managed", "by the certificate of the same name"
    yield from dates(bundle.attributes.nbf, bundle.attributes.exp)
    yield "Secret id", mono(bundle.id)
    if bundle.kid:
        yield "Key id", mono(bundle.kid)
    if bundle.tags:
        yield "Tags", text(", ".join(f"{name}={value}" for name, value in bundle.tags.items()))
    yield from deletion_rows(bundle)
