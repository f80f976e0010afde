"""What a certificate means for its key, its secret, its versions and its policy."""

import base64
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kvlab import SimulatedClock, Vault, VaultError
from kvlab.errors import (
    InvalidProperty,
    ManagedKey,
    ManagedSecret,
    NameInUse,
    SecretDisabled,
    SecretExpired,
)
from tests.tool import tool
from tests.vault.make import (
    MAIL_ONLY,
    ec_key,
    ec_policy,
    finish,
    opened_pfx,
    parsed,
    pem_of,
    pfx_file,
    self_signed,
    version_of,
)

PEM = "application/x-pem-file"


@pytest.mark.parity(
    "tags-mirrored",
    "get_key",
    "get_keys",
    "get_secret",
    "get_secrets",
    "version-ids",
    "managed-lists",
    "key-attributes",
)
def test_a_certificate_its_key_and_its_secret_share_name_version_attributes_and_tags(vault):
    bundle = finish(vault, tags={"team": "web"})

    key, secret = vault.get_key("web"), vault.get_secret("web")
    assert key.key.kid == bundle.kid == secret.kid
    assert secret.id == bundle.sid
    assert secret.attributes == bundle.attributes
    own = {"exportable": False, "hsm_platform": "0"}
    assert key.attributes.model_dump(by_alias=False) == {**bundle.attributes.model_dump(by_alias=False), **own}
    assert key.tags == secret.tags == bundle.tags == {"team": "web"}
    assert key.managed is secret.managed is True
    assert [item.managed for item in (*vault.get_keys(), *vault.get_secrets())] == [True, True]


MANAGED = [
    ("create_key", ("web", "EC"), ManagedKey, "create"),
    ("update_key", ("web",), ManagedKey, "update"),
    ("delete_key", ("web",), ManagedKey, "delete"),
    ("set_secret", ("web", "value"), ManagedSecret, "set"),
    ("update_secret", ("web",), ManagedSecret, "update"),
    ("delete_secret", ("web",), ManagedSecret, "delete"),
]


@pytest.mark.parity("managed", "managed-verbs")
@pytest.mark.parametrize(("operation", "arguments", "error", "word"), MANAGED, ids=[row[0] for row in MANAGED])
def test_a_managed_key_and_secret_are_read_only(vault, operation, arguments, error, word):
    finish(vault)

    with pytest.raises(error) as refusal:
        getattr(vault, operation)(*arguments)

    assert (refusal.value.status, refusal.value.code) == (403, "Forbidden")
    assert refusal.value.inner_code == f"{'Key' if error is ManagedKey else 'Secret'}ManagedByKeyVault"
    expected = f'Operation "{word}" is not allowed as this object\'s lifetime is managed by Key Vault.'
    assert refusal.value.message == expected


@pytest.mark.parity("name-in-use-text")
def test_a_name_held_by_an_unmanaged_key_or_secret_is_taken(vault):
    vault.create_key("Key", "EC")
    vault.set_secret("Secret", "x")
    key = ec_key()

    for name in ("key", "SECRET"):
        with pytest.raises(NameInUse) as refusal:
            vault.create_certificate(name, ec_policy())
        assert (refusal.value.status, refusal.value.code, refusal.value.inner_code) == (409, "Conflict", None)
        with pytest.raises(NameInUse):
            vault.import_certificate(name, pfx_file(key, self_signed(key)))
    assert vault.get_certificates(include_pending=True) == []


@pytest.mark.parity("names-case")
def test_names_are_compared_without_regard_to_case_and_kept_as_first_written(vault):
    finish(vault, "Web")

    assert vault.get_certificate("wEB").id.split("/")[-2] == "Web"
    assert len(vault.get_certificates()) == 1


KEY_CALLS = {
    "sign": lambda vault: vault.sign("web", "ES256", bytes(32)),
    "verify": lambda vault: vault.verify("web", "ES256", bytes(32), bytes(64)),
}


