"""Delete, recover, purge and the end of the retention; backup and restore."""

import base64

import pytest

from kvlab import SimulatedClock, Vault, VaultError
from kvlab.errors import (
    CertificateNotFound,
    CorruptBackup,
    DeletedCertificateNotFound,
    DeletedItemNotFound,
    InvalidProperty,
    KeyNotFound,
    ManagedKey,
    ManagedSecret,
    NameDeleted,
    PurgeProtected,
    RestoreConflict,
)
from tests.vault.make import ec_key, ec_policy, finish, opened_pfx, pfx_file, self_signed, version_of

DAY = 86400


def rows_in(vault, table):
    with vault._core.store.read() as connection:
        return connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()


@pytest.mark.parity(
    "delete-at-once",
    "delete_certificate",
    "get_deleted_certificate",
    "get_deleted_certificates",
    "get_deleted_key",
    "get_deleted_keys",
    "get_deleted_secret",
    "get_deleted_secrets",
    "deleted-members",
    "retention",
    "deleted-together",
)
def test_a_deleted_certificate_with_key_and_secret_is_gone_and_seen_among_the_deleted(vault, clock):
    bundle = finish(vault, "Web", tags={"a": "b"})
    now = int(clock.now().timestamp())

    deleted = vault.delete_certificate("web")

    shown = deleted.model_dump(mode="json")
    assert list(shown)[:3] == ["recoveryId", "deletedDate", "scheduledPurgeDate"]
    assert shown["recoveryId"] == "https://kvlab.vault.azure.net/deletedcertificates/Web"
    assert (deleted.deleted_date, deleted.scheduled_purge_date) == (now, now + 90 * DAY)
    assert deleted.cer == bundle.cer
    assert deleted.policy == bundle.policy
    assert vault.get_deleted_certificate("WEB") == deleted
    for read in (
        vault.get_certificate,
        vault.get_certificate_policy,
        vault.get_key,
        vault.get_secret,
        vault.backup_certificate,
    ):
        with pytest.raises(VaultError) as refusal:
            read("web")
        assert refusal.value.status == 404
    assert vault.get_certificates(include_pending=True) == vault.get_keys() == vault.get_secrets() == []
    assert (
        vault.get_certificate_versions("web") == vault.get_key_versions("web") == vault.get_secret_versions("web") == []
    )
    (item,) = vault.get_deleted_certificates()
    assert "subject" not in item.model_dump(mode="json")
    assert (item.attributes.recovery_level, item.attributes.recoverable_days) == ("Recoverable+Purgeable", 90)
    assert vault.get_deleted_key("web").managed is vault.get_deleted_secret("web").managed is True
    assert [item.managed for item in (*vault.get_deleted_keys(), *vault.get_deleted_secrets())] == [True, True]


@pytest.mark.parity("soft-delete")
def test_the_name_of_a_deleted_certificate_can_not_be_used(vault):
    finish(vault, "web")
    vault.delete_certificate("web")
    key = ec_key()

    calls = [
        lambda: vault.create_certificate("WEB", ec_policy()),
        lambda: vault.import_certificate("WEB", pfx_file(key, self_signed(key))),
        lambda: vault.create_key("WEB", "EC"),
        lambda: vault.set_secret("WEB", "x"),
    ]
    for call in calls:
        with pytest.raises(NameDeleted) as refusal:
            call()
        assert (refusal.value.status, refusal.value.code) == (409, "Conflict")
        assert refusal.value.inner_code == "ObjectIsDeletedButRecoverable"
    with pytest.raises(NameDeleted) as refusal:
        calls[0]()
    assert refusal.value.message == (
        "Certificate WEB is currently in a deleted but recoverable state, and its name cannot be reused; in this state, "
        "the certificate can only be recovered or purged."
    )


@pytest.mark.parity("recover_deleted_certificate", "recovered-together")
def test_recover_brings_everything_back(vault):
    first = finish(vault)
    second = finish(vault, tags={"a": "b"})
    before = vault.get_secret("web").value

    vault.delete_certificate("web")
    recovered = vault.recover_deleted_certificate("web")

    assert recovered == second == vault.get_certificate("web")
    assert vault.get_secret("web").value == before
    assert vault.get_certificate("web", version_of(first)).cer == first.cer
    assert vault.get_certificate_operation("web").status == "completed"
    assert vault.get_deleted_certificates() == []
    with pytest.raises(CertificateNotFound):
        vault.recover_deleted_certificate("web")


@pytest.mark.parity("purge_deleted_certificate", "deleted-not-found", "purge-frees")
def test_purge_destroys_keys_too_and_frees_the_name(vault):
    finish(vault)
    finish(vault)
    vault.create_certificate("web")
    vault.delete_certificate("web")

    assert vault.purge_deleted_certificate("web") is None

    assert (
        rows_in(vault, "key")
        == rows_in(vault, "version")
        == rows_in(vault, "pending")
        == rows_in(vault, "certificate")
        == 0
    )
    with pytest.raises(DeletedCertificateNotFound, match="Deleted Certificate not found: web"):
        vault.get_deleted_certificate("web")
    for call in (vault.purge_deleted_certificate, vault.recover_deleted_certificate):
        with pytest.raises(CertificateNotFound):
            call("web")
    assert finish(vault).cer


