"""One vault, several threads."""

import threading

import pytest

from kvlab import Vault, VaultError
from tests.vault.make import ec_policy, finish, parsed


def together(*calls):
    """Run calls at the same moment, each in its own thread; returns what each gave or raised."""
    gate, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(index, call):
        gate.wait()
        try:
            results[index] = call()
        except VaultError as refusal:
            results[index] = refusal

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


@pytest.fixture(params=["memory", "file"])
def kept(request, tmp_path, clock):
    """A vault in memory or in a file."""
    opened = Vault(clock=clock) if request.param == "memory" else Vault.open(tmp_path / "a.db", clock=clock)
    with opened as vault:
        yield vault


def test_two_names_at_once_both_succeed(kept):
    results = together(*(lambda n=n: kept.create_certificate(f"c{n}", ec_policy()) for n in range(4)))

    assert [result.status for result in results] == ["inProgress"] * 4
    assert kept.process_due() == 4
    keys = [parsed(kept.get_certificate(f"c{n}")).public_key().public_numbers() for n in range(4)]
    assert len(set(keys)) == 4


@pytest.mark.parametrize("again", range(3))
def test_of_several_creations_of_one_name_exactly_one_wins(kept, again):
    results = together(*(lambda: kept.create_certificate("web", ec_policy()) for _ in range(4)))

    lost = [result for result in results if isinstance(result, VaultError)]
    assert [(refusal.status, refusal.code) for refusal in lost] == [(409, "Forbidden")] * 3
    with kept._core.store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM key").scalar() == 1


@pytest.mark.parametrize("again", range(3))
def test_a_key_and_a_certificate_never_hold_one_name_both(kept, again):
    results = together(lambda: kept.create_certificate("web", ec_policy()), lambda: kept.create_key("web", "EC"))

    assert sum(isinstance(result, VaultError) for result in results) == 1
    assert len(kept.get_certificates(include_pending=True)) + len(kept.get_keys()) == 1


def test_threads_on_a_system_clock_finish_each_certificate_once(tmp_path):
    with Vault.open(tmp_path / "a.db") as vault:

        def make(n):
            vault.create_certificate(f"c{n}", ec_policy())
            return vault.get_certificate_operation(f"c{n}").status

        assert together(*(lambda n=n: make(n) for n in range(6))) == ["completed"] * 6
        issued = [event.object for event in vault.events if event.detail.get("move") == "issue"]
        assert sorted(issued) == [f"certificates/c{n}" for n in range(6)]


def test_time_moved_by_two_threads_does_each_step_once(kept):
    for n in range(6):
        kept.create_certificate(f"c{n}", ec_policy())

    together(*(lambda: kept.clock.advance(1) for _ in range(4)))

    assert [len(kept.get_certificate_versions(f"c{n}")) for n in range(6)] == [1] * 6
    assert sum(event.detail.get("move") == "issue" for event in kept.events) == 6


def test_polls_at_once_are_one_event(kept):
    kept.create_certificate("web", ec_policy())

    together(*(lambda: kept.get_certificate_operation("web") for _ in range(8)))

    assert sum(event.kind == "poll" for event in kept.events) == 1


def test_subscribers_hear_events_in_their_order(kept):
    heard = []
    end = kept.events.subscribe(lambda event: heard.append(event.seq))

    together(*(lambda n=n: [kept.set_secret(f"s{n}", "x") for _ in range(20)] for n in range(4)))
    end()

    assert sorted(heard) == list(range(1, 81))
    assert heard == sorted(heard)


def test_reads_see_whole_versions_while_another_thread_writes(kept):
    finish(kept)
    stop, wrong = threading.Event(), []

    def read():
        while not stop.is_set():
            bundle = kept.get_certificate("web")
            if bundle.kid.rsplit("/", 1)[1] != bundle.id.rsplit("/", 1)[1] or not bundle.cer:
                wrong.append(bundle)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        finish(kept)
    stop.set()
    reader.join(10)
    assert wrong == []
    assert len(kept.get_certificate_versions("web")) == 21


def test_the_worker_finishes_self_when_nobody_calls():
    heard = threading.Event()
    with Vault() as vault:
        vault.events.subscribe(lambda event: heard.set() if event.detail.get("move") == "issue" else None)
        vault.create_certificate("web", ec_policy())
        assert heard.wait(5)


def test_a_subscriber_may_call_the_vault(clock):
    with Vault(clock=clock) as vault:
        seen = []
        vault.events.subscribe(lambda event: seen.append(len(vault.get_certificates(include_pending=True))))
        finish(vault)
        assert seen == [1, 1, 1]
