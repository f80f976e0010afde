"""The orderly end, whatever clients are at; and two servers on one SQLite file."""

import itertools
import random
import signal
import threading
import time

import pytest

from tests.server.line import Line
from tests.server.served import serving
from tests.server.test_crash import CLIENTS, Client, check_file, check_kept, check_whole
from tests.server.test_line import request
from tests.server.test_wire import EC, created


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_under_load_nothing_acknowledged_is_lost_and_the_end_comes_soon(tmp_path, number):
    chance = random.Random(number)
    with (tmp_path / "log").open("w") as log:
        acknowledged = {}
        for _ in range(3):
            with serving("--data", tmp_path / "data", log=log) as running:
                check_kept(running, acknowledged)
                counter, token = itertools.count(time.monotonic_ns() // 1000), running.token()
                clients = [Client(running, token, counter) for _ in range(CLIENTS)]
                threads = [threading.Thread(target=client) for client in clients]
                for thread in threads:
                    thread.start()
                time.sleep(chance.uniform(0.3, 0.8))
                began = time.monotonic()
                assert running.stop(number) == 0
                assert time.monotonic() - began < 8
                for thread in threads:
                    thread.join(20)
                acknowledged = {path: told for client in clients for path, told in client.acknowledged.items()}
                assert acknowledged
                assert [refusal for client in clients for refusal in client.refused] == []
                check_file(tmp_path / "data" / "kvlab.db")
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_clients_that_never_finish_do_not_hold_the_end_up_for_long(tmp_path):
    with (tmp_path / "log").open("w") as log, serving(log=log) as running:
        lines = [Line(running) for _ in range(8)]
        for line in lines[:4]:
            line.send(
                request(running, "POST", "/certificates/x/create?api-version=7.6", b"", "Content-Length: 100") + b"{"
            )
        for line in lines[4:]:
            line.send(b"GET /certi")
        time.sleep(0.2)
        began = time.monotonic()

        assert running.stop() == 0
        assert time.monotonic() - began < 8
        for line in lines:
            line.close()
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_two_servers_on_one_sqlite_file_share_it_safely(tmp_path):
    place = ("--database", f"sqlite:///{tmp_path}/shared.db")
    with serving(*place) as one, serving(*place) as two:
        assert one.facts["client_secret"] == two.facts["client_secret"]
        bundle = created(one, "here")
        assert two.call("GET", "/certificates/here", token=one.token()).json["cer"] == bundle["cer"]

        answers = []

        def both(server):
            for number in range(15):
                answers.append(
                    (number, server.call("POST", f"/certificates/same-{number}/create", {"policy": EC}).status)
                )

        threads = [threading.Thread(target=both, args=(server,)) for server in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        for number in range(15):
            statuses = sorted(status for which, status in answers if which == number)
            # The second may come when the first is complete: then it is the next version.
            assert statuses in ([202, 202], [202, 409])
            assert two.call("GET", f"/certificates/same-{number}/pending").json["status"] == "completed"
            versions = one.call("GET", f"/certificates/same-{number}/versions").json["value"]
            assert len(versions) == statuses.count(202)
        check_whole(one)
        assert [one.stop(), two.stop()] == [0, 0]
    check_file(tmp_path / "shared.db")
