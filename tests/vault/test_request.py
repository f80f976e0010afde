"""What of a request its event keeps: enough to make the call again, and never a secret."""

import json

import pytest

from kvlab import CertificatePolicy, Vault, VaultError
from tests.vault.make import ec_key, ec_policy, pem_file, pem_of, pfx_file, self_signed

SECRET = "never-to-be-seen"


def last(vault, kind):
    return [event for event in vault.events if event.kind == kind][-1].detail


@pytest.fixture
def vault():
    return Vault(clock="simulated")


@pytest.mark.parametrize("form", ["model", "dict", "text"])
def test_a_policy_is_kept_as_it_was_asked_for(vault, form):
    asked = {"issuer": {"name": "Self"}, "key_props": {"kty": "EC"}, "x509_props": {"subject": "CN=contoso.com"}}
    given = {"model": CertificatePolicy.read(asked, "policy"), "dict": asked, "text": json.dumps(asked)}[form]

    vault.create_certificate("web", given, tags={"a": "b"})

    assert last(vault, "create_certificate")["request"] == {"policy": asked, "tags": {"a": "b"}}


def test_a_refused_request_is_kept_too(vault):
    with pytest.raises(VaultError):
        vault.create_certificate("web", {"x509_props": {"subject": "no name"}})

    assert last(vault, "refused")["request"] == {"policy": {"x509_props": {"subject": "no name"}}}


def test_a_merge_keeps_the_certificates_and_not_a_key_that_lay_beside_them(vault):
    vault.create_certificate("web", ec_policy(issuer="Unknown"))
    key = ec_key()
    leaf = self_signed(key)

    with pytest.raises(VaultError):
        vault.merge_certificate("web", pem_file(key, leaf))

    noted = last(vault, "refused")["request"]
    assert list(noted) == ["x5c"]
    assert noted["x5c"][0] in pem_of(leaf).replace("\n", "")


def test_renewals_are_nobodys_request(vault):
    vault.create_certificate("web", ec_policy(validity_months=1))
    vault.process_due()
    vault.clock.advance(days=30)

    made = [event for event in vault.events if event.kind == "create_certificate"]
    assert [("request" in event.detail, event.actor) for event in made] == [(True, "owner"), (False, "vault")]


def refused_or_not(call, *args, **options):
    try:
        call(*args, **options)
    except VaultError:
        return


def test_no_secret_is_kept_in_whatever_place_it_was_put(vault):
    """In its own place, in a wrong one, under a name that no model knows, accepted or refused."""
    key = ec_key()
    leaf = self_signed(key)
    credentials = {"account_id": "1", "pwd": SECRET, "password": SECRET, "account": {"pwd": SECRET}}
    policy = {"x509_props": {"subject": "CN=x", "secret": SECRET}, "pwd": SECRET, "key_props": SECRET}
    for issuer in (
        {"provider": "DigiCert", "credentials": credentials, "pwd": SECRET, "org_details": {"id": {"x": SECRET}}},
        json.dumps({"provider": "DigiCert", "credentials": credentials}),
        {"credentials": SECRET},
    ):
        refused_or_not(vault.set_certificate_issuer, "digi", issuer)
        refused_or_not(vault.update_certificate_issuer, "digi", issuer)
    refused_or_not(
        vault.set_certificate_issuer, "digi", provider="DigiCert", credentials=credentials, org_details={"id": "1"}
    )
    refused_or_not(vault.create_certificate, "web", policy)
    refused_or_not(vault.create_certificate, "web", json.dumps(policy))
    refused_or_not(vault.import_certificate, "web", pfx_file(key, leaf, password=SECRET.encode()), pwd=SECRET)
    refused_or_not(vault.import_certificate, "web", pem_file(key, leaf), pwd=SECRET)
    refused_or_not(vault.import_certificate, "web", SECRET)
    refused_or_not(vault.set_secret, "note", SECRET)
    refused_or_not(vault.import_key, "key", {"kty": "EC", "d": SECRET})
    refused_or_not(vault.sign, "web", "ES256", (SECRET * 9).encode())
    refused_or_not(vault.restore_certificate, SECRET.encode())
    for verb in (vault.encrypt, vault.decrypt, vault.wrap_key, vault.unwrap_key):
        refused_or_not(verb, "web", "RSA-OAEP", SECRET.encode())

    log = json.dumps([event.detail for event in vault.events])
    assert SECRET not in log
    assert "BEGIN" not in log
    assert last(vault, "set_certificate_issuer")["request"]["hidden"] == ["pwd"]


@pytest.mark.parametrize(
    "value",
    [{"x509_props": {"subject": "CN=\ud83d"}}, {"x509_props": {"subject": "CN=x\x00"}}, "{", "[]", 7, [[[]]], {1: 2}],
)
def test_an_unreadable_request_is_refused_as_ever(vault, value):
    with pytest.raises(VaultError):
        vault.create_certificate("web", value)

    assert last(vault, "refused")["operation"] == "create_certificate"


def test_a_long_request_is_not_kept(vault):
    names = [f"host-{number:04}.contoso.com" for number in range(500)]

    vault.create_certificate("web", ec_policy(dns_names=names))

    assert "request" not in last(vault, "create_certificate")
