"""The peers' servers, beside which kvlab is measured: moto and ministack."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time

import pytest

PYTHON = os.environ.get("KVLAB_PEERS_PYTHON", sys.executable)
"""Has both; of an environment of its own where they want other releases of what boto3 needs."""

AWS = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260601/us-east-1/iot/aws4_request, SignedHeaders=host, Signature=00"
"""They read of a signature whose it is, and check nothing."""


def need_peers():
    """Skip the test where they are not installed."""
    if subprocess.run([PYTHON, "-c", "import moto, ministack"], capture_output=True, check=False).returncode:
        pytest.skip("needs moto and ministack")


def moto():
    return peer(PYTHON, "-m", "moto.server", "-p", "{port}")


def ministack():
    return peer(PYTHON, "-m", "ministack.app", GATEWAY_PORT="{port}")


@contextlib.contextmanager
def peer(*command, **environment):
    """Run a peer's server while the block lasts; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    arguments = [part.format(port=port) for part in command]
    surroundings = os.environ | {name: value.format(port=port) for name, value in environment.items()}
    process = subprocess.Popen(arguments, env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
                connection.request("GET", "/")
                connection.getresponse().read()
                break
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