def disable(vault):
    vault.update_certificate("web", attributes={"enabled": False})


def expire(vault):
    vault.clock.advance(days=400)


@pytest.mark.parity("inoperable", "disabled-visible")
@pytest.mark.parametrize(
    ("inoperable", "make", "refused"),
    [
        ("documented", disable, {"sign": "KeyDisabled", "verify": "KeyDisabled", "secret": "SecretDisabled"}),
        ("documented", expire, {"sign": "KeyExpired", "verify": "KeyExpired", "secret": "SecretExpired"}),
        ("recorded", disable, {"sign": "KeyDisabled", "secret": "SecretDisabled"}),
        ("recorded", expire, {"sign": "KeyExpired"}),
    ],
    ids=["documented-disabled", "documented-expired", "recorded-disabled", "recorded-expired"],
)
def test_a_disabled_or_expired_certificates_key_and_secret_are_inoperable(clock, inoperable, make, refused):
    with Vault(clock=clock, inoperable=inoperable) as vault:
        finish(vault, policy=ec_policy(lifetime_actions=MAIL_ONLY))
        make(vault)
        found = {}
        for name, call in {**KEY_CALLS, "secret": lambda vault: vault.get_secret("web")}.items():
            try:
                call(vault)
            except VaultError as refusal:
                assert (refusal.status, refusal.code) == (403, "Forbidden")
                found[name] = refusal.inner_code
        assert found == refused
        assert vault.get_key("web").key
        assert vault.get_certificate("web").cer
        vault.update_certificate("web", tags={"a": "b"})


@pytest.mark.parity("expired-codes", "disabled-words")
def test_the_words_of_disabled_and_expired(vault):
    finish(vault, policy=ec_policy(lifetime_actions=MAIL_ONLY))
    disable(vault)

    with pytest.raises(VaultError, match="Operation sign is not allowed on a disabled key"):
        KEY_CALLS["sign"](vault)
    with pytest.raises(SecretDisabled, match="Operation get is not allowed on a disabled secret"):
        vault.get_secret("web")
    vault.update_certificate("web", attributes={"enabled": True})
    assert vault.get_secret("web").value
    expire(vault)
    with pytest.raises(SecretExpired):
        vault.get_secret("web", version_of(vault.get_certificate("web")))


@pytest.mark.parity("disabled-version")
def test_only_the_disabled_version_is_closed(vault):
    first = version_of(finish(vault))
    finish(vault)

    vault.update_certificate("web", first, attributes={"enabled": False})

    assert vault.get_secret("web").value
    with pytest.raises(SecretDisabled):
        vault.get_secret("web", first)


@pytest.mark.parity("disabled-deleted")
def test_a_deleted_secret_that_was_disabled_is_closed(vault):
    vault.set_secret("plain", "x", attributes={"enabled": False})
    finish(vault)
    disable(vault)
    vault.delete_secret("plain")
    vault.delete_certificate("web")

    for name in ("plain", "web"):
        with pytest.raises(SecretDisabled):
            vault.get_deleted_secret(name)


@pytest.mark.parity("exportable", "not-exportable-pfx")
@pytest.mark.parametrize("exportable", [True, False])
def test_a_pfx_secret_holds_the_private_key_only_if_exportable(vault, exportable):
    bundle = finish(vault, policy=ec_policy(exportable=exportable))

    secret = vault.get_secret("web")
    key, leaf, others = opened_pfx(secret)
    assert secret.content_type == "application/x-pkcs12"
    if exportable:
        assert key.public_key() == parsed(bundle).public_key()
        assert (leaf, others) == (parsed(bundle), [])
    else:
        assert (key, leaf, others) == (None, None, [parsed(bundle)])


