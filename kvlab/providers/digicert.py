"""
DigiCert: orders through CertCentral's Services API, JSON over HTTP.

Which of DigiCert's products the service orders is not published; ``ssl_plus`` and ``ssl_ev_plus`` are the plain ones.

Source: https://dev.digicert.com/certcentral-apis/services-api.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pydantic_core import from_json

from kvlab.providers.line import Line
from kvlab.providers.message import CaRequest, CaResponse
from kvlab.providers.override import DAYS_OF_A_YEAR, UNREADABLE, overrides
from kvlab.providers.provider import (
    Answer,
    Cancelled,
    Failed,
    Issued,
    IssuerError,
    IssuerUnavailable,
    OrderRefused,
    Pending,
    Rejected,
)
from kvlab.x509.container import load_certificates, pem_request

if TYPE_CHECKING:
    from kvlab.providers.message import Note, Send
    from kvlab.providers.provider import Account, OrderRequest

NAME = "DigiCert"
PRODUCT_IDS = {"OV-SSL": "ssl_plus", "EV-SSL": "ssl_ev_plus"}
ORDERS = "/services/v2/order/certificate"

_OF_THE_ISSUER = frozenset({401, 403, 500})


class DigiCert:
    """
    The vault's end of an account at CertCentral.

    Args:
        account: ``password`` is the API key; ``organization_id`` the organization to certify.
        send: carries a message.
        note: is told of every message.
    """

    def __init__(self, account: Account, send: Send, note: Note) -> None:
        self._account = account
        self._line = Line(NAME, account, send, note)

    def submit(self, request: OrderRequest) -> str:
        """Place an order; see ``Provider.submit``."""
        path = f"{ORDERS}/{PRODUCT_IDS[request.product or 'OV-SSL']}"
        answer = self._call("POST", path, _order(request, self._account.organization_id), step=2)
        return str(_value(answer, "id", int))

    def poll(self, order_id: str, request: OrderRequest) -> Answer:
        """Ask for an order, and fetch the certificate if it is issued; see ``Provider.poll``."""
        try:
            answer, retry = self._call_with_retry("GET", f"{ORDERS}/{_safe(order_id)}")
        except OrderRefused as error:
            return Rejected(error.reason)
        except IssuerError as error:
            return Failed(error.reason)
        status = _value(answer, "status", str)
        if status == "issued":
            return self._fetch(_value(_value(answer, "certificate", dict), "id", int), request)
        if status in ("rejected", "denied"):
            return Rejected(self._line.masked(_comment(answer)) or f"DigiCert {status} the order.")
        if status in ("canceled", "revoked"):
            return Cancelled()
        return Pending(_waiting(answer, order_id), retry)

    def cancel(self, order_id: str) -> bool:
        """Cancel an order; see ``Cancels.cancel``."""
        try:
            self._call("PUT", f"{ORDERS}/{_safe(order_id)}/status", {"status": "CANCELED", "note": "Key Vault"})
        except OrderRefused:
            return False
        return True

    def find(self, reference: str) -> str | None:
        """Search for an order; see ``Finds.find``."""
        answer = self._call("GET", f"{ORDERS}?filters[search]={quote(reference, safe='')}")
        orders = _value(answer, "orders", list)
        return str(_value(orders[0], "id", int)) if orders else None

    def revoke(self, order_id: str, reason: str = "") -> None:
        """Have an order's certificate revoked; see ``Revokes.revoke``."""
        self._call("PUT", f"{ORDERS}/{_safe(order_id)}/revoke", {"comments": reason})

    def _fetch(self, certificate_id: int, request: OrderRequest) -> Answer:
        path = f"/services/v2/certificate/{certificate_id}/download/format/pem_all"
        answer = self._ask("GET", path, None, None)
        if answer.status != 200:
            self._line.heard(answer, f"{answer.status} no certificate")
            return Failed(f"DigiCert does not hand out certificate {certificate_id}.")
        self._line.heard(answer, f"200 certificate {certificate_id}", step=4)
        try:
            leaf, *chain = load_certificates(answer.body)
            return Issued(leaf, tuple(chain), overrides(request, leaf))
        except UNREADABLE:
            return Failed("DigiCert's answer holds no certificate that can be read.")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None, *, step: int | None = None) -> Any:
        return self._call_with_retry(method, path, body, step=step)[0]

    def _call_with_retry(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, step: int | None = None
    ) -> tuple[dict[str, Any], int | None]:
        answer = self._ask(method, path, body, step)
        parsed = _parsed(answer)
        if parsed is None:
            self._line.heard(answer, f"{answer.status} no JSON object")
            raise IssuerError("DigiCert's answer is not what its API promises.")
        if answer.status >= 400:
            self._line.heard(answer, f"{answer.status} {_errors(parsed) or 'without a reason'}")
            self._refuse(answer, parsed)
        told = " ".join(str(parsed[name]) for name in ("id", "status") if name in parsed)
        self._line.heard(answer, f"{answer.status} order {told}" if told else str(answer.status))
        return parsed, self._line.retry_after(answer)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None, step: int | None) -> CaResponse:
        content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {"X-DC-DEVKEY": self._account.password, "Content-Type": "application/json"}
        return self._line.ask(CaRequest(method, path, headers, content), summary=f"{method} {path}", step=step)

    def _refuse(self, answer: CaResponse, parsed: dict[str, Any]) -> None:
        reason = self._line.masked(_errors(parsed))
        if answer.status >= 500 and not reason:
            raise IssuerUnavailable(f"DigiCert answers with HTTP {answer.status}.", self._line.retry_after(answer))
        if answer.status in _OF_THE_ISSUER or answer.status >= 500:
            raise IssuerError(reason or f"DigiCert answers with HTTP {answer.status}.")
        raise OrderRefused(reason or f"DigiCert answers with HTTP {answer.status}.")


