"""The simulated CAs' own APIs over HTTPS: what the vault says to them, anybody with their credentials can say."""

import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kvlab.providers import soap
from tests.providers.make import csr, ec_key
from tests.server.test_cas import ISSUER, POLICY, advance

DIGICERT = "/kvlab/cas/DigiCert/api/services/v2"
ORDERS = f"{DIGICERT}/order/certificate"
KEY = {"X-DC-DEVKEY": "an api key"}
TOKEN = {"AuthToken": {"UserName": "PAR1", "Password": "a password"}}


@pytest.fixture
def cas(simulated):
    """A server with an issuer object, and both CAs as new."""
    simulated.call("PUT", "/certificates/issuers/digi", ISSUER)
    for name in ("DigiCert", "GlobalSign"):
        simulated.call("PUT", f"/kvlab/cas/{name}", {})
    return simulated


def pem_request(common_name="shop.contoso.com"):
    return x509.load_der_x509_csr(csr(ec_key(), common_name)).public_bytes(Encoding.PEM).decode()


def body_of(**members):
    certificate = {"common_name": "shop.contoso.com", "csr": pem_request(), "signature_hash": "sha256"}
    return {
        "certificate": certificate, "organization": {"id": 1001}, "order_validity": {"days": 30}, **members,
    }  # fmt: skip


def test_an_order_at_digicert_from_products_to_revocation(cas):
    def call(method, path, body=None):
        return cas.call(method, path, body, headers=KEY)

    assert {one["name_id"] for one in call("GET", f"{DIGICERT}/product").json["products"]} == {
        "ssl_plus",
        "ssl_ev_plus",
    }
    placed = call("POST", f"{ORDERS}/ssl_plus", body_of())
    assert placed.status == 201
    order = call("GET", f"{ORDERS}/{placed.json['id']}").json
    assert (order["status"], order["certificate"]["common_name"]) == ("issued", "shop.contoso.com")
    number = order["certificate"]["id"]
    chain = call("GET", f"{DIGICERT}/certificate/{number}/chain").json["intermediates"]
    assert [one["subject_common_name"] for one in chain] == [
        "Simulated DigiCert OV TLS CA 1", "Simulated DigiCert TLS Root R1",
    ]  # fmt: skip
    pem = call("GET", f"{DIGICERT}/certificate/{number}/download/format/pem_all")
    assert pem.headers["content-type"] == "application/x-pem-file"
    leaf, *authorities = x509.load_pem_x509_certificates(pem.body)
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days == 29
    assert [one.public_bytes(Encoding.PEM).decode() for one in authorities] == [one["pem"] for one in chain]
    assert call("PUT", f"{ORDERS}/{placed.json['id']}/revoke", {"comments": "\ud800"}).status == 400
    assert call("PUT", f"{ORDERS}/{placed.json['id']}/revoke", {"comments": "over"}).status == 201
    assert call("GET", f"{ORDERS}/{placed.json['id']}").json["status"] == "revoked"


def test_digicert_lists_orders_in_pages(cas):
    before = cas.call("GET", ORDERS, headers=KEY).json
    for _ in range(3):
        cas.call("POST", f"{ORDERS}/ssl_plus", body_of(), headers=KEY)
    listed = cas.call("GET", ORDERS, headers=KEY).json

    assert listed["page"] == {"total": before["page"]["total"] + 3, "limit": 0, "offset": 0}
    page = cas.call("GET", f"{ORDERS}?limit=2&offset=1", headers=KEY).json
    assert [one["id"] for one in page["orders"]] == [one["id"] for one in listed["orders"]][1:3]
    assert page["page"] == {"total": listed["page"]["total"], "limit": 2, "offset": 1}
    assert cas.call("GET", f"{ORDERS}?limit=all", headers=KEY).status == 400


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"organization": {}}, "organization.id"), ({"order_validity": {}}, "order_validity"),
        ({"order_validity": {"custom_expiration_date": "soon"}}, "custom_expiration_date"),
        ({"order_validity": {"custom_expiration_date": "2001-01-01"}}, "custom_expiration_date"),
        ({"certificate": {"common_name": "shop.contoso.com", "signature_hash": "sha1"}}, "signature_hash"),
        ({"comments": "half a \ud800"}, "comments"), ({"organization": {"id": "7\x00"}}, "organization.id"),
        ({"organization": {"id": "\ud800"}}, "organization.id"), ({"comments": 5}, "comments"),
    ],
    ids=["organization", "validity", "no date", "past", "hash", "text", "octet", "no text", "number"],
)  # fmt: skip
def test_digicert_says_which_member_an_order_lacks(cas, members, words):
    refused = cas.call("POST", f"{ORDERS}/ssl_plus", body_of(**members), headers=KEY)

    (error,) = refused.json["errors"]
    assert (refused.status, error["code"], words in error["message"]) == (400, "bad_request_format", True)


