"""The vault's side of an order: claimed, asked about, recorded; whatever happens in between, it is placed once."""

import itertools
import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from kvlab import SimulatedClock, Vault
from kvlab.clock import SIMULATED_START
from kvlab.errors import CertificateNotFound, MergeForbidden, PendingCertificateNotFound
from kvlab.providers.provider import Cancelled, Failed, Issued, IssuerError, IssuerUnavailable, OrderRefused, Rejected
from kvlab.store import order as orders
from kvlab.vault import ordering
from tests.vault.make import MAIL_ONLY, ec_policy, parsed, self_signed
from tests.vault.scripted import ISSUER, OVERRIDE, Death, ScriptedCa, die, later, wait_until

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
POLICY = ec_policy(issuer="MyCA", dns_names=["contoso.com"], cty="OV-SSL")


@pytest.fixture
def ca(monkeypatch):
    return ScriptedCa(monkeypatch)


@pytest.fixture
def buyer(vault, ca):
    """A vault with an issuer object, and an order begun for the certificate `web`."""
    vault.set_certificate_issuer("MyCA", ISSUER)
    vault.create_certificate("web", POLICY, tags={"a": "b"})
    return vault


def state(vault, name="web"):
    operation = vault.get_certificate_operation(name)
    return operation.status, operation.error and (operation.error.code, operation.error.message)


def steps(vault):
    return [(event.step, event.actor, event.kind) for event in vault.events if event.step]


def order_rows(vault):
    with vault._core.store.read() as connection:
        return connection.execute(orders.issuer_order.select()).mappings().all()


def test_the_five_steps_of_the_flow_are_events_each_by_who_did_it(buyer, clock, ca):
    buyer.get_certificate_operation("web")
    buyer.process_due()

    assert steps(buyer) == [
        (1, "owner", "create_certificate"), (3, "owner", "poll"), (2, "vault", "ca.request"),
        (4, "DigiCert", "ca.answer"), (5, "vault", "transition"),
    ]  # fmt: skip
    request_id = buyer.get_certificate_operation("web").request_id
    assert {event.request_id for event in buyer.events if event.kind != "set_certificate_issuer"} == {request_id}
    bundle = buyer.get_certificate("web")
    assert parsed(bundle).issuer == x509.load_der_x509_certificate(ca.ca.intermediate).subject
    assert bundle.tags == {"a": "b"}
    assert buyer.get_secret("web").value
    assert order_rows(buyer) == []
    assert ca.accounts == {("1001", "api-key-of-the-account", "2001")}


def test_nothing_happens_until_a_simulated_clock_is_moved(buyer, clock, ca):
    for _ in range(3):
        assert state(buyer) == ("inProgress", None)
    assert ca.calls == []

    clock.advance(0)
    assert state(buyer) == ("completed", None)


def test_the_ca_is_asked_again_when_it_says(buyer, clock, ca):
    ca.polls = [later(3600, "Organization 2001 is not validated."), later(60), later(60)]
    buyer.process_due()
    assert state(buyer)[0] == "inProgress"
    assert buyer.get_certificate_operation("web").status_details.endswith("Organization 2001 is not validated.")

    clock.advance(3599)
    assert ca.count("poll") == 1
    clock.advance(1)
    assert ca.count("poll") == 2
    clock.advance(120)
    assert (state(buyer)[0], ca.count("poll"), ca.count("submit")) == ("completed", 4, 1)
    assert buyer.get_certificate_operation("web").status_details is None


def test_a_ca_that_does_not_say_when_is_asked_less_and_less_often(buyer, clock, ca):
    ca.polls = [later() for _ in range(9)]
    buyer.process_due()
    clock.advance(hours=4)

    asked = [event.time for event in buyer.events if event.kind == "ca.answer"]
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(asked)]
    assert gaps == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_ca_that_is_down_is_tried_again_with_back_off_and_nothing_is_placed_twice(buyer, clock, ca):
    ca.submits = [IssuerUnavailable("503 Service Unavailable.") for _ in range(3)]
    ca.polls = [IssuerUnavailable("No answer.", 100)]
    buyer.process_due()
    assert state(buyer) == ("inProgress", None)
    assert "503 Service Unavailable." in buyer.get_certificate_operation("web").status_details

    clock.advance(10 + 20)
    assert ca.count("submit") == 3
    clock.advance(40)
    assert (ca.count("submit"), ca.count("poll"), len(ca.orders)) == (4, 1, 1)
    assert state(buyer) == ("inProgress", None)
    clock.advance(99)
    assert state(buyer) == ("inProgress", None)
    clock.advance(1)
    assert state(buyer) == ("completed", None)


