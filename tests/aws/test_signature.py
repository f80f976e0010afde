"""Who may come in: signatures as boto3 makes them, and those that do not hold."""

import http.client
import json
from contextlib import closing

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.aws.conftest import over_https
from tests.iot.make import POLICY, request


@pytest.fixture
def closed(aws_server, account):
    """An account that has an access key."""
    made = aws_server.call("POST", "/kvlab/iot/access-keys", {"account": account})
    assert made.status == 200
    return made.json


def owner(server, key, **options):
    return over_https(server, key["access_key_id"], key["secret_access_key"], **options)


def refused(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def raw(server, method="GET", path="/certificates", body=None, **headers):
    """A request as it is; returns status, error type and message."""
    host, _, port = server.facts["iot_endpoint"].removeprefix("https://").rpartition(":")
    with closing(http.client.HTTPSConnection(host, int(port), context=server.context, timeout=30)) as connection:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read()
        assert response.headers["x-amzn-RequestId"]
        return response.status, response.headers["x-amzn-ErrorType"], json.loads(text).get("message")


@pytest.mark.parity("iot-signature")
def test_every_kind_of_request_is_verified_with_the_accounts_secret(aws_server, closed, account):
    iot = owner(aws_server, closed)

    made = iot.create_certificate_from_csr(certificateSigningRequest=request(), setAsActive=True)
    iot.create_policy(policyName="a=b,c@d+e", policyDocument=POLICY)
    iot.attach_policy(policyName="a=b,c@d+e", target=made["certificateArn"])

    assert account in made["certificateArn"]
    listed = iot.list_attached_policies(target=made["certificateArn"], pageSize=5)["policies"]
    assert [row["policyName"] for row in listed] == ["a=b,c@d+e"]
    iot.create_thing(thingName="a:b_c-d")
    iot.attach_thing_principal(thingName="a:b_c-d", principal=made["certificateArn"])
    assert iot.list_principal_things(principal=made["certificateArn"])["things"] == ["a:b_c-d"]
    by_value = iot.list_things(attributeName="x", attributeValue="a/b=c#[d]@")
    assert by_value["things"] == []


@pytest.mark.parity("iot-signature")
def test_a_wrong_secret_an_unknown_key_and_the_bare_number_are_refused(aws_server, closed, account):
    wrong = over_https(aws_server, closed["access_key_id"], "wrong")
    number = over_https(aws_server, account)

    assert refused(wrong.list_certificates) == ("InvalidSignatureException", 403)
    assert refused(number.list_certificates) == ("UnrecognizedClientException", 403)


def test_the_key_is_the_owners_to_define_and_is_kept_sealed(aws_server, account):
    token = aws_server.principal("robot-without-keys", certificates=["get"])
    body = {"account": account, "access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "a secret of my own"}

    assert aws_server.call("POST", "/kvlab/iot/access-keys", body, token=token).status == 403
    assert aws_server.call("POST", "/kvlab/iot/access-keys", body).json == body
    assert (
        over_https(aws_server, body["access_key_id"], body["secret_access_key"]).list_certificates()["certificates"]
        == []
    )
    events = json.dumps(aws_server.call("GET", "/kvlab/events?after=0").json)
    assert "AKIAIOSFODNN7EXAMPLE" in events
    assert "a secret of my own" not in events


@pytest.mark.parametrize(
    "body",
    [{}, {"account": "12"}, {"account": 5}, {"account": "123456789012", "access_key_id": "a b"},
     {"account": "123456789012", "secret_access_key": "x" * 200}, {"account": "123456789012", "more": 1}],
)  # fmt: skip
def test_a_malformed_key_is_refused(aws_server, body):
    assert aws_server.call("POST", "/kvlab/iot/access-keys", body).status == 400


AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=test/20260601/us-east-1/iot/aws4_request, SignedHeaders=host, Signature=00"


@pytest.mark.parity("iot-signature")
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "MissingAuthenticationTokenException"),
        ({"Authorization": "Bearer abc"}, "IncompleteSignatureException"),
        ({"Authorization": AUTHORIZATION.replace("SignedHeaders=host, ", "")}, "IncompleteSignatureException"),
        ({"Authorization": AUTHORIZATION.replace("/iot/", "/s3/")}, "InvalidSignatureException"),
        ({"Authorization": "AWS4-HMAC-SHA256 " + "x" * 5000}, "IncompleteSignatureException"),
    ],
    ids=["none", "bearer", "no signed headers", "another service", "nonsense"],
)
def test_what_is_no_signature(aws_server, headers, code):
    assert raw(aws_server, **headers)[:2] == (403, code)


def test_without_a_key_any_signature_will_do(aws_server, account):
    status, error, _ = raw(aws_server, Authorization=AUTHORIZATION.replace("test", account))

    assert (status, error) == (200, None)


@pytest.mark.parametrize("minutes", [-20, 20])
def test_a_signature_holds_for_fifteen_minutes(aws_server, closed, minutes, monkeypatch):
    from datetime import UTC, datetime, timedelta

    moment = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: moment.replace(tzinfo=None))
    host = aws_server.facts["iot_endpoint"]
    signed = AWSRequest("GET", f"{host}/certificates", headers={})
    SigV4Auth(Credentials(closed["access_key_id"], closed["secret_access_key"]), "iot", "us-east-1").add_auth(signed)

    status, error, message = raw(aws_server, **dict(signed.headers.items()))

    assert (status, error) == (403, "InvalidSignatureException")
    assert "expired" in message


@pytest.mark.parametrize("part", ["body", "query", "path"])
def test_what_was_changed_on_the_way_is_refused(aws_server, closed, part):
    host = aws_server.facts["iot_endpoint"]
    body = json.dumps({"policyDocument": POLICY})
    signed = AWSRequest("POST", f"{host}/policies/p", headers={"Content-Type": "application/json"}, data=body)
    SigV4Auth(Credentials(closed["access_key_id"], closed["secret_access_key"]), "iot", "us-east-1").add_auth(signed)
    path = {"query": "/policies/p?x=1", "path": "/policies/q"}.get(part, "/policies/p")
    sent = body.replace("Allow", "Deny") if part == "body" else body

    assert raw(aws_server, "POST", path, sent, **dict(signed.headers.items()))[:2] == (403, "InvalidSignatureException")
    assert raw(aws_server, "POST", "/policies/p", body, **dict(signed.headers.items()))[0] == 200
