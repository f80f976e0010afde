"""
The zoo: certificates, requests, chains and files with one fault each, and what three tools say about them.

>>> from kvlab import zoo
>>> zoo.specimen("Z01").title
'Expired'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.zoo.shelf import ALL, specimen

if TYPE_CHECKING:
    from kvlab.zoo.overview import table as table

__all__ = ["ALL", "specimen", "table"]


def __getattr__(name: str) -> Any:
    if name != "table":
        raise AttributeError(f"module 'kvlab.zoo' has no attribute {name!r}")
    from kvlab.zoo.overview import table  # noqa: PLC0415  pandas only for those who ask for the table

    return table
