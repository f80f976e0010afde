"""A simulated certificate authority as a whole: messages in, messages out, and how it is told to behave."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from kvlab.providers.desk import Desk
from kvlab.providers.hierarchy import ROOT, House
from kvlab.providers.message import CaRequest, CaResponse, Send
from kvlab.providers.refusal import Refusal, Unavailable
from kvlab.providers.vetting import Rules
from kvlab.wire.ca import BLOTTED, CaConfiguration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from kvlab.entropy import Entropy
    from kvlab.providers.authority import Signer
    from kvlab.providers.books import Books
    from kvlab.wire.ca import CaAccount


class SimulatedCa(ABC):
    """
    One CA for the life of a vault; ``handle`` is a pure function of the message, the books and the instant.

    Args:
        entropy: where its keys and serial numbers come from; a seeded one makes every certificate repeat.

    Attributes:
        house: what it is called.
        rules: how it differs from the others.
    """

    house: House
    rules: Rules

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._signers: dict[str, Signer] = {}

    @property
    def name(self) -> str:
        """``DigiCert`` or ``GlobalSign``."""
        return self.house.name

    def handle(self, request: CaRequest, books: Books, now: datetime) -> CaResponse:
        """
        Answer a message.

        Args:
            request: as it came over the line.
            books: open in the transaction that the message belongs to.
            now: aware UTC instant.
        """
        desk = self._desk(books, now)
        try:
            desk.open()
            return self.answer(request, desk)
        except Unavailable as error:
            retry = {} if error.retry_seconds is None else {"Retry-After": str(error.retry_seconds)}
            return CaResponse(503, {"Content-Type": "text/plain", **retry}, str(error).encode())
        except Refusal as refusal:
            return self.refuse(request, refusal, now)

    def line(self, books: Books, now: datetime) -> Send:
        """Return what carries messages to this CA in process, at one instant and in one transaction."""
        return lambda request: self.handle(request, books, now)

    def configure(self, books: Books, now: datetime, value: CaConfiguration | Mapping[str, Any] | str) -> None:
        """
        Tell the CA how to behave from now on; what was told before is forgotten.

        Args:
            books: see ``handle``.
            now: the instant from which ``down_seconds`` and ``fail_first`` count.
            value: the configuration, a mapping or JSON.

        Raises:
            InvalidProperty: 400, an unknown word or value; it names the member.
        """
        found = CaConfiguration.read(value, "configuration")
        if found.accounts and (before := self._told(books).accounts):
            # What can be read, can be written: an account whose password was blotted out keeps it.
            found.accounts = [_with_password(one, before) for one in found.accounts]
        books.tell(found.model_dump_json(), int(now.timestamp()))

    def configuration(self, books: Books) -> CaConfiguration:
        """Return how the CA was told to behave, with the accounts' passwords blotted out."""
        found = self._told(books)
        accounts = found.accounts and [one.model_copy(update={"password": BLOTTED}) for one in found.accounts]
        return found.model_copy(update={"accounts": accounts})

    def chain(self, books: Books, now: datetime) -> dict[str, bytes]:
        """Return the CA's own certificates by role (``root``, ``OV``, ``EV``), DER: the root is what clients trust."""
        signers = self._desk(books, now).signers()
        return {role: signer.certificate_der for role, signer in signers.items() if signer.certificate_der}

    def root(self, books: Books, now: datetime) -> bytes:
        """Return the root certificate, DER."""
        return self.chain(books, now)[ROOT]

    @abstractmethod
    def answer(self, request: CaRequest, desk: Desk) -> CaResponse:
        """
        Answer a message that the CA is open for.

        Raises:
            Refusal: and ``Unavailable``.
        """

    @abstractmethod
    def refuse(self, request: CaRequest, refusal: Refusal, now: datetime) -> CaResponse:
        """Say a refusal in this CA's own codes and words."""

    def _told(self, books: Books) -> CaConfiguration:
        told = books.told()
        return CaConfiguration.model_validate_json(told[0]) if told else CaConfiguration()

    def _desk(self, books: Books, now: datetime) -> Desk:
        return Desk(self.house, self.rules, books, now, self._entropy, self._signers)

    def __repr__(self) -> str:
        return f"<simulated {self.name}>"


def _with_password(account: CaAccount, before: Sequence[CaAccount]) -> CaAccount:
    known = (one for one in before if account.password == BLOTTED and one.account_id == account.account_id)
    return next(known, account)
