"""
The simulated DigiCert: the calls of CertCentral's Services API that an order needs.

Which error codes CertCentral has beyond ``access_denied``, ``not_found``, ``bad_request_format``, ``caa_check_failed``
and ``csr_invalid_cannot_parse`` is not published; the others here are kvlab's choice.

Source: https://dev.digicert.com/certcentral-apis/services-api.html
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography import x509

from kvlab.errors import X509Error
from kvlab.providers.desk import Wanted
from kvlab.providers.hierarchy import House
from kvlab.providers.message import CaRequest, CaResponse
from kvlab.providers.refusal import Kind, Refusal
from kvlab.providers.simulated import SimulatedCa
from kvlab.providers.vetting import Rules
from kvlab.x509.container import load_request, pem_certificate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kvlab.providers.books import Order
    from kvlab.providers.desk import Desk

FIRST_ORDER = 1_000_000_000
FIRST_CERTIFICATE = 2_000_000_000

HASHES = ("sha256", "sha384", "sha512")
"""What may be asked for; which one signs follows from the issuing key (BR 7.1.3.2)."""

PRODUCT_IDS = {"ssl_plus": "OV-SSL", "ssl_ev_plus": "EV-SSL"}
STATUSES = {"issued": "issued", "rejected": "rejected", "cancelled": "canceled", "revoked": "revoked"}

_NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""What JSON can say and no database keeps: NUL, and half of a surrogate pair."""

_JSON = {"Content-Type": "application/json"}
_ERRORS = {
    Kind.MALFORMED: (400, "bad_request_format"),
    Kind.NO_ROUTE: (404, "not_found|route"),
    Kind.NOT_FOUND: (404, "not_found|order"),
    Kind.LOGIN: (403, "access_denied|invalid_api_key"),
    Kind.PRODUCT: (404, "not_found|product"),
    Kind.ORGANIZATION: (404, "not_found|organization"),
    Kind.CSR: (400, "csr_invalid_cannot_parse"),
    Kind.SIGNATURE: (400, "csr_invalid_signature"),
    Kind.WEAK_KEY: (400, "csr_invalid_weak_key"),
    Kind.KEY_TYPE: (400, "csr_invalid_key_type"),
    Kind.USED_KEY: (400, "csr_already_used"),
    Kind.CAA: (400, "caa_check_failed"),
    Kind.OVER: (400, "invalid_order_status"),
    Kind.FAULT: (500, "internal_error"),
}
_WORDS = {
    Kind.LOGIN: "The API key is not valid.",
    Kind.USED_KEY: "The CSR has already been used. Please generate a new CSR.",
}
_OTHER = (400, "invalid_dns_names")


class SimulatedDigiCert(SimulatedCa):
    """CertCentral, as far as an order for an OV or EV certificate goes."""

    house = House("DigiCert", "DigiCert, Inc. (simulated)", "US", "digicert.com", "digicert.example.com")
    rules = Rules(
        curve_521=True, key_again=False, addresses=False,
        unknown_domain_waits=True, vetting_waits=True, cancels_issued=False,
    )  # fmt: skip

    def answer(self, request: CaRequest, desk: Desk) -> CaResponse:
        """Answer one call; see the table of routes."""
        desk.check_account(None, request.header("X-DC-DEVKEY") or "")
        parts = urlsplit(request.path)
        for method, pattern, call in _ROUTES:
            if method == request.method and (found := pattern.fullmatch(parts.path)):
                return call(desk, request, *map(unquote, found.groups()))
        raise Refusal(Kind.NO_ROUTE, f"There is no {request.method} {parts.path}.")

    def refuse(self, request: CaRequest, refusal: Refusal, now: datetime) -> CaResponse:  # noqa: ARG002
        """Say it as ``{"errors": [{"code", "message"}]}``."""
        status, code = _ERRORS.get(refusal.kind, _OTHER)
        message = _WORDS.get(refusal.kind, refusal.detail)
        return _json(status, {"errors": [{"code": code, "message": message}]})


