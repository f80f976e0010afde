"""What differs from student to student: derived from the student's seed, the same at every look."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

from kvlab.home import home_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

VARIABLE = "KVLAB_STUDENT"
FILE = "student.txt"
"""In ``KVLAB_HOME``: the seed that holds where the variable is not set."""

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
    """
    Return the student's seed, such as a seat number or a name.

    It is that of ``KVLAB_STUDENT``, else the one that was remembered, else the one of the committed pages.
    """
    return _seed(os.environ.get(VARIABLE, "")) or _remembered() or DEFAULT


def remember(seed: str) -> None:
    """
    Keep whose tasks are drawn on this machine, for all notebooks; an empty one is forgotten.

    Raises:
        OSError: the folder can not be written.
        RuntimeError: there is no home directory.
    """
    file = home_folder() / FILE
    if not _seed(seed):
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(_seed(seed) + "\n", "utf-8")


def _remembered() -> str:
    try:
        with (home_folder() / FILE).open(encoding="utf-8") as file:
            return _seed(file.readline(SEED_LENGTH))
    except (OSError, RuntimeError, UnicodeDecodeError):
        return ""


def _seed(text: str) -> str:
    """Return a seed as it is used: one line, without what can not be seen."""
    return "".join(sign for sign in text if sign.isprintable()).strip()[:SEED_LENGTH]


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
