"""The same vault on PostgreSQL, which several servers may share."""

import threading
import time
from datetime import timedelta

import pytest

from kvlab import SimulatedClock, Vault, VaultError
from kvlab.errors import OpenRefused, RestoreConflict, StoreUnavailable, UnusableMasterKey
from kvlab.store import order as orders
from kvlab.vault import ordering
from tests.vault.make import OutsideCA, ec_key, ec_policy, finish, opened_pfx, pfx_file, self_signed, version_of
from tests.vault.scripted import ISSUER, Death, die, wait_until

PASSPHRASE = "a passphrase for tests"


@pytest.fixture
def url(postgres, monkeypatch):
    monkeypatch.delenv("KVLAB_MASTER_KEY", raising=False)
    monkeypatch.setenv("KVLAB_PASSPHRASE", PASSPHRASE)
    return postgres.new_database()


@pytest.fixture
def vault(url, clock):
    with Vault.open(url, clock=clock) as opened:
        yield opened


def test_all_flows_and_what_comes_back(vault):
    first = finish(vault, tags={"a": "b"})
    key, ca = ec_key(), OutsideCA()
    imported = vault.import_certificate("imported", pfx_file(key, self_signed(key)))
    operation = vault.create_certificate("manual", ec_policy(issuer="Unknown", dns_names=["contoso.com"]))
    with pytest.raises(VaultError) as refusal:
        vault.merge_certificate("manual", ca.leaf(ec_key().public_key()))
    assert refusal.value.status == 400
    merged = vault.merge_certificate("manual", [ca.leaf_of_request(operation.csr), ca.root, ca.intermediate])
    practised = vault.create_certificate("practised", ec_policy(issuer="Unknown"))
    vault.merge_certificate("practised", vault.practice_ca().sign(practised))

    assert [item.id.rsplit("/", 1)[1] for item in vault.get_certificates()] == [
        "imported",
        "manual",
        "practised",
        "web",
    ]
    assert (vault.get_certificate("web"), vault.get_certificate("imported")) == (first, imported)
    assert opened_pfx(vault.get_secret("imported"))[0].private_numbers() == key.private_numbers()
    assert len(opened_pfx(vault.get_secret("manual"))[2]) == 2
    assert vault.get_certificate("manual", version_of(merged)).cer == merged.cer
    signature = vault.sign("web", "ES256", bytes(32)).value
    assert vault.verify("web", "ES256", bytes(32), signature).value
    seqs = [event.seq for event in vault.events]
    assert seqs == list(range(1, len(seqs) + 1))


def test_soft_delete_retention_backup_and_restore(vault, clock):
    bundle = finish(vault)
    blob = vault.backup_certificate("web")
    vault.delete_certificate("web")
    with pytest.raises(RestoreConflict):
        vault.restore_certificate(blob)
    assert vault.recover_deleted_certificate("web").cer == bundle.cer
    vault.delete_certificate("web")
    vault.purge_deleted_certificate("web")
    assert vault.restore_certificate(blob).cer == bundle.cer
    vault.delete_certificate("web")
    vault.create_key("k", "EC")
    vault.delete_key("k")
    clock.advance(days=91)
    assert vault.get_deleted_certificates() == vault.get_deleted_keys() == []


def test_names_conflicts_cancelling_and_deleting_operations(vault, clock):
    vault.set_certificate_issuer("CA", provider="Test", credentials={"account_id": "a", "pwd": "b"})
    vault.set_secret("taken", "x")
    for name, expected in (("taken", "Conflict"), ("web", "Forbidden")):
        if name == "web":
            vault.create_certificate("web", ec_policy(issuer="CA"))
        with pytest.raises(VaultError) as refusal:
            vault.create_certificate(name, ec_policy())
        assert (refusal.value.status, refusal.value.code) == (409, expected)
    vault.update_certificate_operation("web")
    clock.advance(1)
    assert vault.get_certificate_operation("web").status == "cancelled"
    assert vault.delete_certificate_operation("web").status == "cancelled"
    assert vault.get_certificates() == []