def _place(desk: Desk, request: CaRequest, product_id: str) -> CaResponse:
    if product_id not in PRODUCT_IDS:
        raise Refusal(Kind.PRODUCT, f"The product {product_id} is not enabled for this account.")
    body = _body(request)
    certificate, organization = _part(body, "certificate"), _part(body, "organization")
    if certificate.get("signature_hash") not in HASHES:
        raise Refusal(Kind.MALFORMED, f"certificate.signature_hash: one of {', '.join(HASHES)} is needed.")
    if not (isinstance(organization.get("id"), (int, str)) and str(organization["id"]).isprintable()):
        raise Refusal(Kind.MALFORMED, "organization.id: a number is needed.")
    months, days = _validity(_part(body, "order_validity"), desk.now)
    order = desk.place(Wanted(
        reference=_reference(body),
        csr_der=_csr(certificate),
        product=PRODUCT_IDS[product_id],
        organization_id=str(organization["id"])[:64],
        common_name=_text(certificate, "common_name"),
        names=_names(certificate),
        months=months,
        days=days,
        contact="",
    ))  # fmt: skip
    answer: dict[str, Any] = {
        "id": FIRST_ORDER + order.number,
        "requests": [{"id": FIRST_ORDER + order.number, "status": _request_status(order)}],
    }
    if order.state == "issued":
        chain = [{"pem": pem_certificate(der)} for der in desk.chain(order)]
        answer |= {"certificate_id": FIRST_CERTIFICATE + order.number, "certificate_chain": chain}
    return _json(201, answer)


def _show(desk: Desk, request: CaRequest, order_id: str) -> CaResponse:  # noqa: ARG001
    order = desk.ask(_order_number(order_id))
    if order.state == "failed":
        raise Refusal(Kind.FAULT, order.reason)
    wait = desk.waits_for(order) if order.state == "pending" else None
    retry = {"Retry-After": str(wait.retry_seconds)} if wait and wait.retry_seconds else {}
    return _json(200, _order(desk, order), retry)


def _list(desk: Desk, request: CaRequest) -> CaResponse:
    query = parse_qs(urlsplit(request.path).query)
    limit, offset = _page(query, "limit"), _page(query, "offset")
    if wanted := query.get("filters[search]", [""])[0]:
        row = desk.books.order_placed_with(wanted)
        rows = [row] if row else []
    else:
        rows = desk.books.orders()
    found = [
        {
            "id": FIRST_ORDER + row["number"], "status": STATUSES.get(row["state"], "pending"),
            "certificate": {"common_name": row["common_name"], "dns_names": list(row["names"])},
            "product": {"name_id": _product_id(row["product"])},
        }
        for row in rows[offset : offset + limit if limit else None]
    ]  # fmt: skip
    return _json(200, {"orders": found, "page": {"total": len(rows), "limit": limit, "offset": offset}})


def _download(desk: Desk, request: CaRequest, certificate_id: str) -> CaResponse:  # noqa: ARG001
    pem = "".join(pem_certificate(der) for der in desk.chain(_issued_order(desk, certificate_id)))
    return CaResponse(200, {"Content-Type": "application/x-pem-file"}, pem.encode())


def _chain(desk: Desk, request: CaRequest, certificate_id: str) -> CaResponse:  # noqa: ARG001
    _, *authorities = desk.chain(_issued_order(desk, certificate_id))
    return _json(200, {"intermediates": [_shown(der) for der in authorities]})


def _issued_order(desk: Desk, certificate_id: str) -> Order:
    order = desk.order(int(certificate_id) - FIRST_CERTIFICATE)
    if not order.leaf_der:
        raise Refusal(Kind.NOT_FOUND, "There is no such certificate in this account.")
    return order


def _shown(der: bytes) -> dict[str, str]:
    names = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return {"subject_common_name": str(names[0].value), "pem": pem_certificate(der)}


def _set_status(desk: Desk, request: CaRequest, order_id: str) -> CaResponse:
    if _text(_body(request), "status").lower() != "canceled":
        raise Refusal(Kind.MALFORMED, "status: only 'canceled' can be set.")
    desk.cancel(_order_number(order_id))
    return CaResponse(204)


def _revoke(desk: Desk, request: CaRequest, order_id: str) -> CaResponse:
    order = desk.revoke(_order_number(order_id), _text(_body(request), "comments", needed=False))
    return _json(201, {"id": FIRST_ORDER + order.number, "type": "revoke", "status": "approved"})


def _products(desk: Desk, request: CaRequest) -> CaResponse:  # noqa: ARG001
    sold = [name for name, product in PRODUCT_IDS.items() if product in desk.configuration.products]
    return _json(200, {"products": [{"name_id": name, "type": "ssl_certificate"} for name in sold]})


_ROUTES: tuple[tuple[str, re.Pattern[str], Callable[..., CaResponse]], ...] = (
    ("GET", re.compile(r"/services/v2/product"), _products),
    ("POST", re.compile(r"/services/v2/order/certificate/([a-z_]+)"), _place),
    ("GET", re.compile(r"/services/v2/order/certificate"), _list),
    ("GET", re.compile(r"/services/v2/order/certificate/([0-9]{1,12})"), _show),
    ("PUT", re.compile(r"/services/v2/order/certificate/([0-9]{1,12})/status"), _set_status),
    ("PUT", re.compile(r"/services/v2/order/certificate/([0-9]{1,12})/revoke"), _revoke),
    ("GET", re.compile(r"/services/v2/certificate/([0-9]{1,12})/download/format/pem_all"), _download),
    ("GET", re.compile(r"/services/v2/certificate/([0-9]{1,12})/chain"), _chain),
)
"""Method, path, and what answers."""


