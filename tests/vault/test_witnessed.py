"""Rules of the service that are small enough to be proved one by one; see docs/parity.toml."""

import base64
import hashlib
import json
import re

import pytest
from cryptography import x509

from kvlab import VaultError
from kvlab.errors import CertificateNotFound, DeletedItemNotFound, InvalidProperty
from kvlab.vault import archive
from tests.vault.make import (
    OutsideCA,
    ec_key,
    ec_policy,
    finish,
    parsed,
    pem_file,
    pem_of,
    pfx_file,
    pkcs8_pem,
    self_signed,
    version_of,
)

URL = "https://kvlab.vault.azure.net"
PEM = {"secret_props": {"contentType": "application/x-pem-file"}}


def wire(answer):
    """What stands in the answer's JSON."""
    return json.loads(answer.model_dump_json())


@pytest.mark.parity("ids", "version-ids")
def test_everything_is_where_the_service_says(vault):
    bundle = finish(vault)
    vault.set_certificate_issuer("MyCA", provider="Test")
    version = version_of(bundle)

    assert re.fullmatch("[0-9a-f]{32}", version)
    shown = {
        "certificate": bundle.id, "key": bundle.kid, "secret": bundle.sid, "pending": bundle.pending.id,
        "policy": bundle.policy.id, "in a list": vault.get_certificates()[0].id,
        "a version in a list": vault.get_certificate_versions("web")[0].id,
        "key in a list": vault.get_keys()[0].kid, "secret in a list": vault.get_secrets()[0].id,
        "contacts": vault.set_certificate_contacts([{"email": "a@b.c"}]).id,
        "issuer": vault.get_certificate_issuer("MyCA").id, "deleted": vault.delete_certificate("web").recovery_id,
        "deleted in a list": vault.get_deleted_certificates()[0].id,
    }  # fmt: skip
    assert {name: url.removeprefix(URL) for name, url in shown.items()} == {
        "certificate": f"/certificates/web/{version}", "key": f"/keys/web/{version}", "secret": f"/secrets/web/{version}",
        "pending": "/certificates/web/pending", "policy": "/certificates/web/policy",
        "in a list": "/certificates/web", "a version in a list": f"/certificates/web/{version}",
        "key in a list": "/keys/web", "secret in a list": "/secrets/web",
        "contacts": "/certificates/contacts", "issuer": "/certificates/issuers/MyCA",
        "deleted": "/deletedcertificates/web", "deleted in a list": "/certificates/web",
    }  # fmt: skip


@pytest.mark.parity("encodings")
def test_certificates_are_base64_and_digests_base64url(vault):
    operation = wire(vault.create_certificate("web", ec_policy()))
    vault.process_due()
    bundle, key = vault.get_certificate("web"), wire(vault.get_key("web"))["key"]

    assert x509.load_der_x509_csr(base64.b64decode(operation["csr"], validate=True))
    shown = wire(bundle)
    assert base64.b64decode(shown["cer"], validate=True) == bundle.cer
    assert len(shown["cer"]) % 4 == 0
    assert re.fullmatch("[A-Za-z0-9_-]{27}", shown["x5t"])
    assert base64.urlsafe_b64decode(shown["x5t"] + "=") == hashlib.sha1(bundle.cer).digest()
    assert re.fullmatch("[A-Za-z0-9_-]{43}", key["x"])
    assert re.fullmatch("[A-Za-z0-9_-]+", wire(vault.backup_certificate("web"))["value"])
    assert all(type(shown["attributes"][name]) is int for name in ("nbf", "exp", "created", "updated"))


@pytest.mark.parity("not-found-everywhere")
@pytest.mark.parametrize(
    "call",
    [
        "get_certificate", "update_certificate", "delete_certificate", "backup_certificate", "get_certificate_policy",
        "recover_deleted_certificate", "purge_deleted_certificate",
    ],
)  # fmt: skip
def test_an_unknown_certificate_gets_one_sentence_everywhere(vault, call):
    with pytest.raises(CertificateNotFound) as refusal:
        getattr(vault, call)("Unknown-1")

    assert (refusal.value.status, refusal.value.code) == (404, "CertificateNotFound")
    assert refusal.value.message == (
        "A certificate with (name/id) Unknown-1 was not found in this key vault. If you recently deleted this certificate "
        "you may be able to recover it using the correct recovery command. For help resolving this issue, please see "
        "https://go.microsoft.com/fwlink/?linkid=2125182"
    )


@pytest.mark.parity("pending-not-found")
@pytest.mark.parametrize(
    ("call", "arguments", "word"),
    [
        ("get_certificate_operation", (), "certificate"), ("update_certificate_operation", (), "certificate"),
        ("delete_certificate_operation", (), "certificate"), ("merge_certificate", (b"x",), "Certificate"),
    ],
)  # fmt: skip
def test_an_unknown_operation_is_spelt_as_the_service_spells_it(vault, call, arguments, word):
    with pytest.raises(VaultError) as refusal:
        getattr(vault, call)("web", *arguments)

    assert (refusal.value.status, refusal.value.code) == (404, "PendingCertificateNotFound")
    assert refusal.value.message == f"Pending {word} not found: web"