def test_issuers_contacts_principals_policies_tags(vault):
    vault.set_certificate_contacts([{"email": "a@b.c"}])
    alice = vault.set_principal("alice", certificates=["create", "get", "update", "managecontacts"])
    finish(alice)
    assert alice.get_certificate_contacts().contacts[0].email == "a@b.c"
    assert alice.update_certificate("web", tags={}, attributes={"enabled": False}).tags == {}
    assert alice.update_certificate_policy("web", {"x509_props": {"subject": "CN=b"}}).x509_props.subject == "CN=b"
    with pytest.raises(VaultError) as refusal:
        alice.get_secret("web")
    assert refusal.value.inner_code == "ForbiddenByPolicy"
    assert [event.actor for event in vault.events][-1] == "alice"


ODD = ["nul\x00", "\ud800", "🔑", "x" * 5000]


@pytest.mark.parametrize("odd", ODD, ids=["NUL", "surrogate", "emoji", "long"])
def test_odd_text_is_kept_or_refused_but_never_breaks_the_database(vault, odd):
    for call in (
        lambda: vault.get_certificate(odd),
        lambda: vault.create_certificate("tagged", ec_policy(), tags={"a": odd}),
        lambda: vault.create_certificate("named", ec_policy(f"CN={odd}")),
        lambda: vault.set_secret("s", odd, content_type=odd),
        lambda: vault.set_secret("t", odd),
        lambda: vault.set_certificate_contacts([{"email": "a@b.c", "name": odd}]),
        lambda: vault.set_certificate_issuer("CA", provider="Test", credentials={"account_id": odd, "pwd": odd}),
        lambda: vault.get_certificate("web", odd),
        lambda: vault.create_certificate("ordered", ec_policy(issuer=odd, cty=odd)),
        lambda: vault.create_certificate("typed", ec_policy(cty=odd)),
        lambda: vault.get_certificate_operation("typed", request_id=odd),
        lambda: vault.find_certificates(odd),
        lambda: vault.find_certificate(odd),
        lambda: vault.events.about(f"certificates/{odd}"),
        lambda: vault.set_principal(odd),
        lambda: vault.as_principal("alice", caller=odd).get_keys(),
        lambda: vault.create_key("k", odd, crv=odd),
        lambda: vault.sign("web", odd, odd),
        lambda: vault.restore_certificate(odd),
        lambda: vault.practice_ca(odd),
    ):
        try:
            call()
        except VaultError as refusal:
            assert refusal.status in (400, 403, 404)
    vault.process_due()
    assert finish(vault).model_dump_json()
    assert [item.model_dump_json() for item in vault.get_certificates()]


