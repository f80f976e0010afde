"""The outbox: what the vault's contacts were told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.tables.frame import INSTANT, frame
from kvlab.tables.source import require_vault

if TYPE_CHECKING:
    import pandas as pd

    from kvlab.vault.vault import Vault

DTYPES = {
    "time": INSTANT,
    "to": "string",
    "news": "category",
    "certificate": "string",
    "version": "string",
    "subject": "string",
    "state": "category",
}


def mails(vault: Vault) -> pd.DataFrame:
    """
    List the mails to a vault's contacts, oldest first; ``vault.outbox[number].body`` is the text of one.

    Args:
        vault: whose outbox.

    Returns:
        A frame with the columns

        - ``time``: datetime64[s, UTC], of the vault's clock.
        - ``to``: string, the address.
        - ``news``: category: ``expiring``, ``renewing``, ``renewed``, ``not renewed``.
        - ``certificate``: string, its name; ``version``: string, 32 hexadecimal digits.
        - ``subject``: string, of the mail.
        - ``state``: category: ``waiting`` for a mail server, ``sent``, ``refused``.

    Raises:
        TypeError: it is no vault.
    """
    require_vault(vault)
    return frame(([getattr(mail, column) for column in DTYPES] for mail in vault.outbox), DTYPES)
