"""The database file: what was acknowledged stays, keys are sealed, and what is not ours is refused and left alone."""

import base64
import sqlite3
import stat
import subprocess
import sys

import pytest

from kvlab import Vault
from kvlab.errors import OpenRefused, UnusableMasterKey, VaultError
from tests.vault.make import ec_key, ec_policy, finish, opened_pfx, pfx_file, pkcs8_der, self_signed

PASSWORD = "a password nobody may read"


@pytest.fixture(autouse=True)
def no_keys_in_the_environment(monkeypatch):
    monkeypatch.delenv("KVLAB_MASTER_KEY", raising=False)
    monkeypatch.delenv("KVLAB_PASSPHRASE", raising=False)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "vault.db"


def test_everything_is_there_after_reopening(file):
    with Vault.open(file) as vault:
        bundle = finish(vault, tags={"a": "b"})
        secret, events = vault.get_secret("web").value, list(vault.events)
    with Vault.open(file) as vault:
        assert vault.get_certificate("web") == bundle
        assert vault.get_secret("web").value == secret
        assert list(vault.events)[: len(events)] == events
        assert vault.sign("web", "ES256", bytes(32)).value


KILLED = """
import os, signal, sys
from kvlab import CertificatePolicy, Vault
vault = Vault.open(sys.argv[1])
for number in range(5):
    vault.create_certificate(f"c{number}", CertificatePolicy.self_signed("CN=a", kty="EC"))
    vault.get_certificate_operation(f"c{number}")
    print(vault.get_certificate(f"c{number}").id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_9_loses_nothing_that_was_acknowledged(file):
    done = subprocess.run([sys.executable, "-c", KILLED, file], capture_output=True, timeout=60, check=False)

    acknowledged = done.stdout.decode().split()
    assert done.returncode == -9
    assert len(acknowledged) == 5
    with Vault.open(file) as vault:
        assert [vault.get_certificate(f"c{n}").id for n in range(5)] == acknowledged
        assert all(opened_pfx(vault.get_secret(f"c{n}"))[0] for n in range(5))


def test_a_passphrase_opens_and_another_one_or_none_is_refused_in_one_line(file, monkeypatch):
    with Vault.open(file, passphrase=PASSWORD) as vault:
        finish(vault)
    with Vault.open(file, passphrase=PASSWORD) as vault:
        assert vault.get_secret("web").value
    for wrong in ("wrong", "", None):
        with pytest.raises(UnusableMasterKey) as refusal:
            Vault.open(file, passphrase=wrong)
        assert "\n" not in str(refusal.value)
        assert PASSWORD not in str(refusal.value)
    monkeypatch.setenv("KVLAB_PASSPHRASE", PASSWORD)
    Vault.open(file).close()
    assert not file.with_name("vault.db.key").exists()


@pytest.mark.parametrize("encode", [bytes.hex, lambda key: base64.b64encode(key).decode(), lambda key: base64.urlsafe_b64encode(key).decode()],
                         ids=["hex", "base64", "base64url"])  # fmt: skip
def test_a_master_key_from_the_environment(file, monkeypatch, encode):
    key = bytes(range(220, 252))
    monkeypatch.setenv("KVLAB_MASTER_KEY", encode(key))
    with Vault.open(file) as vault:
        finish(vault)
    Vault.open(file).close()
    for wrong in (encode(bytes(32)), "too short", "", encode(key)[:-6]):
        monkeypatch.setenv("KVLAB_MASTER_KEY", wrong)
        with pytest.raises(UnusableMasterKey) as refusal:
            Vault.open(file)
        assert "\n" not in str(refusal.value)


def test_the_key_file_is_0600_and_without_it_nothing_opens(file):
    Vault.open(file).close()
    beside = file.with_name("vault.db.key")
    assert stat.S_IMODE(beside.stat().st_mode) == 0o600
    key = beside.read_bytes()
    assert len(key) == 32

    for content in (b"", bytes(32), key[:-1]):
        beside.write_bytes(content)
        with pytest.raises(UnusableMasterKey):
            Vault.open(file)
    beside.unlink()
    with pytest.raises(UnusableMasterKey, match=r"vault\.db\.key"):
        Vault.open(file)
    assert not beside.exists()
    beside.write_bytes(key)
    Vault.open(file).close()


def test_a_key_file_that_was_never_finished_is_made_anew(file):
    file.with_name("vault.db.key.new").write_bytes(b"half a k")

    Vault.open(file).close()

    assert [path.name for path in sorted(file.parent.iterdir())] == ["vault.db", "vault.db.key"]
    assert stat.S_IMODE(file.with_name("vault.db.key").stat().st_mode) == 0o600
    Vault.open(file).close()


def test_a_foreign_database_is_refused_and_not_one_byte_of_it_changes(file):
    foreign = sqlite3.connect(file)
    foreign.execute("CREATE TABLE song (title TEXT)")
    foreign.commit()
    foreign.close()
    before = file.read_bytes()

    with pytest.raises(OpenRefused):
        Vault.open(file)

    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    "content", [b"no database at all" * 100, b"SQLite format 3\x00" + bytes(84)], ids=["text", "header"]
)
def test_a_file_that_is_no_database_is_refused_and_left_alone(file, content):
    file.write_bytes(content)

    with pytest.raises(OpenRefused) as refusal:
        Vault.open(file)

    assert "\n" not in str(refusal.value)
    assert file.read_bytes() == content


def test_a_folder_or_a_missing_folder_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none" / "vault.db"):
        with pytest.raises(OpenRefused):
            Vault.open(path)


def test_a_newer_schema_is_refused(file):
    Vault.open(file).close()
    database = sqlite3.connect(file)
    database.execute("UPDATE meta SET value = '999' WHERE name = 'schema'")
    database.commit()
    database.close()

    with pytest.raises(OpenRefused, match="schema"):
        Vault.open(file)


@pytest.mark.parametrize("name", ["what?.db", "a#b.db", "100%41.db", "with space.db", "é.db", "a&b=c.db"])
def test_any_file_name_is_taken_as_it_is(tmp_path, name):
    with Vault.open(tmp_path / name) as vault:
        vault.set_secret("s", "x")

    assert sorted(path.name for path in tmp_path.iterdir()) == [name, f"{name}.key"]
    with Vault.open(str(tmp_path / name)) as vault:
        assert vault.get_secret("s").value == "x"


def test_no_plaintext_key_or_password_stands_in_the_file_or_its_log(file):
    key = ec_key()
    with Vault.open(file, passphrase=PASSWORD) as vault:
        finish(vault)
        own = opened_pfx(vault.get_secret("web"))[0]
        vault.import_certificate(
            "imported", pfx_file(key, self_signed(key), password=b"pfx-password-1"), pwd="pfx-password-1"
        )
        vault.set_secret("plain", "a-plain-secret-value")
        vault.set_certificate_issuer(
            "CA", provider="DigiCert", credentials={"account_id": "a", "pwd": "issuer-pwd-1"}, org_details={"id": "1"}
        )
        vault.practice_ca()
        vault.create_key("k", "EC")
        everything = b"".join(path.read_bytes() for path in file.parent.iterdir())
    everything += b"".join(path.read_bytes() for path in file.parent.iterdir())

    assert b"DigiCert" in everything
    for secret in (
        *(each.private_numbers().private_value.to_bytes(32, "big") for each in (own, key)),
        *(pkcs8_der(each) for each in (own, key)),
        b"pfx-password-1", b"a-plain-secret-value", b"issuer-pwd-1", PASSWORD.encode(),
    ):  # fmt: skip
        for form in (secret, secret.hex().encode(), base64.b64encode(secret)):
            assert form not in everything


def test_a_purged_key_does_not_linger(file):
    with Vault.open(file) as vault:
        finish(vault)
        with vault._core.store.read() as connection:
            (sealed,) = connection.exec_driver_sql("SELECT sealed FROM key").scalars()
        vault.delete_certificate("web")
        vault.purge_deleted_certificate("web")
    assert sealed not in file.read_bytes()


def test_a_sealed_key_moved_to_another_row_does_not_open(file):
    with Vault.open(file) as vault:
        finish(vault, "one")
        finish(vault, "two")
        with vault._core.store.write() as connection:
            one, two = connection.exec_driver_sql("SELECT id, sealed FROM key ORDER BY id").all()
            connection.exec_driver_sql("UPDATE key SET sealed = ? WHERE id = ?", (one.sealed, two.id))
        refused = 0
        for name in ("one", "two"):
            try:
                vault.get_secret(name)
            except VaultError:
                refused += 1
        assert refused == 1


def test_several_vaults_share_a_file_and_see_nothing_of_each_other(file):
    with Vault.open(file, name="one") as one, Vault.open(file, name="two") as two:
        finish(one)
        one.set_certificate_contacts([{"email": "a@b.c"}])
        one.set_principal("alice", certificates=["all"])
        assert two.get_certificates() == []
        assert list(two.events) == []
        assert finish(two).id.startswith("https://two.vault.azure.net/")
        with pytest.raises(VaultError):
            two.get_certificate_contacts()
        with pytest.raises(VaultError):
            two.as_principal("alice").get_certificates()


def test_closing_twice_is_fine_and_a_closed_vault_is_closed(file):
    vault = Vault.open(file)
    vault.create_certificate("web", ec_policy())
    vault.close()
    vault.close()
    assert sorted(path.name for path in file.parent.iterdir()) == ["vault.db", "vault.db.key"]


@pytest.mark.parity("vault-name")
@pytest.mark.parametrize("name", ["ab", "1vault", "a" * 25, "a--b", "a_b", "-ab", "ab-", "", 5, None])
def test_a_vaults_name(name):
    with pytest.raises(VaultError, match="name"):
        Vault(name)


MANY = """
import sys
from kvlab import CertificatePolicy, Vault
with Vault.open(sys.argv[1]) as vault:
    for turn in range(4):
        vault.create_certificate(f"p{sys.argv[2]}-{turn}", CertificatePolicy.self_signed("CN=a", kty="EC"))
        vault.get_certificate_operation(f"p{sys.argv[2]}-{turn}")
"""


def test_several_processes_open_a_new_file_at_once_and_share_it(file):
    running = [subprocess.Popen([sys.executable, "-c", MANY, file, str(n)], stderr=subprocess.PIPE) for n in range(2)]
    failures = [process.communicate(timeout=60)[1].decode() for process in running]

    assert failures == [""] * 2
    with Vault.open(file) as vault:
        assert len(vault.get_certificates()) == 8
        seqs = [event.seq for event in vault.events]
        assert seqs == list(range(1, len(seqs) + 1))


@pytest.mark.parametrize("clock", ["system", "simulated"])
@pytest.mark.parametrize("kept", [False, True], ids=["memory", "file"])
def test_a_closed_vault_says_so_and_no_more(kept, clock, tmp_path, caplog):
    vault = Vault.open(tmp_path / "vault.db", clock=clock) if kept else Vault(clock=clock)
    view = vault.as_principal("alice")
    vault.close()

    for call in (vault.get_certificates, lambda: vault.delete_certificate("web"), view.get_secrets):
        with pytest.raises(VaultError, match=r"The vault is closed\.") as refusal:
            call()
        assert refusal.value.code == "VaultClosed"
    assert caplog.records == []
