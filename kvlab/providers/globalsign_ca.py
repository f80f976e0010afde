"""
The simulated GlobalSign: the SOAP operations of its managed SSL service that an order needs.

Source: the service descriptions at https://system.globalsign.com/kb/ws/v1/ManagedSSLService?wsdl and
https://system.globalsign.com/kb/ws/v1/GASService?wsdl.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography import x509

from kvlab.errors import X509Error
from kvlab.providers import soap
from kvlab.providers.baseline import read_address
from kvlab.providers.desk import Wanted
from kvlab.providers.hierarchy import ROOT, House
from kvlab.providers.message import CaRequest, CaResponse
from kvlab.providers.refusal import Kind, Refusal
from kvlab.providers.simulated import SimulatedCa
from kvlab.providers.vetting import Rules
from kvlab.x509.container import load_request, pem_certificate, pem_p7b
from kvlab.x509.name import format_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree.ElementTree import Element

    from kvlab.providers.books import Order
    from kvlab.providers.desk import Desk
    from kvlab.providers.soap import Member

PRODUCT_CODES = {"PV_SHA2": "OV-SSL", "PEV_SHA2": "EV-SSL"}

INITIAL, WAITING, CANCELLED, ISSUED, CANCELLED_AFTER_ISSUE, REVOKED = "1", "2", "3", "4", "5", "7"
PENDING_APPROVAL, DENIED = "8", "10"
"""Certificate statuses; 6 is waiting for revocation, 9 locked."""

_ERRORS = {
    Kind.MALFORMED: (-101, "Invalid parameter entered."),
    Kind.NO_ROUTE: (-101, "Invalid parameter entered."),
    Kind.LOGIN: (-4001, "Login failure: invalid user ID or password."),
    Kind.NOT_FOUND: (-9902, "The OrderID does not belong to this account."),
    Kind.PRODUCT: (-9901, "The account's product group does not allow this ProductCode."),
    Kind.ORGANIZATION: (-9401, "No profile was found using the supplied MSSLProfileID."),
    Kind.VETTING: (-9450, "An EV order needs an MSSLProfileID with vetting level EV."),
    Kind.DOMAIN: (-9440, "No domain was found using the supplied MSSLDomainID."),
    Kind.CSR: (-101, "Invalid parameter entered: CSR."),
    Kind.SIGNATURE: (-101, "Invalid parameter entered: CSR."),
    Kind.WEAK_KEY: (-9936, "The public key in the CSR did not pass the vulnerability scan."),
    Kind.KEY_TYPE: (-9961, "The ECC CSR is not allowed; use P-256 or P-384."),
    Kind.USED_KEY: (-6007, "The public key of the CSR has been used before with another common name."),
    Kind.NO_NAME: (-102, "Mandatory parameter missing: CommonName."),
    Kind.MANY_NAMES: (-6017, "The number of SANEntry elements exceeds the maximum."),
    Kind.NAME: (-9444, "The domain name or SubjectAltName is not supported."),
    Kind.WILDCARD: (-9444, "The domain name or SubjectAltName is not supported."),
    Kind.ADDRESS: (-9444, "The domain name or SubjectAltName is not supported."),
    Kind.INTERNAL: (-9971, "Internal server names can not be certified."),
    Kind.CAA: (-101, "Invalid parameter entered: the CAA check failed."),
    Kind.OVER: (-9938, "The status of the certificate has already been changed."),
    Kind.FAULT: (-9942, "A problem was encountered when requesting the certificate in the RA System."),
}
"""Kind -> error code and GlobalSign's sentence; CAA has no published code, so it shares the general one."""

_HEADERS = {"Content-Type": soap.CONTENT_TYPE}


class SimulatedGlobalSign(SimulatedCa):
    """Managed SSL, as far as an order for an OV or EV certificate goes."""

    house = House("GlobalSign", "GlobalSign nv-sa (simulated)", "BE", "globalsign.com", "globalsign.example.com")
    rules = Rules(
        curve_521=False, key_again=True, addresses=True,
        unknown_domain_waits=False, vetting_waits=False, cancels_issued=True,
    )  # fmt: skip

    def answer(self, request: CaRequest, desk: Desk) -> CaResponse:
        """Answer one operation; see the table of operations."""
        operation, element = _read(request)
        header, call = _OPERATIONS.get(operation, (None, None))
        if header is None or call is None:
            raise Refusal(Kind.NO_ROUTE, f"There is no operation {operation}.")
        token = f"Request/{header}RequestHeader/AuthToken"
        desk.check_account(soap.text(element, f"{token}/UserName"), soap.text(element, f"{token}/Password"))
        content, retry = call(desk, element)
        answer = {"Response": {_answer_header(operation): _success(desk.now), **content}}
        headers = _HEADERS if retry is None else {**_HEADERS, "Retry-After": str(retry)}
        return CaResponse(200, headers, soap.write(f"{operation}Response", answer))

    def refuse(self, request: CaRequest, refusal: Refusal, now: datetime) -> CaResponse:
        """Say it as ``SuccessCode`` -1 and an ``Error``."""
        try:
            operation, _ = _read(request)
        except Refusal:
            operation = "Unknown"
        code, sentence = _ERRORS[refusal.kind]
        errors: Member = {"Error": {"ErrorCode": str(code), "ErrorMessage": f"{sentence} {refusal.detail}"}}
        header: Member = {"SuccessCode": "-1", "Errors": errors, "Timestamp": _instant(now)}
        content = soap.write(f"{operation}Response", {"Response": {_answer_header(operation): header}})
        return CaResponse(200, _HEADERS, content)