@pytest.mark.parity("issuer-unavailable")
def test_each_kind_of_waiting_has_its_own_rhythm_from_the_start(buyer, clock, ca):
    """A CA that was asked for long and then is down is tried again soon, and asked again soon once it is back."""
    down = IssuerUnavailable("503")
    ca.polls = [later(), later(), later(), down, down, down, later(), later(), down]
    buyer.process_due()
    clock.advance(hours=1)

    asked = [event.time for event in buyer.events if event.detail.get("summary") == "poll order-1"]
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(asked)]
    assert gaps == [60, 120, 240, 10, 20, 40, 60, 120, 10]
    assert state(buyer)[0] == "completed"


CASES = {
    "refused at once": ([OrderRefused("CN is not validated.")], [], ("Request rejected", "CN is not validated.")),
    "credentials wrong": ([IssuerError("401 denied.")], [], ("Certificate issuer error", "401 denied.")),
    "rejected after review": ([], [later(5), Rejected("Not ours.")], ("Request rejected", "Not ours.")),
    "failed": ([], [Failed("HSM broke.")], ("Certificate issuer error", "HSM broke.")),
    "credentials taken away": ([], [later(5), IssuerError("401")], ("Certificate issuer error", "401")),
}


@pytest.mark.parametrize("case", CASES)
def test_what_ends_an_order_is_shown_in_the_cas_words(buyer, clock, ca, case):
    ca.submits, ca.polls, error = CASES[case]
    ca.submits, ca.polls = list(ca.submits), list(ca.polls)
    clock.advance(10)

    assert state(buyer) == ("failed", error)
    operation = buyer.get_certificate_operation("web").model_dump(mode="json")
    assert (operation["error"], "status_details" in operation, "target" in operation) == (
        {"code": error[0], "message": error[1]}, False, False,
    )  # fmt: skip
    ended = [event for event in buyer.events if event.kind == "transition"][-1]
    assert (ended.detail["to"], ended.detail["error"]["message"]) == ("failed", error[1])
    assert order_rows(buyer) == []


@pytest.mark.parity("issuer-merge-after")
def test_after_failed_or_cancelled_a_manual_merge_is_allowed(buyer, clock, ca):
    ca.polls = [Failed("no"), Cancelled()]
    with pytest.raises(MergeForbidden):
        buyer.merge_certificate("web", ca.ca.leaf_of_request(buyer.get_certificate_operation("web").csr))
    for ended in ("failed", "cancelled"):
        clock.advance(1)
        operation = buyer.get_certificate_operation("web")
        assert operation.status == ended
        assert buyer.merge_certificate("web", ca.ca.leaf_of_request(operation.csr)).cer
        assert state(buyer) == ("completed", None)
        buyer.create_certificate("web")


@pytest.mark.parity("issuer-other-key")
@pytest.mark.parametrize(
    ("leaf", "words"),
    [
        (lambda ca, request: ca.ca.leaf(ca.ca.key.public_key()), "does not belong to the private key"),
        (lambda ca, request: b"no certificate", ""),
        (lambda ca, request: ca.ca.leaf_of_request(request.csr_der, start=LONG_AGO), "expired"),
        (lambda ca, request: self_signed(ca.ca.key), "does not belong"),
    ],
    ids=["another key", "no certificate", "expired", "self-signed by another"],
)
def test_a_certificate_that_can_not_be_merged_fails_the_operation(buyer, clock, ca, leaf, words):
    ca.polls = [lambda request: Issued(leaf(ca, request), ())]
    clock.advance(1)

    status, (code, message) = state(buyer)
    assert (status, code) == ("failed", "Certificate issuer error")
    assert words in message
    assert buyer.get_certificate("web").cer is None


def test_where_the_ca_decided_otherwise_can_be_read(buyer, clock, ca):
    assert buyer.overrides("web") == ()
    clock.advance(1)

    assert buyer.overrides("web") == (OVERRIDE,)
    merged = [event for event in buyer.events if event.step == 5][-1]
    assert merged.detail["overrides"] == [OVERRIDE._asdict()]
    buyer.create_certificate("web", ec_policy())
    clock.advance(1)
    assert buyer.overrides("web") == ()
    assert buyer.overrides("web", merged.version) == (OVERRIDE,)
    with pytest.raises(CertificateNotFound):
        buyer.overrides("nobody")


