"""Issuer objects and contacts, as resources."""

import pytest

from kvlab.errors import (
    CertificateIssuerNotFound,
    ContactsNotFound,
    InvalidName,
    InvalidProperty,
    MissingProperty,
    VaultError,
)
from tests.vault.make import ec_policy

SECRET = "hunter2-hunter2"
ISSUER = {
    "provider": "DigiCert",
    "credentials": {"account_id": "account", "pwd": SECRET},
    "org_details": {
        "id": "org",
        "admin_details": [{"first_name": "Ada", "last_name": "L", "email": "a@b.c", "phone": "1"}],
    },
}
URL = "https://kvlab.vault.azure.net/certificates/"


@pytest.mark.parity(
    "issuer-password",
    "set_certificate_issuer",
    "get_certificate_issuer",
    "delete_certificate_issuer",
    "issuer-zip",
    "issuer-not-found",
)
def test_an_issuer_object_comes_back_without_its_password_and_with_zip(vault, clock):
    made = vault.set_certificate_issuer("MyCA", ISSUER)

    now = int(clock.now().timestamp())
    assert made.model_dump(mode="json") == {
        "id": URL + "issuers/MyCA",
        "provider": "DigiCert",
        "credentials": {"account_id": "account"},
        "org_details": {**ISSUER["org_details"], "zip": 0},
        "attributes": {"enabled": True, "created": now, "updated": now},
    }
    assert list(made.model_dump()) == ["id", "provider", "credentials", "org_details", "attributes"]
    assert vault.get_certificate_issuer("MYCA") == made
    assert vault.delete_certificate_issuer("myca") == made
    with pytest.raises(CertificateIssuerNotFound, match="Issuer not found"):
        vault.get_certificate_issuer("MyCA")


def test_the_password_is_sealed_and_stands_nowhere(vault):
    vault.set_certificate_issuer("MyCA", ISSUER)
    vault.update_certificate_issuer("MyCA", {"credentials": {"account_id": "x"}})

    with vault._core.store.read() as connection:
        dump = "".join(connection.connection.dbapi_connection.iterdump())
    assert SECRET not in dump
    assert SECRET.encode().hex() not in dump.lower()
    assert SECRET not in "".join(map(repr, vault.events))
    assert SECRET not in repr(vault.get_certificate_issuer("MyCA"))


@pytest.mark.parity("update_certificate_issuer", "issuer-patch")
def test_setting_again_replaces_and_updating_keeps_what_is_left_out(vault, clock):
    vault.set_certificate_issuer("MyCA", ISSUER)
    clock.advance(5)

    updated = vault.update_certificate_issuer("MyCA", {"attributes": {"enabled": False}})
    assert (updated.credentials.account_id, updated.org_details.id, updated.attributes.enabled) == (
        "account",
        "org",
        False,
    )
    assert updated.attributes.updated - updated.attributes.created == 5
    assert vault.update_certificate_issuer("MyCA", {"provider": "globalsign"}).provider == "GlobalSign"
    replaced = vault.set_certificate_issuer("MyCA", {"provider": "Test"})
    assert (replaced.credentials, replaced.org_details.model_dump()) == (None, {"zip": 0})


@pytest.mark.parity("get_certificate_issuers", "issuer-list")
def test_an_issuer_object_keeps_its_spelling(vault):
    vault.set_certificate_issuer("Test-CA", provider="Test")
    vault.update_certificate_issuer("test-ca", attributes={"enabled": False})
    again = vault.set_certificate_issuer("TEST-CA", provider="Test")

    assert again.id.endswith("/certificates/issuers/Test-CA")
    assert [item.id.rsplit("/", 1)[1] for item in vault.get_certificate_issuers()] == ["Test-CA"]


def test_issuers_are_listed_by_name_with_their_provider(vault):
    assert vault.get_certificate_issuers() == []
    for name in ("b", "A", "c"):
        vault.set_certificate_issuer(name, provider="Test")

    listed = [item.model_dump(mode="json") for item in vault.get_certificate_issuers()]
    assert listed == [{"id": URL + f"issuers/{name}", "provider": "Test"} for name in ("A", "b", "c")]
    assert [item.id[-1] for item in vault.get_certificate_issuers(after="A", maxresults=1)] == ["b"]


