"""A certificate of the vault: what it says, and the three objects it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.render.deletion import condition_pill, deletion_rows
from kvlab.render.markup import card, instant, mono, pill, table, tag, text
from kvlab.x509.explain import explain
from kvlab.x509.primitive import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kvlab.wire.certificate import CertificateBundle
    from kvlab.x509.field import Field

_LONGEST = 96


def bundle_html(bundle: CertificateBundle) -> str:
    """Return a certificate as HTML."""
    name, version = bundle_name(bundle)
    if bundle.cer is None:
        marks = pill("no version yet", "now")
        note = "The first version is pending: there is a key and a request, and no certificate."
        return card(name, f"certificate · {mono(version)}", marks, f'<div class="kvr-note">{note}</div>')
    marks = condition_pill(bundle)
    fields = explain(bundle.cer)
    problems = sum(field.problem is not None for field in fields)
    if problems:
        marks += " " + pill(f"{problems} problem{'s' if problems > 1 else ''}", "bad")
    return card(name, f"certificate · version {mono(version)}", marks, table(_rows(bundle, fields)))


def bundle_text(bundle: CertificateBundle) -> str:
    """Return a certificate as one line."""
    name, version = bundle_name(bundle)
    if bundle.cer is None:
        return f"<{type(bundle).__name__} {name!r}: no version yet>"
    subject = _first(explain(bundle.cer), "subject", "subject")
    until = instant(bundle.attributes.exp)[:10]
    return f"<{type(bundle).__name__} {name!r} {visible(version[:8])}…: {visible(subject)}, until {until}>"


def bundle_name(bundle: CertificateBundle) -> tuple[str, str]:
    """Return name and version, from the certificate's id."""
    _, name, version = bundle.id.rsplit("/", 2)
    return name, version


def _rows(bundle: CertificateBundle, fields: list[Field]) -> Iterator[tuple[str, str]]:
    subject, issuer = _first(fields, "subject", "subject"), _first(fields, "issuer", "issuer")
    yield "Subject", mono(subject or "(empty)")
    own = ' <span class="kvr-muted">the same: it vouches for itself</span>' if subject == issuer else ""
    yield "Issuer", mono(issuer or "(empty)") + own
    names = _first(fields, "extensions", "subjectAltName")
    yield "Other names", mono(_shortened(names)) if names else '<span class="kvr-muted">none</span>'
    yield "Valid", f"{instant(bundle.attributes.nbf)} <b>to</b> {instant(bundle.attributes.exp)}"
    yield "Public key", tag(_first(fields, "public key", "subjectPublicKeyInfo"))
    yield "Serial number", mono(_first(fields, "certificate", "serialNumber"))
    if bundle.x5t:
        yield "Thumbprint", f'{mono(bundle.x5t.hex().upper())} <span class="kvr-muted">SHA-1, x5t</span>'
    yield "Key", f'{mono(bundle.kid)} <span class="kvr-muted">works with the private key, never shows it</span>'
    yield "Secret", f"{mono(bundle.sid)} {_secret_note(bundle)}"
    if bundle.tags:
        yield "Tags", text(", ".join(f"{name}={value}" for name, value in bundle.tags.items()))
    yield from deletion_rows(bundle)


def _secret_note(bundle: CertificateBundle) -> str:
    props = bundle.policy.key_props if bundle.policy else None
    if props is None or props.exportable is None:
        return ""
    words = "holds certificate and private key" if props.exportable else "holds the certificate only"
    return f'<span class="kvr-muted">{words}</span>'


def _first(fields: list[Field], section: str, name: str) -> str:
    return next((field.value for field in fields if (field.section, field.name) == (section, name)), "")


def _shortened(value: str) -> str:
    return value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"
