"""What happened in a vault."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kvlab.tables.frame import INSTANT, frame
from kvlab.tables.source import require_vault

if TYPE_CHECKING:
    import pandas as pd

    from kvlab.vault.vault import Vault

DTYPES = {
    "seq": "Int64",
    "time": INSTANT,
    "actor": "category",
    "service": "category",
    "kind": "category",
    "object": "string",
    "version": "string",
    "request_id": "string",
    "step": "Int64",
    "detail": "string",
    "request": "string",
}


def events(vault: Vault, *, name: str | None = None) -> pd.DataFrame:
    """
    List the events of a vault, oldest first.

    Args:
        vault: whose log.
        name: only events about the certificate of this name.

    Returns:
        A frame with the columns

        - ``seq``: Int64, from 1 without gaps (unless ``name`` is given).
        - ``time``: datetime64[s, UTC], of the vault's clock.
        - ``actor``: category; a principal, ``vault``, a CA, ``aws/`` with an account's number, or ``device/…``.
        - ``service``: category; ``vault`` or ``AWS IoT``, which has operations of the same names.
        - ``kind``: category; an operation's id, ``transition``, ``refused``, ``poll``, ``ca.answer``, ….
        - ``object``: string, such as ``certificates/web`` or an ARN.
        - ``version``, ``request_id``: string, 32 hexadecimal digits, or ``<NA>``.
        - ``step``: Int64, of the numbered steps of the flow, or ``<NA>``.
        - ``detail``: string, JSON.
        - ``request``: string, JSON: what was asked for, without what is secret, or ``<NA>``.

    Raises:
        TypeError: it is no vault.
    """
    require_vault(vault)
    return frame(
        (
            (
                event.seq,
                event.time,
                event.actor,
                event.service,
                event.kind,
                event.object,
                event.version,
                event.request_id,
                event.step,
                json.dumps({name: fact for name, fact in event.detail.items() if name != "request"}),
                json.dumps(event.detail["request"]) if "request" in event.detail else None,
            )
            for event in (vault.events if name is None else vault.events.about(f"certificates/{name}"))
        ),
        DTYPES,
    )
