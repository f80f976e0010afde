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

    account_id: str | None = Field(None, description="Your account with the CA; both CAs need it.")
    pwd: str | None = Field(
        None, repr=False, description="Its password; DigiCert: the API key. Sealed in the vault and never returned."
    )


class AdministratorDetails(WireModel):
    """Whom the provider may ask."""

    first_name: str | None = Field(None, description="GlobalSign needs one.")
    last_name: str | None = Field(None, description="GlobalSign needs one.")
    email: str | None = Field(None, description="An e-mail address.")
    phone: str | None = Field(None, description="A telephone number.")


class OrganizationDetails(WireModel):
    """The organization the provider has on record."""

    id: str | None = Field(None, description="DigiCert needs it: the number of your organization in CertCentral.")
    zip: int | None = Field(None, description="Postal code, a whole number.")
    admin_details: list[AdministratorDetails] | None = Field(
        None, description="Whom the CA may ask; GlobalSign needs one with name, e-mail address and telephone number."
    )


class IssuerBundle(WireModel):
    """A configured certificate authority."""

    id: str | None = None
    provider: str | None = Field(
        None, description="The CA behind the issuer: DigiCert, GlobalSign, or Test, which issues nothing."
    )
    credentials: IssuerCredentials | None = None
    org_details: OrganizationDetails | None = None
    attributes: PolicyAttributes | None = None


class CertificateIssuerItem(WireModel):
    """An issuer in a list."""

    id: str
    provider: str


class Contact(WireModel):
    """Somebody to tell."""

    email: str | None = Field(None, description="An e-mail address; the one thing that is needed.")
    name: str | None = None
    phone: str | None = None


class Contacts(WireModel):
    """Everybody to tell when a certificate's life ends; one object per vault."""

    id: str | None = None
    contacts: list[Contact] | None = Field(
        None, description="Who gets a mail when a certificate of this vault renews or is about to end."
    )
