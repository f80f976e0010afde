"""The vault: open it, and call on it the operations of the service by their own names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from kvlab.errors import InvalidProperty
from kvlab.store import vault as rows
from kvlab.store.store import Store
from kvlab.vault import access
from kvlab.vault.access import OWNER
from kvlab.vault.certificate import CertificateOperations
from kvlab.vault.core import Core
from kvlab.vault.deleted import DeletedCertificateOperations
from kvlab.vault.glance import GlanceOperations
from kvlab.vault.issuer import IssuerOperations
from kvlab.vault.key_use import CryptographicOperations
from kvlab.vault.listing import ListingOperations
from kvlab.vault.outbox import Outbox
from kvlab.vault.partner import PartnerOperations
from kvlab.vault.pending import PendingOperations
from kvlab.vault.plain_key import PlainKeyOperations
from kvlab.vault.practice import PracticeOperations
from kvlab.vault.record import RecordOperations
from kvlab.vault.rehearsal import RehearsalOperations
from kvlab.vault.secret import SecretOperations
from kvlab.vault.view import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from kvlab.clock import Clock
    from kvlab.events import EventLog

DEFAULT_NAME = "kvlab"
PRINCIPAL_LENGTH = 200


class Vault(
    CertificateOperations,
    PendingOperations,
    DeletedCertificateOperations,
    IssuerOperations,
    PlainKeyOperations,
    CryptographicOperations,
    SecretOperations,
    PracticeOperations,
    PartnerOperations,
    RehearsalOperations,
    RecordOperations,
    ListingOperations,
    GlanceOperations,
):
    """
    A local certificate vault that behaves as Azure Key Vault does.

    ``Vault()`` lives in memory; ``Vault.open(path)`` lives in a file. Several threads may use one vault. Methods have
    the names of the service's REST operations: https://learn.microsoft.com/rest/api/keyvault/certificates/operation-groups

    Args:
        name: of the vault, 3 to 24 letters, digits and single hyphens; its URL is ``https://NAME.vault.azure.net``.
        clock: ``"system"`` (time passes), ``"simulated"`` (only ``vault.clock.advance`` moves it), or a clock.
        seed: an int or text from which all chance is derived, so that a lesson repeats; **its keys are not secret**.
        retention_days: 7 to 90, how long a deleted object can be recovered.
        purge_protection: whether nobody may purge a deleted object earlier.
        inoperable: what a disabled or expired certificate's key and secret refuse: ``"documented"`` (everything) or
            ``"recorded"`` (the finer behaviour seen on the wire).
        self_delay_seconds: how long the vault takes to sign a certificate with issuer ``Self``.

    Raises:
        InvalidProperty: an argument out of range; it is named.

    Any method may raise, beside what stands at it: ``InvalidName`` (400), ``ForbiddenByPolicy`` and ``ForbiddenByRbac``
    (403, the vault is used as somebody who may not), ``StoreUnavailable`` (503, the database can not be used for the
    moment) and ``VaultClosed`` (503). Names are of 1 to 127 letters, digits and hyphens; instants in answers are epoch
    seconds, as on the wire; certificates and requests are DER.

    Examples:
        >>> vault = Vault()
        >>> policy = {"issuer": {"name": "Self"}, "x509_props": {"subject": "CN=contoso.com"}}
        >>> vault.create_certificate("web", policy).status
        'inProgress'
        >>> vault.get_certificate_operation("web").status
        'completed'
    """

    def __init__(
        self,
        name: str = DEFAULT_NAME,
        *,
        clock: Clock | Literal["system", "simulated"] | None = None,
        seed: int | str | None = None,
        retention_days: int = 90,
        purge_protection: bool = False,
        inoperable: Literal["documented", "recorded"] | None = None,
        self_delay_seconds: float = 0,
    ) -> None:
        self._become(Store(), name, clock, seed, retention_days, purge_protection, inoperable, self_delay_seconds)

    @classmethod
    def open(
        cls,
        path_or_url: str | Path,
        *,
        name: str = DEFAULT_NAME,
        clock: Clock | Literal["system", "simulated"] | None = None,
        seed: int | str | None = None,
        passphrase: str | None = None,
        durable: bool = False,
        key_file: Path | None = None,
        retention_days: int = 90,
        purge_protection: bool = False,
        inoperable: Literal["documented", "recorded"] | None = None,
        self_delay_seconds: float = 0,
    ) -> Self:
        """
        Open a vault in a file or a database, or make it there.

        Args:
            path_or_url: a path (an SQLite file) or an SQLAlchemy URL such as ``postgresql+psycopg://…``.
            name: which vault of the database; see ``Vault`` for this and the arguments not named here.
            clock: left out, the vault goes on with the clock it has; another kind is refused.
            seed: left out, a seeded vault goes on with its seed; another one is refused.
            passphrase: for the master key that seals keys at rest; otherwise ``KVLAB_MASTER_KEY``,
                ``KVLAB_PASSPHRASE`` or a file beside the database.
            durable: on SQLite, survive a power cut too; without it, what was acknowledged survives kill -9.
            key_file: holds the master key where nothing else gives one; made, with mode 0600, with a new database. On
                SQLite by default beside it; on PostgreSQL there is none by default.

        Raises:
            OpenRefused: wrong master key, other clock or seed, or no database of kvlab's.
        """
        vault = cls.__new__(cls)
        store = Store(path_or_url, passphrase=passphrase, durable=durable, key_file=key_file)
        vault._become(  # noqa: SLF001
            store, name, clock, seed, retention_days, purge_protection, inoperable, self_delay_seconds
        )
        return vault

    def _become(
        self,
        store: Store,
        name: str,
        clock: Clock | str | None,
        seed: int | str | None,
        retention_days: int,
        purge_protection: bool,
        inoperable: str | None,
        self_delay_seconds: float,
    ) -> None:
        try:
            core = Core(
                store,
                name=name,
                clock=clock,
                seed=seed,
                retention_days=retention_days,
                purge_protection=purge_protection,
                inoperable=inoperable,
                self_delay_seconds=self_delay_seconds,
            )
        except BaseException:
            store.close()
            raise
        super().__init__(core, OWNER, f"https://{core.name}.vault.azure.net")

    @property
    def name(self) -> str:
        """The vault's name."""
        return self._core.name

    @property
    def vault_url(self) -> str:
        """What ids begin with, without a slash at the end."""
        return self._place.url

    @property
    def clock(self) -> Clock:
        """The vault's clock; a simulated one has ``advance``."""
        self._core.catch_up()
        return self._core.clock

    @property
    def seeded(self) -> bool:
        """Whether keys come from a seed: then they are not secret."""
        return self._core.seeded

    @property
    def principal(self) -> str:
        """Whom the vault is used as."""
        return self._principal

    @property
    def events(self) -> EventLog:
        """Everything that happened: iterate, ``since(seq)``, ``subscribe(callback)``."""
        return self._core.log

    @property
    def outbox(self) -> Outbox:
        """The mails to the vault's contacts, the oldest first; ``deliver_to`` sends them through a mail server too."""
        return Outbox(self._core)

    def as_principal(self, principal: str, *, caller: str | None = None) -> Vault:
        """
        Return the same vault, used as somebody else; an unknown principal may do nothing.

        Args:
            principal: any text.
            caller: how a refusal names it, such as ``appid=…;oid=…;numgroups=0;iss=https://sts.windows.net/…/``.
        """
        return self._view(plain_text("principal", principal, PRINCIPAL_LENGTH), self.vault_url, caller)

    def observe(self) -> Vault:
        """
        Return the same vault, used as its owner, for a picture or a check that only looks: it leaves no trace.

        What is read through it is no poll, and what it is refused is no event. Changes are recorded as ever.

        Raises:
            ForbiddenByPolicy: the caller is not the owner.
        """
        self._require_owner("observe", "events", "get")
        view = Vault.__new__(Vault)
        super(Vault, view).__init__(self._core, self._principal, self.vault_url, observing=True)
        return view

    def at(self, vault_url: str) -> Vault:
        """
        Return the same vault with ids that begin with another URL (for a server that stands elsewhere).

        Args:
            vault_url: such as ``https://localhost:8443``; a slash at its end is dropped.
        """
        return self._view(self._principal, vault_url.rstrip("/"), self._caller)

    def sibling(self, name: str) -> Vault:
        """
        Return another vault of the same database, used as its owner; it is made if there is none.

        It has a clock of its own, which begins as this vault's if it is new, and ends when this vault is closed.

        Args:
            name: see ``Vault``.

        Raises:
            InvalidProperty: no name of a vault.
        """
        vault = Vault.__new__(Vault)
        core = self._core.sibling(name)
        super(Vault, vault).__init__(core, OWNER, f"https://{core.name}.vault.azure.net")
        return vault

    @property
    def made(self) -> bool:
        """Whether the vault was made when it was opened here."""
        return self._core.made

    @property
    def store(self) -> Store:
        """The database, for what a server keeps beside its vaults."""
        return self._core.store

    def set_principal(
        self,
        principal: str,
        *,
        certificates: Iterable[str] | None = None,
        keys: Iterable[str] | None = None,
        secrets: Iterable[str] | None = None,
        roles: Iterable[str] | None = None,
    ) -> Vault:
        """
        Say what a principal may do, in place of what was said before; only the owner can.

        Args:
            principal: any text but ``owner``.
            certificates: access policy names for certificates, such as ``get`` or ``create``; ``all`` is all of them.
            keys: the same for keys.
            secrets: the same for secrets.
            roles: built-in roles, such as ``Key Vault Certificates Officer``.

        Returns:
            The vault used as that principal.

        Raises:
            InvalidProperty: an unknown permission or role.
            ForbiddenByPolicy: the caller is not the owner.
        """
        self._require_owner("set_principal", "principals", "set")
        if plain_text("principal", principal, PRINCIPAL_LENGTH) == OWNER:
            raise InvalidProperty("principal", f"'{OWNER}' may do everything.")
        grants = access.read_grants(roles, certificates=certificates, keys=keys, secrets=secrets)
        with self._core.turn(self._principal) as turn:
            rows.put_grants(turn.connection, self._core.vault_id, principal, grants)
            turn.record("set_principal", f"principals/{principal}", detail=dict(grants))
        return self.as_principal(principal)

    def principals(self) -> dict[str, dict[str, list[str]]]:
        """
        Return what ``set_principal`` said of each principal, by name: permissions by area, and ``roles``.

        Raises:
            ForbiddenByPolicy: the caller is not the owner.
        """
        self._require_owner("principals", "principals", "get")
        with self._core.read() as connection:
            return rows.all_grants(connection, self._core.vault_id)

    def process_due(self) -> int:
        """Do everything due by now; returns how many steps were done. On a system clock it happens by itself."""
        return self._core.process_due()

    def next_operation_due(self) -> datetime | None:
        """Return when a pending operation goes on next (aware, UTC); None if none does by itself."""
        return self._core.next_operation_due()

    def close(self) -> None:
        """Give the database back; safe to call twice. All views of the vault end."""
        self._core.close()

    def _view(self, principal: str, url: str, caller: str | None) -> Vault:
        view = Vault.__new__(Vault)
        super(Vault, view).__init__(self._core, principal, url, caller)
        return view

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        role = "" if self._principal == OWNER else f", as {self._principal}"
        seed = ", seeded: its keys are not secret" if self.seeded else ""
        return f"<Vault {self.name!r}, {self._core.clock.kind} clock{role}{seed}>"