def test_two_servers_do_each_step_once_and_number_events_together(url):
    """Each `Vault.open` has a pool and a worker of its own, as two processes would."""
    failures = []
    with Vault.open(url) as one, Vault.open(url) as two:

        def make(vault, n):
            try:
                vault.create_certificate(f"c{n}", ec_policy())
                vault.get_certificate_operation(f"c{n}")
                two.get_certificate_operation(f"c{n}")
            except Exception as error:  # noqa: BLE001  a thread's failure is the test's
                failures.append(error)

        threads = [threading.Thread(target=make, args=(each, n)) for n, each in enumerate((one, two) * 3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert failures == []
        assert two.events.since(0) == one.events.since(0)
        events = list(one.events)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert sum(event.detail.get("move") == "issue" for event in events) == 6
        assert [len(one.get_certificate_versions(f"c{n}")) for n in range(6)] == [1] * 6


def test_one_name_from_two_servers_has_one_winner(url):
    results = []
    with Vault.open(url) as one, Vault.open(url) as two:
        gate = threading.Barrier(4)

        def create(vault):
            gate.wait()
            try:
                results.append(vault.create_certificate("web", ec_policy(issuer="Unknown")).status)
            except VaultError as refusal:
                results.append((refusal.status, refusal.code))

        threads = [threading.Thread(target=create, args=(vault,)) for vault in (one, two, one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert sorted(results, key=str) == [(409, "Forbidden")] * 3 + ["inProgress"]


def test_servers_that_start_at_once_make_the_tables_once(url):
    failures = []

    def start():
        try:
            Vault.open(url).close()
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []


def test_a_reader_never_sees_a_late_event(url):
    seen, stop = [], threading.Event()
    with Vault.open(url) as one, Vault.open(url) as two, Vault.open(url) as three:

        def write(vault):
            for n in range(10):
                vault.set_secret(f"s{n}", "x")

        def read():
            while not stop.is_set() or len(seen) < 20:
                seen.extend(event.seq for event in three.events.since(seen[-1] if seen else 0))

        threads = [threading.Thread(target=write, args=(vault,)) for vault in (one, two)]
        reader = threading.Thread(target=read)
        for thread in (*threads, reader):
            thread.start()
        for thread in threads:
            thread.join(30)
        stop.set()
        reader.join(10)
    assert seen == list(range(1, 21))


def test_refusals_of_opening(url, monkeypatch):
    with pytest.raises(OpenRefused, match="PostgreSQL"):
        Vault.open(url, clock="simulated", seed=1)
    Vault.open(url, clock=SimulatedClock()).close()
    with pytest.raises(OpenRefused, match="clock"):
        Vault.open(url, clock="system")
    with pytest.raises(UnusableMasterKey):
        Vault.open(url, passphrase="another one")
    monkeypatch.delenv("KVLAB_PASSPHRASE")
    with pytest.raises(UnusableMasterKey, match="KVLAB_MASTER_KEY"):
        Vault.open(url)


def test_a_server_that_is_not_there_is_refused_in_one_line_without_the_password():
    with pytest.raises(OpenRefused) as refusal:
        Vault.open("postgresql+psycopg://ada:hunter2@127.0.0.1:1/none", passphrase=PASSPHRASE)
    assert "hunter2" not in f"{refusal.value}{refusal.value!r}"
    assert "\n" not in str(refusal.value)


def test_no_plaintext_key_is_in_the_database(vault):
    finish(vault)
    scalar = opened_pfx(vault.get_secret("web"))[0].private_numbers().private_value.to_bytes(32, "big")

    with vault._core.store.read() as connection:
        sealed = connection.exec_driver_sql("SELECT sealed, public_der FROM key").all()
    assert len(sealed) == 1
    assert all(scalar not in bytes(value) for row in sealed for value in row)


def name_of(url):
    return url.partition("?")[0].rpartition("/")[2]


CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'kvlab%%'"


def test_a_server_that_goes_away_is_one_refusal_and_when_it_is_back_it_works(vault, url, postgres):
    before = finish(vault)
    events = list(vault.events)
    postgres.administer(f"ALTER DATABASE {name_of(url)} ALLOW_CONNECTIONS false", CUT)

    calls = (
        lambda: vault.get_certificate("web"),
        lambda: vault.set_secret("s", "x"),
        lambda: vault.create_certificate("web", ec_policy()),
        lambda: vault.as_principal("nobody").get_certificate("web"),
    )
    for call in calls:
        with pytest.raises(StoreUnavailable, match="server does not answer") as refusal:
            call()
        assert (refusal.value.status, refusal.value.code) == (503, "ServiceUnavailable")
        assert PASSPHRASE not in str(refusal.value)

    postgres.administer(f"ALTER DATABASE {name_of(url)} ALLOW_CONNECTIONS true")
    assert vault.get_certificate("web") == before
    assert list(vault.events) == events
    assert vault.set_secret("s", "x").value


def test_a_connection_that_is_cut_within_a_turn_leaves_nothing_behind(vault, postgres):
    vault.set_secret("s", "x")

    with pytest.raises(StoreUnavailable), vault._core.turn("owner") as turn:
        turn.record("set_secret", "secrets/s")
        turn.connection.exec_driver_sql("UPDATE item SET name = 'half'")
        postgres.administer(CUT)

    assert [item.id.rsplit("/", 1)[1] for item in vault.get_secrets()] == ["s"]
    assert [event.kind for event in vault.events] == ["set_secret"]


def test_two_servers_renew_once_and_mail_once(url):
    clock = SimulatedClock("2026-06-01T09:00Z")
    with Vault.open(url, clock=clock) as one, Vault.open(url, clock=clock) as two:
        one.set_certificate_contacts([{"email": "ops@contoso.com"}])
        for number in range(6):
            finish(one, f"c{number}")
        moves = [threading.Thread(target=clock.advance, kwargs={"days": 150}) for _ in range(2)]
        for move in moves:
            move.start()
        for move in moves:
            move.join()
        assert {len(two.get_certificate_versions(f"c{number}")) for number in range(6)} == {2}
        assert [mail.news for mail in two.outbox].count("renewed") == 6
        assert len(two.outbox) == 12
        assert [event.seq for event in one.events] == list(range(1, len(one.events) + 1))


@pytest.mark.parametrize("name", ["DigiCert", "GlobalSign"])
def test_a_simulated_cas_books_are_shared(url, clock, name):
    from kvlab.providers.provider import Issued, Pending
    from tests.providers.make import Office, order

    with Vault.open(url, clock=clock) as one, Vault.open(url, clock=clock) as other:
        first, second = Office(one, name), Office(other, name)
        first.configure(delay_seconds=60, accounts=[{"account_id": "PAR12345", "password": "Vd83-kF0qTz7yW"}])
        request = order()
        order_id = first.submit(request)

        assert second.submit(request) == order_id
        assert isinstance(second.poll(order_id, request), Pending)
        clock.advance(60)
        assert isinstance(second.poll(order_id, request), Issued)
        assert first.poll(order_id, request) == second.poll(order_id, request)
        assert first.chain() == second.chain()


def test_a_clock_moved_by_a_server_that_died_at_once_is_everywhere_and_its_work_is_done_once(url):
    with Vault.open(url, clock="simulated") as one, Vault.open(url) as two:
        one.create_certificate("web", ec_policy())
        one.create_certificate("never", ec_policy(issuer="Unknown"))
        # All that `advance` does before it turns to the work.
        moved = one._core.clock._move(timedelta(hours=1))

        assert two.get_certificate_operation("web").status == "completed"
        assert two.clock.now() == one.clock.now() == moved
        assert [event.detail.get("move") for event in two.events if event.actor == "vault"] == ["issue"]
        # What is created after the move waits for the next one, whoever looks.
        one.create_certificate("later", ec_policy())
        assert two.get_certificate_operation("later").status == "inProgress"
        two.clock.advance(1)
        assert one.get_certificate_operation("later").status == "completed"


def test_clocks_that_two_vaults_of_one_database_have_are_their_own(url):
    with Vault.open(url, clock="simulated") as one, Vault.open(url) as two:
        start = one.clock.now()
        other = one.sibling("other")
        one.clock.advance(60)
        assert two.sibling("OTHER").clock.now() == other.clock.now() == start
        other.clock.advance(5)
        assert two.sibling("other").clock.now() == start + timedelta(seconds=5)


def test_due_work_of_another_server_is_done_without_a_call(url):
    with Vault.open(url) as one:
        one._core.scheduled = lambda at: None  # as if this server ended just after its answer
        with Vault.open(url) as two:
            one.create_certificate("web", ec_policy())
            end = time.monotonic() + 10
            while len(two.events) < 3 and time.monotonic() < end:
                time.sleep(0.05)
            assert [event.detail.get("move") for event in two.events] == [None, "create", "issue"]


def test_a_server_that_hangs_within_a_turn_loses_it_and_the_others_go_on(url):
    with Vault.open(url) as one, Vault.open(url) as two:
        with pytest.raises(StoreUnavailable), one._core.turn("owner") as turn:
            turn.record("set_secret", "secrets/s")
            limits = ("lock_timeout", "idle_in_transaction_session_timeout")
            found = [turn.connection.exec_driver_sql(f"SHOW {name}").scalar() for name in limits]
            assert found == ["10s", "30s"]
            turn.connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '300ms'")
            # It waits for the turn that hangs.
            two.set_secret("s", "x")
        assert [event.seq for event in two.events] == [1]


def test_a_key_file_holds_the_master_key(url, tmp_path, monkeypatch):
    monkeypatch.delenv("KVLAB_PASSPHRASE")
    file = tmp_path / "the.key"
    with Vault.open(url, key_file=file) as vault:
        finish(vault)
    assert file.stat().st_mode & 0o777 == 0o600
    with Vault.open(url, key_file=file) as vault:
        assert vault.get_secret("web").value
    with pytest.raises(UnusableMasterKey):
        Vault.open(url, key_file=tmp_path / "another.key")


def buying(vault, provider="DigiCert"):
    vault.set_certificate_issuer("CA", {**ISSUER, "provider": provider})
    return vault


@pytest.mark.parametrize("provider", ["DigiCert", "GlobalSign"])
def test_orders_of_a_known_issuer(vault, clock, provider):
    buying(vault, provider).ca(provider).configure(delay_seconds=60, fail_first=1)
    for name in ("issued", "cancelled", "deleted", "gone"):
        vault.create_certificate(name, ec_policy("CN=www.contoso.com", issuer="CA", dns_names=["www.contoso.com"]))
    clock.advance(20)
    vault.update_certificate_operation("cancelled")
    vault.delete_certificate_operation("deleted")
    vault.delete_certificate("gone")
    vault.purge_deleted_certificate("gone")
    clock.advance(60)

    assert vault.get_certificate_operation("issued").status == "completed"
    assert vault.get_certificate_operation("cancelled").status == "cancelled"
    assert sorted(order.state for order in vault.ca(provider).orders()) == ["cancelled"] * 3 + ["issued"]
    assert vault.overrides("issued")
    with vault._core.store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM issuer_order").scalar() == 0


def test_two_servers_place_each_order_once(url):
    failures = []
    names = [f"c{n}" for n in range(16)]
    with Vault.open(url) as one, Vault.open(url) as two:
        buying(one)

        def make(vault, mine):
            try:
                for name in mine:
                    vault.create_certificate(name, ec_policy("CN=www.contoso.com", issuer="CA"))
                    two.get_certificate_operation(name)
            except Exception as error:  # noqa: BLE001  a thread's failure is the test's
                failures.append(error)

        threads = [threading.Thread(target=make, args=((one, two)[n % 2], names[n::4])) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert failures == []
        wait_until(lambda: {two.get_certificate_operation(name).status for name in names} == {"completed"}, 30)
        assert [len(one.get_certificate_versions(name)) for name in names] == [1] * 16
        assert len(one.ca("DigiCert").orders()) == 16
        assert len([event for event in one.events if event.step == 2]) == 16


def test_another_server_takes_over_from_one_that_died(url, monkeypatch):
    """The lease is of the database's own time; what the dead one had placed is found by the vault's reference."""
    monkeypatch.setattr(ordering, "LEASE_SECONDS", 1)
    with Vault.open(url, clock=SimulatedClock()) as one, Vault.open(url, clock=SimulatedClock()) as two:
        buying(one).create_certificate("web", ec_policy("CN=www.contoso.com", issuer="CA"))
        with monkeypatch.context() as patch:
            patch.setattr(orders, "held", die)
            patch.setattr(orders, "release", lambda *_: None)
            with pytest.raises(Death):
                one.process_due()
        assert [order.state for order in one.ca("DigiCert").orders()] == ["issued"]

        two.process_due()
        assert one.get_certificate_operation("web").status == "completed"
        assert len(two.ca("DigiCert").orders()) == 1


def test_a_search_finds_the_same_as_on_sqlite(postgres, tmp_path):
    found = []
    for place in (postgres.new_database(), tmp_path / "vault.db"):
        with Vault.open(place, key_file=tmp_path / "key", clock="simulated") as vault:
            for name, host in (("Web", "shop.contoso.com"), ("api", "API.contoso.com"), ("mail", "100%.contoso.com")):
                props = {"subject": f"CN={host}", "sans": {"dns_names": [host.replace("%", "")]}}
                vault.create_certificate(
                    name, {"issuer": {"name": "Self"}, "key_props": {"kty": "EC"}, "x509_props": props}
                )
            vault.create_certificate("waits", {"issuer": {"name": "Unknown"}, "x509_props": {"subject": "CN=late"}})
            vault.process_due()
            vault.update_certificate("api", attributes={"enabled": False})
            vault.delete_certificate("mail")
            digits = vault.get_certificate("Web").x5t.hex()
            found.append([
                vault.count_certificates(),
                vault.count_certificates("CONTOSO shop"),
                vault.count_certificates("contoso", only_deleted=True),
                [listed.name for listed in vault.find_certificates(digits)],
                [listed.name for listed in vault.find_certificates("100%", states=["deleted"])],
                [listed.name for listed in vault.find_certificates(order="name", descending=True)],
                [listed.name for listed in vault.find_certificates(order="expires", states=["valid", "disabled"])],
                [listed.name for listed in vault.find_certificates("late", states=["pending"], first=0, most=1)],
                vault.find_certificate("WEB").state,
                [event.kind for event in vault.events.about("certificates/web")][:1],
            ])  # fmt: skip

    assert found[0] == found[1]
    assert found[0] == [
        {"valid": 1, "disabled": 1, "pending": 1, "deleted": 1}, {"valid": 1}, {"deleted": 1}, ["Web"], ["mail"], ["Web", "waits", "api"],
        found[0][6], ["waits"], "valid", ["create_certificate"],
    ]  # fmt: skip
