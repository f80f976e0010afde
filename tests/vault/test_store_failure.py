"""A locked database, a full disk, a server that went away: one refusal, nothing half-written, and on it goes."""

import logging
import sqlite3
import subprocess
import sys
import time

import pytest

from kvlab import Vault
from kvlab.errors import ForbiddenByPolicy, OpenRefused, StoreUnavailable
from kvlab.store import store
from tests.vault.make import ec_policy, finish


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "vault.db"


@pytest.fixture
def vault(file):
    """A vault in a file, on a simulated clock, with one of everything in it."""
    with Vault.open(file, clock="simulated") as opened:
        finish(opened)
        opened.set_secret("s", "x")
        opened.create_key("k", "EC")
        yield opened


class Lock:
    """Another program that holds the database for writing, or all of it."""

    def __init__(self, file, begin="BEGIN IMMEDIATE"):
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._begin = begin

    def __enter__(self):
        self._connection.execute(self._begin)

    def __exit__(self, *_):
        self._connection.execute("ROLLBACK")
        self._connection.close()


WRITES = {
    "create": lambda vault: vault.create_certificate("web", ec_policy()),
    "import": lambda vault: vault.import_certificate("web", vault.get_secret("web").value),
    "update": lambda vault: vault.update_certificate("web", tags={"a": "b"}),
    "policy": lambda vault: vault.update_certificate_policy("web", {"x509_props": {"validity_months": 3}}),
    "delete": lambda vault: vault.delete_certificate("web"),
    "backup": lambda vault: vault.backup_certificate("web"),
    "issuer": lambda vault: vault.set_certificate_issuer("ca", provider="Test"),
    "contacts": lambda vault: vault.set_certificate_contacts([{"email": "a@contoso.com"}]),
    "set secret": lambda vault: vault.set_secret("s", "y"),
    "delete secret": lambda vault: vault.delete_secret("s"),
    "create key": lambda vault: vault.create_key("k", "EC"),
    "sign": lambda vault: vault.sign("k", "ES256", bytes(32)),
    "principal": lambda vault: vault.set_principal("alice", certificates=["get"]),
    "clock": lambda vault: vault.clock.advance(1),
}


@pytest.mark.parity("store-unavailable")
@pytest.mark.parametrize("write", WRITES)
def test_a_database_locked_by_another_program_is_one_refusal_and_free_again_it_works(vault, file, write):
    events, bundle, secret = list(vault.events), vault.get_certificate("web"), vault.get_secret("s")

    with Lock(file):
        with pytest.raises(StoreUnavailable, match="locked by another program") as refusal:
            WRITES[write](vault)
        assert (refusal.value.status, refusal.value.code, refusal.value.retry_seconds) == (503, "ServiceUnavailable", 2)
        assert vault.get_certificate("web") == bundle

    assert list(vault.events) == events
    assert (vault.get_certificate("web"), vault.get_secret("s")) == (bundle, secret)
    WRITES[write](vault)


def test_a_refusal_that_can_not_be_recorded_is_still_the_refusal(vault, file, caplog):
    nobody = vault.as_principal("nobody")
    events = len(vault.events)

    with Lock(file), caplog.at_level(logging.WARNING), pytest.raises(ForbiddenByPolicy):
        nobody.get_certificate("web")

    assert len(vault.events) == events
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def pages(vault):
    """Limit the database to the pages it has, or lift the limit; returns the driver's connection."""
    return vault._core.store._shared.connection.dbapi_connection


def fill(vault):
    driver = pages(vault)
    (count,) = driver.execute("PRAGMA page_count").fetchone()
    driver.execute(f"PRAGMA max_page_count={count}")


def empty(vault):
    pages(vault).execute("PRAGMA max_page_count=1000000")


@pytest.mark.parametrize("place", ["file", "memory"])
def test_a_full_disk_is_one_refusal_and_with_room_again_it_works(tmp_path, place):
    opened = Vault.open(tmp_path / "v.db", clock="simulated") if place == "file" else Vault(clock="simulated")
    with opened as vault:
        finish(vault)
        fill(vault)
        kept = []
        with pytest.raises(StoreUnavailable, match="is full") as refusal:
            for number in range(200):
                vault.set_secret(f"s{number}", "x" * 20000)
                kept.append(f"s{number}")
        assert (refusal.value.status, refusal.value.retry_seconds) == (503, 30)
        assert [item.id.rsplit("/", 1)[1] for item in vault.get_secrets()] == [*sorted(kept), "web"]
        assert [event.object for event in vault.events if event.kind == "set_secret"] == [f"secrets/{n}" for n in kept]
        with pytest.raises(StoreUnavailable):
            vault.set_secret("late", "x" * 20000)

        empty(vault)

        assert vault.set_secret("late", "x" * 20000).value
        assert finish(vault).cer
        (sound,) = pages(vault).execute("PRAGMA integrity_check").fetchone()
        assert sound == "ok"


LIMITED = """
import resource, sys
from kvlab import Vault
from kvlab.errors import StoreUnavailable

with Vault.open(sys.argv[1], clock="simulated") as vault:
    vault.set_secret("first", "x")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    kept = 1
    try:
        for number in range(100):
            vault.set_secret(f"s{number}", "x" * 20000)
            kept += 1
    except StoreUnavailable as error:
        print(error.status, error.code)
    assert len(vault.get_secrets()) == kept
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    vault.set_secret("late", "x" * 20000)
    print(kept + 1)
"""


def test_a_file_that_may_not_grow_is_the_same_and_opens_again(file):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, file], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stderr == ""
    first, kept = done.stdout.splitlines()
    assert first == "503 ServiceUnavailable"
    with Vault.open(file) as vault:
        assert len(vault.get_secrets()) == int(kept)


def test_due_work_waits_for_the_database_and_a_read_goes_on_meanwhile(file):
    with Vault.open(file, self_delay_seconds=0) as vault:
        finish(vault, "old")
        vault.create_certificate("web", ec_policy())
        with Lock(file):
            start = time.monotonic()
            assert vault.get_certificate("old").cer
            assert vault.get_certificates(include_pending=True)
            assert time.monotonic() - start < 2
        deadline = time.monotonic() + 10
        while vault.get_certificate("web").cer is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert vault.get_certificate("web").cer


def test_a_clock_that_moved_while_the_database_was_locked_is_caught_up_with(vault, file):
    vault.create_certificate("later", ec_policy())
    with Lock(file), pytest.raises(StoreUnavailable):
        vault.clock.advance(days=1)

    vault.process_due()

    assert vault.get_certificate("later").cer


def test_a_locked_database_is_not_opened(vault, file):
    with Lock(file), pytest.raises(OpenRefused, match="database is locked"):
        Vault.open(file)


def test_an_error_shows_no_values(vault):
    with pytest.raises(Exception, match="no such table") as error, vault._core.store.write() as connection:
        connection.exec_driver_sql("INSERT INTO absent VALUES (?)", ("what nobody may read",))
    assert "nobody may" not in str(error.value)
    assert not isinstance(error.value, StoreUnavailable)
