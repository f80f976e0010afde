"""
The lessons: where the package has them, and how they come into a learner's folder without ever losing work.

A manifest in that folder keeps the SHA-256 of each file as it was delivered. A file that still has it is nobody's work
and follows the package; any other is the learner's, and a new edition goes beside it: ``01_self_signed.ipynb`` gets
``01_self_signed.new.ipynb``, and if that one was changed too, ``01_self_signed.new2.ipynb``.
"""

from __future__ import annotations

import hashlib
import json
import os
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from kvlab.cli.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = ".kvlab-lessons.json"

_NOT_LESSONS = {"sanitize.cfg", "__pycache__"}


def lessons_folder() -> Path:
    """
    Return the folder of the packaged lessons: inside the package, or beside it in a source checkout.

    Raises:
        Failure: it is in neither place.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if folder.is_dir():
            return folder
    raise Failure("The lessons are missing from this installation (pip install --force-reinstall kvlab).")


def deliver(source: Path, target: Path) -> dict[str, str]:
    """
    Copy the lessons that are not there, and new editions of those that are.

    Args:
        source: the packaged lessons; names that begin with a dot, ``__pycache__`` and ``sanitize.cfg`` are none.
        target: the learner's folder; it is made if need be.

    Returns:
        What was written: the name of a lesson, relative to the folder -> the name it was written under.

    Raises:
        OSError: the folder can not be written.
    """
    target.mkdir(parents=True, exist_ok=True)
    if source.samefile(target):
        return {}
    return _Delivery(source, target).all()


class _Delivery:
    """One visit to a learner's folder."""

    def __init__(self, source: Path, target: Path) -> None:
        self.source = source
        self.target = target
        self.before = _read_manifest(target / MANIFEST)
        self.delivered = dict(self.before)

    def all(self) -> dict[str, str]:
        written = {}
        for name in _lessons(self.source, self.target):
            octets = (self.source / name).read_bytes()
            place = self.place(name, _digest(octets))
            if place:
                self.write(place, octets)
                written[name] = place
        if self.delivered != self.before:
            _write(self.target / MANIFEST, json.dumps(self.delivered, indent=1, sort_keys=True).encode() + b"\n")
        return written

    def place(self, name: str, edition: str) -> str | None:
        """
        Say under which name an edition is to be written.

        None if it was delivered already, whatever became of it; but a lesson that is not there at all comes back.
        """
        if self.is_current(name, edition):
            self.clear_away(name)
            return None
        if self.is_free(name):
            self.clear_away(name)
            return name
        if self.delivered.get(name) == edition:
            return None
        beside = list(self.names_beside(name))
        if any(self.is_current(other, edition) or self.delivered.get(other) == edition for other in beside):
            return None
        return next(other for other in beside if self.is_free(other))

    def names_beside(self, name: str) -> Iterator[str]:
        """Return where new editions of a lesson are, or were, and at the end a name that was never used."""
        folder, slash, file = name.rpartition("/")
        stem, dot, suffix = file.partition(".")
        for number in count(1):
            beside = f"{folder}{slash}{stem}.new{'' if number == 1 else number}{dot}{suffix}"
            yield beside
            if beside not in self.delivered and not os.path.lexists(self.target / beside):
                return

    def is_current(self, name: str, edition: str) -> bool:
        """Whether a file is this edition to the octet; then it is ours, whoever brought it."""
        if self.digest(name) != edition:
            return False
        self.delivered[name] = edition
        return True

    def is_free(self, name: str) -> bool:
        """Whether nobody's work stands in the place of a name: nothing at all, or what was delivered there."""
        return not os.path.lexists(self.target / name) or self.digest(name) == self.delivered.get(name, "")

    def clear_away(self, name: str) -> None:
        """Remove the new editions beside a lesson that follows the package again, but for those with work in them."""
        for beside in list(self.names_beside(name)):
            delivered = self.delivered.pop(beside, None)
            if delivered is not None and self.digest(beside) == delivered:
                (self.target / beside).unlink()

    def digest(self, name: str) -> str | None:
        """Return the digest of a regular file; None for anything else, which is nobody's but the learner's."""
        path = self.target / name
        if path.is_symlink() or not path.is_file():
            return None
        return _digest(path.read_bytes())

    def write(self, name: str, octets: bytes) -> None:
        path = self.target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, octets)
        self.delivered[name] = _digest(octets)


def _lessons(source: Path, target: Path) -> Iterator[str]:
    own = target.resolve()
    for path in sorted(source.rglob("*")):
        parts = path.relative_to(source).parts
        hidden = any(part.startswith(".") or part in _NOT_LESSONS for part in parts)
        if path.is_file() and not hidden and own not in path.resolve().parents:
            yield "/".join(parts)


def _digest(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def _write(path: Path, octets: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        draft.write_bytes(octets)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _read_manifest(path: Path) -> dict[str, str]:
    """Read what was delivered; of a damaged manifest nothing, which only makes every file count as changed."""
    try:
        entries = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return {f"{name}": f"{digest}" for name, digest in entries.items()} if isinstance(entries, dict) else {}
