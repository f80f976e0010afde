"""The event log: every change, refusal and transition, numbered without gaps, and never a secret."""

import base64
import threading

import pytest

from kvlab import Vault, VaultError
from kvlab.errors import ForbiddenByPolicy
from tests.vault.make import (
    OutsideCA,
    ec_key,
    ec_policy,
    finish,
    opened_pfx,
    pfx_file,
    pkcs8_der,
    self_signed,
    version_of,
)

PASSWORD = "a password nobody may read"


def kinds(vault):
    return [event.kind for event in vault.events]


def test_the_manual_flow_leaves_its_five_steps_with_the_practice_ca(vault):
    ca = vault.practice_ca()
    operation = vault.create_certificate("web", ec_policy(issuer="Unknown"))
    bundle = vault.merge_certificate("web", ca.sign(operation))

    events = [event for event in vault.events if event.object == "certificates/web"]
    steps = [(event.step, event.kind, event.actor) for event in events if event.step]
    assert steps == [
        (1, "create_certificate", "owner"), (2, "transition", "owner"), (3, "ca.request", "owner"),
        (4, "ca.answer", "Contoso"), (5, "merge_certificate", "owner"),
    ]  # fmt: skip
    assert {event.request_id for event in events} == {operation.request_id}
    assert events[-1].version == version_of(bundle)


def test_without_the_practice_ca_steps_three_and_four_are_not_seen(vault):
    operation = vault.create_certificate("web", ec_policy(issuer="Unknown"))
    vault.merge_certificate("web", OutsideCA().leaf_of_request(operation.csr))

    assert [event.step for event in vault.events if event.step] == [1, 2, 5]


def test_the_self_signed_flow(vault):
    operation = vault.create_certificate("web", ec_policy())
    vault.process_due()

    events = list(vault.events)
    assert [(event.kind, event.actor, event.step) for event in events] == [
        ("create_certificate", "owner", 1), ("transition", "owner", None), ("transition", "vault", None),
    ]  # fmt: skip
    moves = [(event.detail["move"], event.detail["from"], event.detail["to"]) for event in events[1:]]
    assert moves == [("create", "none", "inProgress"), ("issue", "inProgress", "completed")]
    assert events[-1].version == version_of(vault.get_certificate("web"))
    assert events[-1].request_id == operation.request_id


CHANGES = {
    "update_certificate": lambda v: v.update_certificate("web", tags={}),
    "update_certificate_policy": lambda v: v.update_certificate_policy("web", {}),
    "delete_certificate_operation": lambda v: v.delete_certificate_operation("web"),
    "import_certificate": lambda v: v.import_certificate("new", pfx_file(KEY, LEAF)),
    "backup_certificate": lambda v: v.backup_certificate("web"),
    "delete_certificate": lambda v: v.delete_certificate("web"),
    "recover_deleted_certificate": lambda v: (v.delete_certificate("web"), v.recover_deleted_certificate("web")),
    "purge_deleted_certificate": lambda v: (v.delete_certificate("web"), v.purge_deleted_certificate("web")),
    "set_certificate_issuer": lambda v: v.set_certificate_issuer("CA", provider="Test"),
    "set_certificate_contacts": lambda v: v.set_certificate_contacts([{"email": "a@b.c"}]),
    "create_key": lambda v: v.create_key("k", "EC"),
    "set_secret": lambda v: v.set_secret("s", "x"),
    "set_principal": lambda v: v.set_principal("alice", certificates=["get"]),
    "sign": lambda v: v.sign("web", "ES256", bytes(32)),
}
KEY = ec_key()
LEAF = self_signed(KEY)


@pytest.mark.parametrize("kind", CHANGES)
def test_every_change_is_an_event(vault, kind):
    finish(vault)

    CHANGES[kind](vault)

    event = list(vault.events)[-1]
    assert (event.kind, event.actor) == (kind, "owner")
    assert event.time == vault.clock.now()


def test_reads_are_no_events(vault):
    finish(vault)
    before = len(vault.events)

    for read in (vault.get_certificate, vault.get_certificate_policy, vault.get_key, vault.get_secret):
        read("web")
    vault.get_certificates()

    assert len(vault.events) == before


