"""What is said to a certificate authority about one order, while nothing is held but a lease."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.x509.oid import NameOID

from kvlab.providers.provider import (
    TRADES,
    Answer,
    Cancelled,
    Cancels,
    Failed,
    Finds,
    IssuerUnavailable,
    OrderRefused,
    OrderRequest,
    ProviderError,
    Rejected,
    Wish,
)
from kvlab.vault import partner
from kvlab.vault.account import account_of
from kvlab.wire.issuer import IssuerBundle
from kvlab.wire.policy import SubjectAlternativeNames
from kvlab.x509.name import parse_name

if TYPE_CHECKING:
    from datetime import datetime

    from kvlab.providers.message import Exchange
    from kvlab.providers.provider import Product, Provider
    from kvlab.vault.core import Core
    from kvlab.wire.policy import CertificatePolicy


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody answered at the CA, or it could not now."""

    reason: str
    retry_seconds: int | None


Outcome = Answer | Unanswered


class Conversation:
    """
    One conversation about an order: place it if it is not placed, and ask what became of it; or take it back.

    Args:
        core: the vault.
        order: as it was claimed.
        policy: of its operation; None if that was deleted, and the order is only to be cancelled.
        now: aware UTC instant.

    Attributes:
        order_id: the CA's, once it is known.
        said: every message, in order.
    """

    def __init__(self, core: Core, order: Any, policy: CertificatePolicy | None, now: datetime) -> None:
        self._core = core
        self._order = order
        self._policy = policy
        self._now = now
        self.order_id: str | None = order.order_id
        self.said: list[Exchange] = []

    def hold(self) -> Outcome:
        """Speak to the CA, and return what came of it."""
        order = self._order
        unwanted = self._policy is None or order.cancellation_requested
        issuer = None if order.issuer_body is None else IssuerBundle.model_validate_json(order.issuer_body)
        if (mistake := self._mistake(issuer)) is not None:
            return Cancelled() if unwanted else Failed(mistake)
        assert issuer is not None
        account = account_of(self._core, order.issuer_name, issuer, order.issuer_sealed)
        provider = partner.provider(self._core, order.provider, account, self._now, self.said.append)
        try:
            return Cancelled() if unwanted and self._call_off(provider) else self._ask(provider)
        except IssuerUnavailable as error:
            return Unanswered(error.reason, error.retry_seconds)
        except ProviderError as error:
            return Rejected(error.reason) if isinstance(error, OrderRefused) else Failed(error.reason)

    def _mistake(self, issuer: IssuerBundle | None) -> str | None:
        """Say why nobody can be asked: what happened to the issuer object since the operation began."""
        order = self._order
        name = order.issuer or order.issuer_key
        if issuer is None:
            return f"The issuer '{name}' was deleted."
        if issuer.provider != order.provider:
            return f"The issuer '{name}' was {order.provider}'s when this was ordered; it is {issuer.provider}'s now."
        if self.order_id is None and issuer.attributes is not None and issuer.attributes.enabled is False:
            return f"The issuer '{name}' is disabled."
        return None

    def _call_off(self, provider: Provider) -> bool:
        """Cancel the order at the CA, if there is one; false where it is too late and somebody waits for the end."""
        if self.order_id is None and self._order.attempts and isinstance(provider, Finds):
            # Somebody began to place it and did not come back to say so.
            self.order_id = provider.find(self._order.reference)
        if self.order_id is None:
            return True
        cancelled = isinstance(provider, Cancels) and provider.cancel(self.order_id)
        return cancelled or self._policy is None

    def _ask(self, provider: Provider) -> Answer:
        assert self._policy is not None
        request = order_request(self._order, self._policy)
        if self.order_id is None:
            self.order_id = provider.submit(request)
        return provider.poll(self.order_id, request)


def order_request(order: Any, policy: CertificatePolicy) -> OrderRequest:
    """Make what is ordered from an operation's stored policy and request; always the same for the same operation."""
    props = policy.x509_props
    assert props is not None
    assert policy.issuer is not None
    sans = props.sans or SubjectAlternativeNames()
    names = parse_name(props.subject or "").get_attributes_for_oid(NameOID.COMMON_NAME)
    return OrderRequest(
        reference=order.reference,
        csr_der=order.csr,
        # Of several the most specific one: the last in the request, the first in the text.
        common_name=str(names[-1].value) if names else "",
        dns_names=tuple(sans.dns_names or ()),
        validity_months=props.validity_months or 1,
        product=_product(order.provider, policy.issuer.cty),
        wish=Wish(
            subject=props.subject or "",
            dns_names=tuple(sans.dns_names or ()),
            emails=tuple(sans.emails or ()),
            upns=tuple(sans.upns or ()),
            uris=tuple(sans.uris or ()),
            ip_addresses=tuple(sans.ip_addresses or ()),
            key_usage=tuple(props.key_usage or ()),
            ekus=tuple(props.ekus or ()),
            cert_transparency=policy.issuer.cert_transparency,
        ),
    )


def _product(provider: str, cty: str | None) -> Product | None:
    wanted = (cty or "").casefold()
    return next((product for product in TRADES[provider].products if product.casefold() == wanted), None)
