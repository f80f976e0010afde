"""A TLS handshake between a server that has a certificate's file and a client that trusts a root; no socket."""

import ssl


def handshake(server_pem, trusted_pem, host, directory):
    """
    Shake hands, send one word each way, and return the certificate that the client got (DER).

    Args:
        server_pem: key and chain of the server, text.
        trusted_pem: what the client trusts, text.
        host: what the client expects the certificate to be for.
        directory: where the server's file may be put (the ssl module reads files only).
    """
    path = directory / "server.pem"
    path.write_text(server_pem)
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(path)
    client_context = ssl.create_default_context(cadata=trusted_pem)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = client_context.wrap_bio(to_client, to_server, server_hostname=host)

    _take_turns(client.do_handshake, server.do_handshake)
    client.write(b"hello")
    assert server.read() == b"hello"
    server.write(b"welcome")
    assert client.read() == b"welcome"
    return client.getpeercert(binary_form=True)


def _take_turns(*steps):
    """Let each side go on until it waits for the other; a handshake takes few turns."""
    for _ in range(5):
        steps = [step for step in steps if not _done(step)]


def _done(step):
    try:
        step()
    except ssl.SSLWantReadError:
        return False
    return True