def test_a_poll_is_one_event_per_operation_actor_and_second(vault, clock):
    vault.create_certificate("web", ec_policy(issuer="Unknown"))
    vault.create_certificate("api", ec_policy(issuer="Unknown"))
    alice = vault.set_principal("alice", certificates=["get"])
    for _ in range(5):
        for view in (vault, alice):
            view.get_certificate_operation("web")
            view.get_certificate_operation("api")
    clock.advance(1)
    vault.get_certificate_operation("web")

    polls = [(event.actor, event.object) for event in vault.events if event.kind == "poll"]
    assert sorted(polls) == [
        ("alice", "certificates/api"), ("alice", "certificates/web"), ("owner", "certificates/api"),
        ("owner", "certificates/web"), ("owner", "certificates/web"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "about"),
    [
        (lambda v: v.get_certificate("none"), "certificates/none"),
        (lambda v: v.get_certificate(name="none"), "certificates/none"),
        (lambda v: v.get_deleted_certificate("none"), "deletedcertificates/none"),
        (lambda v: v.get_certificate_issuer("none"), "certificates/issuers/none"),
        (lambda v: v.get_certificate_contacts(), "certificates/contacts"),
        (lambda v: v.set_certificate_contacts("{"), "certificates/contacts"),
        (lambda v: v.restore_certificate("a-blob"), "certificates/restore"),
        (lambda v: v.get_certificate("\ud800\x00"), "certificates/\\ud800\\x00"),
        (lambda v: v.get_key("x" * 300), "keys/" + "x" * 127),
    ],
    ids=range(9),
)
def test_a_refusal_says_what_it_was_about(vault, call, about):
    with pytest.raises(VaultError):
        call(vault)

    (event,) = vault.events
    assert (event.kind, event.object) == ("refused", about)


def test_numbers_have_no_gaps_and_subscribers_hear_each_event_once_and_in_order(vault):
    heard, failing = [], []

    def fails(event):
        failing.append(event)
        raise RuntimeError("a broken subscriber")

    end = vault.events.subscribe(heard.append)
    stop = vault.events.subscribe(fails)
    try:
        finish(vault)
    finally:
        stop()
    with pytest.raises(VaultError):
        vault.get_certificate("none")
    end()
    vault.delete_certificate("web")

    events = list(vault.events)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert heard == events[:-1]
    assert [event.seq for event in vault.events.since(2, 2)] == [3, 4]


def test_threads_leave_no_gap_and_a_reader_never_sees_a_late_one(tmp_path):
    seen, stop = [], threading.Event()
    with Vault.open(tmp_path / "a.db") as vault:

        def write(number):
            for turn in range(15):
                vault.set_secret(f"s{number}", f"{turn}")

        def read():
            while not stop.is_set() or len(seen) < 60:
                seen.extend(event.seq for event in vault.events.since(seen[-1] if seen else 0))

        writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        reader = threading.Thread(target=read)
        for thread in (*writers, reader):
            thread.start()
        for thread in writers:
            thread.join()
        stop.set()
        reader.join(10)
    assert seen == list(range(1, 61))


def test_no_event_repr_error_or_answer_but_the_secret_holds_a_key_or_password(vault):
    finish(vault)
    vault.import_certificate("imported", pfx_file(KEY, LEAF, password=PASSWORD.encode()), pwd=PASSWORD)
    vault.set_secret("plain", PASSWORD)
    vault.set_certificate_issuer(
        "CA", provider="DigiCert", credentials={"account_id": "a", "pwd": PASSWORD}, org_details={"id": "1"}
    )
    with pytest.raises(VaultError) as refusal:
        vault.import_certificate("again", pfx_file(KEY, LEAF, password=b"other"), pwd=PASSWORD)
    operation = vault.create_certificate("web")
    vault.process_due()

    answers = [
        vault.get_certificate("web"), vault.get_certificate("imported"), operation, vault.get_key("web"),
        vault.get_certificate_issuer("CA"), vault.backup_certificate("web"), *vault.get_secrets(), *vault.get_certificates(),
        *vault.events,
    ]  # fmt: skip
    told = "".join(f"{answer!r}" for answer in answers) + f"{refusal.value}{refusal.value!r}{vault!r}{vault.events!r}"
    told += "".join(answer.model_dump_json() for answer in answers if hasattr(answer, "model_dump_json"))
    told += (
        repr(vault.get_secret("web"))
        + repr(vault.get_secret("plain"))
        + repr([event.to_json() for event in vault.events])
    )
    own = opened_pfx(vault.get_secret("web"))[0]
    for key in (KEY, own):
        scalar = key.private_numbers().private_value
        for form in (
            str(scalar),
            f"{scalar:x}",
            base64.b64encode(pkcs8_der(key)).decode()[:60],
            repr(pkcs8_der(key))[2:-1],
        ):
            assert form not in told
    assert PASSWORD not in told


def test_who_observes_leaves_no_trace(vault):
    vault.create_certificate("web", {"key_props": {"kty": "EC"}, "x509_props": {"subject": "CN=a"}})
    before = len(vault.events)
    observer = vault.observe()

    assert observer.get_certificate_operation("web").status == "inProgress"
    with pytest.raises(VaultError):
        observer.get_certificate("nothing")

    assert len(vault.events) == before
    with pytest.raises(ForbiddenByPolicy):
        vault.as_principal("alice").observe()
