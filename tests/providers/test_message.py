"""What goes over the line: the shapes of both CAs, credentials nowhere to be seen, the same over HTTP, and bad answers."""

import json
import threading
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, HTTPServer
from xml.etree import ElementTree as ET

import pytest

from kvlab.providers import soap
from kvlab.providers.message import CaRequest, CaResponse, no_note
from kvlab.providers.provider import TRADES, Failed, Issued, IssuerError, IssuerUnavailable, OrderRefused
from tests.providers.make import ACCOUNT, API_KEY, CAS, PRODUCTS, order

V1 = "{https://system.globalsign.com/kb/ws/v1/}"


def body_of(message):
    return ET.fromstring(message)[0][0]


@pytest.mark.parametrize(("product", "path"), [("OV-SSL", "ssl_plus"), ("EV-SSL", "ssl_ev_plus")])
def test_digicerts_order_is_json_with_the_key_in_a_header(digicert, product, path):
    sent = []

    def wrap(send):
        return lambda message: sent.append(message) or send(message)

    request = order("contoso.com", ("api.contoso.com",), product=product)
    digicert.provider(lambda provider: provider.poll(provider.submit(request), request), wrap)

    placed, asked, fetched = sent
    assert (placed.method, placed.path) == ("POST", f"/services/v2/order/certificate/{path}")
    assert placed.header("x-dc-devkey") == API_KEY
    body = json.loads(placed.body)
    assert body["certificate"]["common_name"] == "contoso.com"
    assert body["certificate"]["dns_names"] == ["api.contoso.com"]
    assert body["certificate"]["csr"].startswith("-----BEGIN CERTIFICATE REQUEST-----")
    assert body["organization"] == {"id": 1001}
    assert body["order_validity"] == {"years": 1}
    assert body["comments"].endswith(" r1")
    assert (asked.method, asked.path) == ("GET", "/services/v2/order/certificate/1000000001")
    assert fetched.path == "/services/v2/certificate/2000000001/download/format/pem_all"


@pytest.mark.parametrize(("product", "code"), [("OV-SSL", "PV_SHA2"), ("EV-SSL", "PEV_SHA2")])
def test_globalsigns_order_is_soap_with_a_token_in_each_message(globalsign, product, code):
    sent = []
    request = order(
        "contoso.com", ("contoso.com", "www.contoso.com", "api.contoso.com", "*.b.contoso.com"), product=product
    )
    if product == "EV-SSL":
        request = order("contoso.com", ("api.contoso.com",), product=product)
    globalsign.provider(
        lambda provider: provider.poll(provider.submit(request), request),
        lambda send: lambda message: sent.append(message) or send(message),
    )

    domains, placed, asked = (body_of(message.body) for message in sent)
    assert [message.path for message in sent] == [
        "/kb/ws/v1/ManagedSSLService", "/kb/ws/v1/ManagedSSLService", "/kb/ws/v1/GASService",
    ]  # fmt: skip
    assert [domains.tag, placed.tag, asked.tag] == [f"{V1}GetMSSLDomains", f"{V1}PVOrder", f"{V1}GetOrderByOrderID"]
    for element, header in ((domains, "Query"), (placed, "Order"), (asked, "Query")):
        assert element.findtext(f"Request/{header}RequestHeader/AuthToken/Password") == API_KEY
    found = {name: placed.findtext(f"Request/{name}") for name in ("MSSLProfileID", "MSSLDomainID", "SubID")}
    assert found == {"MSSLProfileID": "1001", "MSSLDomainID": "DSMS000000000001", "SubID": "r1"}
    parameter = placed.find("Request/OrderRequestParameter")
    assert parameter.findtext("ProductCode") == code
    assert parameter.findtext("ValidityPeriod/Months") == "12"
    assert placed.findtext("Request/ContactInfo/FirstName") == "Ada"
    entries = [(one.findtext("SANOptionType"), one.findtext("SubjectAltName")) for one in placed.iter("SANEntry")]
    # The common name, with and without www, is implied and left out.
    assert entries == [("7", "api.contoso.com"), *([("13", "*.b.contoso.com")] if product == "OV-SSL" else [])]


