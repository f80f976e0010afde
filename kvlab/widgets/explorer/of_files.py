"""Certificates in files, in memory or in a table, for the explorer: read bit by bit, and searched here."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kvlab.clock import SystemClock
from kvlab.vault.listing import SOON_DAYS
from kvlab.widgets.explorer.inventory import DAY, PAGE_ROWS, Ask, Entry, Row, key_kind, left, names_text
from kvlab.x509.explain import explain
from kvlab.x509.primitive import visible
from kvlab.x509.summary import summarize
from kvlab.x509.words import search_terms, wanted_words, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from kvlab.vault.vault import Vault
    from kvlab.x509.file import Found

BATCH = 2_000
MOST_CHAIN = 12

_COLUMNS = (
    "name", "subject", "san", "issuer", "serial", "sha256", "problems", "not_after", "key_type", "key_size", "status",
)  # fmt: skip
_NAMES = ("name", "subject", "san")
_NEEDED = frozenset({"name", "subject", "not_after", "status"})
_KEPT_STATES = ("disabled", "pending")


class Kept(NamedTuple):
    """
    What is kept of one thing that was read.

    Attributes:
        name: where it stood.
        words: what it is found by, casefolded.
        nbf: and ``exp``: epoch seconds; None where there is none.
        state: ``valid`` for what the time decides about; else what it is whatever the time.
        subject: and ``issuer``, as text.
        der: of it; None where there is none.
        fault: why it can not be read.
        kind: of the key, and ``names``, where there is no DER to read them from.
        remark: what follows it in its file.
    """

    name: str
    words: str
    nbf: int | None
    exp: int | None
    state: str
    subject: str = ""
    issuer: str = ""
    der: bytes | None = None
    fault: str = ""
    kind: str = ""
    names: str = ""
    remark: str = ""


class FileInventory:
    """
    Certificates that are read from somewhere.

    Where an event loop runs, the reading goes on in a thread while the first of them can be looked at.

    Args:
        title: what stands in the head.
        things: what is read, as it comes.
        total: how many there will be, if known.
        in_thread: whether to read in a thread.
    """

    vault: Vault | None = None

    def __init__(self, title: str, things: Iterable[Kept], total: int | None, *, in_thread: bool) -> None:
        self.title = title
        self._things = iter(things)
        self._total = total
        self._kept: list[Kept] = []
        self._by_subject: dict[str, list[int]] = {}
        self._is_done = self._is_closed = False
        self._listeners: list[Callable[[], None]] = []
        self._orders: dict[str, tuple[int, list[int]]] = {}
        self._judged: tuple[tuple[int, int], list[str]] = ((-1, 0), [])
        # The first page is there at once, however many come after it.
        self._read(PAGE_ROWS)
        if not self._is_done and in_thread:
            threading.Thread(target=self._read_on, name="kvlab explorer", daemon=True).start()
        else:
            self._read_on()

    def page(self, ask: Ask) -> list[Row]:
        """Search."""
        found = self._found(ask.query, ask.order.removeprefix("-"))
        now = int(self.now().timestamp())
        if ask.state:
            states = self._states()
            found = [number for number in found if states[number] == ask.state]
        if ask.order.startswith("-"):
            found.reverse()
        first = ask.page * PAGE_ROWS
        return [_row(number, self._kept[number], now) for number in found[first : first + PAGE_ROWS]]

    def counts(self, query: str, *, only_deleted: bool = False) -> Mapping[str, int]:
        """Count what is found, by state; no file is deleted."""
        if only_deleted:
            return {}
        # In this order: more may be read meanwhile.
        found = self._found(query, "made")
        states = self._states()
        return Counter(states[number] for number in found)

    def entry(self, key: str, _: str = "") -> Entry | None:
        """Open one."""
        number = int(key) if key.isascii() and key.isdigit() else -1
        if not 0 <= number < len(self._kept):
            return None
        kept = self._kept[number]
        return Entry(_row(number, kept, int(self.now().timestamp())), kept.der, fault=kept.fault, remark=kept.remark)

    def chain(self, entry: Entry) -> list[bytes]:
        """Return the certificate and, from all that were read, those whose names lead upwards."""
        found = [self._kept[int(entry.row.key)]]
        while len(found) < MOST_CHAIN and found[-1].issuer != found[-1].subject:
            above = self._by_subject.get(found[-1].issuer, ())
            fresh = [self._kept[number] for number in above if self._kept[number] not in found]
            if not fresh:
                break
            found.append(fresh[0])
        return [kept.der for kept in found if kept.der is not None]

    def now(self) -> datetime:
        """Return the present instant."""
        return SystemClock().now()

    def progress(self) -> tuple[int, int] | None:
        """Return how many are read, of how many."""
        return None if self._is_done else (len(self._kept), max(self._total or 0, len(self._kept)))

    def subscribe(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call ``changed()`` when more have been read; its end ends the reading."""
        self._listeners.append(changed)

        def end() -> None:
            self._is_closed = True
            self._listeners.clear()

        return end

    def _read_on(self) -> None:
        while not self._is_done and not self._is_closed:
            self._read(BATCH)
            for listener in tuple(self._listeners):
                listener()

    def _read(self, most: int) -> None:
        for _ in range(most):
            kept = next(self._things, None)
            if kept is None:
                self._is_done = True
                return
            self._by_subject.setdefault(kept.subject, []).append(len(self._kept))
            self._kept.append(kept)

    def _found(self, query: str, order: str) -> list[int]:
        numbers = list(self._ordered(order))
        kept = self._kept
        for text, digits in search_terms(query):
            if digits:
                numbers = [number for number in numbers if text in kept[number].words or digits in kept[number].words]
            else:
                numbers = [number for number in numbers if text in kept[number].words]
        return numbers

    def _states(self) -> list[str]:
        """Return the state of each; they are asked for often and change with the minutes."""
        now = int(self.now().timestamp())
        key = len(self._kept), now // 60
        if self._judged[0] != key:
            self._judged = key, [_state(kept, now) for kept in self._kept[: key[0]]]
        return self._judged[1]

    def _ordered(self, order: str) -> list[int]:
        """Return the numbers of all in an order, sorted once for each length that the list had."""
        length = len(self._kept)
        if self._orders.get(order, (-1,))[0] != length:
            keys: dict[str, Callable[[int], Any]] = {
                "name": lambda number: self._kept[number].name.casefold(),
                "expires": lambda number: (self._kept[number].exp is None, self._kept[number].exp or 0),
            }
            numbers = list(range(length))
            self._orders[order] = length, sorted(numbers, key=keys[order]) if order in keys else numbers
        return self._orders[order][1]


