"""Thousands of malformed requests: each gets the service's error JSON, and the server is as well afterwards as before."""

import collections
import json

import pytest

from tests.server.line import Line
from tests.server.malformed import SECRETS, Maker
from tests.server.served import serving
from tests.server.test_wire import EC, MANUAL, created

LINES = 5

ACCEPTED = (200, 201, 202, 204)
REFUSED = (400, 401, 403, 404, 405, 409, 413, 421, 431)


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A server on a file, with one of everything in it, and where its standard error goes."""
    folder = tmp_path_factory.mktemp("fuzz")
    with (folder / "log").open("w") as log, serving("--data", folder / "data", log=log) as running:
        created(running, "known-certificates")
        running.call("POST", "/certificates/known-certificates/create", {"policy": MANUAL})
        running.call("POST", "/keys/known-keys/create", {"kty": "EC"})
        running.call("PUT", "/secrets/known-secrets", {"value": "x"})
        yield running, folder / "log"


def shape_of(answer, malformed):
    """What is wrong with an answer; None if nothing is."""
    if answer.status in ACCEPTED:
        return None
    if answer.status not in (*REFUSED, 501):
        return "status"
    if malformed.method == "HEAD":
        return "body of HEAD" if answer.body else None
    try:
        error = answer.json["error"]
    except (ValueError, KeyError, TypeError):
        return "no error JSON"
    if malformed.oauth:
        well = isinstance(error, str) and isinstance(answer.json.get("error_description"), str)
    else:
        well = set(error) <= {"code", "message", "innererror"} and error["code"] and error["message"]
    return None if well else "shape"


def test_malformed_requests_get_error_json_and_leave_the_server_well(watched):
    running, log = watched
    token = running.token()
    maker = Maker(running.host, token, running.facts["tenant_id"])
    requests = maker.all()
    lines = [Line(running) for _ in range(LINES)]
    secrets = [*SECRETS, running.facts["client_secret"].encode(), b"Traceback", b'File "']
    counts, wrong = collections.Counter(), []

    for number, malformed in enumerate(requests):
        answer = lines[number % LINES].ask(malformed.octets, malformed.method)
        counts[answer.status] += 1
        fault = shape_of(answer, malformed) or next((text for text in secrets if text in answer.body), None)
        if fault:
            wrong.append((fault, malformed.label, answer.status, answer.body[:200]))
    for line in lines:
        line.close()

    assert wrong == []
    assert len(requests) >= 2000
    assert sum(counts[status] for status in REFUSED) > 0.9 * len(requests)
    assert {400, 401, 404, 405, 413, 421, 431, 501} <= counts.keys()
    print(f"\n{len(requests)} malformed requests on {sum(line.made for line in lines)} connections: {dict(counts)}")

    assert running.raw("GET", "/kvlab/health").json["status"] == "ok"
    assert created(running, "afterwards", EC)["cer"]
    events = [event for page in pages(running) for event in page]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    for text in (log.read_bytes(), json.dumps(events).encode()):
        assert [secret for secret in (*secrets, token.encode()) if secret in text] == []


def pages(running):
    after = 0
    while page := running.call("GET", f"/kvlab/events?after={after}").json["value"]:
        yield page
        after = page[-1]["seq"]


def test_the_same_seed_makes_the_same_requests():
    one, two = (
        [malformed.octets for malformed in Maker("localhost:1", "a.b.c", "tenant").all()[:200]] for _ in range(2)
    )

    assert one == two