def _place(desk: Desk, element: Element) -> tuple[dict[str, Member], int | None]:
    parameter = "Request/OrderRequestParameter"
    code = soap.text(element, f"{parameter}/ProductCode")
    if code not in PRODUCT_CODES:
        raise Refusal(Kind.PRODUCT, f"ProductCode: {code}.")
    csr_der = _csr(soap.text(element, f"{parameter}/CSR"))
    common_name = _common_name(element, csr_der)
    contact = " ".join(soap.text(element, f"Request/ContactInfo/{part}") for part in ("FirstName", "LastName", "Email"))
    if len(contact.split()) < 3:
        raise Refusal(Kind.MALFORMED, "ContactInfo: first name, last name and e-mail address are needed.")
    order = desk.place(Wanted(
        reference=soap.text(element, "Request/SubID")[:64],
        csr_der=csr_der,
        product=PRODUCT_CODES[code],
        organization_id=soap.text(element, "Request/MSSLProfileID"),
        common_name=common_name,
        names=list(soap.texts(element.iterfind("Request/SANEntries/SANEntry"), "SubjectAltName")),
        months=_months(soap.text(element, f"{parameter}/ValidityPeriod/Months")),
        days=0,
        contact=contact,
    ))  # fmt: skip
    return {"OrderID": order_id(order.number), "PVOrderDetail": _detail(desk, order, whole=False)}, None


def _show(desk: Desk, element: Element) -> tuple[dict[str, Member], int | None]:
    number = order_number(soap.text(element, "Request/OrderID"))
    order = desk.ask(number)
    if order.state == "failed":
        raise Refusal(Kind.FAULT, order.reason)
    wait = desk.waits_for(order) if order.state == "pending" else None
    return {
        "OrderID": order_id(number),
        "OrderDetail": _detail(desk, order, whole=True),
    }, wait.retry_seconds if wait else None


def _list_orders(desk: Desk, element: Element) -> tuple[dict[str, Member], int | None]:
    row = desk.books.order_placed_with(soap.text(element, "Request/SubID"))
    if row is None:
        return {}, None
    code = next(code for code, product in PRODUCT_CODES.items() if product == row["product"])
    found: Member = {
        "OrderID": order_id(row["number"]), "ProductCode": code, "OrderRequestDate": _at(row["placed"]),
        "SubId": row["reference"], "FQDN": row["common_name"],
    }  # fmt: skip
    return {"SearchOrderDetails": {"SearchOrderDetail": found}}, None


def _list_domains(desk: Desk, element: Element) -> tuple[dict[str, Member], int | None]:  # noqa: ARG001
    profiles = {name: one.id or "" for one in desk.vetting.organizations() for name in one.domains}
    first = desk.vetting.organizations()[0].id or ""
    found: list[Member] = [
        {
            "MSSLDomainID": f"DSMS{number:012}", "MSSLProfileID": profiles.get(name, first), "MSSLDomainName": name,
            "MSSLDomainStatus": "3",
        }
        for number, name in enumerate(desk.vetting.domains(), 1)
    ]  # fmt: skip
    return {"SearchMsslDomainDetails": {"SearchMsslDomainDetail": found}}, None


def _modify(desk: Desk, element: Element) -> tuple[dict[str, Member], int | None]:
    number = order_number(soap.text(element, "Request/OrderID"))
    operation = soap.text(element, "Request/ModifyOrderOperation")
    if operation == "CANCEL":
        desk.cancel(number)
    elif operation == "REVOKE":
        desk.revoke(number, "")
    else:
        raise Refusal(Kind.MALFORMED, "ModifyOrderOperation: CANCEL or REVOKE.")
    return {}, None


_OPERATIONS: dict[str, tuple[str, Callable[[Desk, Element], tuple[dict[str, Member], int | None]]]] = {
    "PVOrder": ("Order", _place),
    "ModifyMSSLOrder": ("Order", _modify),
    "GetMSSLDomains": ("Query", _list_domains),
    "GetOrderByOrderID": ("Query", _show),
    "GetCertificateOrders": ("Query", _list_orders),
}
"""Operation -> which header holds the credentials, and what answers with content and seconds to wait."""


