"""What comes over the wire that no client of AWS's sends: AWS's refusal, and the server stays up."""

import json

import pytest

from tests.aws.test_signature import AUTHORIZATION, raw
from tests.iot.make import POLICY


@pytest.fixture
def call(aws_server, account):
    """A request of an account, signed somehow; returns status, error type and message."""
    return lambda method, path, body=None, **headers: raw(
        aws_server, method, path, body, Authorization=AUTHORIZATION.replace("test", account), **headers
    )


BODIES = {
    "no JSON": b"{", "nothing but a number": b"5", "an array": b"[]", "text": b'"x"', "null": b"null", "not UTF-8": b"\xff\xfe",
    "half a surrogate pair": b'{"policyDocument": "\\ud800"}', "NaN": b'{"policyDocument": NaN}', "deep": b'{"a":' * 5000 + b"1" + b"}" * 5000,
}  # fmt: skip


@pytest.mark.parity("iot-validation")
@pytest.mark.parametrize("kind", BODIES)
def test_a_body_that_is_no_json_object(call, kind):
    assert call("POST", "/policies/p", BODIES[kind])[:2] == (400, "SerializationException")
    assert call("GET", "/policies/p")[:2] == (404, "ResourceNotFoundException")


MEMBERS = {
    "missing": {},
    "null": {"policyDocument": None},
    "a number": {"policyDocument": 5},
    "an object": {"policyDocument": json.loads(POLICY)},
    "NUL": {"policyDocument": "\x00"},
    "tags": {"policyDocument": POLICY, "tags": "x"},
}


@pytest.mark.parity("iot-validation")
@pytest.mark.parametrize("kind", MEMBERS)
def test_a_member_of_another_kind(call, kind):
    status, error, message = call("POST", "/policies/p", json.dumps(MEMBERS[kind]))

    assert (status, error) == (400, "InvalidRequestException")
    assert message.startswith("1 validation error detected: Value")
    assert call("GET", "/policies/p")[0] == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/nothing"), ("POST", "/certificates/x/y/z"), ("DELETE", "/certificates"), ("PATCH", "/things"),
     ("GET", "/Certificates"), ("GET", "//"), ("GET", "/%2e%2e/certificates")],
)  # fmt: skip
def test_what_is_no_operation(call, method, path):
    assert call(method, path)[:2] == (404, "UnknownOperationException")


@pytest.mark.parity("iot-validation")
@pytest.mark.parametrize(
    "path",
    ["/certificates?pageSize=x", "/certificates?pageSize=0", "/certificates?pageSize=1e2", "/certificates?pageSize=-1",
     "/certificates?pageSize=" + "9" * 400, "/certificates?isAscendingOrder=yes", "/certificates?marker=%00",
     "/certificates/%ff", "/certificates/" + "z" * 64, "/things/a%2Fb", "/things/%F0%9F%A6%8A"],
)  # fmt: skip
def test_what_is_out_of_range_in_path_and_query(call, path):
    assert call("GET", path)[:2] == (400, "InvalidRequestException")


def test_the_errors_body_and_headers(aws_server, account):
    status, error, message = raw(aws_server, "GET", "/things/no", Authorization=AUTHORIZATION.replace("test", account))

    assert (status, error, message) == (404, "ResourceNotFoundException", "Thing no cannot be found.")


def test_a_body_that_is_too_long(call):
    status, error, _ = call("POST", "/certificates", b"x" * (5 * 1024 * 1024))

    assert (status, error) == (413, "InvalidRequestException")


def test_the_vault_does_not_answer_there_nor_aws_at_the_vault(aws_server, call):
    assert call("GET", "/secrets?api-version=7.6")[:2] == (404, "UnknownOperationException")
    vault = aws_server.raw("GET", "/certificates", headers={"Authorization": AUTHORIZATION})
    assert (vault.status, vault.code) == (401, "Unauthorized")


def test_a_refusal_at_the_door_is_an_event_of_the_account(aws_server, call, account):
    call("POST", "/policies/p", b"{")
    call("GET", "/nothing")

    events = aws_server.call("GET", "/kvlab/events?after=0").json["value"]
    mine = [event for event in events if event["actor"] == f"aws/{account}"]
    assert [(event["kind"], event["object"], event["detail"]["code"]) for event in mine] == [
        ("refused", "iot/policies/p", "SerializationException"),
        ("refused", "iot/nothing", "UnknownOperationException"),
    ]
