"""The outbox: every mail to the vault's contacts is kept here, whether a mail server takes it or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, overload
from urllib.parse import urlsplit

from kvlab.errors import InvalidProperty
from kvlab.store import mail as rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Row

    from kvlab.vault.core import Core

SMTP_PORT = 25


@dataclass(frozen=True, slots=True)
class Mail:
    """
    One mail to one contact.

    Attributes:
        to: the address.
        subject: one line.
        body: text.
        time: aware UTC instant of the vault's clock, whole seconds.
        certificate: the name of the certificate it is about.
        version: 32 hexadecimal digits.
        news: ``expiring``, ``renewing``, ``renewed`` or ``not renewed``.
        state: ``waiting`` for a mail server, ``sent``, or ``refused`` by one.
        refusal: the mail server's words, if it refused.
    """

    to: str
    subject: str
    body: str
    time: datetime
    certificate: str
    version: str
    news: str
    state: Literal["waiting", "sent", "refused"]
    refusal: str | None = None


class Outbox(Sequence[Mail]):
    """The mails of one vault, the oldest first; a list to read."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def deliver_to(self, url: str | None) -> None:
        """
        Send what waits, and every mail to come, through a mail server; None ends it.

        A thread does it, so a server that is down holds nothing up: mails wait, and it is tried again and again. The
        address is not stored with the vault. A mail may come twice if the vault ends between sending and noting it.

        Args:
            url: ``smtp://HOST:PORT`` of a mail server that takes mail without a login, such as a local relay; port 25
                if none is given.

        Raises:
            InvalidProperty: it is no such URL.
        """
        from kvlab.vault.postman import Postman  # noqa: PLC0415  smtplib and ssl are not everywhere

        core = self._core
        address = None if url is None else _server(url)
        if core.postman is not None:
            core.postman.stop()
        core.postman = None if address is None else Postman(core, *address)
        if core.postman is not None:
            core.postman.wake()

    def flush(self, seconds: float = 10) -> bool:
        """Wait until nothing waits for the mail server any more, at most so long; tells whether that is so."""
        if self._core.postman is not None:
            return self._core.postman.flush(seconds)
        return all(mail.state != "waiting" for mail in self)

    def __iter__(self) -> Iterator[Mail]:
        with self._core.store.read() as connection:
            found = rows.mails(connection, self._core.vault_id)
        return map(_mail, found)

    def __len__(self) -> int:
        with self._core.store.read() as connection:
            return rows.last_mail(connection, self._core.vault_id)

    @overload
    def __getitem__(self, index: int) -> Mail: ...
    @overload
    def __getitem__(self, index: slice) -> list[Mail]: ...
    def __getitem__(self, index: int | slice) -> Mail | list[Mail]:
        """Return a mail, or a list of some; the first one has index 0."""
        if isinstance(index, slice):
            return list(self)[index]
        place = range(len(self))[index]
        with self._core.store.read() as connection:
            (found,) = rows.mails(connection, self._core.vault_id, place, 1)
        return _mail(found)

    def __repr__(self) -> str:
        return f"<Outbox of {self._core.name!r}: {len(self)} mails>"


def _mail(row: Row[Any]) -> Mail:
    return Mail(
        row.recipient, row.subject, row.body, datetime.fromtimestamp(row.time, UTC), row.certificate, row.version,
        row.news, "waiting" if row.waiting else "refused" if row.refusal else "sent", row.refusal,
    )  # fmt: skip


def _server(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or SMTP_PORT
    except (ValueError, AttributeError, TypeError):
        raise InvalidProperty("url", "It is smtp://HOST:PORT.") from None
    if parts.scheme != "smtp" or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise InvalidProperty("url", "It is smtp://HOST:PORT.")
    if parts.username or parts.password:
        raise InvalidProperty("url", "It is smtp://HOST:PORT: a mail server that takes mail without a login.")
    return parts.hostname, port