def _answer_header(operation: str) -> str:
    # GetOrderByOrderID answers with the header of the order services, as its description says.
    return "QueryResponseHeader" if operation in ("GetMSSLDomains", "GetCertificateOrders") else "OrderResponseHeader"


def order_id(number: int) -> str:
    """Return GlobalSign's id of an order."""
    return f"CEPV{number:010}"


def order_number(text: str) -> int:
    """
    Return the number of an order id.

    Raises:
        Refusal: it is none.
    """
    digits = text.removeprefix("CEPV")
    if not (digits.isascii() and digits.isdigit() and len(digits) == 10):
        raise Refusal(Kind.NOT_FOUND, "There is no such order in this account.")
    return int(digits)


def _detail(desk: Desk, order: Order, *, whole: bool) -> dict[str, Member]:
    """Describe an order; ``whole``: with the CAs' certificates too, once it is issued."""
    found: dict[str, Member] = {
        "OrderInfo": {
            "OrderId": order_id(order.number), "DomainName": order.common_name, "OrderDate": _at(order.placed),
            "OrderStatus": _status(desk, order), "ValidityPeriod": {"Months": str(order.months)},
        },
        "OrderSubInfo": {"SubId": order.reference},
        "CertificateInfo": _certificate(desk, order),
        "SANEntries": {
            "SANEntry": [{"SANOptionType": san_type(name), "SubjectAltName": name} for name in order.names]
        },
    }  # fmt: skip
    if order.state == "issued":
        found["Fulfillment"] = (
            _fulfillment(desk, order) if whole else {"ServerCertificate": {"X509Cert": pem_certificate(order.leaf_der)}}
        )
    if order.reason:
        event: Member = {"ModificationEventName": order.reason, "ModificationEventTimestamp": _at(order.closed or 0)}
        found["ModificationEvents"] = {"ModificationEvent": event}
    return found


def _certificate(desk: Desk, order: Order) -> dict[str, Member]:
    found: dict[str, Member] = {"CertificateStatus": _status(desk, order), "CommonName": order.common_name}
    if order.leaf_der:
        leaf = x509.load_der_x509_certificate(order.leaf_der)
        found |= {
            "StartDate": _instant(leaf.not_valid_before_utc), "EndDate": _instant(leaf.not_valid_after_utc),
            "SerialNumber": f"{leaf.serial_number:032X}", "SubjectName": format_name(leaf.subject),
        }  # fmt: skip
    return found


def _fulfillment(desk: Desk, order: Order) -> dict[str, Member]:
    leaf, issuing, root = desk.chain(order)
    return {
        "CACertificates": {
            "CACertificate": [
                {"CACertType": "INTER", "CACert": pem_certificate(issuing)},
                {"CACertType": ROOT.upper(), "CACert": pem_certificate(root)},
            ]
        },
        "ServerCertificate": {"X509Cert": pem_certificate(leaf), "PKCS7Cert": pem_p7b([leaf, issuing, root])},
    }


def _status(desk: Desk, order: Order) -> str:
    if order.state == "pending":
        wait = desk.waits_for(order)
        if wait is None:
            return INITIAL
        return PENDING_APPROVAL if wait.organization else INITIAL if wait.retry_seconds else WAITING
    if order.state == "revoked":
        return CANCELLED_AFTER_ISSUE if order.reason == "cancelled" else REVOKED
    return {"issued": ISSUED, "cancelled": CANCELLED, "rejected": DENIED, "failed": WAITING}[order.state]


def san_type(name: str) -> str:
    """Return the SAN option type of a name: 3 public IP address, 13 wildcard, 7 any other domain name."""
    if read_address(name) is not None:
        return "3"
    return "13" if name.startswith("*.") else "7"


def _read(request: CaRequest) -> tuple[str, Element]:
    try:
        return soap.read(request.body)
    except soap.NotSoap as error:
        raise Refusal(Kind.MALFORMED, str(error)) from None


def _csr(text: str) -> bytes:
    try:
        return load_request(text)
    except X509Error:
        raise Refusal(Kind.CSR, "The CSR can not be parsed.") from None


def _common_name(element: Element, csr_der: bytes) -> str:
    """Take the common name from the request: managed SSL has no member for it; else the first SAN entry stands in."""
    try:
        subject = x509.load_der_x509_csr(csr_der).subject
        values = [str(one.value) for one in subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    except ValueError:
        raise Refusal(Kind.CSR, "The CSR can not be parsed.") from None
    return (values or [soap.text(element, "Request/SANEntries/SANEntry/SubjectAltName")])[-1]


def _months(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:5]) <= 9999):
        raise Refusal(Kind.MALFORMED, "ValidityPeriod/Months: a whole number is needed.")
    return int(text)


def _success(now: datetime) -> dict[str, Member]:
    return {"SuccessCode": "0", "Timestamp": _instant(now)}


def _instant(instant: datetime) -> str:
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}.000Z"


def _at(seconds: int) -> str:
    return _instant(datetime.fromtimestamp(seconds, UTC))
