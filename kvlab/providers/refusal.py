"""Why a simulated certificate authority takes no order; each CA has its own code and words for a kind."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What is wrong with a message or an order."""

    MALFORMED = "malformed"
    NO_ROUTE = "no such call"
    NOT_FOUND = "no such order"
    LOGIN = "login"
    PRODUCT = "product"
    ORGANIZATION = "organization unknown"
    VETTING = "vetting level"
    DOMAIN = "domain unknown"
    CSR = "request unreadable"
    SIGNATURE = "request's signature"
    WEAK_KEY = "weak key"
    KEY_TYPE = "key type"
    USED_KEY = "key used before"
    NO_NAME = "no name"
    MANY_NAMES = "too many names"
    NAME = "name"
    INTERNAL = "internal name"
    ADDRESS = "address"
    WILDCARD = "wildcard"
    CAA = "CAA"
    OVER = "order is over"
    FAULT = "the CA's own fault"


class Refusal(Exception):
    """
    The CA does not do what a message asks for.

    Attributes:
        kind: what is wrong.
        detail: one sentence; no credential is ever in it.
    """

    def __init__(self, kind: Kind, detail: str) -> None:
        self.kind = kind
        self.detail = detail
        super().__init__(detail)


class Unavailable(Exception):
    """
    The CA can not answer now.

    Attributes:
        retry_seconds: when it is worth asking again; None if the CA does not know.
    """

    def __init__(self, retry_seconds: int | None) -> None:
        self.retry_seconds = retry_seconds
        super().__init__("The service is temporarily unavailable.")
