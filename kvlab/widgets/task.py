"""Work that must not block a kernel."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_running: set[asyncio.Future[Any]] = set()
"""A task that nobody refers to may be forgotten before its end."""


def start(work: Callable[[], Awaitable[None]]) -> None:
    """Start a coroutine on the kernel's loop; where none runs, run it to its end."""
    loop = running_loop()
    if loop is None:
        asyncio.run(_whole(work))
        return
    task = loop.create_task(_whole(work))
    _running.add(task)
    task.add_done_callback(_finish)


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
