"""Somebody who carries the outbox to a mail server, beside everything else, and does not give up."""

from __future__ import annotations

import logging
import smtplib
import threading
import weakref
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from kvlab.store import mail as rows

if TYPE_CHECKING:
    from sqlalchemy import Row

    from kvlab.vault.core import Core

BAG = 50
"""So many mails are carried on one connection."""

CONNECT_SECONDS = 10
STOP_SECONDS = 2
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 300
"""How long it waits after a server did not answer: first the one, each time twice as long, at most the other."""

_log = logging.getLogger(__name__)


class UnwritableAddress(ValueError):
    """No mail can be addressed so."""


class Postman:
    """
    A daemon thread that starts with the first mail.

    Args:
        core: the vault; held weakly, so that a vault nobody uses any more can go.
        host: of the mail server.
        port: of the mail server.
    """

    def __init__(self, core: Core, host: str, port: int) -> None:
        self._core = weakref.ref(core, lambda _: self._end())
        self._server = host, port
        self._called = threading.Event()
        self._hurry = threading.Event()
        self._quiet = threading.Event()
        self._lock = threading.Lock()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Say that there may be mail."""
        with self._lock:
            self._quiet.clear()
            self._called.set()
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="kvlab mail", daemon=True)
                self._thread.start()

    def flush(self, seconds: float) -> bool:
        """Try at once, and wait until nothing waits, at most so long; tells whether that is so."""
        self.wake()
        self._hurry.set()
        return self._quiet.wait(seconds)

    def stop(self) -> None:
        """End the thread, and wait a moment for the mail it is at; not for a server that does not speak."""
        self._end()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(STOP_SECONDS)

    def _end(self) -> None:
        self._stopped = True
        self._called.set()
        self._hurry.set()

    def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stopped:
            self._called.clear()
            self._hurry.clear()
            try:
                done = self._carry()
            except Exception as error:  # noqa: BLE001  whatever it is, the mail is still there
                if not self._stopped:
                    _log.warning("Mail could not be delivered to %s:%d: %s", *self._server, error)
                done = False
            if done:
                pause = FIRST_PAUSE_SECONDS
                with self._lock:
                    if not self._called.is_set():
                        self._quiet.set()
                self._called.wait()
            else:
                self._hurry.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _carry(self) -> bool:
        """Carry everything that waits; tells whether all of it was settled."""
        after, settled = 0, True
        while not self._stopped and (core := self._core()) is not None:
            with core.store.read() as connection:
                bag = rows.waiting(connection, core.vault_id, after, BAG)
            if not bag:
                return settled
            after = bag[-1].seq
            with smtplib.SMTP(*self._server, timeout=CONNECT_SECONDS) as server:
                for letter in bag:
                    settled &= self._deliver(core, server, letter)
        return True

    def _deliver(self, core: Core, server: smtplib.SMTP, letter: Row[Any]) -> bool:
        """Hand over one mail and note what became of it; false if it is to be tried again."""
        refusal = None
        try:
            server.send_message(_message(core.name, letter))
        except (ValueError, smtplib.SMTPNotSupportedError) as error:
            refusal = f"No address that this server can write to: {error}"
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            refusal = _words(code, text)
        except smtplib.SMTPResponseException as error:
            refusal = _words(error.smtp_code, error.smtp_error)
        if refusal is not None and refusal.startswith("4"):
            return False
        with core.store.write() as connection:
            rows.settle(connection, core.vault_id, letter.seq, refusal)
        return True


def _message(vault: str, letter: Row[Any]) -> EmailMessage:
    message = EmailMessage()
    message["From"] = f"Key Vault {vault} <{vault}@kvlab.invalid>"
    _address(message, letter.recipient)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(datetime.fromtimestamp(letter.time, UTC))
    message["Message-ID"] = f"<{letter.seq}.{letter.version}@{vault}.kvlab.invalid>"
    message.set_content(letter.body)
    return message


def _address(message: EmailMessage, recipient: str) -> None:
    try:
        message["To"] = recipient
        message.as_bytes()
    except Exception as error:  # noqa: BLE001  what is no address makes the parser of headers fail in many ways
        raise UnwritableAddress(str(error)) from None


def _words(code: int, text: bytes | str) -> str:
    return f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