@pytest.mark.parity("pem-secret")
@pytest.mark.parametrize("exportable", [True, False])
def test_a_pem_secret_is_the_pkcs8_key_if_exportable_and_the_certificate(vault, exportable):
    bundle = finish(vault, policy=ec_policy(exportable=exportable, content_type=PEM))

    value = vault.get_secret("web").value
    assert value.count("PRIVATE KEY") == (2 if exportable else 0)
    assert value.endswith(pem_of(bundle.cer))
    assert "\r" not in value
    assert max(map(len, value.splitlines())) == 64
    if exportable:
        assert value.startswith("-----BEGIN PRIVATE KEY-----\n")
        assert load_pem_private_key(value.encode(), None).public_key() == parsed(bundle).public_key()


@pytest.mark.parity("pfx-password")
def test_openssl_and_keytool_open_the_pfx_with_an_empty_password(vault, openssl, tmp_path):
    bundle = finish(vault)
    file = tmp_path / "web.pfx"
    file.write_bytes(base64.b64decode(vault.get_secret("web").value))

    shown = openssl("pkcs12", "-in", file, "-passin", "pass:", "-nodes")
    done = subprocess.run(
        [tool("keytool"), "-list", "-v", "-keystore", file, "-storetype", "PKCS12", "-storepass", ""],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip

    assert b"BEGIN PRIVATE KEY" in shown
    assert b"PrivateKeyEntry" in done.stdout, done.stdout + done.stderr
    fingerprint = parsed(bundle).fingerprint(hashes.SHA256()).hex(":").upper().encode()
    assert fingerprint in done.stdout


@pytest.mark.parity("reuse-key")
def test_reuse_key_keeps_the_key_pair_and_without_it_each_version_has_its_own(vault):
    first = finish(vault, policy=ec_policy(reuse_key=True))
    second = finish(vault, policy=ec_policy(reuse_key=True, validity_months=3))
    third = finish(vault, policy=ec_policy())
    other_curve = finish(vault, policy=ec_policy(crv="P-384", reuse_key=True))

    keys = [parsed(bundle).public_key() for bundle in (first, second, third, other_curve)]
    assert keys[0] == keys[1] != keys[2]
    assert isinstance(keys[3].curve, ec.SECP384R1)
    assert version_of(first) != version_of(second)
    signature = vault.sign("web", "ES256", bytes(32), version=version_of(first)).value
    assert vault.verify("web", "ES256", bytes(32), signature, version=version_of(second)).value


@pytest.mark.parity("update_certificate", "version-members", "patch-dates", "patch-tags")
def test_tags_and_attributes_of_an_update(vault, clock):
    before = finish(vault, tags={"a": "1"})
    clock.advance(9)

    assert vault.update_certificate("web", attributes={"exp": 5}).tags == {"a": "1"}
    changed = vault.update_certificate("web", tags={"b": "2"})
    assert changed.tags == {"b": "2"}
    assert changed.attributes.updated - before.attributes.updated == 9
    assert (changed.attributes.exp, changed.policy) == (before.attributes.exp, before.policy)
    assert vault.update_certificate("web", tags={}).model_dump(mode="json")["tags"] == {}
    assert vault.get_secret("web").tags == vault.get_key("web").tags == {}
    by_version = vault.update_certificate("web", version_of(before), tags={"c": "3"}).model_dump(mode="json")
    assert "policy" not in by_version
    assert "pending" in by_version


@pytest.mark.parity("tag-limit")
@pytest.mark.parametrize(
    "tags",
    [
        dict.fromkeys(map(str, range(16)), "x"),
        {"a": 5},
        {5: "a"},
        {"a": "x" * 513},
        {"x" * 513: "a"},
        ["a"],
        {"a": "\ud800"},
    ],
    ids=range(7),
)
def test_tags_out_of_bounds_are_refused(vault, tags):
    with pytest.raises(InvalidProperty, match="Property tags"):
        vault.create_certificate("web", ec_policy(), tags=tags)


@pytest.mark.parity("create-attributes", "version-tags", "version-no-tags")
def test_attributes_of_a_creation(vault):
    bundle = finish(vault, attributes={"enabled": False, "nbf": 1, "exp": 2}, tags={"a": "b"})

    assert (bundle.attributes.enabled, bundle.tags) == (False, {"a": "b"})
    assert bundle.attributes.nbf == int(parsed(bundle).not_valid_before_utc.timestamp())
    assert finish(vault).tags is None


@pytest.mark.parity("get_certificate", "get_certificate_versions", "version-members", "version-order")
def test_versions_are_listed_by_id_and_a_given_one_has_no_policy(vault):
    made = [version_of(finish(vault)) for _ in range(4)]

    listed = [item.id.rsplit("/", 1)[1] for item in vault.get_certificate_versions("web")]
    assert listed == sorted(made)
    assert [version_of(vault.get_certificate("web", made[0].upper()))] == made[:1]
    shown = vault.get_certificate("web", made[0]).model_dump(mode="json")
    assert list(shown) == ["id", "kid", "sid", "x5t", "cer", "attributes"]
    assert version_of(vault.get_certificate("web", "")) == made[-1]
    assert [item.kid.rsplit("/", 1)[1] for item in vault.get_key_versions("web")] == listed
    assert [item.id.rsplit("/", 1)[1] for item in vault.get_secret_versions("web")] == listed


@pytest.mark.parity("lists", "get_certificates", "item-members")
def test_lists_are_ordered_paged_and_leave_the_recovery_members_out(vault):
    for name in ("b", "A", "c"):
        finish(vault, name)

    items = vault.get_certificates()
    assert [item.id.rsplit("/", 1)[1] for item in items] == ["A", "b", "c"]
    assert [item.id.rsplit("/", 1)[1] for item in vault.get_certificates(maxresults=2, after="a")] == ["b", "c"]
    assert list(items[0].model_dump(mode="json")) == ["id", "x5t", "attributes", "subject"]
    assert list(items[0].model_dump(mode="json")["attributes"]) == ["enabled", "nbf", "exp", "created", "updated"]
    assert vault.get_certificate_versions("unknown") == []


@pytest.mark.parity("key-secret-lists")
def test_lists_of_keys_and_secrets_carry_the_recovery_members(vault):
    finish(vault)
    vault.create_key("k", "EC", tags={})
    vault.set_secret("s", "x", content_type="text/plain", tags={"a": "b"})

    keys = [item.model_dump(mode="json") for item in vault.get_keys()]
    secrets = [item.model_dump(mode="json") for item in vault.get_secrets()]
    times = ["enabled", "created", "updated", "recoveryLevel", "recoverableDays"]
    assert [list(item) for item in keys] == [["kid", "attributes", "tags"], ["kid", "attributes", "managed"]]
    assert [list(item) for item in secrets] == [
        ["contentType", "id", "attributes", "tags"], ["contentType", "id", "managed", "attributes"],
    ]  # fmt: skip
    assert list(keys[0]["attributes"]) == [*times, "exportable", "hsmPlatform"]
    assert list(secrets[0]["attributes"]) == times
    assert secrets[1]["attributes"] == vault.get_secret("web").attributes.model_dump(mode="json")
    deleted = vault.delete_key("k").model_dump(mode="json")
    listed = vault.get_deleted_keys()[0].model_dump(mode="json")
    assert list(deleted) == ["recoveryId", "deletedDate", "scheduledPurgeDate", "key", "attributes", "tags"]
    assert list(listed) == ["recoveryId", "deletedDate", "scheduledPurgeDate", "kid", "attributes", "tags"]
    assert listed["attributes"] == deleted["attributes"]


@pytest.mark.parity("not-found")
def test_unknown_names_and_versions_get_the_services_words(vault):
    finish(vault)
    fwlink = "For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182"
    calls = {
        ("CertificateNotFound", "certificate", "no"): lambda: vault.get_certificate("no"),
        ("CertificateNotFound", "certificate", "web/" + "0" * 32): lambda: vault.get_certificate("web", "0" * 32),
        ("KeyNotFound", "key", "no"): lambda: vault.get_key("no"),
        ("SecretNotFound", "secret", "no"): lambda: vault.get_secret("no"),
    }
    for (code, kind, name), call in calls.items():
        with pytest.raises(VaultError) as refusal:
            call()
        assert (refusal.value.status, refusal.value.code) == (404, code)
        assert refusal.value.message == (
            f"A {kind} with (name/id) {name} was not found in this key vault. If you recently deleted this {kind} you may "
            f"be able to recover it using the correct recovery command. {fwlink}"
        )


@pytest.mark.parity("key-secret-members")
def test_members_of_key_and_secret_answers_stand_in_the_services_order(vault):
    finish(vault, tags={"a": "b"})

    key, secret = vault.get_key("web").model_dump(mode="json"), vault.get_secret("web").model_dump(mode="json")
    assert list(key) == ["key", "attributes", "tags", "managed"]
    assert list(key["key"]) == ["kid", "kty", "key_ops", "crv", "x", "y"]
    assert list(secret) == ["value", "contentType", "id", "managed", "attributes", "tags", "kid"]


@pytest.mark.parity("not-yet-valid")
def test_a_not_yet_valid_certificates_key_signs_only_from_its_first_second():
    key = ec_key()
    with Vault(clock=SimulatedClock("2026-05-31T23:00Z")) as vault:
        vault.import_certificate("web", pfx_file(key, self_signed(key)))
        with pytest.raises(VaultError) as refusal:
            KEY_CALLS["sign"](vault)
        assert refusal.value.inner_code == "KeyNotYetValid"
        assert vault.get_secret("web").value
        vault.clock.advance(hours=1)
        assert KEY_CALLS["sign"](vault).value


def test_an_imported_key_is_the_one_in_the_secret(vault):
    key = ec_key()
    vault.import_certificate("web", pfx_file(key, self_signed(key)))

    assert opened_pfx(vault.get_secret("web"))[0].private_numbers() == key.private_numbers()


@pytest.mark.parity("out-content-type")
def test_a_pfx_secret_is_returned_as_pem_when_that_is_asked_for(vault):
    finish(vault)
    finish(vault, "pem", ec_policy(content_type="application/x-pem-file"))
    finish(vault, "kept", ec_policy(exportable=False))
    vault.set_secret("s", "x", content_type="application/x-pkcs12")
    pem = "application/x-pem-file"

    turned = vault.get_secret("web", out_content_type=pem)

    assert (turned.content_type, turned.id) == (pem, vault.get_certificate("web").sid)
    assert turned.value.startswith("-----BEGIN PRIVATE KEY-----\n")
    key, leaf, _ = opened_pfx(vault.get_secret("web"))
    assert load_pem_private_key(turned.value.encode(), None).private_numbers() == key.private_numbers()
    assert x509.load_pem_x509_certificate(turned.value[turned.value.index("-----BEGIN CERT") :].encode()) == leaf
    assert "PRIVATE" not in vault.get_secret("kept", out_content_type=pem).value
    for name, wanted in [("web", "application/x-pkcs12"), ("web", "text/plain"), ("web", ""), ("pem", pem), ("s", pem)]:
        with pytest.raises(InvalidProperty, match="outContentType"):
            vault.get_secret(name, out_content_type=wanted)


@pytest.mark.parity("previous-version")
def test_a_certificates_secret_names_the_version_before(vault):
    versions = [version_of(finish(vault)) for _ in range(3)]
    finish(vault, "other")

    found = [vault.get_secret("web", version).previous_version for version in versions]

    assert found == [None, *versions[:2]]
    assert vault.get_secret("other").previous_version is None
    vault.delete_certificate("web")
    assert vault.get_deleted_secret("web").previous_version == versions[1]
    assert vault.set_secret("s", "x") == vault.get_secret("s")
    assert vault.set_secret("s", "y").previous_version is None