def test_an_order_is_cancelled_before_it_is_placed_without_a_word(buyer, clock, ca):
    asked = buyer.update_certificate_operation("web")
    assert (asked.status, asked.cancellation_requested) == ("inProgress", True)
    clock.advance(1)

    assert (state(buyer), ca.calls) == (("cancelled", None), [])


def test_an_order_is_cancelled_at_the_ca(buyer, clock, ca):
    ca.polls = [later(3600)]
    clock.advance(1)
    buyer.update_certificate_operation("web")
    assert state(buyer) == ("inProgress", None)
    clock.advance(1)

    assert (state(buyer), ca.cancelled) == (("cancelled", None), {"order-1"})


def test_a_cancellation_that_comes_too_late_ends_with_the_certificate(buyer, clock, ca):
    ca.polls, ca.cancels = [later(3600)], [False]
    clock.advance(1)
    buyer.update_certificate_operation("web")
    clock.advance(1)

    assert (state(buyer), ca.count("cancel")) == (("completed", None), 1)


def test_somebody_at_the_ca_cancels(buyer, clock, ca):
    ca.polls = [later(5), Cancelled()]
    clock.advance(5)

    assert state(buyer) == ("cancelled", None)


def test_a_deleted_operation_has_its_order_cancelled_when_possible(buyer, clock, ca):
    ca.polls = [later(3600)]
    ca.cancels = [IssuerUnavailable("down"), True]
    clock.advance(1)
    buyer.delete_certificate_operation("web")
    assert ca.cancelled == set()
    clock.advance(60)

    assert ca.cancelled == {"order-1"}
    assert order_rows(buyer) == []
    with pytest.raises(PendingCertificateNotFound):
        buyer.get_certificate_operation("web")
    buyer.create_certificate("web", POLICY)
    clock.advance(1)
    assert (state(buyer)[0], len(ca.orders)) == ("completed", 2)


def test_orders_of_forgotten_operations_are_given_up_in_the_end(buyer, clock, ca):
    ca.polls, ca.cancels = [later(3600)], [IssuerUnavailable("down") for _ in range(50)]
    clock.advance(1)
    buyer.delete_certificate_operation("web")
    clock.advance(days=2)

    assert order_rows(buyer) == []
    assert 3 < ca.count("cancel") < 20


def test_a_deleted_certificate_waits_for_its_recovery_and_a_purge_cancels(buyer, clock, ca):
    ca.polls = [later(60)]
    clock.advance(1)
    buyer.delete_certificate("web")
    clock.advance(days=1)
    assert ca.count("poll") == 1
    buyer.recover_deleted_certificate("web")
    clock.advance(0)
    assert state(buyer)[0] == "completed"

    ca.polls = [later(60)]
    buyer.create_certificate("shop", POLICY)
    clock.advance(1)
    buyer.delete_certificate("shop")
    buyer.purge_deleted_certificate("shop")
    clock.advance(1)
    assert (ca.cancelled, order_rows(buyer)) == ({"order-2"}, [])


@pytest.mark.parametrize(
    ("meddle", "words"),
    [
        (lambda vault: vault.delete_certificate_issuer("MyCA"), "was deleted"),
        (lambda vault: vault.set_certificate_issuer("MyCA", {**ISSUER, "provider": "GlobalSign"}), "DigiCert's"),
        (lambda vault: vault.update_certificate_issuer("MyCA", attributes={"enabled": False}), "is disabled"),
    ],
    ids=["deleted", "another provider", "disabled"],
)
def test_an_issuer_object_that_goes_takes_its_unplaced_orders_along(buyer, clock, ca, meddle, words):
    meddle(buyer)
    clock.advance(1)

    status, (code, message) = state(buyer)
    assert (status, code, ca.calls) == ("failed", "Certificate issuer error", [])
    assert words in message


def test_disabling_an_issuer_leaves_orders_that_are_placed(buyer, clock, ca):
    ca.polls = [later(60)]
    clock.advance(1)
    buyer.update_certificate_issuer("MyCA", attributes={"enabled": False})
    clock.advance(60)

    assert state(buyer)[0] == "completed"


def test_due_work_happens_in_the_order_of_its_instants(buyer, clock, ca):
    buyer.set_secret("s", "x")
    buyer.delete_secret("s")
    ca.polls = [later(3600) for _ in range(24 * 95)]
    clock.advance(days=91)

    times = [event.time for event in buyer.events]
    assert times == sorted(times)
    assert "purge" in {event.kind for event in buyer.events}


