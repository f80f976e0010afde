"""Plain keys, as the live tests of the SDKs tell it."""

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.keyvault.keys import JsonWebKey, KeyOperation, KeyVaultKeyIdentifier
from azure.keyvault.keys.crypto import SignatureAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from tests.sdk.policy import created
from tests.vault.make import digest, ec_key, rsa_key


@pytest.mark.parity("create_key", "get_key", "get_key_versions", "update_key")
def test_create_get_versions_update(way, name):
    first = way.keys.create_ec_key(name, curve="P-384", tags={"a": "b"}, key_operations=["sign", "verify"])
    second = way.keys.create_rsa_key(name, size=2048)

    assert (first.key_type, first.key.crv, first.key_operations) == ("EC", "P-384", ["sign", "verify"])
    assert (second.key_type, len(second.key.n)) == ("RSA", 256)
    assert first.key.d is None
    assert way.keys.get_key(name).id == second.id
    assert way.keys.get_key(name, first.properties.version).key.x == first.key.x
    read = KeyVaultKeyIdentifier(first.id)
    assert (read.vault_url, read.name, read.version) == (way.vault_url, name, first.properties.version)
    pages = [list(page) for page in way.keys.list_properties_of_key_versions(name, max_page_size=1).by_page()]
    assert sorted(item.id for page in pages for item in page) == sorted([first.id, second.id])
    changed = way.keys.update_key_properties(
        name, first.properties.version, tags={"c": "d"}, key_operations=["verify"], enabled=False
    )
    assert (changed.properties.tags, changed.key_operations, changed.properties.enabled) == (
        {"c": "d"},
        ["verify"],
        False,
    )


@pytest.mark.parity("get_keys", "get_deleted_keys", "sdk-paging")
def test_lists_over_several_pages(way, name):
    names = [f"{name}-{number}" for number in range(5)]
    for each in reversed(names):
        way.keys.create_ec_key(each)

    def listed(items):
        pages = [list(page) for page in items.by_page()]
        assert all(len(page) <= 2 for page in pages)
        return [item.name for page in pages for item in page if item.name.startswith(name)]

    assert listed(way.keys.list_properties_of_keys(max_page_size=2)) == names
    for each in names:
        way.keys.begin_delete_key(each).wait()
    assert listed(way.keys.list_deleted_keys(max_page_size=2)) == names
    assert listed(way.keys.list_properties_of_keys(max_page_size=2)) == []


@pytest.mark.parity(
    "delete_key", "get_deleted_key", "recover_deleted_key", "purge_deleted_key", "backup_key", "restore_key"
)
def test_delete_recover_backup_purge_restore(way, name):
    made = way.keys.create_ec_key(name)

    deleted = way.keys.begin_delete_key(name).result()
    assert deleted.recovery_id == f"{way.vault_url}/deletedkeys/{name}"
    assert way.keys.get_deleted_key(name).id == made.id
    with pytest.raises(ResourceNotFoundError, match="KeyNotFound"):
        way.keys.get_key(name)
    with pytest.raises(ResourceExistsError):
        way.keys.create_ec_key(name)
    assert way.keys.begin_recover_deleted_key(name).result().id == made.id
    blob = way.keys.backup_key(name)
    way.keys.begin_delete_key(name).wait()
    way.keys.purge_deleted_key(name)
    with pytest.raises(ResourceNotFoundError):
        way.keys.get_deleted_key(name)
    restored = way.keys.restore_key_backup(blob)
    assert (restored.id, restored.key.x) == (made.id, made.key.x)


@pytest.mark.parity("import_key", "import-key", "sign")
@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_an_imported_key_signs_as_the_key_it_is(way, name, kind):
    own = ec_key() if kind == "EC" else rsa_key()

    made = way.keys.import_key(name, _jwk(own), enabled=True, tags={"a": "b"})

    algorithm = SignatureAlgorithm.es256 if kind == "EC" else SignatureAlgorithm.rs256
    signed = way.cryptography(made).sign(algorithm, digest())
    assert made.properties.tags == {"a": "b"}
    assert way.cryptography(made.id).verify(algorithm, digest(), signed.signature).is_valid
    assert made.key.d is None


@pytest.mark.parity("managed", "managed-verbs", "key-ops")
def test_what_a_certificate_manages_is_read_only(way, name):
    certificate = created(way, name)

    key = way.keys.get_key(name)
    assert (key.id, key.properties.managed, key.key_operations) == (
        certificate.key_id, True, [KeyOperation.sign, KeyOperation.verify]
    )  # fmt: skip
    assert [item.managed for item in way.keys.list_properties_of_keys() if item.name == name] == [True]
    for call in (
        lambda: way.keys.create_ec_key(name),
        lambda: way.keys.update_key_properties(name, tags={}),
        lambda: way.keys.begin_delete_key(name),
    ):
        with pytest.raises(HttpResponseError, match="lifetime is managed") as refused:
            call()
        assert (refused.value.status_code, refused.value.error.innererror["code"]) == (403, "KeyManagedByKeyVault")


def _jwk(key):
    def octets(number, length=None):
        return number.to_bytes(length or (number.bit_length() + 7) // 8)

    numbers = key.private_numbers()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        public = numbers.public_numbers
        return JsonWebKey(
            kty="EC", crv="P-256", key_ops=["sign", "verify"],
            x=octets(public.x, 32), y=octets(public.y, 32), d=octets(numbers.private_value, 32),
        )  # fmt: skip
    public = numbers.public_numbers
    return JsonWebKey(
        kty="RSA", key_ops=["sign", "verify"], n=octets(public.n), e=octets(public.e), d=octets(numbers.d),
        p=octets(numbers.p), q=octets(numbers.q), dp=octets(numbers.dmp1), dq=octets(numbers.dmq1), qi=octets(numbers.iqmp),
    )  # fmt: skip