@pytest.mark.parity("bundle-members", "merge-answer")
def test_policy_and_pending_stand_in_the_answers_about_the_latest_version(vault):
    first = ["id", "kid", "sid", "x5t", "cer", "attributes", "tags", "policy", "pending"]
    key, ca = ec_key(), OutsideCA()

    assert list(wire(finish(vault, tags={"a": "b"}))) == first
    assert list(wire(vault.update_certificate("web"))) == first
    assert list(wire(vault.delete_certificate("web"))) == ["recoveryId", "deletedDate", "scheduledPurgeDate", *first]
    assert list(wire(vault.get_deleted_certificate("web")))[3:] == first
    assert list(wire(vault.recover_deleted_certificate("web"))) == first
    operation = vault.create_certificate("own", ec_policy(issuer="Unknown"), tags={"a": "b"})
    assert list(wire(vault.merge_certificate("own", ca.leaf_of_request(operation.csr)))) == first
    imported = vault.import_certificate("file", pfx_file(key, self_signed(key)), tags={"a": "b"})
    assert list(wire(imported)) == first[:-1]


@pytest.mark.parity("preserve-order-members")
def test_preserve_cert_order_stands_where_the_service_puts_it(vault):
    running = vault.create_certificate("web", ec_policy(), preserve_cert_order=True)
    vault.process_due()

    assert list(wire(running))[-3:] == ["status_details", "preserveCertOrder", "request_id"]
    assert list(wire(vault.get_certificate_operation("web")))[-3:] == ["preserveCertOrder", "target", "request_id"]
    assert list(wire(vault.get_certificate("web")))[-1] == "preserveCertOrder"
    assert "preserveCertOrder" not in wire(vault.create_certificate("web", preserve_cert_order=False))


@pytest.mark.parity("serial")
def test_a_serial_number_has_16_octets_and_is_positive(vault):
    serials = [parsed(finish(vault)).serial_number for _ in range(20)]

    assert 120 < max(serial.bit_length() for serial in serials) <= 127
    assert min(serials) > 0


@pytest.mark.parity("csr")
def test_a_request_is_version_1_signed_with_sha256_and_has_one_attribute(vault):
    operation = vault.create_certificate("web", ec_policy(crv="P-521"))

    request = x509.load_der_x509_csr(operation.csr)
    # Version 1 is written as INTEGER 0, right after the sequence's header.
    assert b"\x02\x01\x00" in request.tbs_certrequest_bytes[:8]
    assert request.signature_hash_algorithm.name == "sha256"
    assert [attribute.oid.dotted_string for attribute in request.attributes] == ["1.2.840.113549.1.9.14"]
    assert request.is_signature_valid


@pytest.mark.parity("hsm-not-exportable")
@pytest.mark.parametrize("kty", ["RSA-HSM", "EC-HSM"])
def test_an_hsm_key_can_not_leave(vault, kty):
    policy = {"issuer": {"name": "Self"}, "key_props": {"kty": kty}, "x509_props": {"subject": "CN=a"}}
    finish(vault, policy=policy)

    assert vault.get_certificate_policy("web").key_props.exportable is False
    assert vault.get_key("web").key.kty == kty
    policy["key_props"]["exportable"] = True
    with pytest.raises(InvalidProperty, match="exportable"):
        vault.create_certificate("web", policy)


@pytest.mark.parity("issuer-members")
def test_a_policy_echoes_what_only_an_issuer_reads_and_the_operation_does_not(vault):
    vault.set_certificate_issuer("MyCA", provider="Test")
    issuer = {"name": "MYCA", "cty": "EV-SSL", "cert_transparency": False}

    operation = vault.create_certificate("web", {"issuer": issuer, "x509_props": {"subject": "CN=a"}})

    assert wire(operation)["issuer"] == {"name": "MYCA"}
    assert wire(vault.get_certificate_policy("web"))["issuer"] == issuer


@pytest.mark.parity("policy-in-update")
def test_a_policy_in_an_update_of_the_certificate_changes_the_stored_one(vault):
    bundle = finish(vault, policy=ec_policy(validity_months=3))

    updated = vault.update_certificate("web", policy={"x509_props": {"validity_months": 5}})

    assert updated.policy.x509_props.validity_months == 5
    assert (updated.policy.x509_props.subject, updated.cer) == ("CN=contoso.com", bundle.cer)


@pytest.mark.parity("pending-kept")
def test_a_finished_operation_stays_until_it_is_deleted_or_replaced(vault, clock):
    first = vault.create_certificate("web", ec_policy())
    clock.advance(days=30)

    assert vault.get_certificate("web").pending.id == f"{URL}/certificates/web/pending"
    assert vault.get_certificate_operation("web").request_id == first.request_id
    second = vault.create_certificate("web")
    clock.advance(1)
    assert vault.get_certificate_operation("web").request_id == second.request_id != first.request_id
    vault.delete_certificate_operation("web")
    assert vault.get_certificate("web").pending is None


