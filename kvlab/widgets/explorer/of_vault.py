"""The certificates of a vault, for the explorer: the vault searches, and says when something changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.clock import SimulatedClock
from kvlab.errors import CertificateNotFound, DeletedCertificateNotFound, InvalidName
from kvlab.widgets.explorer.inventory import PAGE_ROWS, Ask, Entry, Row, key_kind, left, names_text
from kvlab.x509.explain import explain

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kvlab.events import Event
    from kvlab.vault.listing import Listed
    from kvlab.vault.vault import Vault
    from kvlab.wire.certificate import CertificateBundle

_CHANGES_NOTHING = frozenset({"poll", "refused"})
_REMARKS = {"cancelled": "cancelled", None: "no operation"}


class VaultInventory:
    """The certificates of a vault, used as whoever it is bound to."""

    def __init__(self, vault: Vault) -> None:
        self.vault: Vault | None = vault
        self._vault = vault
        self.title = vault.name

    def page(self, ask: Ask) -> list[Row]:
        """Search."""
        order: Any = ask.order.removeprefix("-")
        found = self._vault.find_certificates(
            ask.query,
            states=[ask.state] if ask.state else [],
            order=order,
            descending=ask.order.startswith("-"),
            first=ask.page * PAGE_ROWS,
            most=PAGE_ROWS,
        )
        now = int(self.now().timestamp())
        return [_row(listed, now) for listed in found]

    def counts(self, query: str, *, only_deleted: bool = False) -> dict[str, int]:
        """Count what is found, by state."""
        return self._vault.count_certificates(query, only_deleted=only_deleted)

    def entry(self, key: str, version: str = "") -> Entry | None:
        """Open one."""
        try:
            listed = self._vault.find_certificate(key)
        except InvalidName:
            listed = None
        if listed is None:
            return None
        row = _row(listed, int(self.now().timestamp()))
        try:
            bundle = self._bundle(listed, version)
        except (CertificateNotFound, DeletedCertificateNotFound):
            return None
        older = version if version not in ("", listed.version) else ""
        glance = self._vault.glance(listed.name)
        return Entry(row, bundle.cer, bundle, self._versions(listed), version=older, glance=glance)

    def chain(self, entry: Entry) -> list[bytes]:
        """Return what the vault keeps with the certificate."""
        return self._vault.chain(entry.row.name, entry.version or None)

    def now(self) -> datetime:
        """Return the vault's instant."""
        return self._vault.clock.now()

    def progress(self) -> None:
        """Return nothing: the vault has read all."""

    def subscribe(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call ``changed()`` after every change of the vault, and when its clock is moved."""

        def happened(event: Event) -> None:
            if event.kind not in _CHANGES_NOTHING:
                changed()

        ends = [self._vault.events.subscribe(happened)]
        if isinstance(self._vault.clock, SimulatedClock):
            ends.append(self._vault.clock.subscribe(lambda _: changed()))

        def end() -> None:
            for unsubscribe in ends:
                unsubscribe()

        return end

    def _bundle(self, listed: Listed, version: str) -> CertificateBundle:
        if listed.state == "deleted":
            return self._vault.get_deleted_certificate(listed.name)
        if version and version != listed.version:
            return self._vault.get_certificate(listed.name, version)
        return self._vault.get_certificate(listed.name)

    def _versions(self, listed: Listed) -> int:
        return 0 if listed.state == "deleted" else len(self._vault.get_certificate_versions(listed.name))


def _row(listed: Listed, now: int) -> Row:
    if listed.leaf_der is None:
        remark = _REMARKS.get(listed.operation, "")
        waits = f"waits for {listed.issuer}" if listed.state == "pending" else f"issuer {listed.issuer or 'unknown'}"
        return Row(listed.name, listed.name, listed.state, names=waits, remark=remark)
    fields = explain(listed.leaf_der)
    days, part = left(listed.nbf, listed.exp, now)
    return Row(listed.name, listed.name, listed.state, key_kind(fields), names_text(fields), days, part)
