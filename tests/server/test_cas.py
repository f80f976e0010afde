"""Known issuers over HTTPS: the CA is told how to behave through the control surface, the rest is the service's API."""

import base64

import pytest
from cryptography import x509

ISSUER = {
    "provider": "DigiCert",
    "credentials": {"account_id": "12345", "pwd": "an api key"},
    "org_details": {"id": "42"},
}
POLICY = {
    "issuer": {"name": "digi", "cty": "OV-SSL"},
    "key_props": {"kty": "EC", "crv": "P-256"},
    "x509_props": {"subject": "CN=www.contoso.com", "sans": {"dns_names": ["www.contoso.com"]}},
}


def advance(served, seconds):
    assert served.call("POST", "/kvlab/clock", {"advance": seconds}).status == 200


@pytest.fixture
def digicert(simulated):
    """A server with an issuer object, and DigiCert as new."""
    assert simulated.call("PUT", "/certificates/issuers/digi", ISSUER).status == 200
    assert simulated.call("PUT", "/kvlab/cas/DigiCert", {}).status == 200
    return simulated


def test_an_order_is_issued_and_merged_by_the_vault(digicert):
    digicert.call("PUT", "/kvlab/cas/DigiCert", {"delay_seconds": 3600})
    assert digicert.call("POST", "/certificates/ordered/create", {"policy": POLICY}).status == 202
    advance(digicert, 60)
    assert digicert.call("GET", "/certificates/ordered/pending").json["status"] == "inProgress"
    advance(digicert, 7200)

    assert digicert.call("GET", "/certificates/ordered/pending").json["status"] == "completed"
    bundle = digicert.call("GET", "/certificates/ordered").json
    leaf = x509.load_der_x509_certificate(base64.b64decode(bundle["cer"]))
    assert "DigiCert" in leaf.issuer.rfc4514_string()
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days <= 199
    steps = [
        event["step"]
        for event in digicert.call("GET", "/kvlab/events").json["value"]
        if event["object"] == "certificates/ordered" and event["step"]
    ]
    assert [step for step in steps if step != 3] == [1, 2, 4, 5]


@pytest.mark.parametrize(("decision", "code"), [("reject", "Request rejected"), ("fail", "Certificate issuer error")])
def test_a_refusal_ends_as_failed_with_the_cas_reason(digicert, decision, code):
    digicert.call("PUT", "/kvlab/cas/DigiCert", {"decision": decision, "reason": "because of the test"})
    digicert.call("POST", f"/certificates/refused-{decision}/create", {"policy": POLICY})
    advance(digicert, 86400)

    operation = digicert.call("GET", f"/certificates/refused-{decision}/pending").json
    assert operation["status"] == "failed"
    assert operation["error"]["code"] == code
    assert "because of the test" in operation["error"]["message"]


@pytest.mark.parametrize(
    "body", [{"speed": 1}, {"decision": "perhaps"}, {"delay_seconds": "soon"}, {"delay_seconds": -1}]
)
def test_an_unknown_word_is_refused(digicert, body):
    answer = digicert.call("PUT", "/kvlab/cas/DigiCert", body)

    assert (answer.status, answer.code) == (400, "BadParameter")
    assert next(iter(body)) in answer.json["error"]["message"]


def test_a_configuration_is_read_back_and_only_by_the_owner(digicert):
    token = digicert.principal("curious", certificates=["all"])
    digicert.call("PUT", "/kvlab/cas/DigiCert", {"max_validity_days": 90})

    assert digicert.call("GET", "/kvlab/cas/DigiCert").json["max_validity_days"] == 90
    assert digicert.call("GET", "/kvlab/cas/DigiCert", token=token).status == 403
    assert digicert.call("PUT", "/kvlab/cas/LetsEncrypt", {}).status in (400, 404)
