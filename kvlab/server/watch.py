"""Somebody who notices, where several servers share a database, what the others made."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Self

from kvlab.errors import StoreUnavailable

if TYPE_CHECKING:
    from kvlab.server.site import Site

LOOK_SECONDS = 1.0

_log = logging.getLogger("kvlab.server")


class Watch:
    """
    A daemon thread that opens the vaults other servers make, so that a server that dies leaves no due work behind.

    Args:
        site: of this server.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kvlab watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            try:
                self._site.meet()
            except StoreUnavailable:
                continue  # Requests and due work say so loudly enough.
            except Exception:  # noqa: BLE001  one vault that can not be opened must not hide the others for ever
                _log.exception("A vault that another server made can not be opened.")