def test_every_message_is_noted_with_its_step_and_without_credentials(office):
    office.issue(order())
    office.configure(decision="reject", reason=f"The key {API_KEY} is not nice.")
    rejected = office.issue(order(reference="r2"))

    shown = "".join(f"{one!r}{one.summary}{one.body}" for one in office.heard)
    assert API_KEY not in shown
    assert API_KEY not in repr(rejected)
    assert "•••" in shown
    steps = [(one.direction, one.step) for one in office.heard if one.step]
    assert steps == [("request", 2), ("answer", 4), ("request", 2)]
    assert [one.direction for one in office.heard] == ["request", "answer"] * (len(office.heard) // 2)
    assert {one.authority for one in office.heard} == {office.name}
    assert API_KEY not in repr(office.account)


def test_a_password_with_markup_is_sent_and_masked(globalsign):
    import dataclasses

    globalsign.account = dataclasses.replace(ACCOUNT, password="a<b>&amp;]]>c")
    globalsign.configure(accounts=[{"account_id": ACCOUNT.account_id, "password": "a<b>&amp;]]>c"}])

    assert isinstance(globalsign.issue(order()), Issued)
    assert all("a&lt;b" not in one.body and "a<b" not in one.body for one in globalsign.heard)


class Http:
    """A `send` that goes over HTTP."""

    def __init__(self, port):
        self.port = port

    def __call__(self, message):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(message.method, message.path, message.body, dict(message.headers))
            answer = connection.getresponse()
            return CaResponse(answer.status, dict(answer.getheaders()), answer.read())
        except HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()


@contextmanager
def served(office):
    """The CA's handler behind the standard library's HTTP server."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = office.handle(CaRequest(self.command, self.path, dict(self.headers), body))
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_same_messages_over_http(office, product):
    request = order(product=product)
    heard = []
    with served(office) as port:
        provider = TRADES[office.name].make(ACCOUNT, Http(port), heard.append)
        order_id = provider.submit(request)
        answer = provider.poll(order_id, request)
        assert provider.find("r1") == order_id
        provider.revoke(order_id)

    assert isinstance(answer, Issued)
    assert answer.chain_der[1] == office.chain()["root"]
    office_again = office.issue(order(reference="r2", product=product))
    assert [one.field for one in office_again.overrides] == [one.field for one in answer.overrides]
    in_process = [one.summary.split(" order")[0] for one in office.heard]
    over_http = [one.summary.split(" order")[0] for one in heard[: len(in_process)]]
    assert [text.rstrip("0123456789") for text in in_process][:2] == [text.rstrip("0123456789") for text in over_http][
        :2
    ]


def test_nobody_at_the_other_end_is_unavailable(office):
    with served(office) as port:
        pass
    heard = []
    provider = TRADES[office.name].make(ACCOUNT, Http(port), heard.append)
    with pytest.raises(IssuerUnavailable):
        provider.submit(order())

    assert [one.direction for one in heard] == ["request", "answer"]


@pytest.mark.parametrize("name", CAS)
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (CaResponse(503, {"retry-after": "17"}), IssuerUnavailable),
        (CaResponse(429), IssuerUnavailable),
        (CaResponse(502, {}, b"<html>Bad gateway</html>"), IssuerUnavailable),
        (CaResponse(500, {}, b"oops"), IssuerUnavailable),
        (CaResponse(200, {}, b""), IssuerError),
        (CaResponse(200, {}, b"\xff\xfe not text"), IssuerError),
        (CaResponse(200, {}, b"[1, 2]"), IssuerError),
        (CaResponse(200, {}, b'{"id": "x"}'), IssuerError),
        (CaResponse(200, {}, b"<a><b></a>"), IssuerError),
        (CaResponse(200, {}, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), IssuerError),
    ],
    ids=lambda value: str(value.status) if isinstance(value, CaResponse) else "",
)
def test_an_answer_that_is_none_is_the_cas_trouble(name, answer, kind):
    provider = TRADES[name].make(ACCOUNT, lambda message: answer, no_note)
    with pytest.raises(kind) as caught:
        provider.submit(order())

    if answer.header("Retry-After"):
        assert caught.value.retry_seconds == 17


@pytest.mark.parametrize("errors", [{"errors": "x"}, {"errors": [1]}, {"errors": [{}]}, {}])
def test_digicerts_errors_in_odd_shapes_are_refusals_all_the_same(errors):
    provider = TRADES["DigiCert"].make(
        ACCOUNT, lambda message: CaResponse(400, {}, json.dumps(errors).encode()), no_note
    )

    with pytest.raises(OrderRefused):
        provider.submit(order())


def test_digicerts_certificate_that_can_not_be_read_fails_the_order():
    def send(message):
        if "download" in message.path:
            return CaResponse(200, {}, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        return CaResponse(200, {}, b'{"id": 1, "status": "issued", "certificate": {"id": 2}}')

    assert isinstance(TRADES["DigiCert"].make(ACCOUNT, send, no_note).poll("1", order()), Failed)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/services/v2/nothing", 404),
        ("DELETE", "/services/v2/order/certificate/1000000001", 404),
        ("POST", "/services/v2/order/certificate/code_signing", 404),
        ("GET", "/services/v2/order/certificate/1000000099", 404),
        ("GET", "/services/v2/certificate/2000000099/download/format/pem_all", 404),
        ("PUT", "/services/v2/order/certificate/1000000001/status", 400),
    ],
)
def test_digicert_answers_what_it_does_not_know(digicert, method, path, status):
    answer = digicert.handle(CaRequest(method, path, {"X-DC-DEVKEY": API_KEY}, b"{}"))

    assert answer.status == status
    assert json.loads(answer.body)["errors"][0]["code"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"certificate": 1}', b'{"certificate": {"common_name": 1}}',
        b'{"certificate": {"common_name": "a.com", "dns_names": "a.com"}}',
        b'{"certificate": {"common_name": "a.com", "csr": "x"}, "order_validity": {"years": -1}}',
    ],
)  # fmt: skip
def test_digicert_refuses_a_malformed_order(digicert, body):
    answer = digicert.handle(
        CaRequest("POST", "/services/v2/order/certificate/ssl_plus", {"X-DC-DEVKEY": API_KEY}, body)
    )

    assert answer.status == 400
    assert json.loads(answer.body)["errors"]


def test_digicert_lists_the_products_of_the_account(digicert):
    digicert.configure(products=["OV-SSL"])
    answer = digicert.handle(CaRequest("GET", "/services/v2/product", {"X-DC-DEVKEY": API_KEY}))

    assert [one["name_id"] for one in json.loads(answer.body)["products"]] == ["ssl_plus"]


@pytest.mark.parametrize("body", [b"", b"<a/>", b"<!DOCTYPE x><x/>", b"\x00", b"<a>"])
def test_globalsign_refuses_what_is_no_soap(globalsign, body):
    answer = body_of(globalsign.handle(CaRequest("POST", "/kb/ws/v1/GASService", {}, body)).body)

    assert answer.findtext("Response/OrderResponseHeader/SuccessCode") == "-1"
    assert answer.findtext("Response/OrderResponseHeader/Errors/Error/ErrorCode") == "-101"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_a_declaration_is_no_soap_however_it_is_encoded(encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE e [<!ENTITY x "expanded">]>'
    text += f'<e:Envelope xmlns:e="{soap.ENVELOPE}"><e:Body><a><b>&x;</b></a></e:Body></e:Envelope>'

    with pytest.raises(soap.NotSoap):
        soap.read(text.encode(encoding))


def test_globalsign_refuses_an_operation_it_does_not_have(globalsign):
    answer = body_of(globalsign.handle(CaRequest("POST", "/", {}, soap.write("DVOrder", {}))).body)

    assert answer.findtext("Response/OrderResponseHeader/Errors/Error/ErrorCode") == "-101"
