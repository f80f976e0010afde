"""
What happens to an order inside a simulated certificate authority, whatever language it is spoken to in.

Everything is decided when somebody asks: a CA has no clock of its own that ticks, so an order that is due is looked at
by the next message about it.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from kvlab.providers.authority import Signer
from kvlab.providers.baseline import check_caa, check_names, key_of_request, longest_validity
from kvlab.providers.books import Order
from kvlab.providers.hierarchy import ROOT, SECOND, end_of, issue_leaf, make_signers, serial_number, subject_of
from kvlab.providers.refusal import Kind, Refusal, Unavailable
from kvlab.providers.vetting import Rules, Vetting
from kvlab.wire.ca import CaConfiguration
from kvlab.x509.certificate import BACKDATED, not_after
from kvlab.x509.key import load_pkcs8_der, private_key_pkcs8_der, public_key_der

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from kvlab.entropy import Entropy
    from kvlab.providers.books import Books
    from kvlab.providers.hierarchy import House
    from kvlab.x509.key import PublicKey


class Wanted(NamedTuple):
    """An order as it came in; ``months`` or ``days`` is 0."""

    reference: str
    csr_der: bytes
    product: str
    organization_id: str
    common_name: str
    names: Sequence[str]
    months: int
    days: int
    contact: str


class Wait(NamedTuple):
    """What a pending order waits for; ``retry_seconds`` where the CA knows when it ends."""

    organization: bool
    domains: tuple[str, ...]
    retry_seconds: int | None


class Desk:
    """
    One CA at one instant, with its books open.

    Args:
        house: what it is called.
        rules: how it differs.
        books: what it keeps.
        now: aware UTC instant.
        entropy: where its keys and serial numbers come from.
        signers: its keys, opened once; filled here.
    """

    def __init__(
        self, house: House, rules: Rules, books: Books, now: datetime, entropy: Entropy, signers: dict[str, Signer]
    ) -> None:
        self.house = house
        self.rules = rules
        self.books = books
        self.now = now.replace(microsecond=0)
        self._entropy = entropy
        self._opened = signers
        self._told = books.told()
        self.configuration = CaConfiguration.model_validate_json(self._told[0]) if self._told else _FRESH
        self.vetting = Vetting(self.configuration, rules, house.caa)

    def open(self) -> None:
        """
        Answer at all, if the CA does at this instant.

        Raises:
            Unavailable: it is down, or was told to fail.
        """
        if self._told is None:
            return
        _, since, failures = self._told
        up = since + self.configuration.down_seconds
        if self.seconds < up:
            raise Unavailable(math.ceil(up - self.seconds))
        if failures < self.configuration.fail_first:
            self.books.count_failure()
            raise Unavailable(None)

    @property
    def seconds(self) -> int:
        """The instant in epoch seconds."""
        return int(self.now.timestamp())

    def check_account(self, account_id: str | None, password: str) -> None:
        """
        Let a customer in.

        Args:
            account_id: None where the password alone says who it is.
            password: or API key.

        Raises:
            Refusal: nobody has these credentials.
        """
        accounts = self.configuration.accounts
        if accounts is None:
            known = _well_formed(password) and (account_id is None or _well_formed(account_id))
        else:
            known = any(one.password == password and account_id in (None, one.account_id) for one in accounts)
        if not known:
            raise Refusal(Kind.LOGIN, "The account, or its key or password, is not known here.")

    def place(self, wanted: Wanted) -> Order:
        """
        Take an order; the one that was placed with the same reference if there is one.

        Raises:
            Refusal: it is none that this CA takes.
        """
        if wanted.reference and (row := self.books.order_placed_with(wanted.reference)):
            return self._settle(Order.of(row))
        common_name = wanted.common_name.strip().lower()
        asked = (common_name, *(name.strip().lower() for name in wanted.names))
        extended = wanted.product == "EV-SSL"
        names = check_names(common_name, asked, extended=extended, addresses=self.rules.addresses)
        names = self.vetting.with_partner(common_name, names)
        key, key_hash = self._checked_key(wanted.csr_der, common_name)
        organization = self.vetting.organization(wanted.organization_id, common_name)
        if wanted.product not in self.configuration.products:
            raise Refusal(Kind.PRODUCT, f"The product {wanted.product} is not enabled for this account.")
        self.vetting.check_level(organization, extended=extended)
        self.vetting.check_domains(names)
        check_caa(self.configuration.caa, names, self.house.caa)
        order = Order(
            number=self.books.next_number(), reference=wanted.reference, key_hash=key_hash, state="pending",
            placed=self.seconds, product=wanted.product, organization_id=wanted.organization_id,
            common_name=common_name, names=names, months=wanted.months, days=wanted.days, csr_der=wanted.csr_der,
            contact=wanted.contact,
        )  # fmt: skip
        settled = self._settle(order, key=key, keep=False)
        self.books.add_order(settled.row())
        return settled

    def order(self, number: int) -> Order:
        """
        Find an order as it stands, without asking what became of it.

        Raises:
            Refusal: there is none.
        """
        row = self.books.order(number)
        if row is None:
            raise Refusal(Kind.NOT_FOUND, "There is no such order in this account.")
        return Order.of(row)

    def ask(self, number: int) -> Order:
        """
        Find an order and decide about it, if that is due.

        Raises:
            Refusal: there is none.
        """
        order = self.order(number)
        if order.state != "pending":
            return order
        order = replace(order, polls=order.polls + 1)
        settled = self._settle(order)
        if settled is order:
            self.books.put_order(number, {"polls": order.polls})
        return settled

    def cancel(self, number: int) -> Order:
        """
        Cancel an order.

        Raises:
            Refusal: there is none, or it is over.
        """
        order = self._settle(self.order(number))
        if order.state == "issued" and self.rules.cancels_issued:
            return self._change(order, self._closing("revoked", "cancelled"))
        if order.state != "pending":
            raise Refusal(Kind.OVER, f"The order is {order.state}: it can not be cancelled any more.")
        return self._change(order, self._closing("cancelled"))

    def revoke(self, number: int, reason: str) -> Order:
        """
        Revoke the certificate of an order.

        Raises:
            Refusal: there is none, or no certificate.
        """
        order = self.order(number)
        if order.state != "issued":
            raise Refusal(Kind.OVER, f"The order is {order.state}: there is no certificate to revoke.")
        return self._change(order, self._closing("revoked", reason))

    def waits_for(self, order: Order) -> Wait | None:
        """Return what keeps the CA from deciding about a pending order; None if nothing does."""
        unvetted = not self.vetting.is_vetted(order)
        domains = tuple(name for name in order.names if self.vetting.needs_validation(name))
        due = order.placed + self.configuration.delay_seconds
        early = self.seconds < due
        busy = 0 < self.configuration.polls >= order.polls
        if not (unvetted or domains or early or busy):
            return None
        return Wait(unvetted, domains, math.ceil(due - self.seconds) if early else None)

    def chain(self, order: Order) -> list[bytes]:
        """Return an issued order's certificate, its issuing CA's and the root's, DER."""
        signers = self.signers()
        return [order.leaf_der, signers[_role(order)].certificate_der, signers[ROOT].certificate_der]

    def signers(self) -> dict[str, Signer]:
        """Return the CA's certificates and keys by role; made when first asked for."""
        if not self._opened:
            stored = self.books.signers()
            if not stored:
                # Not remembered before it is read back: the transaction that keeps these keys may still fail.
                return self._make_signers()
            self._opened.update(
                {role: Signer(der, load_pkcs8_der(key, trusted=True)) for role, (der, key) in stored.items()}
            )
        return self._opened

    def _make_signers(self) -> dict[str, Signer]:
        made = make_signers(self.house, self._entropy, self.now)
        for role, signer in made.items():
            key = signer.key
            self.books.add_signer(role, signer.certificate_der, public_key_der(key), private_key_pkcs8_der(key))
        return made

    def _checked_key(self, csr_der: bytes, common_name: str) -> tuple[PublicKey, bytes]:
        """Return the key of a request, and the SHA-256 it is known by."""
        key = key_of_request(csr_der)
        if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size > 384 and not self.rules.curve_521:
            raise Refusal(Kind.KEY_TYPE, "ECC keys are taken on P-256 and P-384 only.")
        key_hash = hashlib.sha256(public_key_der(key)).digest()
        for row in self.books.orders_of_key(key_hash):
            if row["state"] in ("pending", "issued", "revoked") and not (
                self.rules.key_again and row["common_name"] == common_name
            ):
                raise Refusal(Kind.USED_KEY, "The public key in the CSR has been used before.")
        return key, key_hash

    def _settle(self, order: Order, *, key: PublicKey | None = None, keep: bool = True) -> Order:
        """
        Decide about a pending order, if nothing keeps the CA from it.

        Args:
            order: as it stands.
            key: of its request, where that has just been read.
            keep: write down what became of it.
        """
        if order.state != "pending" or self.waits_for(order) is not None:
            return order
        if self.configuration.decision == "reject":
            change = self._closing("rejected", self.configuration.reason or "The request was rejected.")
        elif self.configuration.decision == "fail":
            change = self._closing("failed", self.configuration.reason or "An internal error occurred.")
        else:
            change = {**self._closing("issued"), "leaf_der": self._issue(order, key or _public_key(order.csr_der))}
        return self._change(order, change) if keep else replace(order, **change)

    def _issue(self, order: Order, key: PublicKey) -> bytes:
        role = _role(order)
        organization = self.vetting.organization(order.organization_id, order.common_name)
        signers = self.signers()
        return issue_leaf(
            self.house, role, signers, key,
            subject_of(organization, order.common_name, extended=role == "EV"), order.names,
            serial=serial_number(self._entropy, f"{self.house.name} order {order.reference or order.number}"),
            now=self.now, not_after=self._not_after(order, signers[role]), seeded=self._entropy.seed is not None,
        )  # fmt: skip

    def _not_after(self, order: Order, signer: Signer) -> datetime:
        not_before = self.now - BACKDATED
        ends = [end_of(not_before, min(longest_validity(self.now), self.configuration.max_validity_days or 9999))]
        if order.days:
            ends.append(end_of(not_before, order.days))
        if order.months:
            ends.append(not_after(not_before, order.months) - SECOND)
        # A certificate that outlives its CA could not be verified to its end.
        ends.append(x509.load_der_x509_certificate(signer.certificate_der).not_valid_after_utc)
        if (end := min(ends)) <= self.now:
            raise Refusal(Kind.FAULT, "The issuing CA's certificate is expired.")
        return end

    def _closing(self, state: str, reason: str = "") -> dict[str, Any]:
        return {"state": state, "closed": self.seconds, "reason": reason}

    def _change(self, order: Order, change: dict[str, Any]) -> Order:
        self.books.put_order(order.number, {**change, "polls": order.polls})
        return replace(order, **change)


_FRESH = CaConfiguration()


def _role(order: Order) -> str:
    return order.product.removesuffix("-SSL")


def _public_key(csr_der: bytes) -> PublicKey:
    """Return the key of a request that was checked when the order was placed."""
    return cast("PublicKey", x509.load_der_x509_csr(csr_der).public_key())


def _well_formed(text: str) -> bool:
    return 0 < len(text) <= 256 and text.isascii() and text.isprintable() and text == text.strip()
