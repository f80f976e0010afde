"""
Issuer objects and contacts.

Source: https://learn.microsoft.com/rest/api/keyvault/certificates/set-certificate-issuer (definitions).
"""

from __future__ import annotations

from pydantic import Field

from kvlab.wire.model import WireModel
from kvlab.wire.policy import PolicyAttributes


class IssuerCredentials(WireModel):
    """How the vault proves itself to the provider; ``pwd`` is sealed at rest and never returned."""

    account_id: str | None = None
    pwd: str | None = Field(None, repr=False)


class AdministratorDetails(WireModel):
    """Whom the provider may ask."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None


class OrganizationDetails(WireModel):
    """The organization the provider has on record."""

    id: str | None = None
    zip: int | None = None
    admin_details: list[AdministratorDetails] | None = None


class IssuerBundle(WireModel):
    """A configured certificate authority."""

    id: str | None = None
    provider: str | None = None
    credentials: IssuerCredentials | None = None
    org_details: OrganizationDetails | None = None
    attributes: PolicyAttributes | None = None


class CertificateIssuerItem(WireModel):
    """An issuer in a list."""

    id: str
    provider: str


class Contact(WireModel):
    """Somebody to tell."""

    email: str | None = None
    name: str | None = None
    phone: str | None = None


class Contacts(WireModel):
    """Everybody to tell when a certificate's life ends; one object per vault."""

    id: str | None = None
    contacts: list[Contact] | None = None