def _order(desk: Desk, order: Order) -> dict[str, Any]:
    wait = desk.waits_for(order) if order.state == "pending" else None
    validating = wait is not None and (wait.organization or wait.domains)
    unvalidated = wait.domains if wait else ()
    certificate: dict[str, Any] = {"common_name": order.common_name, "dns_names": list(order.names)}
    if order.leaf_der:
        leaf = x509.load_der_x509_certificate(order.leaf_der)
        certificate |= {
            "id": FIRST_CERTIFICATE + order.number,
            "serial_number": f"{leaf.serial_number:032X}",
            "valid_from": leaf.not_valid_before_utc.date().isoformat(),
            "valid_till": leaf.not_valid_after_utc.date().isoformat(),
        }
    return {
        "id": FIRST_ORDER + order.number,
        "certificate": certificate,
        "status": STATUSES.get(order.state) or ("pending" if validating else "processing"),
        "date_created": datetime.fromtimestamp(order.placed, UTC).isoformat(),
        "organization": {
            "id": order.organization_id, "status": "inactive" if wait and wait.organization else "active",
        },
        "dns_names_validations": [
            {"name": name, "status": "unvalidated" if name in unvalidated else "validated"} for name in order.names
        ],
        "product": {"name_id": _product_id(order.product)},
        "requests": [{
            "id": FIRST_ORDER + order.number, "type": "new_request", "status": _request_status(order),
            "processor_comment": order.reason,
        }],
    }  # fmt: skip


def _product_id(product: str) -> str:
    return next(name for name, sold in PRODUCT_IDS.items() if sold == product)


def _page(query: Mapping[str, list[str]], name: str) -> int:
    """Return ``limit`` (0: no limit) or ``offset`` of a list."""
    text = query.get(name, ["0"])[0]
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refusal(Kind.MALFORMED, f"{name}: a whole number is needed.")
    return int(text)


def _request_status(order: Order) -> str:
    return {"rejected": "rejected", "issued": "approved", "revoked": "approved"}.get(order.state, "pending")


def _order_number(order_id: str) -> int:
    return int(order_id) - FIRST_ORDER


def _reference(body: dict[str, Any]) -> str:
    """Take the customer's own reference out of the comments: the last word."""
    words = _text(body, "comments", needed=False).split()
    return words[-1][:64] if words else ""


def _csr(certificate: dict[str, Any]) -> bytes:
    try:
        return load_request(_text(certificate, "csr"))
    except X509Error:
        raise Refusal(Kind.CSR, "The CSR can not be parsed.") from None


def _validity(validity: dict[str, Any], now: datetime) -> tuple[int, int]:
    """Return months and days, one of them 0."""
    if end := _text(validity, "custom_expiration_date", needed=False):
        try:
            days = (date.fromisoformat(end) - now.date()).days
        except ValueError:
            raise Refusal(Kind.MALFORMED, "custom_expiration_date: a date as in 2026-12-31 is needed.") from None
        if days < 1:
            raise Refusal(Kind.MALFORMED, "custom_expiration_date: a date to come is needed.")
        return 0, days
    months, days = 12 * _number(validity, "years"), _number(validity, "days")
    if not months and not days:
        raise Refusal(Kind.MALFORMED, "order_validity: years, days or custom_expiration_date is needed.")
    return (0, days) if days else (months, 0)


def _names(certificate: dict[str, Any]) -> list[str]:
    names = certificate.get("dns_names", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Refusal(Kind.MALFORMED, "certificate.dns_names: a list of names is needed.")
    return names


def _body(request: CaRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refusal(Kind.MALFORMED, "The body is no JSON object.")
    return body


def _part(body: dict[str, Any], name: str) -> dict[str, Any]:
    part = body.get(name, {})
    if not isinstance(part, dict):
        raise Refusal(Kind.MALFORMED, f"{name}: an object is needed.")
    return part


def _text(body: dict[str, Any], name: str, *, needed: bool = True) -> str:
    value = body.get(name, "" if not needed else None)
    if not isinstance(value, str) or _NO_TEXT.search(value):
        raise Refusal(Kind.MALFORMED, f"{name}: text is needed.")
    return value


def _number(body: dict[str, Any], name: str) -> int:
    value = body.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 9999:
        raise Refusal(Kind.MALFORMED, f"{name}: a whole number is needed.")
    return value


def _json(status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> CaResponse:
    return CaResponse(status, {**_JSON, **(headers or {})}, json.dumps(body, separators=(",", ":")).encode())