@pytest.mark.parametrize("movers", [1, 2])
def test_time_moved_by_two_threads_has_the_history_of_one(buyer, clock, ca, movers):
    """While one thread speaks to a CA at one instant, another does not go on to a later one."""
    buyer.create_certificate("later", ec_policy(lifetime_actions=MAIL_ONLY))
    asked, moved = threading.Event(), threading.Event()

    def slow(request):
        asked.set()
        moved.wait(0.3)
        return later(60)

    ca.polls = [slow, *(later(60) for _ in range(5))]
    one = threading.Thread(target=clock.advance, args=(86_400 * 400,))
    one.start()
    assert asked.wait(10)
    if movers == 2:
        clock.advance(days=1)
        moved.set()
    one.join(10)

    assert [event.time for event in buyer.events] == sorted(event.time for event in buyer.events)
    assert next(event for event in buyer.events if event.step == 4).time == SIMULATED_START + timedelta(minutes=6)


@pytest.mark.parametrize("where", ["in submit", "in poll", "before it is recorded"])
def test_a_vault_that_dies_while_an_order_is_out_finds_it_again(tmp_path, ca, where, monkeypatch):
    file = tmp_path / "vault.db"
    monkeypatch.setattr(ordering, "LEASE_SECONDS", 1)
    with Vault.open(file, clock=SimulatedClock()) as vault:
        vault.set_certificate_issuer("MyCA", ISSUER)
        vault.create_certificate("web", POLICY)
        if where == "in submit":
            ca.submits = [lambda request: (ca.orders.update({request.reference: "order-1"}), die())]
        elif where == "in poll":
            ca.polls = [die]
        else:
            monkeypatch.setattr(orders, "held", die)
        # The dead release nothing.
        monkeypatch.setattr(orders, "release", lambda *_: None)
        with pytest.raises(Death):
            vault.process_due()
        monkeypatch.undo()
        again = ScriptedCa(monkeypatch)
        again.orders, again.ca = ca.orders, ca.ca
        assert [row["lease_owner"] is not None for row in order_rows(vault)] == [True]
    with Vault.open(file, clock=SimulatedClock()) as vault:
        assert vault.get_certificate_operation("web").status == "inProgress"
        vault.process_due()

        assert vault.get_certificate_operation("web").status == "completed"
        assert len(again.orders) == 1


def test_cancelling_what_may_have_been_placed_looks_for_it_first(buyer, clock, ca):
    ca.submits = [
        lambda request: (
            ca.orders.update({request.reference: "order-1"}),
            (_ for _ in ()).throw(IssuerUnavailable("x")),
        )
    ]
    clock.advance(0)
    buyer.update_certificate_operation("web")
    clock.advance(0)

    assert (state(buyer)[0], ca.cancelled, ca.count("find")) == ("cancelled", {"order-1"}, 1)


def test_a_cancellation_asked_for_in_mid_conversation_is_heard_at_once(buyer, clock, ca):
    def meddle(request):
        buyer.update_certificate_operation("web")
        return later(3600)

    ca.polls = [meddle]
    clock.advance(1)

    assert (state(buyer)[0], ca.cancelled) == ("cancelled", {"order-1"})


def test_an_operation_deleted_in_mid_conversation_gets_no_certificate(buyer, clock, ca):
    def meddle(request):
        buyer.delete_certificate_operation("web")
        return ca.issue(request)

    ca.polls, ca.cancels = [meddle], [False]
    clock.advance(1)

    assert order_rows(buyer) == []
    assert buyer.get_certificate("web").cer is None
    with pytest.raises(PendingCertificateNotFound):
        buyer.get_certificate_operation("web")


def test_a_certificate_deleted_in_mid_conversation_gets_its_version_after_recovery(buyer, clock, ca):
    def meddle(request):
        buyer.delete_certificate("web")
        return ca.issue(request)

    ca.polls = [meddle]
    clock.advance(1)
    buyer.recover_deleted_certificate("web")
    clock.advance(1)

    assert (state(buyer)[0], ca.count("submit"), ca.count("poll")) == ("completed", 1, 2)


def test_an_operation_replaced_in_mid_conversation_does_not_get_the_old_order(buyer, clock, ca):
    def meddle(request):
        buyer.delete_certificate_operation("web")
        buyer.create_certificate("web", POLICY)
        return ca.issue(request)

    ca.polls = [meddle]
    clock.advance(1)

    assert (state(buyer)[0], len(ca.orders)) == ("completed", 2)
    assert order_rows(buyer) == []


