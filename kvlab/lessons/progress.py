"""
What a learner has done, kept as JSON in ``KVLAB_HOME``: it can be downloaded and taken back (Binder forgets).

It is a note, not a proof: anybody can edit it. A teacher who grades checks the notebook's vault again.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kvlab.clock import SystemClock
from kvlab.home import home_folder

try:
    import fcntl
except ImportError:  # pragma: no cover  where there is none, two notebooks must not write at the same moment
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "progress.json"
LONGEST = 1_000_000
"""Octets of a file that is taken back."""

MOST_ATTEMPTS = 100_000


class Entry(NamedTuple):
    """
    What is known of one exercise.

    Attributes:
        attempts: looks at something that was wrong or right.
        passed_at: attempt at which it first passed; 0 if it has not.
        passed_on: when, ISO 8601, UTC; empty if it has not.
        hint: the highest step of the ladder that was shown, 0 to 3.
        wrong: the field that was to be mended at the last attempt; empty if none.
    """

    attempts: int = 0
    passed_at: int = 0
    passed_on: str = ""
    hint: int = 0
    wrong: str = ""

    def attempted(self, wrong: str) -> Entry:
        """Return the entry after one more attempt; ``wrong`` is the field to mend, empty for a pass."""
        entry = self._replace(attempts=self.attempts + 1, wrong=wrong)
        if wrong or self.passed_at:
            return entry
        return entry._replace(passed_at=entry.attempts, passed_on=f"{SystemClock().now():%Y-%m-%dT%H:%M:%SZ}")

    def joined(self, other: Entry) -> Entry:
        """Return what both know: of two places where somebody worked, the one that got further."""
        return max(self, other, key=lambda entry: (bool(entry.passed_at), entry.attempts))


class Progress:
    """
    The progress file.

    Args:
        path: of the file; by default in ``KVLAB_HOME``.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        """
        Where it is.

        Raises:
            RuntimeError: there is no home directory.
        """
        return self._path or home_folder() / FILE

    def entries(self, student: str) -> dict[str, Entry]:
        """Return what is known of a student, by exercise; of a missing or damaged file nothing."""
        try:
            return _read(self.path.read_bytes()).get(student, {})
        except (OSError, RuntimeError, ValueError):
            return {}

    def entry(self, student: str, exercise: str) -> Entry:
        """Return what is known of an exercise."""
        return self.entries(student).get(exercise, Entry())

    def note(self, student: str, exercise: str, entry: Entry) -> str:
        """
        Keep what is known of an exercise.

        Returns:
            A sentence if it could not be kept; else nothing.
        """
        try:
            with self._changing() as everybody:
                everybody.setdefault(student, {})[exercise] = entry
        except (OSError, RuntimeError) as error:
            return f"Your progress could not be saved ({error}). Set KVLAB_HOME to a folder that can be written."
        return ""

    def download(self) -> bytes:
        """Return the file's content, to be kept elsewhere."""
        try:
            return _written(self._everybody())
        except RuntimeError:
            return _written({})

    def upload(self, content: bytes) -> int:
        """
        Take back what was downloaded; what is known here already stays if it got further.

        Returns:
            How many exercises are known afterwards.

        Raises:
            ValueError: it is no progress file; nothing was changed.
            OSError: it can not be written.
        """
        if len(content) > LONGEST:
            raise ValueError("This is no progress file of kvlab's: it is too large.")
        taken = _read(content)
        with self._changing() as everybody:
            for student, entries in taken.items():
                mine = everybody.setdefault(student, {})
                for exercise, entry in entries.items():
                    mine[exercise] = entry.joined(mine.get(exercise, Entry()))
        return sum(map(len, everybody.values()))

    def _everybody(self) -> dict[str, dict[str, Entry]]:
        try:
            return _read(self.path.read_bytes())
        except (OSError, ValueError):
            return {}

    @contextmanager
    def _changing(self) -> Iterator[dict[str, dict[str, Entry]]]:
        """Read, and write what was changed, while no other notebook does; a damaged file is kept aside."""
        path = self.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_name(f".{path.name}.lock").open("wb") as lock:
            _lock(lock.fileno())
            self._keep_damaged()
            everybody = self._everybody()
            yield everybody
            self._write(everybody)

    def _keep_damaged(self) -> None:
        path = self.path
        try:
            _read(path.read_bytes())
        except FileNotFoundError:
            return
        except ValueError:
            path.replace(path.with_name(f"{path.name}.damaged"))

    def _write(self, everybody: dict[str, dict[str, Entry]]) -> None:
        path = self.path
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            draft.write_bytes(_written(everybody))
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def _lock(descriptor: int) -> None:
    # A file system without locks is no reason to keep nothing.
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)


def _written(everybody: dict[str, dict[str, Entry]]) -> bytes:
    students = {
        student: {exercise: entry._asdict() for exercise, entry in sorted(entries.items())}
        for student, entries in sorted(everybody.items())
    }
    return json.dumps({"kvlab_progress": 1, "students": students}, indent=1).encode() + b"\n"


def _read(content: bytes) -> dict[str, dict[str, Entry]]:
    try:
        whole = json.loads(content)
        students = {1: whole["students"]}[whole["kvlab_progress"]]
        return {
            str(student): {str(exercise): _entry(members) for exercise, members in entries.items()}
            for student, entries in students.items()
        }
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError("This is no progress file of kvlab's.") from error


def _entry(members: dict[str, Any]) -> Entry:
    attempts, passed_at, hint = (int(members.get(name, 0)) for name in ("attempts", "passed_at", "hint"))
    if not all(0 <= count <= MOST_ATTEMPTS for count in (attempts, passed_at, hint)):
        raise ValueError("A count is out of range.")
    passed_on, wrong = (str(members.get(name, ""))[:200] for name in ("passed_on", "wrong"))
    return Entry(attempts, passed_at, passed_on, hint, wrong)
