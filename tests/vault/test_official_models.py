"""The official clients' own models read the vault's answers: every member they know arrives, none is misread."""

import base64
from datetime import UTC, datetime

import pytest

from tests.vault.make import OutsideCA, ec_policy, finish, version_of

certificates = pytest.importorskip("azure.keyvault.certificates")
keys = pytest.importorskip("azure.keyvault.keys")
secrets = pytest.importorskip("azure.keyvault.secrets")
certificate_models = pytest.importorskip("azure.keyvault.certificates._generated.models")
key_models = pytest.importorskip("azure.keyvault.keys._generated.models")
secret_models = pytest.importorskip("azure.keyvault.secrets._generated.models")

ID = "https://kvlab.vault.azure.net"
START = datetime(2026, 6, 1, 9, tzinfo=UTC)


def read(model, answer):
    """An answer as the generated layer of a client reads it from JSON."""
    return model(answer.model_dump(mode="json"))


def test_a_certificate(vault):
    bundle = finish(vault, policy=ec_policy(dns_names=["contoso.com"]), tags={"a": "b"})

    found = certificates.KeyVaultCertificate._from_certificate_bundle(
        read(certificate_models.CertificateBundle, bundle)
    )

    properties = found.properties
    assert (found.name, properties.version, found.id) == ("web", version_of(bundle), bundle.id)
    assert (found.key_id, found.secret_id, bytes(found.cer)) == (bundle.kid, bundle.sid, bundle.cer)
    assert (properties.x509_thumbprint, properties.tags, properties.enabled) == (bundle.x5t, {"a": "b"}, True)
    assert (properties.created_on, properties.updated_on) == (START, START)
    assert int(properties.expires_on.timestamp()) == bundle.attributes.exp
    assert (properties.recovery_level, properties.recoverable_days) == ("Recoverable+Purgeable", 90)
    policy = found.policy
    assert (policy.issuer_name, policy.subject, policy.san_dns_names) == ("Self", "CN=contoso.com", ["contoso.com"])
    assert (policy.key_type, policy.key_curve_name, policy.content_type) == ("EC", "P-256", "application/x-pkcs12")
    assert (policy.validity_in_months, policy.lifetime_actions[0].lifetime_percentage) == (12, 80)


def test_an_operation(vault):
    operation = vault.create_certificate("web", ec_policy(issuer="Unknown"))

    model = read(certificate_models.CertificateOperation, operation)
    found = certificates.CertificateOperation._from_certificate_operation_bundle(model)

    assert (found.name, found.status, found.issuer_name, found.csr) == ("web", "inProgress", "Unknown", operation.csr)
    assert (found.cancellation_requested, found.request_id, found.error) == (False, operation.request_id, None)
    assert found.status_details.startswith("Pending certificate created. Please Perform Merge")


def test_certificates_in_lists_and_deleted_ones(vault):
    bundle = finish(vault)

    item = certificates.CertificateProperties._from_certificate_item(
        read(certificate_models.CertificateItem, vault.get_certificates()[0])
    )
    assert (item.name, item.version, item.x509_thumbprint) == ("web", None, bundle.x5t)
    deleted = vault.delete_certificate("web")
    for found in (
        certificates.DeletedCertificate._from_deleted_certificate_bundle(
            read(certificate_models.DeletedCertificateBundle, deleted)
        ),
        certificates.DeletedCertificate._from_deleted_certificate_item(
            read(certificate_models.DeletedCertificateItem, vault.get_deleted_certificates()[0])
        ),
    ):
        assert (found.name, found.recovery_id) == ("web", f"{ID}/deletedcertificates/web")
        assert found.deleted_on == START
        assert (found.scheduled_purge_date - found.deleted_on).days == 90
        assert found.properties.recoverable_days == 90


def test_issuers_and_contacts(vault):
    details = {"id": "1", "admin_details": [{"first_name": "A", "email": "a@contoso.com"}]}
    issuer = vault.set_certificate_issuer(
        "ca", provider="DigiCert", credentials={"account_id": "9", "pwd": "key"}, org_details=details
    )
    contacts = vault.set_certificate_contacts([{"email": "a@contoso.com", "phone": "1"}])

    found = certificates.CertificateIssuer._from_issuer_bundle(read(certificate_models.IssuerBundle, issuer))
    assert (found.name, found.provider, found.account_id, found.enabled) == ("ca", "DigiCert", "9", True)
    assert (found.organization_id, found.admin_contacts[0].first_name, found.created_on) == ("1", "A", START)
    items = [read(certificate_models.CertificateIssuerItem, item) for item in vault.get_certificate_issuers()]
    assert [certificates.IssuerProperties._from_issuer_item(item).name for item in items] == ["ca"]
    model = read(certificate_models.Contacts, contacts)
    found = [certificates.CertificateContact._from_certificate_contacts_item(item) for item in model.contact_list]
    assert [(each.email, each.name, each.phone) for each in found] == [("a@contoso.com", None, "1")]


