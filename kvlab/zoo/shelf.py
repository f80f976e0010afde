"""All specimens, in the order of the shelf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.zoo.certificate import CERTIFICATES
from kvlab.zoo.chain import CHAINS
from kvlab.zoo.file import FILES

if TYPE_CHECKING:
    from kvlab.zoo.specimen import Specimen

ALL: dict[str, Specimen] = {one.id: one for one in (*CERTIFICATES, *CHAINS, *FILES)}


def specimen(identifier: str) -> Specimen:
    """
    Return a specimen.

    Raises:
        KeyError: there is none of this id; the message names those there are.
    """
    if identifier not in ALL:
        raise KeyError(f"There is no specimen {identifier!r}; there are {', '.join(ALL)}.")
    return ALL[identifier]