def test_an_order_may_say_the_day_it_ends(cas):
    body = body_of(order_validity={"custom_expiration_date": "2026-09-24"})
    certificate = cas.call("POST", f"{ORDERS}/ssl_plus", body, headers=KEY).json["certificate_chain"][0]["pem"]

    leaf = x509.load_pem_x509_certificate(certificate.encode())
    assert leaf.not_valid_after_utc.date().isoformat() == "2026-09-24"


def test_who_cancels_an_order_at_the_ca_ends_the_vaults_operation(cas):
    cas.call("PUT", "/kvlab/cas/DigiCert", {"delay_seconds": 3600})
    cas.call("POST", "/certificates/taken-back/create", {"policy": POLICY})
    advance(cas, 1)
    reference = cas.call("GET", "/certificates/taken-back/pending").json["request_id"]
    (order,) = cas.call("GET", f"{ORDERS}?filters[search]={reference}", headers=KEY).json["orders"]

    assert cas.call("PUT", f"{ORDERS}/{order['id']}/status", {"status": "CANCELED"}, headers=KEY).status == 204
    advance(cas, 3600)

    assert cas.call("GET", "/certificates/taken-back/pending").json["status"] == "cancelled"
    said = [event for event in cas.call("GET", "/kvlab/events").json["value"] if event["kind"] == "ca_message"]
    assert said[-1]["detail"] == {"summary": f"PUT /services/v2/order/certificate/{order['id']}/status", "status": 204}
    assert KEY["X-DC-DEVKEY"] not in json.dumps(said)


def test_globalsign_speaks_soap(cas):
    def call(operation, header, **content):
        body = soap.write(operation, {"Request": {f"{header}RequestHeader": TOKEN, **content}})
        headers = {"Authorization": f"Bearer {cas.token()}", "Content-Type": "text/xml"}
        answer = cas.raw("POST", "/kvlab/cas/GlobalSign/api/kb/ws/v1/ManagedSSLService", body, headers)
        assert (answer.status, answer.headers["content-type"]) == (200, soap.CONTENT_TYPE)
        return soap.read(answer.body)[1]

    domains = call("GetMSSLDomains", "Query")
    assert [one.text for one in domains.iter("MSSLDomainName")] == ["contoso.com", "fabrikam.com", "example.com"]
    parameter = {"ProductCode": "PV_SHA2", "ValidityPeriod": {"Months": "6"}, "CSR": pem_request()}
    contact = {"FirstName": "Ada", "LastName": "Byron", "Email": "ada@contoso.com"}
    placed = call("PVOrder", "Order", OrderRequestParameter=parameter, MSSLProfileID="1001", ContactInfo=contact)
    assert soap.text(placed, "Response/OrderID").startswith("CEPV")
    assert "BEGIN CERTIFICATE" in next(placed.iter("X509Cert")).text
    refused = call("PVOrder", "Order", OrderRequestParameter={**parameter, "ProductCode": "DV"}, ContactInfo=contact)
    assert next(refused.iter("ErrorCode")).text == "-9901"


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", ORDERS), ("GET", f"{DIGICERT}/nothing"), ("GET", "/kvlab/cas/DigiCert/%61pi")]
)
def test_what_the_ca_does_not_know_it_says_itself(cas, method, path):
    refused = cas.call(method, path, headers=KEY)

    assert (refused.status, refused.json["errors"][0]["code"]) == (404, "not_found|route")


def test_the_cas_wants_its_own_key_and_the_server_the_owners_token(cas):
    assert cas.call("GET", f"{DIGICERT}/product").json["errors"][0]["code"] == "access_denied|invalid_api_key"
    assert cas.call("GET", f"{DIGICERT}/product", headers=KEY, token=cas.principal("reader")).status == 403
    assert cas.call("GET", "/kvlab/cas/Nobody/api/x", headers=KEY).status == 400
