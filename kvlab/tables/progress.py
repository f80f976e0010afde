"""How far a long reading has come."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kvlab.tables.source import Follow

    Tell = Callable[[int, int | None], object]
    Progress = bool | Tell | None

_EVERY = 500


def follower(progress: Progress, total: int | None) -> Follow | None:
    """
    Return what lets things pass and tells how many there were; None where nobody wants to know.

    Args:
        progress: True for a bar in a notebook, or a callable of how many are done and how many there are (None where
            that is not known); it is called every 500 and at the end.
        total: how many there are, if known.

    Raises:
        TypeError: it is neither.
        ImportError: a bar, without ipywidgets.
    """
    if progress is None or progress is False:
        return None
    if progress is True:
        return partial(_counted, _bar(total), total)
    if not callable(progress):
        raise TypeError("progress is True, None, or a callable of two numbers: how many are done, and of how many.")
    return partial(_counted, progress, total)


def _counted(tell: Tell, total: int | None, things: Iterable[Any]) -> Iterator[Any]:
    done = 0
    for done, thing in enumerate(things, start=1):
        yield thing
        if done % _EVERY == 0:
            tell(done, total)
    tell(done, total)


def _bar(total: int | None) -> Tell:
    """Show a bar below the cell, and return what moves it."""
    try:
        from IPython.display import display  # noqa: PLC0415  an optional package
        from ipywidgets import IntProgress  # noqa: PLC0415
    except ImportError as error:
        raise ImportError('A progress bar needs ipywidgets: pip install "kvlab[lab]".') from error
    bar = IntProgress(value=0, max=max(total or 1, 1), description="reading", bar_style="" if total else "info")
    display(bar)

    def move(done: int, of: int | None) -> None:
        if of is None:
            bar.description = f"{done:,}"
        else:
            bar.max = max(of, done, 1)
            bar.value, bar.description = done, f"{done:,} of {of:,}"

    return move
