"""The attributes a name is made of: what each is called, how long it may be and which string holds it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from cryptography.x509.oid import NameOID, ObjectIdentifier


class Kind(Enum):
    """Which strings an attribute takes."""

    DIRECTORY = "DirectoryString"
    PRINTABLE = "PrintableString"
    COUNTRY = "two letters"
    IA5 = "IA5String"


class Attribute(NamedTuple):
    """What the standards say of one attribute type; ``limit`` is in characters, ``keywords`` are parted by spaces."""

    oid: ObjectIdentifier
    title: str
    limit: int | None
    keywords: str
    kind: Kind = Kind.DIRECTORY

    @property
    def label(self) -> str:
        """The attribute in a sentence, as in ``commonName (CN)``."""
        return f"{self.title} ({self.keywords.split()[0]})" if self.keywords else self.title


DESCRIPTION = ObjectIdentifier("2.5.4.13")
POST_OFFICE_BOX = ObjectIdentifier("2.5.4.18")
TELEPHONE_NUMBER = ObjectIdentifier("2.5.4.20")

# Limits: RFC 5280 appendix A.1; where it has none, X.520 annex C (street, businessCategory, postalCode, description,
# postOfficeBox, telephoneNumber), RFC 4524 section 2.2 (uid) and the CA/Browser Forum's EV Guidelines (jurisdiction).
ATTRIBUTES = (
    Attribute(NameOID.COMMON_NAME, "commonName", 64, "CN"),
    Attribute(NameOID.ORGANIZATION_NAME, "organizationName", 64, "O"),
    Attribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "organizationalUnitName", 64, "OU"),
    Attribute(NameOID.LOCALITY_NAME, "localityName", 128, "L"),
    Attribute(NameOID.STATE_OR_PROVINCE_NAME, "stateOrProvinceName", 128, "S ST"),
    Attribute(NameOID.STREET_ADDRESS, "streetAddress", 128, "STREET"),
    Attribute(NameOID.COUNTRY_NAME, "countryName", 2, "C", Kind.COUNTRY),
    Attribute(NameOID.DOMAIN_COMPONENT, "domainComponent", None, "DC", Kind.IA5),
    Attribute(NameOID.EMAIL_ADDRESS, "emailAddress", 255, "E EMAIL EMAILADDRESS", Kind.IA5),
    Attribute(NameOID.TITLE, "title", 64, "T TITLE"),
    Attribute(NameOID.GIVEN_NAME, "givenName", 32768, "G GN GIVENNAME"),
    Attribute(NameOID.INITIALS, "initials", 32768, "I INITIALS"),
    Attribute(NameOID.SURNAME, "surname", 32768, "SN SURNAME"),
    Attribute(NameOID.SERIAL_NUMBER, "serialNumber", 64, "SERIALNUMBER", Kind.PRINTABLE),
    Attribute(NameOID.USER_ID, "userId", 256, "UID"),
    Attribute(NameOID.POSTAL_CODE, "postalCode", 40, "POSTALCODE"),
    Attribute(NameOID.DN_QUALIFIER, "dnQualifier", None, "DNQUALIFIER", Kind.PRINTABLE),
    Attribute(NameOID.GENERATION_QUALIFIER, "generationQualifier", 32768, "GENERATIONQUALIFIER"),
    Attribute(NameOID.PSEUDONYM, "pseudonym", 128, "PSEUDONYM"),
    Attribute(NameOID.BUSINESS_CATEGORY, "businessCategory", 128, "BUSINESSCATEGORY"),
    Attribute(NameOID.ORGANIZATION_IDENTIFIER, "organizationIdentifier", None, "ORGANIZATIONIDENTIFIER"),
    Attribute(NameOID.JURISDICTION_COUNTRY_NAME, "jurisdictionCountryName", 2, "JURISDICTIONC", Kind.COUNTRY),
    Attribute(NameOID.JURISDICTION_LOCALITY_NAME, "jurisdictionLocalityName", 128, "JURISDICTIONL"),
    Attribute(
        NameOID.JURISDICTION_STATE_OR_PROVINCE_NAME,
        "jurisdictionStateOrProvinceName",
        128,
        "JURISDICTIONST JURISDICTIONS",
    ),
    Attribute(DESCRIPTION, "description", 1024, "DESCRIPTION"),
    Attribute(POST_OFFICE_BOX, "postOfficeBox", 40, "POBOX POSTOFFICEBOX"),
    Attribute(TELEPHONE_NUMBER, "telephoneNumber", 32, "PHONE TELEPHONENUMBER", Kind.PRINTABLE),
)
BY_KEYWORD = {keyword: attribute for attribute in ATTRIBUTES for keyword in attribute.keywords.split()}
BY_OID = {attribute.oid: attribute for attribute in ATTRIBUTES}

SHOWN_KEYWORDS = {
    NameOID.COMMON_NAME: "CN",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.LOCALITY_NAME: "L",
    NameOID.STATE_OR_PROVINCE_NAME: "S",
    NameOID.STREET_ADDRESS: "STREET",
    NameOID.COUNTRY_NAME: "C",
    NameOID.DOMAIN_COMPONENT: "DC",
    NameOID.EMAIL_ADDRESS: "E",
    NameOID.TITLE: "T",
    NameOID.GIVEN_NAME: "G",
    NameOID.INITIALS: "I",
    NameOID.SURNAME: "SN",
    NameOID.SERIAL_NUMBER: "SERIALNUMBER",
    NameOID.POSTAL_CODE: "PostalCode",
    NameOID.DN_QUALIFIER: "dnQualifier",
    DESCRIPTION: "Description",
    POST_OFFICE_BOX: "POBox",
    TELEPHONE_NUMBER: "Phone",
}
"""The keywords Windows writes ([MS-OSCO]); every other attribute it writes as ``OID.`` and its number."""


def shown_keyword(oid: ObjectIdentifier) -> str:
    """Return the keyword that Windows writes for an attribute, else RFC 5280's word, else the dotted OID."""
    attribute = BY_OID.get(oid)
    return SHOWN_KEYWORDS.get(oid) or (attribute.title if attribute else oid.dotted_string)
