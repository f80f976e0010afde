"""A transport that keeps the cloud's URLs and brings the bytes to a kvlab server."""

from __future__ import annotations

import copy
import ssl
from typing import Any
from urllib.parse import urlsplit

try:
    from azure.core.pipeline.transport import AioHttpTransport, RequestsTransport
except ImportError as error:
    raise ImportError('The Azure SDK is not installed: pip install "kvlab[azure]".') from error


def transport(server_url: str, *, ca_bundle: str | None = None, aio: bool = False) -> Any:
    """
    Return a transport that brings requests for ``https://NAME.vault.azure.net`` to a kvlab server.

    The client's URLs stay those of the cloud, so its challenge check stays on and its code needs no change.

    Args:
        server_url: as ``kvlab serve`` prints it (``vault_url``).
        ca_bundle: path of the PEM file to trust (``ca_bundle``); None for the usual settings of the SDK.
        aio: for an asynchronous client.

    Returns:
        What a client takes as ``transport``.

    Raises:
        ImportError: the extra ``azure`` is not installed.
        OSError: with ``aio``, the file can not be read; else the first request says so.
    """
    if aio:
        # Made once: the SDK would make one from a path for every request, and aiohttp keeps no connection across them.
        context = {} if ca_bundle is None else {"ssl": ssl.create_default_context(cafile=ca_bundle)}

        class AsyncForwarding(AioHttpTransport):  # type: ignore[misc]
            async def send(self, request: Any, **config: Any) -> Any:
                return await super().send(_forwarded(request, server_url), **context, **config)

        return AsyncForwarding()

    options = {} if ca_bundle is None else {"connection_verify": ca_bundle}

    class Forwarding(RequestsTransport):  # type: ignore[misc]
        def send(self, request: Any, **config: Any) -> Any:
            return super().send(_forwarded(request, server_url), **config)

    return Forwarding(**options)


def _forwarded(request: Any, server_url: str) -> Any:
    """Return a copy of a request that goes to the server and says whom it is for."""
    url = urlsplit(request.url)
    forwarded = copy.copy(request)
    forwarded.headers = copy.copy(request.headers)
    forwarded.headers["Host"] = url.netloc.removesuffix(":443")
    forwarded.url = (
        f"{server_url.rstrip('/')}{url.path}?{url.query}" if url.query else server_url.rstrip("/") + url.path
    )
    return forwarded