@pytest.mark.parametrize("managed", [True, False], ids=["managed", "plain"])
def test_a_key(vault, managed):
    bundle = vault.get_key("web") if finish(vault) and managed else vault.create_key("k", "EC", tags={"a": "b"})

    found = keys.KeyVaultKey._from_key_bundle(read(key_models.KeyBundle, bundle))

    assert (found.id, found.key_type, found.key_operations) == (bundle.key.kid, "EC", ["sign", "verify"])
    assert (found.key.x, found.key.y, found.key.crv) == (bundle.key.x, bundle.key.y, "P-256")
    properties = found.properties
    assert (properties.managed, properties.tags) == ((True, None) if managed else (None, {"a": "b"}))
    assert (properties.exportable, properties.hsm_platform, properties.recoverable_days) == (False, "0", 90)
    assert (properties.enabled, properties.created_on) == (True, START)


def test_keys_in_lists_and_deleted_ones(vault):
    finish(vault)
    vault.create_key("k", "RSA-HSM")

    found = [keys.KeyProperties._from_key_item(read(key_models.KeyItem, item)) for item in vault.get_keys()]
    assert [(each.name, each.managed, each.hsm_platform) for each in found] == [("k", None, "2"), ("web", True, "0")]
    deleted = keys.DeletedKey._from_deleted_key_bundle(read(key_models.DeletedKeyBundle, vault.delete_key("k")))
    listed = keys.DeletedKey._from_deleted_key_item(read(key_models.DeletedKeyItem, vault.get_deleted_keys()[0]))
    for each in (deleted, listed):
        assert (each.name, each.recovery_id, each.deleted_date) == ("k", f"{ID}/deletedkeys/k", START)
    assert deleted.key.n


def test_a_key_as_the_client_sends_it_is_imported(vault):
    key = OutsideCA().key
    numbers = key.private_numbers()
    x, y, d = (
        number.to_bytes(32, "big")
        for number in (numbers.public_numbers.x, numbers.public_numbers.y, numbers.private_value)
    )
    sent = keys.JsonWebKey(kty="EC", crv="P-256", key_ops=["sign"], x=x, y=y, d=d)._to_generated_model()

    bundle = vault.import_key("k", dict(sent))

    assert (bundle.key.x, bundle.key.y, bundle.key.key_ops) == (x, y, ["sign"])


def test_secrets(vault):
    first, second = finish(vault), finish(vault)
    vault.set_secret("s", "x", content_type="text/plain", tags={"a": "b"}, attributes={"exp": 2_000_000_000})

    managed = secrets.KeyVaultSecret._from_secret_bundle(read(secret_models.SecretBundle, vault.get_secret("web")))
    assert base64.b64decode(managed.value)
    properties = managed.properties
    assert (properties.managed, properties.key_id, properties.id) == (True, second.kid, second.sid)
    assert (properties.content_type, properties.previous_version) == ("application/x-pkcs12", version_of(first))
    plain = secrets.KeyVaultSecret._from_secret_bundle(read(secret_models.SecretBundle, vault.get_secret("s")))
    properties = plain.properties
    assert (plain.value, properties.content_type, properties.tags) == ("x", "text/plain", {"a": "b"})
    assert (properties.managed, properties.previous_version) == (None, None)
    assert properties.expires_on == datetime.fromtimestamp(2_000_000_000, UTC)
    listed = [
        secrets.SecretProperties._from_secret_item(read(secret_models.SecretItem, i)) for i in vault.get_secrets()
    ]
    assert [(each.name, each.managed, each.recoverable_days) for each in listed] == [("s", None, 90), ("web", True, 90)]
    model = read(secret_models.DeletedSecretBundle, vault.delete_secret("s"))
    deleted = secrets.DeletedSecret._from_deleted_secret_bundle(model)
    model = read(secret_models.DeletedSecretItem, vault.get_deleted_secrets()[0])
    for each in (deleted, secrets.DeletedSecret._from_deleted_secret_item(model)):
        assert (each.name, each.recovery_id, each.deleted_date) == ("s", f"{ID}/deletedsecrets/s", START)


def test_backups_and_results(vault):
    vault.create_key("k", "RSA")
    vault.set_secret("s", "x")
    finish(vault)
    for model, backup, member in (
        (key_models.BackupKeyResult, vault.backup_key("k"), "value"),
        (secret_models.BackupSecretResult, vault.backup_secret("s"), "value"),
        (certificate_models.BackupCertificateResult, vault.backup_certificate("web"), "value"),
        (key_models.KeyOperationResult, vault.sign("k", "RS256", bytes(32)), "result"),
    ):
        assert getattr(read(model, backup), member) == backup.value
    signature = vault.sign("k", "RS256", bytes(32)).value
    assert read(key_models.KeyVerifyResult, vault.verify("k", "RS256", bytes(32), signature)).value is True
