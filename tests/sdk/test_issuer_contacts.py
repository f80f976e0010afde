"""Issuers and contacts."""

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.keyvault.certificates import AdministratorContact, CertificateContact


@pytest.mark.parity(
    "set_certificate_issuer", "get_certificate_issuer", "get_certificate_issuers", "update_certificate_issuer",
    "delete_certificate_issuer", "issuer-password",
)  # fmt: skip
def test_issuers(way, name):
    admins = [AdministratorContact(first_name="Jo", last_name="Doe", email="jo@contoso.com", phone="4255555555")]

    issuer = way.certificates.create_issuer(
        name, "Test", account_id="keyvaultuser", password="hush", organization_id="org", admin_contacts=admins
    )

    assert (issuer.name, issuer.provider, issuer.account_id) == (name, "Test", "keyvaultuser")
    assert issuer.id == f"{way.vault_url}/certificates/issuers/{name}"
    assert issuer.password is None
    assert issuer.enabled
    got = way.certificates.get_issuer(name)
    assert [
        (contact.first_name, contact.last_name, contact.email, contact.phone) for contact in got.admin_contacts
    ] == [("Jo", "Doe", "jo@contoso.com", "4255555555")]
    assert got.organization_id == "org"
    changed = way.certificates.update_issuer(name, account_id="another", enabled=False)
    assert (changed.account_id, changed.enabled, changed.organization_id) == ("another", False, "org")
    assert changed.updated_on >= issuer.updated_on
    way.certificates.create_issuer(f"{name}-2", "Test")
    pages = [list(page) for page in way.certificates.list_properties_of_issuers(max_page_size=1).by_page()]
    assert all(len(page) <= 1 for page in pages)
    assert [(item.name, item.provider) for page in pages for item in page if item.name.startswith(name)] == [
        (name, "Test"), (f"{name}-2", "Test")
    ]  # fmt: skip
    assert way.certificates.delete_issuer(name).name == name
    with pytest.raises(ResourceNotFoundError) as missing:
        way.certificates.get_issuer(name)
    assert missing.value.error.code == "CertificateIssuerNotFound"


@pytest.mark.parity("set_certificate_contacts", "get_certificate_contacts", "delete_certificate_contacts", "contacts")
def test_contacts(way):
    given = [
        CertificateContact(email="admin@contoso.com", name="John Doe", phone="1111111111"),
        CertificateContact(email="admin2@contoso.com"),
    ]

    def said(contacts):
        return [(contact.email, contact.name, contact.phone) for contact in contacts]

    expected = [("admin@contoso.com", "John Doe", "1111111111"), ("admin2@contoso.com", None, None)]
    assert said(way.certificates.set_contacts(given)) == expected
    assert said(way.certificates.get_contacts()) == expected
    assert said(way.certificates.set_contacts(given[1:])) == expected[1:]
    assert said(way.certificates.delete_contacts()) == expected[1:]
    for call in (way.certificates.get_contacts, way.certificates.delete_contacts):
        with pytest.raises(ResourceNotFoundError) as missing:
            call()
        assert missing.value.error.code == "ContactsNotFound"
