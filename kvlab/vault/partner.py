"""The certificate authorities that the vault orders from, and how a lesson tells the simulated ones to behave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.errors import InvalidProperty
from kvlab.providers.provider import TRADES
from kvlab.store import vault as vault_rows
from kvlab.store.ca import CaBooks
from kvlab.vault.view import View
from kvlab.wire.ca import CaConfiguration
from kvlab.x509.container import pem_certificate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from kvlab.providers.books import Order
    from kvlab.providers.message import CaRequest, CaResponse, Note
    from kvlab.providers.provider import Account, Provider
    from kvlab.providers.simulated import SimulatedCa
    from kvlab.vault.core import Core

_SPELLING = {name.casefold(): name for name in TRADES}


class PartnerOperations(View):
    """What a vault knows of its partner CAs beside the service's own operations."""

    def ca(self, name: str) -> PartnerCA:
        """
        Return one of the simulated CAs that known issuers order from; only the owner can.

        Args:
            name: ``DigiCert`` or ``GlobalSign``.

        Raises:
            InvalidProperty: there is no such CA.
            ForbiddenByPolicy: the caller is not the owner.
        """
        self._require_owner("ca", "cas", "manage")
        found = _SPELLING.get(name.casefold()) if isinstance(name, str) else None
        if found is None:
            raise InvalidProperty("ca", f"It is {' or '.join(TRADES)}, not {name!a}.")
        return PartnerCA(self._core, found, self._principal)


class PartnerCA:
    """
    A simulated CA as its owner sees it: how it behaves, and what has been ordered.

    Attributes:
        name: ``DigiCert`` or ``GlobalSign``.
    """

    def __init__(self, core: Core, name: str, principal: str) -> None:
        self._core = core
        self._principal = principal
        self.name = name

    def configure(
        self, value: CaConfiguration | Mapping[str, Any] | str | None = None, **words: Any
    ) -> CaConfiguration:
        """
        Tell the CA how to behave from now on; what was told before is forgotten, so without words it is as new.

        Args:
            value: a configuration, a mapping or JSON; or its members one by one:
            **words: see ``CaConfiguration``: ``delay_seconds``, ``decision``, ``reason``, ``fail_first``, …

        Returns:
            The configuration, with accounts' passwords blotted out.

        Raises:
            InvalidProperty: 400, an unknown word or value; it names the member.
        """
        if value is not None and words:
            raise InvalidProperty("configuration", "It is given as a whole or word by word, not both.")
        wanted = CaConfiguration.read(words if value is None else value, "configuration")
        core = self._core
        with core.turn(self._principal) as turn:
            ca = simulated(core, self.name)
            books = _books(core, turn.connection, self.name)
            ca.configure(books, turn.now, wanted)
            told = wanted.model_dump(mode="json", exclude={"accounts"}, exclude_defaults=True)
            turn.record("configure_ca", f"cas/{self.name}", detail=told)
            return ca.configuration(books)

    @property
    def configuration(self) -> CaConfiguration:
        """How the CA was told to behave, with accounts' passwords blotted out."""
        with self._core.read() as connection:
            return simulated(self._core, self.name).configuration(_books(self._core, connection, self.name))

    def answer(self, message: CaRequest) -> CaResponse:
        """
        Answer a message as the CA's own API does, whoever sends it: the vault, another customer, somebody at the CA.

        An order of the vault's that is cancelled so ends its operation when the vault asks next.

        Args:
            message: with the CA's credentials, where its API wants them.

        Returns:
            The CA's answer; a refusal is one, too.
        """
        core = self._core
        with core.turn(self._principal) as turn:
            found = simulated(core, self.name).handle(message, _books(core, turn.connection, self.name), turn.now)
            # Neither query nor body: what somebody else says to the CA is not the vault's, and may hold a password.
            summary = f"{message.method} {message.path.partition('?')[0]}"
            turn.record("ca_message", f"cas/{self.name}", summary=summary, status=found.status)
        return found

    def orders(self) -> list[Order]:
        """List the orders in the CA's books, the oldest first."""
        from kvlab.providers.books import Order  # noqa: PLC0415  a vault that orders nothing loads no CA

        with self._core.read() as connection:
            return [Order.of(row) for row in _books(self._core, connection, self.name).orders()]

    @property
    def root_der(self) -> bytes:
        """The root's certificate, DER: what a client has to trust."""
        core = self._core
        with core.turn(self._principal) as turn:
            return simulated(core, self.name).root(_books(core, turn.connection, self.name), turn.now)

    @property
    def root_pem(self) -> str:
        """The root's certificate as PEM."""
        return pem_certificate(self.root_der)

    def __repr__(self) -> str:
        return f"<simulated {self.name}>"


def simulated(core: Core, name: str) -> SimulatedCa:
    """Return the simulated CA of a vault; it keeps its keys opened, so there is one for the vault's life."""
    from kvlab.providers.ca import SIMULATED  # noqa: PLC0415  a vault that orders nothing loads no CA

    return core.cas.setdefault(name, SIMULATED[name](core.entropy))


def provider(core: Core, name: str, account: Account, now: datetime, note: Note) -> Provider:
    """Return the provider that speaks to a CA for an account, as it is at ``now``."""
    ca = simulated(core, name)

    def send(request: CaRequest) -> CaResponse:
        # What one message changes at the CA is one transaction, as it is in a CA that stands elsewhere.
        with core.store.write() as connection:
            vault_rows.lock_vault(connection, core.vault_id)
            return ca.handle(request, _books(core, connection, name), now)

    return TRADES[name].make(account, send, note)


def _books(core: Core, connection: Connection, name: str) -> CaBooks:
    return CaBooks(connection, core.vault_id, name, core.store.sealer, seeded=core.seeded)
