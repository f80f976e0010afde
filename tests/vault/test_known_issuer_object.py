"""Issuer objects: what each provider needs, what a policy may ask of one, and what becomes of those in use."""

import copy

import pytest

from kvlab.errors import EmailsNotSold, InvalidProperty, MissingProperty, OrganizationIdNotSet
from tests.vault.make import ec_policy
from tests.vault.scripted import ISSUER

DIGICERT = {"provider": "DigiCert", "credentials": {"account_id": "1001", "pwd": "key"}, "org_details": {"id": "2001"}}
GLOBALSIGN = {
    **ISSUER,
    "provider": "GlobalSign",
    "org_details": {"admin_details": ISSUER["org_details"]["admin_details"]},
}
ADMIN = "org_details.admin_details[0]"


def changed(issuer, path, value):
    """The issuer with one member changed, or left out if the value is None."""
    whole = part = copy.deepcopy(issuer)
    *way, last = path.replace("[0]", ".0").split(".")
    for name in way:
        part = part[int(name)] if name.isdigit() else part[name]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return whole


@pytest.mark.parity("issuer-needs", "set_certificate_issuer")
@pytest.mark.parametrize("issuer", [DIGICERT, GLOBALSIGN, {"provider": "Test"}], ids=["DigiCert", "GlobalSign", "Test"])
def test_what_a_provider_needs_is_enough(vault, issuer):
    made = vault.set_certificate_issuer("MyCA", issuer)

    assert made.provider == issuer["provider"]
    assert "pwd" not in made.model_dump_json()


NEEDED = [
    *((DIGICERT, path) for path in ("credentials.account_id", "credentials.pwd", "credentials")),
    *((GLOBALSIGN, path) for path in (
        "credentials.account_id", "credentials.pwd", f"{ADMIN}.first_name", f"{ADMIN}.last_name", f"{ADMIN}.email",
        f"{ADMIN}.phone", "org_details",
    )),
]  # fmt: skip


@pytest.mark.parity("issuer-needs")
@pytest.mark.parametrize(("issuer", "path"), NEEDED, ids=[f"{issuer['provider']} {path}" for issuer, path in NEEDED])
def test_what_a_provider_needs_is_missed(vault, issuer, path):
    for nothing in (None, *(("", " ") if "." in path else ({},))):
        with pytest.raises((MissingProperty, InvalidProperty)) as refusal:
            vault.set_certificate_issuer("MyCA", changed(issuer, path, nothing))
        assert refusal.value.field.startswith(path)
    assert vault.get_certificate_issuers() == []


@pytest.mark.parity("digicert-organization")
@pytest.mark.parametrize("without", [{}, {"org_details": {}}, {"org_details": {"id": ""}}], ids=["none", "empty", "''"])
def test_digicert_without_organization_id_gets_the_services_words(vault, without):
    issuer = {name: value for name, value in DIGICERT.items() if name != "org_details"} | without
    with pytest.raises(OrganizationIdNotSet) as refusal:
        vault.set_certificate_issuer("MyCA", issuer)

    assert (refusal.value.status, refusal.value.code) == (400, "BadParameter")
    assert refusal.value.message == "Id in organization details is not set"


ODD = [
    ("credentials.account_id", "a\nb"), ("credentials.account_id", "x" * 201), ("credentials.pwd", "a\r\nb"),
    ("credentials.pwd", "x" * 1001), ("credentials.account_id", 5), ("org_details.id", "a\x7f"),
    ("org_details.zip", -1), ("org_details.zip", "98052"), (f"{ADMIN}.email", "nobody"), (f"{ADMIN}.email", "a b@c.d"),
    (f"{ADMIN}.email", "a@b\n"), (f"{ADMIN}.phone", "call me"), (f"{ADMIN}.phone", "1" * 41), (f"{ADMIN}.first_name", "A\x00"),
    (f"{ADMIN}.last_name", "x" * 201), (f"{ADMIN}.phone", 5), ("provider", "SslAdmin"), ("provider", "Digi Cert"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), ODD, ids=[f"{path} {str(value)[:9]!a}" for path, value in ODD])
def test_each_member_is_checked_and_no_credential_is_repeated(vault, path, value):
    with pytest.raises(InvalidProperty) as refusal:
        vault.set_certificate_issuer("MyCA", changed(ISSUER, path, value))

    assert path.split(".")[-1] in refusal.value.field
    last = list(vault.events)[-1]
    assert last.kind == "refused"
    assert ISSUER["credentials"]["pwd"] not in f"{refusal.value!r}{refusal.value}{last}"
    if path == "credentials.pwd":
        assert value not in f"{refusal.value!r}{refusal.value}{last}"


