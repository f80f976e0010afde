"""
Mutual TLS in which the registry, and no store of CAs, decides which client certificate is let in.

AWS IoT looks a client's certificate up by what it is, not by who signed it: a self-signed one that was registered is as
good as any. The standard library's ``ssl`` can not do that, for it refuses a chain that it can not build before anybody
can ask for the certificate. So this is OpenSSL by way of pyOpenSSL, whose handshake asks a function of ours.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Protocol, cast

from OpenSSL import SSL

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from OpenSSL import crypto

ALPN = b"x-amzn-mqtt-ca"
"""The protocol that AWS IoT's port 443 wants a client to name; other ports do without."""

HANDSHAKE_SECONDS = 10
LINGER_SECONDS = 5
_CHUNK = 64 * 1024


class Application(Protocol):
    """What speaks through a channel."""

    def admit(self, certificate: x509.Certificate, server_name: str | None, address: str) -> bool:
        """Say in the handshake whether a client with this certificate may go on; TLS proves that it has the key."""

    def opened(self, channel: Channel) -> None:
        """Begin: the handshake is done."""

    def received(self, octets: bytes) -> None:
        """Take what the client sent."""

    def closed(self) -> None:
        """End: the connection is gone, whether it was opened or not."""

    def failed(self, reason: str, address: str) -> None:
        """Learn that the handshake has failed for a reason of TLS."""


def server_context(chain: list[x509.Certificate], key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> SSL.Context:
    """
    Return a context for servers: TLS 1.2 or 1.3, and a client certificate is a must.

    Args:
        chain: the server's certificate, then the issuers to send with it.
        key: of the server's certificate.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.use_privatekey(key)
    context.use_certificate(chain[0])
    for issuer in chain[1:]:
        context.add_extra_chain_cert(issuer)
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _ask)
    # A session that goes on would be let in without a look at the registry.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION)
    context.set_alpn_select_callback(
        lambda _connection, offered: ALPN if ALPN in offered else SSL.NO_OVERLAPPING_PROTOCOLS
    )
    return context


def _ask(connection: SSL.Connection, certificate: crypto.X509, _error: int, depth: int, _well: int) -> bool:
    """Decide about the leaf; OpenSSL's own opinion, and the certificates that were sent along, do not count."""
    return depth > 0 or cast("Channel", connection.get_app_data()).ask(certificate)


class Channel(asyncio.Protocol):
    """
    One connection: TLS between a socket's transport and the application.

    Args:
        context: see ``server_context``.
        application: what speaks through the channel.
        gone: called with the channel when its connection is gone.
    """

    def __init__(self, context: SSL.Context, application: Application, gone: Callable[[Channel], None]) -> None:
        self._tls = SSL.Connection(context, None)
        self._tls.set_accept_state()
        self._tls.set_app_data(self)
        self._application = application
        self._gone = gone
        self._transport: asyncio.Transport | None = None
        self._answer: bool | None = None
        self._established = False
        self._deadline: asyncio.TimerHandle | None = None
        self.congested = False
        self.peer = ""

    def ask(self, certificate: crypto.X509) -> bool:
        """Ask the application about the client's certificate; OpenSSL may want the answer several times."""
        if self._answer is None:
            name = self._tls.get_servername()
            try:
                shown = certificate.to_cryptography()
            except ValueError:
                return False
            self._answer = self._application.admit(shown, name.decode("ascii", "replace") if name else None, self.peer)
        return self._answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the client's first word, not for ever."""
        self._transport = cast("asyncio.Transport", transport)
        self.peer = str((transport.get_extra_info("peername") or ("",))[0])
        self._deadline = asyncio.get_running_loop().call_later(HANDSHAKE_SECONDS, self.abort)

    def data_received(self, data: bytes) -> None:
        """Take octets from the network."""
        self._tls.bio_write(data)
        try:
            if not self._established and not self._shake_hands():
                return
            while not self.closed:
                self._application.received(self._tls.recv(_CHUNK))
        except SSL.WantReadError:
            self._flush()
        except SSL.ZeroReturnError:
            self.close()
        except SSL.Error:
            self.abort()

    def _shake_hands(self) -> bool:
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            self._flush()
            return False
        except SSL.Error as error:
            self._flush()
            if self._answer is not False:
                self._application.failed(_reason(error), self.peer)
            self.abort()
            return False
        self._flush()
        self._established = True
        if self._deadline:
            self._deadline.cancel()
        self._application.opened(self)
        return True

    def _flush(self) -> None:
        if self.closed:
            return
        assert self._transport
        with contextlib.suppress(SSL.WantReadError):
            while octets := self._tls.bio_read(_CHUNK):
                self._transport.write(octets)

    def write(self, octets: bytes) -> None:
        """Send octets to the client."""
        if self.closed:
            return
        try:
            self._tls.sendall(octets)
        except SSL.Error:
            self.abort()
            return
        self._flush()

    def close(self) -> None:
        """Say goodbye and close once all is sent."""
        if not self.closed:
            with contextlib.suppress(SSL.Error):
                self._tls.shutdown()
            self._flush()
            self._end()

    def abort(self) -> None:
        """Close without a goodbye; an alert of TLS that was written still goes out."""
        if not self.closed:
            self._end()

    def cut(self) -> None:
        """End at once; what was not sent is lost."""
        if self._transport:
            self._transport.abort()

    def _end(self) -> None:
        assert self._transport
        self._transport.close()
        # A client that does not read would keep what is left for ever.
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self._transport.abort)

    @property
    def closed(self) -> bool:
        """Whether the connection is closed, or being so."""
        return self._transport is None or self._transport.is_closing()

    def pause_writing(self) -> None:
        """Note that the client does not read fast enough."""
        self.congested = True

    def resume_writing(self) -> None:
        """Note that it has caught up."""
        self.congested = False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  why does not matter
        """Tell the application."""
        if self._deadline:
            self._deadline.cancel()
        self._transport = None
        self._gone(self)
        self._application.closed()


def _reason(error: SSL.Error) -> str:
    """Return what OpenSSL says, such as ``unsupported protocol``."""
    found = error.args[0] if error.args else None
    if isinstance(found, list) and found:
        return str(found[-1][-1])
    return "the connection was cut" if isinstance(error, SSL.SysCallError) else "TLS failed"
