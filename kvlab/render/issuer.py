"""An issuer object: whom the vault asks, and as whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.render.markup import card, mono, pill, table, tag, text
from kvlab.x509.primitive import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kvlab.wire.issuer import Contact, Contacts, IssuerBundle


def issuer_html(issuer: IssuerBundle) -> str:
    """Return an issuer object as HTML."""
    disabled = issuer.attributes is not None and issuer.attributes.enabled is False
    marks = pill("disabled", "bad") if disabled else pill("enabled", "ok")
    return card(_name(issuer), "issuer object · policies name it", marks, table(_rows(issuer)))


def issuer_text(issuer: IssuerBundle) -> str:
    """Return an issuer object as one line."""
    return f"<IssuerBundle {_name(issuer)!r}: provider {visible(issuer.provider or 'none')}>"


def contacts_html(contacts: Contacts) -> str:
    """Return the vault's contacts as HTML."""
    rows = [("Contact", _person(contact)) for contact in contacts.contacts or ()]
    nobody = '<div class="kvr-note">Nobody is told.</div>'
    return card("Contacts", "whom the vault tells when a certificate ends", "", table(rows) if rows else nobody)


def contacts_text(contacts: Contacts) -> str:
    """Return the vault's contacts as one line."""
    addresses = ", ".join(visible(contact.email or "") for contact in contacts.contacts or ())
    return f"<Contacts: {addresses or 'nobody'}>"


def _person(contact: Contact) -> str:
    words = ", ".join(filter(None, (contact.name, contact.phone)))
    return f'{mono(contact.email or "")} <span class="kvr-muted">{text(words)}</span>'


def _name(issuer: IssuerBundle) -> str:
    return (issuer.id or "").rsplit("/", 1)[-1] or "issuer"


def _rows(issuer: IssuerBundle) -> Iterator[tuple[str, str]]:
    yield "Provider", tag(issuer.provider or "none")
    if issuer.credentials is not None and issuer.credentials.account_id:
        yield "Account", mono(issuer.credentials.account_id)
        yield "Password or API key", '<span class="kvr-muted">sealed in the vault; never shown again</span>'
    organization = issuer.org_details
    if organization is not None and organization.id:
        yield "Organization id", mono(organization.id)
    for admin in (organization and organization.admin_details) or ():
        name = " ".join(filter(None, (admin.first_name, admin.last_name)))
        yield "Administrator", text(", ".join(filter(None, (name, admin.email, admin.phone))))