def test_a_patch_may_not_take_away_what_the_provider_needs_but_may_leave_the_password(vault):
    vault.set_certificate_issuer("MyCA", DIGICERT)
    assert vault.update_certificate_issuer("MyCA", credentials={"account_id": "1002"}).credentials.account_id == "1002"
    for change in (
        {"org_details": {"id": ""}}, {"provider": "GlobalSign"}, {"credentials": {"account_id": ""}},
        {"credentials": {"pwd": ""}}, {"credentials": {"pwd": " "}},
    ):  # fmt: skip
        with pytest.raises((OrganizationIdNotSet, MissingProperty)):
            vault.update_certificate_issuer("MyCA", change)
    assert vault.get_certificate_issuer("MyCA").provider == "DigiCert"


@pytest.mark.parity("issuer-patch")
@pytest.mark.parametrize(
    ("provider", "change"),
    [
        ("DigiCert", {"org_details": {"admin_details": [{"first_name": "Eve"}]}}),
        ("GlobalSign", {"org_details": {"id": "7", "zip": 98052}}),
        ("DigiCert", {"credentials": None, "org_details": None, "attributes": None}),
    ],
    ids=["contacts", "organization", "nulls"],
)
def test_a_patch_keeps_members_of_members_and_takes_null_for_left_out(vault, provider, change):
    """The clients' `update_issuer(name, admin_contacts=…)` sends org_details without the id that was given before."""
    before = vault.set_certificate_issuer("MyCA", {**ISSUER, "provider": provider})

    after = vault.update_certificate_issuer("MyCA", change)

    expected = {**before.org_details.model_dump(), **(change["org_details"] or {})}
    assert after.org_details.model_dump() == expected
    assert (after.credentials, after.attributes) == (before.credentials, before.attributes)


@pytest.mark.parity("disabled-issuer")
def test_no_policy_can_name_a_disabled_issuer(vault):
    vault.set_certificate_issuer("MyCA", {**DIGICERT, "attributes": {"enabled": False}})
    vault.create_certificate("web", ec_policy(issuer="Unknown"))
    for call in (
        lambda: vault.create_certificate("shop", ec_policy(issuer="MyCA")),
        lambda: vault.update_certificate_policy("web", {"issuer": {"name": "myca"}}),
    ):
        with pytest.raises(InvalidProperty, match="disabled"):
            call()
    vault.update_certificate_issuer("MyCA", attributes={"enabled": True})
    assert vault.create_certificate("shop", ec_policy(issuer="MyCA")).status == "inProgress"


@pytest.mark.parity("certificate-type")
def test_a_certificate_type_is_one_the_provider_sells(vault):
    vault.set_certificate_issuer("MyCA", DIGICERT)
    for cty in ("DV-SSL", "", "OV"):
        with pytest.raises(InvalidProperty, match=r"policy\.issuer\.cty.*OV-SSL and EV-SSL"):
            vault.create_certificate("web", ec_policy(issuer="MyCA", cty=cty))
    vault.create_certificate("a", ec_policy(issuer="MyCA", cty="ev-ssl"))
    vault.create_certificate("b", ec_policy(issuer="MyCA"))
    assert vault.get_certificate_policy("a").issuer.cty == "ev-ssl"
    with pytest.raises(InvalidProperty, match="cty"):
        vault.update_certificate_policy("a", {"issuer": {"cty": "DV-SSL"}})


@pytest.mark.parity("digicert-emails")
def test_digicert_takes_no_e_mail_address_among_the_names(vault):
    vault.set_certificate_issuer("Digi", DIGICERT)
    vault.set_certificate_issuer("Global", GLOBALSIGN)
    policy = {"emails": ["ada@contoso.com"], "dns_names": ["contoso.com"]}
    with pytest.raises(EmailsNotSold) as refusal:
        vault.create_certificate("web", ec_policy(issuer="Digi", **policy))

    assert (refusal.value.status, refusal.value.code) == (400, "BadParameter")
    assert refusal.value.message == (
        "DigiCert doesn't support emails in subject alternate names with order for a Ssl certificate"
    )
    assert vault.create_certificate("web", ec_policy(issuer="Global", **policy)).status == "inProgress"


@pytest.mark.parity("issuer-in-use")
def test_an_issuer_in_use_can_be_deleted_and_then_no_policy_that_names_it_makes_a_certificate(vault):
    vault.set_certificate_issuer("MyCA", DIGICERT)
    vault.create_certificate("web", ec_policy(issuer="MyCA"))
    vault.delete_certificate_issuer("MyCA")
    vault.process_due()

    operation = vault.get_certificate_operation("web")
    assert (operation.status, operation.error.code) == ("failed", "Certificate issuer error")
    assert vault.get_certificate_policy("web").issuer.name == "MyCA"
    with pytest.raises(InvalidProperty, match="there is no issuer"):
        vault.create_certificate("web")
