"""The vault's end of the line to a certificate authority: sends, notes what is said, and never shows a credential."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from kvlab.providers.message import CaRequest, Exchange
from kvlab.providers.provider import IssuerError, IssuerUnavailable

if TYPE_CHECKING:
    from kvlab.providers.message import CaResponse, Note, Send
    from kvlab.providers.provider import Account

MASK = "•••"
SHORTEST_MASKED = 4
"""A shorter password is no secret, and looking for it in an answer would mangle every word."""

_SENDABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
"""What a header's value may be (RFC 9110 section 5.5)."""

_QUOTES = {'"': "&quot;", "'": "&apos;"}
_BUSY = frozenset({408, 425, 429, 502, 503, 504})


class Line:
    """
    Talks to one CA as one account.

    Args:
        authority: the CA's name.
        account: whose credentials go along.
        send: carries a message.
        note: is told of every message.
    """

    def __init__(self, authority: str, account: Account, send: Send, note: Note) -> None:
        self.authority = authority
        self.account = account
        self._masked = _spellings(account.password)
        self._send = send
        self._note = note

    def ask(
        self, request: CaRequest, *, summary: str, step: int | None = None, shown: bytes | None = None
    ) -> CaResponse:
        """
        Send a message and return the answer; the message is noted, its answer is noted by ``heard``.

        Args:
            request: the message.
            summary: and ``step``: see ``Exchange``.
            shown: the body without credentials, where the body holds any.

        Raises:
            IssuerError: the password can not be sent: it is empty, or not printable ASCII without blanks around it.
            IssuerUnavailable: nobody answers, or the CA says that it can not now.
        """
        if not _SENDABLE.fullmatch(self.account.password):
            raise IssuerError(
                f"The credentials for {self.authority} are not usable: a password is printable ASCII without blanks "
                "around it."
            )
        self._note(Exchange(self.authority, "request", summary, self.masked((shown or request.body).decode()), step))
        try:
            answer = self._send(request)
        except OSError as error:
            self._note(Exchange(self.authority, "answer", f"none: {type(error).__name__}"))
            raise IssuerUnavailable(f"{self.authority} does not answer.") from None
        if answer.status in _BUSY:
            self.heard(answer, f"{answer.status} temporarily unavailable")
            raise IssuerUnavailable(f"{self.authority} is temporarily unavailable.", self.retry_after(answer))
        return answer

    def heard(self, answer: CaResponse, summary: str, step: int | None = None) -> None:
        """Note an answer."""
        shown = self.masked(answer.body.decode(errors="replace"))
        self._note(Exchange(self.authority, "answer", self.masked(summary), shown, step))

    def masked(self, text: str) -> str:
        """Return text without the password, wherever it stands, as it is or as XML and JSON write it."""
        for spelling in self._masked:
            text = text.replace(spelling, MASK)
        return text

    @staticmethod
    def retry_after(answer: CaResponse) -> int | None:
        """
        Return the seconds of ``Retry-After``; None if it is absent, a date (RFC 9110 section 10.2.3), or 0.

        Who is to ask again at once would ask without end.
        """
        value = answer.header("Retry-After") or ""
        return (int(value) or None) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _spellings(password: str) -> tuple[str, ...]:
    if len(password) < SHORTEST_MASKED:
        return ()
    written = json.dumps(password)[1:-1], json.dumps(password, ensure_ascii=False)[1:-1]
    return tuple(dict.fromkeys((password, escape(password), escape(password, _QUOTES), *written)))