def open_files(source: object, *, in_thread: bool) -> FileInventory:
    """
    Make the inventory of a folder, a file, octets, an iterable of them, or a table of ``kvlab.tables.certificates``.

    Raises:
        OSError: the path is not there, or closed to you.
        TypeError: it is nothing of that kind.
    """
    if isinstance(source, Path) and source.suffix == ".parquet":
        import pandas as pd  # noqa: PLC0415  half a second that only a table costs

        return _of_table(source.name, pd.read_parquet(source), in_thread=in_thread)
    if hasattr(source, "itertuples") and hasattr(source, "columns"):
        return _of_table("a table", source, in_thread=in_thread)
    from kvlab.tables.source import how_many, read_items  # noqa: PLC0415  it brings pandas

    items = ((item.name, item.found) for item in read_items(source))
    title = visible(source.name) if isinstance(source, Path) else "certificates"
    return FileInventory(title, (_kept(name, found) for name, found in items), how_many(source), in_thread=in_thread)


def _kept(name: str, found: Found) -> Kept:
    if found.fault or found.kind != "certificate":
        fault = found.fault or f"This is no certificate but a {found.kind}."
        return Kept(name, wanted_words([name]), None, None, "unreadable", der=found.der or None, fault=fault)
    summary = summarize(found.fields)
    words = words_of(name, found.der, found.fields)
    times = summary.not_before, summary.not_after
    return Kept(name, words, *times, "valid", summary.subject, summary.issuer, found.der, remark=_remark(found))


def _remark(found: Found) -> str:
    last = found.fields[-1]
    return last.problem or "" if (last.section, last.name) == ("encoding", "trailing") else ""


def _of_table(title: str, table: Any, *, in_thread: bool) -> FileInventory:
    missing = _NEEDED - {*table.columns}
    if missing:
        raise TypeError(f"A table of kvlab.tables.certificates is taken; this one lacks {', '.join(sorted(missing))}.")
    return FileInventory(title, _table_rows(table), len(table), in_thread=in_thread)


def _table_rows(table: Any) -> Iterator[Kept]:
    import pandas as pd  # noqa: PLC0415  who has a table has it loaded

    def words(value: Any) -> str:
        return "" if value is None or pd.isna(value) else visible(str(value))

    for row in table.reindex(columns=[*_COLUMNS]).itertuples(index=False):
        texts = {name: words(getattr(row, name)) for name in _COLUMNS}
        unreadable = texts["status"] in ("unreadable", "no certificate")
        yield Kept(
            texts["name"],
            wanted_words((texts[name] for name in _NAMES), (texts[name] for name in ("serial", "sha256"))),
            None,
            None if pd.isna(row.not_after) else int(row.not_after.timestamp()),
            "unreadable" if unreadable else texts["status"] if texts["status"] in _KEPT_STATES else "valid",
            texts["subject"],
            texts["issuer"],
            fault=texts["problems"] if unreadable else "",
            kind=f"{texts['key_type']} {texts['key_size']}".strip(),
            names=texts["san"].partition(", ")[0].partition(": ")[2] or texts["subject"],
        )


def _state(kept: Kept, now: int) -> str:
    if kept.state != "valid":
        return kept.state
    if kept.exp is None or kept.exp > now:
        if kept.nbf is not None and kept.nbf > now:
            return "not yet valid"
        return "expires soon" if kept.exp is not None and kept.exp <= now + SOON_DAYS * DAY else "valid"
    return "expired"


def _row(number: int, kept: Kept, now: int) -> Row:
    days, part = left(kept.nbf, kept.exp, now)
    kind, names = kept.kind, kept.names
    if kept.der is not None and not kept.fault:
        fields = explain(kept.der)
        kind, names = key_kind(fields), names_text(fields)
    return Row(str(number), kept.name, _state(kept, now), kind, names, days, part)
