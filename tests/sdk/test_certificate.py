"""The life of a certificate, as the live tests of the SDKs tell it."""

import base64
import hashlib

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.rest import HttpRequest
from azure.keyvault.certificates import (
    ApiVersion,
    CertificatePolicyAction,
    KeyUsageType,
    KeyVaultCertificateIdentifier,
    LifetimeAction,
)
from cryptography import x509

from tests.sdk.policy import created, ec_policy, leaf_of, rsa_policy


@pytest.mark.parity("create_certificate", "get_certificate", "self-signed", "create-attributes", "sdk-create")
def test_create_with_a_poller_and_get(way, name):
    policy = ec_policy(
        subject="CN=contoso.com, O=Contoso",
        san_dns_names=["contoso.com", "www.contoso.com"],
        san_emails=["info@contoso.com"],
        enhanced_key_usage=["1.3.6.1.5.5.7.3.1"],
        key_usage=[KeyUsageType.digital_signature],
        validity_in_months=24,
    )

    made = created(way, name, policy, tags={"team": "web"})

    leaf = leaf_of(made)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert leaf.subject == leaf.issuer
    assert leaf.subject.rfc4514_string() == "CN=contoso.com,O=Contoso"
    assert names.get_values_for_type(x509.DNSName) == ["contoso.com", "www.contoso.com"]
    assert names.get_values_for_type(x509.RFC822Name) == ["info@contoso.com"]
    assert leaf.not_valid_after_utc == made.properties.expires_on
    assert leaf.not_valid_before_utc == made.properties.not_before
    assert made.properties.x509_thumbprint == hashlib.sha1(bytes(made.cer)).digest()
    assert made.properties.tags == {"team": "web"}
    assert made.properties.enabled
    assert made.policy.subject == "CN=contoso.com, O=Contoso"
    assert made.policy.validity_in_months == 24
    assert made.policy.key_type == "EC"
    again = way.certificates.get_certificate(name)
    assert bytes(again.cer) == bytes(made.cer)
    assert again.properties.version == made.properties.version


def test_the_poller_waits_the_interval_it_is_told_or_its_own(way, name):
    way.certificates.begin_create_certificate(f"{name}-default", ec_policy()).wait()
    way.certificates.begin_create_certificate(f"{name}-quick", ec_policy(), _polling_interval=0.01).wait()

    assert way.certificates.get_certificate_operation(f"{name}-default").status == "completed"
    assert way.certificates.get_certificate_operation(f"{name}-quick").status == "completed"


def test_ids_are_read_by_the_identifier_class(way, name):
    made = created(way, name)

    read = KeyVaultCertificateIdentifier(made.id)

    assert (read.source_id, read.vault_url, read.name, read.version) == (
        made.id, way.vault_url, name, made.properties.version
    )  # fmt: skip
    assert KeyVaultCertificateIdentifier(f"{way.vault_url}/certificates/{name}").version is None
    assert made.key_id == f"{way.vault_url}/keys/{name}/{made.properties.version}"
    assert made.secret_id == f"{way.vault_url}/secrets/{name}/{made.properties.version}"


@pytest.mark.parity("get_certificate", "get_certificate_versions", "sdk-paging")
def test_versions_come_over_several_pages(way, name):
    made = {created(way, name).properties.version for _ in range(5)}

    pages = [
        list(page) for page in way.certificates.list_properties_of_certificate_versions(name, max_page_size=2).by_page()
    ]

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [item.version for page in pages for item in page] == sorted(made)
    assert all(item.name == name and item.x509_thumbprint for page in pages for item in page)
    version = min(made)
    assert way.certificates.get_certificate_version(name, version).properties.version == version
    assert list(way.certificates.list_properties_of_certificate_versions(f"{name}-unknown")) == []


@pytest.mark.parity("get_certificates", "lists", "sdk-paging")
def test_lists_come_over_several_pages(way, name):
    names = [f"{name}-{number}" for number in range(7)]
    for each in reversed(names):
        created(way, each)
    waiting = f"{name}-waiting"
    way.certificates.begin_create_certificate(waiting, ec_policy("Unknown")).wait()

    def listed(**options):
        pages = way.certificates.list_properties_of_certificates(max_page_size=3, **options).by_page()
        return [item for page in pages for item in page if item.name.startswith(name)]

    assert [item.name for item in listed()] == names
    assert [item.name for item in listed(include_pending=True)] == [*names, waiting]
    assert all(item.id == f"{way.vault_url}/certificates/{item.name}" for item in listed())
    assert all(item.enabled and item.expires_on and item.version is None for item in listed())


