"""Where a vault's chance comes from: the system, or a seed for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.entropy import Entropy, SeededEntropy, SystemEntropy
from kvlab.errors import OpenRefused
from kvlab.store import certificate as certificates
from kvlab.store import vault as rows

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from kvlab.store.store import Store


def find_entropy(connection: Connection, store: Store, row: Row[Any], seed: int | str | None) -> Entropy:
    """
    Return the chance of a vault that is opened, and keep the seed of a new one.

    Args:
        connection: of a transaction that may write.
        store: where the vault is.
        row: the stored vault.
        seed: what the caller says; None for what the vault has.

    Raises:
        OpenRefused: the vault has another seed, or can have none.
    """
    wanted = None if seed is None else str(seed)
    if row.seed is not None and wanted not in (None, row.seed):
        raise OpenRefused(f"The vault {row.name} was made with another seed.")
    if row.seed is None and wanted is None:
        return SystemEntropy()
    if row.seed is None:
        if not store.is_sqlite:
            raise OpenRefused("A seed is for lessons: on PostgreSQL keys are always random.")
        if certificates.has_unseeded_key(connection):
            raise OpenRefused("This database holds keys that are random: none of its vaults can be seeded now.")
        rows.set_vault(connection, row.id, seed=wanted)
    return SeededEntropy(str(wanted) if row.seed is None else row.seed, row.name, rows.draws(connection, row.id))