@pytest.mark.parity("pending-deleted")
def test_a_certificate_whose_first_version_is_pending_can_be_deleted(vault):
    vault.create_certificate("web", ec_policy(issuer="Unknown"))
    vault.create_certificate("gone", ec_policy(issuer="Unknown"))
    vault.delete_certificate_operation("gone")

    deleted = ["recoveryId", "deletedDate", "scheduledPurgeDate", "id", "attributes", "policy"]
    assert list(wire(vault.delete_certificate("web"))) == [*deleted, "pending"]
    assert list(wire(vault.delete_certificate("gone"))) == deleted


@pytest.mark.parity("import-pem-words", "import-pfx-words", "import-mismatch-words")
@pytest.mark.parametrize("kind", ["PEM", "PFX", "mismatch"])
def test_a_refused_import_gets_the_services_words(vault, kind):
    key = ec_key()
    leaf = self_signed(key)
    value, sentence = {
        "PEM": (
            pem_file(key, leaf).replace("\n", "\r\n"),
            (
                "The specified PEM X.509 certificate content is in an unexpected format. Please check if certificate is in "
                "valid PEM format."
            ),
        ),
        "PFX": (
            pfx_file(key, leaf, password=b"a password"),
            (
                "The specified PKCS#12 X.509 certificate content can not be read. Please check if certificate is in valid "
                "PKCS#12 format."
            ),
        ),
        "mismatch": (
            pkcs8_pem(ec_key()) + pem_of(leaf),
            (
                "The public key of the end-entity certificate in the specified X.509 certificate content does not match the "
                "public part of the specified private key. Please check if certificate is valid."
            ),
        ),
    }[kind]

    with pytest.raises(VaultError) as refusal:
        vault.import_certificate("web", value, policy=None if kind == "PFX" else PEM)

    assert (refusal.value.status, refusal.value.code, refusal.value.message) == (400, "BadParameter", sentence)


@pytest.mark.parity("import-version")
def test_an_import_on_a_used_name_replaces_the_policy(vault, clock):
    first = finish(vault, policy=ec_policy("CN=made", validity_months=3, reuse_key=True))
    key = ec_key()
    clock.advance(5)

    bundle = vault.import_certificate("web", pfx_file(key, self_signed(key)))

    policy = bundle.policy
    assert (policy.x509_props.subject, policy.issuer.name) == ("CN=import.contoso.com", "Unknown")
    assert policy.key_props.reuse_key is False
    assert policy.attributes.updated - policy.attributes.created == 5
    assert vault.get_certificate("web", version_of(first)).cer == first.cer


@pytest.mark.parity("import-ca")
def test_basic_constraints_of_an_imported_certificate_are_copied(vault):
    key = ec_key()
    leaf = self_signed(key, extensions=[(x509.BasicConstraints(ca=True, path_length=None), True)])

    assert vault.import_certificate("web", pfx_file(key, leaf)).policy.x509_props.basic_constraints.ca is True


@pytest.mark.parity("import-no-names")
def test_names_are_left_out_of_the_inferred_policy_if_the_certificate_has_none(vault):
    key = ec_key()

    bundle = vault.import_certificate("web", pfx_file(key, self_signed(key)))

    assert "sans" not in wire(bundle)["policy"]["x509_props"]


@pytest.mark.parity("latest", "list-latest")
def test_the_latest_version_is_the_newest_even_if_it_is_disabled(vault):
    finish(vault)
    newest = finish(vault, attributes={"enabled": False})

    assert vault.get_certificate("web").id == newest.id
    (item,) = vault.get_certificates()
    assert (item.x5t, item.attributes.enabled) == (newest.x5t, False)


@pytest.mark.parity("contact-address", "contacts-empty")
def test_contacts_need_an_address_and_may_be_nobody(vault):
    with pytest.raises(InvalidProperty, match="email"):
        vault.set_certificate_contacts([{"name": "Ada", "phone": "1"}])

    vault.set_certificate_contacts([])
    assert wire(vault.get_certificate_contacts()) == {"id": f"{URL}/certificates/contacts", "contacts": []}


@pytest.mark.parity("purge_deleted_key", "purge_deleted_secret")
def test_a_purged_plain_key_or_secret_is_gone_and_its_name_is_free(vault):
    vault.create_key("web", "EC")
    vault.set_secret("web", "value")
    vault.delete_key("web")
    vault.delete_secret("web")

    assert vault.purge_deleted_key("web") is vault.purge_deleted_secret("web") is None

    for read in (vault.get_deleted_key, vault.get_deleted_secret):
        with pytest.raises(DeletedItemNotFound):
            read("web")
    assert vault.get_deleted_keys() == vault.get_deleted_secrets() == []
    assert finish(vault, "web", ec_policy()).cer


@pytest.mark.parity("backup-versions")
def test_a_backup_stops_at_so_many_versions(vault, monkeypatch):
    assert archive.VERSION_LIMIT == 500
    monkeypatch.setattr(archive, "VERSION_LIMIT", 2)
    finish(vault)
    finish(vault)
    assert vault.backup_certificate("web").value
    finish(vault)

    with pytest.raises(InvalidProperty, match="at most 2 versions"):
        vault.backup_certificate("web")