@pytest.mark.parity("update_certificate", "get_secret", "sign")
def test_update_of_tags_and_of_enabled(way, name):
    made = created(way, name, tags={"a": "b"})

    changed = way.certificates.update_certificate_properties(name, tags={"c": "d"})
    off = way.certificates.update_certificate_properties(name, version=made.properties.version, enabled=False)

    assert changed.properties.tags == off.properties.tags == {"c": "d"}
    assert changed.properties.updated_on >= made.properties.updated_on
    assert not off.properties.enabled
    assert bytes(way.certificates.get_certificate(name).cer) == bytes(made.cer)
    with pytest.raises(HttpResponseError) as closed:
        way.secrets.get_secret(name)
    assert (closed.value.status_code, closed.value.error.code) == (403, "Forbidden")
    assert closed.value.error.innererror == {"code": "SecretDisabled"}
    way.certificates.update_certificate_properties(name, enabled=True)
    assert way.secrets.get_secret(name).value


def test_a_certificate_can_be_born_disabled(way, name):
    assert not created(way, name, enabled=False).properties.enabled


@pytest.mark.parity("get_certificate_policy", "update_certificate_policy", "patch-policy", "policy-defaults")
def test_policy_get_and_update(way, name):
    created(way, name, ec_policy(san_dns_names=["contoso.com"], exportable=True))
    policy = way.certificates.get_certificate_policy(name)
    assert policy.lifetime_actions[0].action == CertificatePolicyAction.auto_renew
    assert policy.lifetime_actions[0].lifetime_percentage == 80
    assert policy.content_type == "application/x-pkcs12"
    assert policy.created_on

    policy._subject = "CN=renamed.contoso.com"
    policy._lifetime_actions = [LifetimeAction(CertificatePolicyAction.email_contacts, days_before_expiry=30)]
    changed = way.certificates.update_certificate_policy(name, policy)

    assert changed.subject == "CN=renamed.contoso.com"
    assert changed.san_dns_names == ["contoso.com"]
    assert changed.lifetime_actions[0].days_before_expiry == 30
    second = created(way, name, changed)
    assert leaf_of(second).subject.rfc4514_string() == "CN=renamed.contoso.com"


@pytest.mark.parity(
    "delete_certificate", "get_deleted_certificate", "get_deleted_certificates", "recover_deleted_certificate",
    "purge_deleted_certificate", "soft-delete", "sdk-deleted",
)  # fmt: skip
def test_delete_recover_purge_with_pollers(way, name):
    made = created(way, name)

    deleted = way.certificates.begin_delete_certificate(name).result()

    assert (deleted.name, deleted.recovery_id) == (name, f"{way.vault_url}/deletedcertificates/{name}")
    assert (deleted.scheduled_purge_date - deleted.deleted_on).days == 90
    with pytest.raises(ResourceNotFoundError) as gone:
        way.certificates.get_certificate(name)
    assert gone.value.error.code == "CertificateNotFound"
    with pytest.raises(ResourceExistsError) as taken:
        way.certificates.begin_create_certificate(name, ec_policy())
    assert taken.value.error.innererror == {"code": "ObjectIsDeletedButRecoverable"}
    assert bytes(way.certificates.get_deleted_certificate(name).cer) == bytes(made.cer)
    assert name in {item.name for item in way.certificates.list_deleted_certificates()}
    recovered = way.certificates.begin_recover_deleted_certificate(name).result()
    assert recovered.id == made.id
    assert bytes(way.certificates.get_certificate(name).cer) == bytes(made.cer)
    way.certificates.begin_delete_certificate(name).wait()
    assert way.certificates.purge_deleted_certificate(name) is None
    with pytest.raises(ResourceNotFoundError):
        way.certificates.get_deleted_certificate(name)
    assert created(way, name).id != made.id


@pytest.mark.parity("get_deleted_certificates")
def test_deleted_ones_come_over_several_pages(way, name):
    names = [f"{name}-{number}" for number in range(4)]
    for each in names:
        created(way, each)
        way.certificates.begin_delete_certificate(each).wait()

    pages = [list(page) for page in way.certificates.list_deleted_certificates(max_page_size=1).by_page()]

    assert all(len(page) <= 1 for page in pages)
    assert [item.name for page in pages for item in page if item.name.startswith(name)] == names
    assert all(item.deleted_on and item.recovery_id for page in pages for item in page)


