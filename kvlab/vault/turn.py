"""One transaction, one ``now``, and the events it will write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.vault.request import ASKED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection


VAULT = "vault"
"""The actor of what falls due."""


class Turn:
    """
    What an operation works with while it changes the vault.

    Attributes:
        connection: the open transaction.
        vault_id: whose rows may be touched.
        now: aware UTC instant in whole seconds; ``seconds`` is the same as epoch seconds.
        actor: the principal, or ``vault``; an event may name another.
        exact: the instant with its fraction of a second.
        events: what was recorded so far.
        mails: what is to be put into the outbox.
        due: when what was begun here falls due, in epoch seconds.
    """

    __slots__ = ("actor", "connection", "due", "events", "exact", "mails", "now", "seconds", "vault_id")

    def __init__(self, connection: Connection, vault_id: int, now: datetime, actor: str) -> None:
        self.connection = connection
        self.vault_id = vault_id
        self.exact = now
        self.now = now.replace(microsecond=0)
        self.seconds = int(now.timestamp())
        self.actor = actor
        self.events: list[tuple[str, str, str, str | None, str | None, int | None, dict[str, Any]]] = []
        self.mails: list[Mapping[str, Any]] = []
        self.due: list[int] = []

    def record(
        self,
        kind: str,
        about: str,
        *,
        version: str | None = None,
        request_id: str | None = None,
        step: int | None = None,
        actor: str | None = None,
        detail: Mapping[str, Any] | None = None,
        **facts: Any,
    ) -> None:
        """
        Note an event; see ``kvlab.events.Event``. The detail's facts may be given by name; None is left out.

        An accepted call's event also tells what was asked for: see ``kvlab.vault.request``.
        """
        asked = ASKED.get()
        if asked is not None and self.actor != VAULT and asked.is_noted_as(kind):
            facts["request"] = asked.noted()
        facts = {name: value for name, value in {**(detail or {}), **facts}.items() if value is not None}
        self.events.append((actor or self.actor, kind, about, version, request_id, step, facts))
