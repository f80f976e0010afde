"""Work that must not block a kernel."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_running: set[asyncio.Future[Any]] = set()
"""A task that nobody refers to may be forgotten before its end."""


class Home:
    """
    The thread in which a widget was made, and the loop that runs there, if one does.

    JupyterLab 4.4 and newer let a thread of its own hear the browser (a subshell), and a vault's events come from
    whichever thread made them. A widget is touched by one thread only: what another one brings is heard at home.
    """

    def __init__(self) -> None:
        self._loop = running_loop()
        self._thread = threading.get_ident()

    @property
    def has_loop(self) -> bool:
        """Whether a loop runs there: work can go on beside it."""
        return self._loop is not None and self._loop.is_running()

    def call(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Call a function at home: now if this is the thread; else soon."""
        if threading.get_ident() == self._thread:
            function(*arguments)
        else:
            self.soon(function, *arguments)

    def soon(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Call a function at home, after what runs there now; where no loop runs, now."""
        if self._loop is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(function, *arguments)
        else:
            function(*arguments)


def start(work: Callable[[], Awaitable[None]]) -> asyncio.Future[Any] | None:
    """Start a coroutine on the kernel's loop and return the task; where none runs, run it to its end."""
    loop = running_loop()
    if loop is None:
        asyncio.run(_whole(work))
        return None
    task = loop.create_task(_whole(work))
    _running.add(task)
    task.add_done_callback(_finish)
    return task


async def in_thread(call: Callable[[], Any]) -> Any:
    """Make a call that takes long off the loop; where there are no threads (Pyodide), make it here."""
    try:
        return await asyncio.to_thread(call)
    except RuntimeError as error:
        if "thread" not in str(error):
            raise
        return call()


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that runs in this thread: a notebook's cells have one, plain Python has none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def _whole(work: Callable[[], Awaitable[None]]) -> None:
    await work()


def _finish(task: asyncio.Future[Any]) -> None:
    _running.discard(task)
    if not task.cancelled():
        task.result()
