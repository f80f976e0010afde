"""What is written on the sign in front of a specimen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from kvlab.zoo.family import SEED, Exhibit, Family

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = Literal["certificate", "chain", "request", "pfx", "pem"]


@dataclass(frozen=True)
class Specimen:
    """
    One class of fault.

    Attributes:
        id: as in ``Z12``.
        fault: its class: OpenSSL's name for it, as on x509errors.org, else pkilint's code, else a few words; empty for
            the good one.
        title: a few words.
        field: the field that is wrong; empty for the good one.
        rule: where it is forbidden.
        plain: what is wrong, and why it matters.
        make: builds it.
        kind: what it is.
    """

    id: str
    fault: str
    title: str
    field: str
    rule: str
    plain: str
    make: Callable[[Family], Exhibit]
    kind: Kind = "certificate"

    def exhibit(self, seed: str = SEED) -> Exhibit:
        """Build it; the same seed gives the same octets."""
        return _built(self, seed)

    @property
    def der(self) -> bytes:
        """The certificate itself, of the zoo's own seed: DER, or what should be DER."""
        return self.exhibit().chain[0]


@cache
def _family(seed: str) -> Family:
    return Family(seed)


@cache
def _built(specimen: Specimen, seed: str) -> Exhibit:
    return specimen.make(_family(seed))
