"""What differs from student to student: derived from the student's seed, the same at every look."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

VARIABLE = "KVLAB_STUDENT"
DEFAULT = "student"
SEED_LENGTH = 100
PLANTS = (
    "orchid", "fern", "moss", "tulip", "cactus", "ivy", "lotus", "maple", "peony", "sage", "thyme", "willow",
)  # fmt: skip
"""What certificates are called: contoso sells plants."""

MOST_EXERCISES = 7
"""In one lesson; there are more plants than that."""

DOMAIN = "contoso.com"


def student() -> str:
    """Return the student's seed: ``KVLAB_STUDENT`` (a seat number, a name), else the one of the committed pages."""
    return os.environ.get(VARIABLE, "").strip()[:SEED_LENGTH] or DEFAULT


class Draw:
    """
    The chance of one exercise. The same student, exercise and purpose always give the same value.

    Args:
        seed: the student's.
        exercise: its id; exercises that go on with each other's certificate draw as the first of them.
    """

    def __init__(self, seed: str, exercise: str) -> None:
        self._seed = seed
        self._exercise = exercise

    def of(self, exercise: str) -> Draw:
        """Return the chance of another exercise, whose certificate this one goes on with."""
        return Draw(self._seed, exercise)

    def number(self, purpose: str, low: int, high: int) -> int:
        """Draw a whole number, both ends included."""
        return low + self._chance(self._exercise, purpose) % (high - low + 1)

    def choice(self, purpose: str, options: Sequence[T]) -> T:
        """Draw one of several."""
        return options[self._chance(self._exercise, purpose) % len(options)]

    def shuffled(self, purpose: str, items: Sequence[T]) -> list[T]:
        """Put items into an order."""
        return sorted(items, key=lambda item: self._chance(self._exercise, f"{purpose} {items.index(item)}"))

    def plant(self) -> str:
        """Draw the certificate's name; no two exercises of a lesson have the same one."""
        lesson, _, number = self._exercise.partition(".")
        order = sorted(PLANTS, key=lambda plant: self._chance(lesson, plant))
        return order[int(number) % len(order)]

    def hosts(self, count: int) -> list[str]:
        """Draw host names under the certificate's own domain."""
        plant = self.plant()
        labels = self.shuffled("hosts", ("shop", "api", "www", "blog", "pay"))
        return [f"{label}.{plant}.{DOMAIN}" for label in labels[:count]]

    def _chance(self, place: str, purpose: str) -> int:
        return int.from_bytes(sha256(f"{self._seed}\n{place}\n{purpose}".encode()).digest()[:8], "big")
