"""An asynchronous client of the SDK, called as if it were its synchronous twin: one scenario serves both."""

import inspect


class Blocking:
    """
    Args:
        client: an asynchronous client.
        run: runs a coroutine to its end, always in the same event loop.
    """

    def __init__(self, client, run):
        self._client = client
        self._run = run

    def __getattr__(self, name):
        """What the synchronous twin calls `begin_X` is a coroutine `X` here, which polls to the end."""
        found = getattr(self._client, name if hasattr(self._client, name) else name.removeprefix("begin_"))
        return (lambda *args, **options: self._call(name, found, args, options)) if callable(found) else found

    def _call(self, name, method, args, options):
        made = method(*args, **options)
        if hasattr(made, "by_page"):
            return Pages(made, self._run)
        if not inspect.isawaitable(made):
            return Blocking(made, self._run)
        result = self._run(_awaited(made))
        return Ended(result) if name.startswith("begin_") else result


class Ended:
    """A poller that has come to its end."""

    def __init__(self, result):
        self._result = result

    def result(self):
        return self._result

    def wait(self):
        return None


class Pages:
    """An asynchronous iterator of items, and of pages."""

    def __init__(self, items, run):
        self._items = items
        self._run = run

    def __iter__(self):
        return iter(self._run(_listed(self._items)))

    def by_page(self):
        return iter(self._run(_all_pages(self._items)))


async def _awaited(awaitable):
    return await awaitable


async def _listed(items):
    return [item async for item in items]


async def _all_pages(items):
    return [[item async for item in page] async for page in items.by_page()]