def _order(request: OrderRequest, organization_id: str) -> dict[str, Any]:
    wish = request.wish
    names = [*request.dns_names, *wish.ip_addresses, *wish.emails]
    months = request.validity_months
    validity = {"years": months // 12} if months % 12 == 0 else {"days": months * DAYS_OF_A_YEAR // 12}
    return {
        "certificate": {
            "common_name": request.common_name or next(iter(names), ""),
            "dns_names": names,
            "csr": pem_request(request.csr_der),
            "signature_hash": "sha256",
            "server_platform": {"id": -1},
        },
        "organization": {"id": int(organization_id) if _is_number(organization_id) else organization_id},
        "order_validity": validity,
        "comments": f"Key Vault request {request.reference}",
    }


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def _safe(order_id: str) -> str:
    return quote(order_id, safe="")


def _parsed(answer: CaResponse) -> dict[str, Any] | None:
    """Return the object in the body; a refusal without one is empty, None stands for any other answer without."""
    try:
        # Half a surrogate pair is refused by it; NUL, which no database keeps either, is not.
        parsed = None if rb"\u0000" in answer.body else from_json(answer.body or b"{}")
    except ValueError:
        parsed = None
    if isinstance(parsed, dict):
        return parsed
    return {} if answer.status >= 400 else None


def _value(parsed: Any, name: str, kind: type) -> Any:
    value = parsed.get(name) if isinstance(parsed, dict) else None
    if not isinstance(value, kind):
        raise IssuerError(f"DigiCert's answer has no {name}.")
    return value


def _errors(parsed: dict[str, Any]) -> str:
    return "; ".join(f"{one.get('message')} ({one.get('code')})" for one in _objects(parsed, "errors"))


def _objects(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the objects in a list of an answer; what else stands there says nothing."""
    found = answer.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _comment(answer: dict[str, Any]) -> str:
    found = [one.get("processor_comment") for one in _objects(answer, "requests")]
    return "; ".join(text for text in found if isinstance(text, str) and text)


def _waiting(answer: dict[str, Any], order_id: str) -> str:
    organization = answer.get("organization")
    reasons = []
    if isinstance(organization, dict) and organization.get("status") == "inactive":
        reasons.append("the organization is not validated yet")
    validations = _objects(answer, "dns_names_validations")
    names = [str(one.get("name")) for one in validations if one.get("status") == "unvalidated"]
    if names:
        reasons.append(f"not validated yet: {', '.join(names)}")
    return f"DigiCert order {order_id} is {answer['status']}" + (f": {'; '.join(reasons)}." if reasons else ".")
