"""Plain secrets, as the live tests of the SDKs tell it."""

from datetime import UTC, datetime, timedelta

import azure.keyvault.secrets
import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.keyvault.secrets import KeyVaultSecretIdentifier

from tests.sdk.policy import created
from tests.vault.make import pem_of

SOON = datetime(2050, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parity("set_secret", "get_secret", "get_secret_versions", "update_secret")
def test_set_get_versions_update(way, name):
    first = way.secrets.set_secret(
        name,
        "first",
        content_type="text/plain",
        tags={"a": "b"},
        enabled=True,
        not_before=SOON - timedelta(days=365 * 25),
        expires_on=SOON,
    )
    second = way.secrets.set_secret(name, "second")

    assert (first.value, first.properties.content_type, first.properties.tags) == ("first", "text/plain", {"a": "b"})
    assert first.properties.expires_on == SOON
    assert way.secrets.get_secret(name).value == "second"
    assert way.secrets.get_secret(name, first.properties.version).value == "first"
    read = KeyVaultSecretIdentifier(second.id)
    assert (read.vault_url, read.name, read.version) == (way.vault_url, name, second.properties.version)
    pages = [list(page) for page in way.secrets.list_properties_of_secret_versions(name, max_page_size=1).by_page()]
    assert sorted(item.version for page in pages for item in page) == sorted(
        [first.properties.version, second.properties.version]
    )
    changed = way.secrets.update_secret_properties(
        name, first.properties.version, tags={"c": "d"}, content_type="x", enabled=False
    )
    assert (changed.tags, changed.content_type, changed.enabled) == ({"c": "d"}, "x", False)
    with pytest.raises(HttpResponseError) as disabled:
        way.secrets.get_secret(name, first.properties.version)
    assert (disabled.value.status_code, disabled.value.error.innererror["code"]) == (403, "SecretDisabled")


@pytest.mark.parity("get_secrets", "get_deleted_secrets", "sdk-paging")
def test_lists_over_several_pages(way, name):
    names = [f"{name}-{number}" for number in range(5)]
    for each in reversed(names):
        way.secrets.set_secret(each, "value")

    def listed(items):
        pages = [list(page) for page in items.by_page()]
        assert all(len(page) <= 2 for page in pages)
        return [item.name for page in pages for item in page if item.name.startswith(name)]

    assert listed(way.secrets.list_properties_of_secrets(max_page_size=2)) == names
    for each in names:
        way.secrets.begin_delete_secret(each).wait()
    assert listed(way.secrets.list_deleted_secrets(max_page_size=2)) == names
    assert listed(way.secrets.list_properties_of_secrets(max_page_size=2)) == []


@pytest.mark.parity(
    "delete_secret", "get_deleted_secret", "recover_deleted_secret", "purge_deleted_secret", "backup_secret",
    "restore_secret",
)  # fmt: skip
def test_delete_recover_backup_purge_restore(way, name):
    made = way.secrets.set_secret(name, "kept")

    deleted = way.secrets.begin_delete_secret(name).result()
    assert deleted.recovery_id == f"{way.vault_url}/deletedsecrets/{name}"
    assert way.secrets.get_deleted_secret(name).scheduled_purge_date == deleted.scheduled_purge_date
    with pytest.raises(ResourceNotFoundError, match="SecretNotFound"):
        way.secrets.get_secret(name)
    with pytest.raises(ResourceExistsError):
        way.secrets.set_secret(name, "again")
    assert way.secrets.begin_recover_deleted_secret(name).result().id == made.id
    blob = way.secrets.backup_secret(name)
    way.secrets.begin_delete_secret(name).wait()
    way.secrets.purge_deleted_secret(name)
    with pytest.raises(ResourceNotFoundError):
        way.secrets.get_deleted_secret(name)
    assert way.secrets.restore_secret_backup(blob).version == made.properties.version
    assert way.secrets.get_secret(name).value == "kept"


@pytest.mark.parity("managed", "managed-verbs")
def test_what_a_certificate_manages_is_read_only(way, name):
    created(way, name)

    assert [item.managed for item in way.secrets.list_properties_of_secrets() if item.name == name] == [True]
    for call, said in (
        (lambda: way.secrets.set_secret(name, "other"), '"set"'),
        (lambda: way.secrets.update_secret_properties(name, tags={}), "lifetime is managed"),
        (lambda: way.secrets.begin_delete_secret(name), "lifetime is managed"),
    ):
        with pytest.raises(HttpResponseError, match=said) as refused:
            call()
        assert (refused.value.status_code, refused.value.error.innererror["code"]) == (403, "SecretManagedByKeyVault")


@pytest.mark.parity("get_secret", "out-content-type")
def test_a_pfx_secret_comes_as_pem_if_asked(way, name):
    if not hasattr(azure.keyvault.secrets, "ContentType"):
        pytest.skip("this release of the SDK can not ask")
    made = created(way, name)

    pem = way.secrets.get_secret(name, out_content_type="application/x-pem-file")

    assert pem.value.startswith("-----BEGIN PRIVATE KEY-----")
    assert pem.value.endswith(pem_of(bytes(made.cer)))
    assert pem.properties.content_type == "application/x-pem-file"
    assert way.secrets.get_secret(name).properties.content_type == "application/x-pkcs12"