@pytest.mark.parity("issuer-provider")
@pytest.mark.parametrize(
    ("name", "issuer", "error"),
    [
        ("MyCA", {"provider": "Contoso"}, InvalidProperty), ("MyCA", {}, MissingProperty), ("MyCA", None, MissingProperty),
        ("MyCA", 5, InvalidProperty), ("MyCA", "{", InvalidProperty), ("Self", ISSUER, InvalidProperty),
        ("unknown", ISSUER, InvalidProperty), ("a.b", ISSUER, InvalidName), ("", ISSUER, InvalidName),
        ("MyCA", {**ISSUER, "credentials": {"pwd": 5}}, InvalidProperty),
    ],
    ids=range(10),
)  # fmt: skip
def test_an_issuer_that_can_not_be_is_refused(vault, name, issuer, error):
    with pytest.raises(error) as refusal:
        vault.set_certificate_issuer(name, issuer)

    assert refusal.value.status == 400
    assert SECRET not in f"{refusal.value!r}{list(vault.events)[-1]}"
    assert vault.get_certificate_issuers() == []


@pytest.mark.parity("unknown-issuer", "issuer-not-found")
def test_unknown_issuers_are_not_found(vault):
    for call in (vault.get_certificate_issuer, vault.update_certificate_issuer, vault.delete_certificate_issuer):
        with pytest.raises(CertificateIssuerNotFound) as refusal:
            call("none")
        assert (refusal.value.status, refusal.value.code) == (404, "CertificateIssuerNotFound")


@pytest.mark.parity("disabled-issuer", "issuer-members")
def test_a_policy_may_name_an_issuer_object_in_any_case_and_keeps_the_spelling(vault):
    vault.set_certificate_issuer("MyCA", provider="Test")

    operation = vault.create_certificate("web", ec_policy(issuer="myca", cty="OV-SSL"))

    assert operation.model_dump(mode="json")["issuer"] == {"name": "myca"}
    assert vault.get_certificate_policy("web").issuer.model_dump(mode="json") == {"name": "myca", "cty": "OV-SSL"}
    assert vault.get_certificate_policy("web").lifetime_actions[0].action.action_type == "AutoRenew"


@pytest.mark.parity(
    "contacts",
    "set_certificate_contacts",
    "get_certificate_contacts",
    "delete_certificate_contacts",
    "contacts-kept",
    "contacts-not-found",
)
def test_contacts_are_one_object_that_is_replaced_whole(vault):
    people = [{"email": "a@b.c", "name": "Ada", "phone": "1"}, {"email": "d@e.f"}, {"email": "d@e.f"}]

    made = vault.set_certificate_contacts({"contacts": people})

    assert made.model_dump(mode="json") == {"id": URL + "contacts", "contacts": people}
    assert vault.get_certificate_contacts() == made
    assert vault.set_certificate_contacts(people[:1]).model_dump()["contacts"] == people[:1]
    assert vault.delete_certificate_contacts().model_dump()["contacts"] == people[:1]
    for call in (vault.get_certificate_contacts, vault.delete_certificate_contacts):
        with pytest.raises(ContactsNotFound, match="Contacts not found") as refusal:
            call()
        assert (refusal.value.status, refusal.value.code) == (404, "ContactsNotFound")


@pytest.mark.parity("contact-address")
@pytest.mark.parametrize(
    "contacts", [[{"name": "Ada"}], [{"email": "nobody"}], [{"email": 5}], "[", 5, None, [5]], ids=range(7)
)
def test_contacts_need_an_e_mail_address(vault, contacts):
    with pytest.raises(InvalidProperty, match="contacts"):
        vault.set_certificate_contacts(contacts)
    with pytest.raises(VaultError):
        vault.get_certificate_contacts()
