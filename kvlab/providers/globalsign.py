"""
GlobalSign: orders through the SOAP services of managed SSL, where organizations and domains are vetted beforehand.

Source: the service descriptions at https://system.globalsign.com/kb/ws/v1/ManagedSSLService?wsdl and
https://system.globalsign.com/kb/ws/v1/GASService?wsdl.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kvlab.providers import soap
from kvlab.providers.baseline import covers, read_address
from kvlab.providers.line import MASK, Line
from kvlab.providers.message import CaRequest
from kvlab.providers.override import UNREADABLE, overrides
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
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

    from kvlab.providers.message import CaResponse, Note, Send
    from kvlab.providers.provider import Account, OrderRequest
    from kvlab.providers.soap import Member

NAME = "GlobalSign"
PRODUCT_CODES = {"OV-SSL": "PV_SHA2", "EV-SSL": "PEV_SHA2"}
ORDER_SERVICE = "/kb/ws/v1/ManagedSSLService"
QUERY_SERVICE = "/kb/ws/v1/GASService"

STATUSES = {
    "1": "initial", "2": "waiting for a phishing or high-risk check", "3": "cancelled", "4": "issued",
    "5": "cancelled after it was issued", "6": "waiting for revocation", "7": "revoked",
    "8": "pending approval: organization or domain is not vetted yet", "9": "locked", "10": "denied",
}  # fmt: skip

_OF_THE_ISSUER = frozenset({"-300", "-4001", "-4201", "-9200", "-9403", "-9939", "-9942", "-9943"})
"""Errors that another order would not mend: credentials, account, and the CA's own troubles."""


_MASKED = soap.element("Password", MASK).encode()
_DETAILS = ("OrderDetail", "PVOrderDetail")


class Place(NamedTuple):
    """Where a name is vetted: a profile is one organization at one level, a domain (by id, name) belongs to one."""

    profile_id: str
    domain_id: str
    domain: str


