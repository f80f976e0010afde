"""Where there are no threads, sockets, processes and TLS (Pyodide), the vault makes certificates all the same."""

import subprocess
import sys

import pytest

BLOCKED = """
import socket, ssl, subprocess, sys, threading

def blocked(*_, **__):
    raise RuntimeError("not here")

threading.Thread.start = blocked
socket.socket = ssl.SSLContext = subprocess.Popen = blocked

from kvlab import CertificatePolicy, Vault

with (Vault(clock=sys.argv[1]) if sys.argv[2] == "memory" else Vault.open(sys.argv[2], clock=sys.argv[1])) as vault:
    vault.create_certificate("web", CertificatePolicy.self_signed("CN=contoso.com"))
    if sys.argv[1] == "simulated":
        vault.clock.advance(1)
    print(vault.get_certificate_operation("web").status)
    print(len(vault.get_secret("web").value) > 1000)
    operation = vault.create_certificate("manual", CertificatePolicy.manual("CN=contoso.com", kty="EC"))
    print(len(vault.merge_certificate("manual", vault.practice_ca().sign(operation)).cer) > 200)
"""


@pytest.mark.parametrize("clock", ["system", "simulated"])
def test_a_certificate_is_made_without_threads_and_sockets(clock):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BLOCKED, clock, "memory"], capture_output=True, timeout=60, check=False
    )

    assert done.stderr.decode() == ""
    assert done.stdout.decode().split() == ["completed", "True", "True"]