@pytest.mark.parity("backup_certificate", "restore_certificate", "backup")
def test_backup_and_restore(way, name):
    first = created(way, name, tags={"a": "b"})
    second = created(way, name)
    blob = way.certificates.backup_certificate(name)
    with pytest.raises(ResourceExistsError) as conflict:
        way.certificates.restore_certificate_backup(blob)
    assert conflict.value.error.code == "Conflict"
    way.certificates.begin_delete_certificate(name).wait()
    way.certificates.purge_deleted_certificate(name)

    restored = way.certificates.restore_certificate_backup(blob)

    assert restored.id == second.id
    assert bytes(way.certificates.get_certificate_version(name, first.properties.version).cer) == bytes(first.cer)
    assert way.secrets.get_secret(name).value
    with pytest.raises(HttpResponseError) as corrupt:
        way.certificates.restore_certificate_backup(b"no backup at all")
    assert corrupt.value.error.code == "Malformed backup blob"


@pytest.mark.parity("create_certificate", "get_certificate", "get_secret")
def test_every_version_of_the_api_that_the_clients_know(way, name):
    for version in ApiVersion:
        clients = way.clients(api_version=version)

        made = created(clients, name)

        assert bytes(clients.certificates.get_certificate(name).cer) == bytes(made.cer), version
        assert clients.secrets.get_secret(name).properties.version == made.properties.version
        assert clients.certificates.backup_certificate(name)
    assert len(list(way.certificates.list_properties_of_certificate_versions(name))) == len(ApiVersion)


def test_send_request_goes_through_the_clients_own_pipeline(way, name):
    made = created(way, name)

    answer = way.certificates.send_request(HttpRequest("GET", f"certificates/{name}"))
    missing = way.certificates.send_request(HttpRequest("GET", f"{way.vault_url}/certificates/{name}-unknown"))

    assert answer.status_code == 200
    assert answer.json()["cer"] == base64.b64encode(bytes(made.cer)).decode()
    assert answer.headers["x-ms-request-id"] != missing.headers["x-ms-request-id"]
    assert missing.status_code == 404
    with pytest.raises(HttpResponseError, match="CertificateNotFound"):
        missing.raise_for_status()


def test_what_is_not_there_is_resource_not_found(way, name):
    client = way.certificates
    for call in (
        client.get_certificate,
        lambda name: client.get_certificate_version(name, "0" * 32),
        client.get_certificate_policy,
        client.get_certificate_operation,
        client.begin_delete_certificate,
        client.get_deleted_certificate,
        client.begin_recover_deleted_certificate,
        client.purge_deleted_certificate,
        client.backup_certificate,
        lambda name: client.update_certificate_properties(name, tags={}),
        client.delete_certificate_operation,
        client.cancel_certificate_operation,
        lambda name: client.merge_certificate(name, [b"0"]),
        client.get_issuer,
        client.delete_issuer,
    ):
        with pytest.raises(ResourceNotFoundError) as missing:
            call(name)
        assert missing.value.status_code == 404
        assert missing.value.error.code.endswith("NotFound")


@pytest.mark.parity("permissions", "authorised-first")
def test_who_may_not_is_told_so_before_anything_else(way, name):
    created(way, name)
    reader = way.principal(certificates=["list"])

    assert name in {item.name for item in reader.certificates.list_properties_of_certificates()}
    for asked in (name, f"{name}-unknown"):
        with pytest.raises(HttpResponseError) as forbidden:
            reader.certificates.get_certificate(asked)
        assert (forbidden.value.status_code, forbidden.value.error.code) == (403, "Forbidden")
        assert forbidden.value.error.innererror == {"code": "ForbiddenByPolicy"}


@pytest.mark.parity("bad-subject", "unknown-issuer")
def test_a_policy_that_can_not_be_is_a_bad_parameter(way, name):
    for policy, said in (
        (ec_policy(subject="contoso"), "X.500"),
        (ec_policy("no-such-issuer"), "issuer"),
        (ec_policy(validity_in_months=0), "validity_months"),
        (rsa_policy(key_size=1024), "key_size"),
    ):
        with pytest.raises(HttpResponseError, match=said) as refused:
            way.certificates.begin_create_certificate(name, policy)
        assert (refused.value.status_code, refused.value.error.code) == (400, "BadParameter")