def test_who_held_the_lease_too_long_has_no_say_any_more(buyer, clock, ca, monkeypatch):
    monkeypatch.setattr(ordering, "LEASE_SECONDS", 0)

    def overtake(request):
        with buyer._core.store.write() as connection:
            connection.execute(orders.issuer_order.update().values(lease_owner="f" * 32))
        return Rejected("too late to say so")

    ca.polls = [overtake]
    clock.advance(1)

    assert (state(buyer)[0], len(ca.orders)) == ("completed", 1)


def test_no_transaction_and_no_lock_is_held_while_a_ca_speaks(ca):
    """On a system clock, readers and other orders go on while one CA takes its time."""
    asked, may_answer = threading.Event(), threading.Event()

    def slow(request):
        asked.set()
        assert may_answer.wait(10)
        return ca.issue(request)

    with Vault() as vault:
        vault.set_certificate_issuer("MyCA", ISSUER)
        ca.polls = [slow]
        vault.create_certificate("slow", POLICY)
        assert asked.wait(10)
        vault.create_certificate("other", ec_policy())
        assert vault.get_certificate_operation("other").status == "completed"
        assert vault.get_certificate_operation("slow").status == "inProgress"
        may_answer.set()
        wait_until(lambda: vault.get_certificate_operation("slow").status == "completed")


def test_several_threads_and_a_worker_place_every_order_once(ca):
    names = [f"c{n}" for n in range(60)]
    failures = []
    ca.polls = [later(0) for _ in range(40)]
    with Vault() as vault:
        vault.set_certificate_issuer("MyCA", ISSUER)

        def make(mine):
            try:
                for name in mine:
                    vault.create_certificate(name, POLICY)
                    vault.get_certificate_operation(name)
            except Exception as error:  # noqa: BLE001  a thread's failure is the test's
                failures.append(error)

        threads = [threading.Thread(target=make, args=(names[n::4],)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        wait_until(lambda: {vault.get_certificate_operation(name).status for name in names} == {"completed"})
        assert (ca.count("submit"), len(ca.orders)) == (60, 60)
        assert len([event for event in vault.events if event.step == 5]) == 60
        assert len({vault.get_certificate(name).x5t for name in names}) == 60


def test_two_vaults_on_one_file_share_the_orders(tmp_path, ca):
    """A second process on the same simulated clock waits for what the first one is at, and places nothing twice."""
    file, clock = tmp_path / "vault.db", SimulatedClock()
    with Vault.open(file, clock=clock) as one, Vault.open(file, clock=clock) as two:
        one.set_certificate_issuer("MyCA", ISSUER)
        for n in range(20):
            (one, two)[n % 2].create_certificate(f"c{n}", POLICY)
        threads = [threading.Thread(target=vault.process_due) for vault in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert {two.get_certificate_operation(f"c{n}").status for n in range(20)} == {"completed"}
        assert (ca.count("submit"), len(ca.orders)) == (20, 20)


def test_a_bug_in_a_provider_gives_the_order_back(buyer, clock, ca):
    ca.polls = [KeyError("bug")]
    with pytest.raises(KeyError):
        clock.advance(1)

    assert [row["lease_owner"] for row in order_rows(buyer)] == [None]
    clock.advance(1)
    assert state(buyer)[0] == "completed"


def test_the_password_is_in_no_event_and_no_row(buyer, clock, ca):
    clock.advance(1)

    with buyer._core.store.read() as connection:
        dump = "".join(connection.connection.dbapi_connection.iterdump())
    secret = ISSUER["credentials"]["pwd"]
    assert secret not in dump
    assert secret not in json.dumps([event.to_json() for event in buyer.events])


@pytest.mark.parity("issuer-other-key")
def test_the_chain_is_put_in_order_unless_the_cas_order_was_asked_for(buyer, clock, ca):
    def jumbled(request):
        leaf = ca.ca.leaf_of_request(request.csr_der)
        return Issued(leaf, (ca.ca.root, leaf, ca.ca.intermediate))

    ca.polls = [jumbled for _ in range(3)]
    pem = {**POLICY.model_dump(), "secret_props": {"contentType": "application/x-pem-file"}}
    buyer.create_certificate("ordered", pem)
    buyer.create_certificate("kept", pem, preserve_cert_order=True)
    clock.advance(1)

    shown = {}
    for name in ("ordered", "kept"):
        found = x509.load_pem_x509_certificates(buyer.get_secret(name).value.encode())
        shown[name] = [each.subject.rfc4514_string().removeprefix("CN=") for each in found]
    assert shown == {
        "ordered": ["contoso.com", "Outside CA", "Outside Root"],
        "kept": ["contoso.com", "Outside Root", "contoso.com", "Outside CA"],
    }