class GlobalSign:
    """
    The vault's end of an account for managed SSL.

    Args:
        account: user name and password; names, e-mail and phone of the administrator go into each order.
        send: carries a message.
        note: is told of every message.
    """

    def __init__(self, account: Account, send: Send, note: Note) -> None:
        self._account = account
        self._line = Line(NAME, account, send, note)

    def submit(self, request: OrderRequest) -> str:
        """Find out where the name is vetted and place an order; see ``Provider.submit``."""
        place = self._place(request.common_name or next(iter(request.dns_names), ""))
        answer = self._call(ORDER_SERVICE, "PVOrder", "Order", self._order(request, place), step=2)
        found = soap.text(answer, "Response/OrderID")
        if not found:
            raise IssuerError("GlobalSign's answer has no OrderID.")
        return found

    def poll(self, order_id: str, request: OrderRequest) -> Answer:
        """Ask for an order with its certificate; see ``Provider.poll``."""
        query: Mapping[str, Member] = {
            "OrderID": order_id,
            "OrderQueryOption": {"ReturnCertificateInfo": "true", "ReturnFulfillment": "true", "ReturnCACerts": "true"},
        }
        try:
            response, answer = self._exchange(QUERY_SERVICE, "GetOrderByOrderID", "Query", query)
        except OrderRefused as error:
            return Rejected(error.reason)
        except IssuerError as error:
            return Failed(error.reason)
        status = soap.text(answer, "Response/OrderDetail/CertificateInfo/CertificateStatus")
        if status == "4":
            return _issued(answer, request)
        if status == "10":
            return Rejected(self._line.masked(_event(answer)) or "GlobalSign denied the order.")
        if status in ("3", "5", "7"):
            return Cancelled()
        detail = STATUSES.get(status, f"in status {status}")
        return Pending(f"GlobalSign order {order_id} is {detail}.", self._line.retry_after(response))

    def cancel(self, order_id: str) -> bool:
        """Cancel an order, also an issued one, whose certificate is then revoked; see ``Cancels.cancel``."""
        try:
            self._modify(order_id, "CANCEL")
        except OrderRefused:
            return False
        return True

    def revoke(self, order_id: str, reason: str = "") -> None:  # noqa: ARG002  managed SSL takes no reason
        """Have an order's certificate revoked; see ``Revokes.revoke``."""
        self._modify(order_id, "REVOKE")

    def find(self, reference: str) -> str | None:
        """Search for an order by its SubID; see ``Finds.find``."""
        answer = self._call(QUERY_SERVICE, "GetCertificateOrders", "Query", {"SubID": reference})
        return soap.text(answer, "Response/SearchOrderDetails/SearchOrderDetail/OrderID") or None

    def _modify(self, order_id: str, operation: str) -> None:
        self._call(
            ORDER_SERVICE, "ModifyMSSLOrder", "Order", {"OrderID": order_id, "ModifyOrderOperation": operation}
        )  # fmt: skip

    def _place(self, common_name: str) -> Place:
        """Find the vetted domain a name belongs to; without one the order says so, and the CA decides."""
        answer = self._call(ORDER_SERVICE, "GetMSSLDomains", "Query", {})
        first = ""
        for one in answer.iterfind("Response/SearchMsslDomainDetails/SearchMsslDomainDetail"):
            profile = soap.text(one, "MSSLProfileID")
            first = first or profile
            domain = soap.text(one, "MSSLDomainName")
            if covers([domain], common_name.lower()):
                return Place(profile, soap.text(one, "MSSLDomainID"), domain)
        return Place(self._account.organization_id or first, "", "")

    def _order(self, request: OrderRequest, place: Place) -> dict[str, Member]:
        account = self._account
        own = {request.common_name.lower()}
        if request.common_name.lower().removeprefix("www.") == place.domain:
            # The vetted domain itself comes with and without www; of any other name only what is listed comes.
            own |= {place.domain, f"www.{place.domain}"}
        names = [name for name in (*request.dns_names, *request.wish.ip_addresses) if name.lower() not in own]
        entries: list[Member] = [{"SANOptionType": _san_type(name), "SubjectAltName": name} for name in names]
        parameter: dict[str, Member] = {
            "ProductCode": PRODUCT_CODES[request.product or "OV-SSL"],
            "BaseOption": "wildcard" if request.common_name.startswith("*.") else "",
            "OrderKind": "new",
            "Licenses": "1",
            "Options": {"Option": {"OptionName": "SAN", "OptionValue": "true"}} if names else "",
            "ValidityPeriod": {"Months": str(request.validity_months)},
            "CSR": pem_request(request.csr_der),
        }
        return {
            "OrderRequestParameter": parameter,
            "MSSLProfileID": place.profile_id,
            "MSSLDomainID": place.domain_id,
            "SubID": request.reference,
            "ContactInfo": {
                "FirstName": account.first_name, "LastName": account.last_name, "Phone": account.phone,
                "Email": account.email,
            },
            "SANEntries": {"SANEntry": entries} if entries else "",
        }  # fmt: skip

    def _call(
        self, service: str, operation: str, header: str, content: Mapping[str, Member], *, step: int | None = None
    ) -> Element:
        return self._exchange(service, operation, header, content, step=step)[1]

    def _exchange(
        self, service: str, operation: str, header: str, content: Mapping[str, Member], *, step: int | None = None
    ) -> tuple[CaResponse, Element]:
        token: Member = {"AuthToken": {"UserName": self._account.account_id, "Password": MASK}}
        shown = soap.write(operation, {"Request": {f"{header}RequestHeader": token, **content}})
        body = shown.replace(_MASKED, soap.element("Password", self._account.password).encode(), 1)
        headers = {"Content-Type": soap.CONTENT_TYPE, "SOAPAction": '""'}
        response = self._line.ask(
            CaRequest("POST", service, headers, body), summary=f"POST {service} {operation}", step=step, shown=shown
        )
        return response, self._heard(response)

    def _heard(self, response: CaResponse) -> Element:
        """
        Read an answer and note it.

        Raises:
            OrderRefused: and ``IssuerError``, ``IssuerUnavailable``.
        """
        try:
            _, answer = soap.read(response.body)
        except soap.NotSoap:
            self._line.heard(response, f"{response.status} no SOAP message")
            if response.status >= 500:
                raise IssuerUnavailable(f"GlobalSign answers with HTTP {response.status}.") from None
            raise IssuerError("GlobalSign's answer is not what its service promises.") from None
        header = answer.find("Response/OrderResponseHeader")
        header = answer.find("Response/QueryResponseHeader") if header is None else header
        if header is None or soap.text(header, "SuccessCode") not in ("0", "1"):
            self._refuse(response, header)
        issued = answer.find("Response/OrderDetail/Fulfillment/ServerCertificate") is not None
        self._line.heard(response, _summary(answer), step=4 if issued else None)
        return answer

    def _refuse(self, response: CaResponse, header: Element | None) -> None:
        errors = [] if header is None else list(header.iterfind("Errors/Error"))
        codes = list(soap.texts(errors, "ErrorCode"))
        said = "; ".join(f"{soap.text(one, 'ErrorMessage')} ({soap.text(one, 'ErrorCode')})" for one in errors)
        reason = self._line.masked(said) or "GlobalSign gives no reason."
        self._line.heard(response, f"{response.status} {reason}")
        raise (IssuerError if not codes or _OF_THE_ISSUER.intersection(codes) else OrderRefused)(reason)


def _issued(answer: Element, request: OrderRequest) -> Answer:
    fulfillment = "Response/OrderDetail/Fulfillment"
    leaf_pem = soap.text(answer, f"{fulfillment}/ServerCertificate/X509Cert")
    authorities = answer.iterfind(f"{fulfillment}/CACertificates/CACertificate")
    try:
        (leaf,) = load_certificates(leaf_pem)
        chain = tuple(der for text in soap.texts(authorities, "CACert") for der in load_certificates(text))
        return Issued(leaf, chain, overrides(request, leaf))
    except UNREADABLE:
        return Failed("GlobalSign's answer holds no certificate that can be read.")


def _event(answer: Element) -> str:
    events = answer.iterfind("Response/OrderDetail/ModificationEvents/ModificationEvent")
    return "; ".join(soap.texts(events, "ModificationEventName"))


def _summary(answer: Element) -> str:
    order = soap.text(answer, "Response/OrderID")
    numbers = (soap.text(answer, f"Response/{part}/CertificateInfo/CertificateStatus") for part in _DETAILS)
    status = STATUSES.get("".join(numbers), "")
    return " ".join(filter(None, ("200", order and f"order {order}", status)))


def _san_type(name: str) -> str:
    if read_address(name) is not None:
        return "3"
    return "13" if name.startswith("*.") else "7"