@pytest.mark.parity("managed-deleted")
def test_a_key_or_secret_alone_is_neither_recovered_nor_purged(vault):
    finish(vault)
    vault.delete_certificate("web")

    for call, error in [
        (vault.recover_deleted_key, ManagedKey), (vault.purge_deleted_key, ManagedKey),
        (vault.recover_deleted_secret, ManagedSecret), (vault.purge_deleted_secret, ManagedSecret),
    ]:  # fmt: skip
        with pytest.raises(error):
            call("web")


@pytest.mark.parity("recovery-level", "retention-end")
@pytest.mark.parametrize(
    ("days", "protected", "level"),
    [
        (90, False, "Recoverable+Purgeable"), (90, True, "Recoverable"),
        (7, False, "CustomizedRecoverable+Purgeable"), (30, True, "CustomizedRecoverable"),
    ],
)  # fmt: skip
def test_the_end_of_the_retention_purges_at_its_very_second(clock, days, protected, level):
    with Vault(clock=clock, retention_days=days, purge_protection=protected) as vault:
        bundle = finish(vault)
        vault.create_key("k", "EC")
        vault.set_secret("s", "x")
        assert (bundle.attributes.recovery_level, bundle.attributes.recoverable_days) == (level, days)
        vault.delete_certificate("web")
        vault.delete_key("k")
        vault.delete_secret("s")
        clock.advance(days * DAY - 1)
        assert len(vault.get_deleted_certificates()) == 1
        clock.advance(1)
        assert vault.get_deleted_certificates() == vault.get_deleted_keys() == vault.get_deleted_secrets() == []
        assert rows_in(vault, "key") == 0
        assert [event.kind for event in vault.events][-3:] == ["purge"] * 3
        assert list(vault.events)[-1].actor == "vault"


@pytest.mark.parity("purge-protection")
def test_purge_protection(clock):
    with Vault(clock=clock, purge_protection=True) as vault:
        finish(vault)
        vault.set_secret("s", "x")
        vault.delete_certificate("web")
        vault.delete_secret("s")

        for call, name in [(vault.purge_deleted_certificate, "web"), (vault.purge_deleted_secret, "s")]:
            with pytest.raises(PurgeProtected) as refusal:
                call(name)
            assert (refusal.value.status, refusal.value.code) == (403, "Forbidden")
        assert refusal.value.message == (
            'Operation "purge" is not allowed because purge protection is enabled for this vault. Key Vault service will '
            "automatically purge it after the retention period has passed."
        )
        assert vault.recover_deleted_certificate("web").cer


@pytest.mark.parity("retention")
@pytest.mark.parametrize("days", [6, 91, 0, -1])
def test_a_retention_out_of_range_is_refused(days):
    with pytest.raises(InvalidProperty, match="retention_days"):
        Vault(retention_days=days)


@pytest.mark.parity(
    "delete_key",
    "recover_deleted_key",
    "delete_secret",
    "recover_deleted_secret",
    "recover-unknown-key",
    "plain-soft-delete",
)
def test_plain_keys_and_secrets_are_soft_deleted_too(vault, clock):
    vault.create_key("k", "EC", tags={"a": "b"})
    vault.set_secret("s", "value")
    key, secret = vault.get_key("k"), vault.get_secret("s")

    assert vault.delete_key("k").recovery_id.endswith("/deletedkeys/k")
    deleted = vault.delete_secret("s").model_dump(mode="json")
    assert "value" not in deleted
    with pytest.raises(NameDeleted, match="Key k is currently"):
        vault.create_certificate("k", ec_policy())
    assert vault.set_secret("k", "a deleted key does not hold a secret's name").value
    assert vault.recover_deleted_key("k") == key
    assert vault.recover_deleted_secret("s").value is None
    assert vault.get_secret("s") == secret
    with pytest.raises(DeletedItemNotFound, match="Deleted Key not found: k"):
        vault.get_deleted_key("k")
    for call in (vault.recover_deleted_key, vault.purge_deleted_key):
        with pytest.raises(KeyNotFound, match=r"A key with \(name/id\) k was not found"):
            call("k")


@pytest.mark.parity("deleted-operation")
def test_nobody_works_on_a_deleted_certificate_until_it_is_back(vault, clock):
    vault.create_certificate("web", ec_policy())
    vault.delete_certificate("web")
    clock.advance(days=1)
    assert vault.get_deleted_certificates() == []
    assert len(vault.get_deleted_certificates(include_pending=True)) == 1

    vault.recover_deleted_certificate("web")
    clock.advance(1)

    assert vault.get_certificate_operation("web").status == "completed"


