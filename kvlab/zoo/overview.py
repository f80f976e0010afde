"""The whole shelf as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.tables.frame import frame
from kvlab.zoo import verdict
from kvlab.zoo.shelf import ALL

if TYPE_CHECKING:
    import pandas as pd

DTYPES = {
    "id": "string",
    "title": "string",
    "kind": "category",
    "fault": "string",
    "field": "string",
    "openssl": "string",
    "cryptography": "string",
    "pkilint": "string",
    "rule": "string",
    "plain": "string",
}


def table(*identifiers: str) -> pd.DataFrame:
    """
    List specimens with what three tools say about them, run now.

    Args:
        *identifiers: such as ``Z01``; all by default.

    Returns:
        A frame with the columns

        - ``id``, ``title``: string. ``kind``: category: certificate, chain, request, pfx, pem.
        - ``fault``: string, the class of fault; ``field``: string, the field that is wrong. Empty for the good ones.
        - ``openssl``, ``cryptography``, ``pkilint``: string: ``OK``, or what the tool says; ``not installed`` where it
          is absent, ``nothing to say`` where it has no opinion on such a thing.
        - ``rule``: string, where it is forbidden. ``plain``: string, what is wrong and why it matters.

    Raises:
        KeyError: an unknown id.
    """
    wanted = [ALL[identifier] for identifier in identifiers] or [*ALL.values()]
    rows = (
        (
            one.id, one.title, one.kind, one.fault, one.field,
            verdict.openssl(one), verdict.cryptography(one), verdict.pkilint(one), one.rule, one.plain,
        )
        for one in wanted
    )  # fmt: skip
    return frame(rows, DTYPES)
