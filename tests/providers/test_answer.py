"""Answers of a CA that are not as they should be: each is noted, none is a crash, and no credential comes back in them."""

import dataclasses
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from kvlab.providers import soap
from kvlab.providers.message import CaResponse, no_note
from kvlab.providers.provider import TRADES, Failed, IssuerError, IssuerUnavailable, OrderRefused, Pending, Rejected
from kvlab.x509.container import pem_certificate
from tests.providers.make import ACCOUNT, CAS, at, ec_key, order

PASSWORD = "hush \"<&>' hush"


def doubtful_leaf(**replaced):
    """A certificate (DER) that loads; `replaced` are octets to put in place of others, as hexadecimal."""
    key = ec_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "contoso.com")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, at("2026-06-01"), at("2036-06-01"))
    for last in "34":
        identifier = x509.ObjectIdentifier(f"1.2.3.{last}")
        builder = builder.add_extension(x509.UnrecognizedExtension(identifier, b"\x05\x00"), critical=False)
    der = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    for old, new in replaced.items():
        der = der.replace(bytes.fromhex(old.lstrip("x")), bytes.fromhex(new))
    x509.load_der_x509_certificate(der)
    return der


DOUBTFUL = {
    "an extension twice": doubtful_leaf(x06032a0304="06032a0303"),
    "a curve nobody knows": doubtful_leaf(x2a8648ce3d030107="2a8648ce3d030109"),
}


def issued(name, leaf_der):
    """What carries messages to a CA that has issued this certificate."""
    pem = pem_certificate(leaf_der)
    if name == "DigiCert":
        order = {"id": 1, "status": "issued", "certificate": {"id": 2}}
        return lambda message: CaResponse(200, {}, (pem if "download" in message.path else json.dumps(order)).encode())
    detail = {"CertificateInfo": {"CertificateStatus": "4"}, "Fulfillment": {"ServerCertificate": {"X509Cert": pem}}}
    content = {"Response": {"OrderResponseHeader": {"SuccessCode": "0"}, "OrderDetail": detail}}
    return lambda message: CaResponse(200, {}, soap.write("GetOrderByOrderIDResponse", content))


@pytest.mark.parametrize("name", CAS)
@pytest.mark.parametrize("leaf", DOUBTFUL)
def test_a_certificate_that_can_not_be_laid_beside_the_order_fails_it(name, leaf):
    provider = TRADES[name].make(ACCOUNT, issued(name, DOUBTFUL[leaf]), no_note)

    assert isinstance(provider.poll("1", order(key_usage=("digitalSignature",))), Failed)


@pytest.mark.parametrize("name", CAS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[1, 2]",
        b'{"id": "x"}',
        b"[" * 100_000,
        b'{"id": 1, "status": "\\ud800"}',
        b'{"id": 1, "a": "\\u0000"}',
    ],
    ids=["empty", "html", "list", "text", "deep", "half a character", "NUL"],
)
def test_an_answer_that_is_none_is_noted_too(name, body):
    heard = []
    provider = TRADES[name].make(ACCOUNT, lambda message: CaResponse(200, {}, body), heard.append)
    with pytest.raises(IssuerError):
        provider.submit(order())

    assert [one.direction for one in heard] == ["request", "answer"]


@pytest.mark.parametrize("odd", [5, "x", {}, [5], [[]], True], ids=repr)
def test_members_of_an_odd_shape_say_nothing(odd):
    def poll(**members):
        body = json.dumps(members).encode()
        return TRADES["DigiCert"].make(ACCOUNT, lambda message: CaResponse(200, {}, body), no_note).poll("1", order())

    assert poll(status="rejected", requests=odd) == Rejected("DigiCert rejected the order.")
    assert poll(status="pending", organization=odd, dns_names_validations=odd) == Pending(
        "DigiCert order 1 is pending."
    )


def test_who_is_to_ask_again_at_once_asks_in_a_rhythm_of_its_own():
    """Else a CA that is down and says so would be asked without end within one instant of a simulated clock."""
    for name in CAS:
        provider = TRADES[name].make(ACCOUNT, lambda message: CaResponse(503, {"Retry-After": "0"}), no_note)
        with pytest.raises(IssuerUnavailable) as caught:
            provider.submit(order())
        assert caught.value.retry_seconds is None


@pytest.mark.parametrize("name", CAS)
def test_a_password_that_comes_back_is_masked_however_it_is_written(name):
    words = f"Nobody has the key {PASSWORD} here."
    error = {"Errors": {"Error": {"ErrorCode": "-1", "ErrorMessage": words}}, "SuccessCode": "-1"}
    body = {
        "DigiCert": json.dumps({"errors": [{"code": "x", "message": words}]}).encode(),
        "GlobalSign": soap.write("PVOrderResponse", {"Response": {"OrderResponseHeader": error}}),
    }[name]
    heard = []
    account = dataclasses.replace(ACCOUNT, password=PASSWORD)
    provider = TRADES[name].make(account, lambda message: CaResponse(400, {}, body), heard.append)
    with pytest.raises(OrderRefused) as caught:
        provider.submit(order())

    for shown in (caught.value.reason, *(f"{one.summary}{one.body}" for one in heard)):
        assert "hush" not in shown