@pytest.mark.parity("backup", "backup_certificate", "restore_certificate")
def test_backup_and_restore_bring_back_all_versions_policy_key_and_tags(vault):
    first, second = finish(vault), finish(vault, tags={"octets": "x"})
    key = opened_pfx(vault.get_secret("web"))[0].private_numbers()
    backup = vault.backup_certificate("web")
    vault.delete_certificate("web")
    vault.purge_deleted_certificate("web")

    restored = vault.restore_certificate(backup.model_dump(mode="json")["value"])

    assert {**restored.model_dump(), "pending": None} == {**second.model_dump(), "pending": None}
    assert restored.pending is None
    assert vault.get_certificate("web", version_of(first)).cer == first.cer
    assert opened_pfx(vault.get_secret("web"))[0].private_numbers() == key
    assert vault.verify("web", "ES256", bytes(32), vault.sign("web", "ES256", bytes(32)).value).value
    assert finish(vault).tags is None


@pytest.mark.parity("restore-deleted", "restore-conflict")
def test_restore_on_a_used_name_is_a_conflict(vault):
    finish(vault)
    backup = vault.backup_certificate("web")

    identifier = vault.get_certificate("web").id
    for change in (lambda: None, lambda: vault.delete_certificate("web")):
        change()
        with pytest.raises(RestoreConflict) as refusal:
            vault.restore_certificate(backup)
        assert (refusal.value.status, refusal.value.code, refusal.value.inner_code) == (409, "Conflict", None)
        assert f"'{identifier}'" in refusal.value.message
    vault.purge_deleted_certificate("web")
    vault.set_secret("web", "x")
    with pytest.raises(RestoreConflict):
        vault.restore_certificate(backup)


def blobs(good):
    return {
        "empty": b"", "noise": b"kvlab1" + bytes(100), "cut": good[:-1], "longer": good + b"\x00",
        "one bit": good[:60] + bytes([good[60] ^ 1]) + good[61:], "header": b"x" + good[1:], "no base64": "***",
        "half": good[: len(good) // 2], "number": 5, "none": None, "text": "c29tZSB0ZXh0",
    }  # fmt: skip


@pytest.mark.parity("backup-corrupt", "backup-corrupt-version")
@pytest.mark.parametrize("kind", blobs(bytes(100)))
def test_an_altered_blob_is_corrupt(vault, kind):
    finish(vault)
    good = vault.backup_certificate("web").value
    vault.delete_certificate("web")
    vault.purge_deleted_certificate("web")

    with pytest.raises(CorruptBackup) as refusal:
        vault.restore_certificate(blobs(good)[kind])

    assert (refusal.value.status, refusal.value.code, refusal.value.message) == (
        400, "Malformed backup blob", "Backup blob is corrupt.",
    )  # fmt: skip
    assert vault.get_certificates() == []
    assert list(vault.events)[-1].object == "certificates/restore"


@pytest.mark.parity("backup-place")
def test_a_blob_opens_in_another_vault_of_the_same_master_key_and_nowhere_else(tmp_path):
    with Vault.open(tmp_path / "a.db", clock="simulated") as one, Vault() as elsewhere:
        finish(one)
        blob = one.backup_certificate("web")
        with Vault.open(tmp_path / "a.db", name="two", clock="simulated") as two:
            assert two.restore_certificate(blob).id.startswith("https://two.vault.azure.net/certificates/web/")
            assert two.get_secret("web").value == one.get_secret("web").value
        with pytest.raises(CorruptBackup):
            elsewhere.restore_certificate(blob)


def test_a_blob_holds_no_key_in_the_clear(vault):
    finish(vault)
    blob = vault.backup_certificate("web").value

    scalar = opened_pfx(vault.get_secret("web"))[0].private_numbers().private_value.to_bytes(32, "big")
    assert scalar not in blob
    assert base64.b64encode(scalar)[:40] not in blob
    assert "PRIVATE" not in repr(vault.backup_certificate("web"))


@pytest.mark.parity("backup-in-progress")
def test_a_certificate_without_a_version_has_nothing_to_back_up(vault):
    vault.create_certificate("web", ec_policy())

    with pytest.raises(CertificateNotFound):
        vault.backup_certificate("web")


def test_the_clock_may_jump_over_several_things_that_fall_due_and_each_keeps_its_own_time():
    clock = SimulatedClock("2026-06-01T09:00Z")
    with Vault(clock=clock, retention_days=7) as vault:
        finish(vault, "old")
        vault.delete_certificate("old")
        start = int(clock.now().timestamp())
        vault.create_certificate("web", ec_policy())
        clock.advance(days=30)
        assert vault.get_certificate("web").attributes.created == start
        times = [(event.kind, int(event.time.timestamp()) - start) for event in vault.events][-2:]
        assert times == [("transition", 0), ("purge", 7 * DAY)]
