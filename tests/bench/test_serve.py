"""The vault over HTTPS and through the SDK, beside its peers. Figures are printed (run with -s), never asserted."""

import contextlib
import http.client
import importlib.util
import os
import socket
import subprocess
import sys
import time

import pytest

from tests.bench import floor
from tests.server.keepalive import KeptAlive
from tests.server.served import serving

EC = {
    "issuer": {"name": "Self"},
    "key_props": {"kty": "EC", "crv": "P-256"},
    "x509_props": {"subject": "CN=contoso.com", "sans": {"dns_names": ["contoso.com"]}},
}
BARE_IMPORTS = """
import asyncio, ssl, jwt, httptools, pydantic, sqlalchemy.dialects.sqlite, starlette.requests, starlette.responses, uvicorn
import uvicorn.protocols.http.httptools_impl
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from Crypto.PublicKey import RSA
print("ready", flush=True)
"""
AWS = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260601/us-east-1/iot/aws4_request, SignedHeaders=host, Signature=00"


def creation(client, label):
    """Create, poll until completed, get: three requests."""

    def run(number):
        name = f"{label}{number}".replace("-", "m")
        assert client.call("POST", f"/certificates/{name}/create?api-version=7.6", {"policy": EC})[0] == 202
        status, body = client.call("GET", f"/certificates/{name}/pending?api-version=7.6")
        assert b'"completed"' in body
        status, body = client.call("GET", f"/certificates/{name}?api-version=7.6")
        assert status == 200
        assert b'"cer"' in body

    return run


def test_ready(tmp_path):
    def until_line(*command):
        with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout.readline()
            process.kill()

    figures = floor.in_turns(
        7,
        imports=lambda _: until_line("-c", BARE_IMPORTS),
        memory=lambda _: until_line("-m", "kvlab", "serve", "--json"),
        data=lambda number: until_line("-m", "kvlab", "serve", "--json", "--data", str(tmp_path / str(number))),
    )

    floor.report("kvlab serve, ready", figures, "imports")
    for place in ("memory", "data"):
        print(f"  {place}: {figures[place] - figures['imports']:.3f} s after the bare imports")


@pytest.mark.parametrize("place", ["memory", "file"])
def test_rates_over_https(tmp_path, place):
    arguments = () if place == "memory" else ("--data", tmp_path)
    with serving(*arguments) as served, KeptAlive.to(served) as client:
        create = creation(client, "r")
        create(-1)
        took = floor.seconds(lambda: [create(number) for number in range(600)])
        print(f"\nHTTPS, {place}, EC create to completed to get: {600 / took:.0f} a second")
        read = floor.seconds(lambda: [client.call("GET", "/certificates/r5?api-version=7.6") for _ in range(3000)])
        print(f"HTTPS, {place}, get: {3000 / read:.0f} a second")


def test_sdk_in_process():
    from azure.keyvault.certificates import CertificatePolicy

    from kvlab import Vault, sdk

    policy = CertificatePolicy("Self", subject="CN=contoso.com", key_type="EC", key_curve_name="P-256")
    with Vault() as vault:
        client = sdk(vault).certificates
        figures = floor.in_turns(
            200,
            floor=lambda _: floor.create_certificate(floor.make_ec_key, "contoso.com"),
            sdk=lambda number: client.begin_create_certificate(f"s{abs(number)}", policy).result(),
        )
    floor.report("The official SDK in process, create to certificate, EC", figures)


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


@pytest.mark.skipif(
    not (importlib.util.find_spec("moto") and importlib.util.find_spec("ministack")), reason="needs moto and ministack"
)
def test_beside_the_peers():
    """
    moto signs a CSR (AWS IoT's CreateCertificateFromCsr); ministack signs none, so its CreateKeysAndCertificate is
    measured. kvlab makes the key and the CSR too, in three requests over TLS; the peers answer one over plain HTTP.
    """
    csr = floor.request_pem("contoso.com")
    with (
        serving() as served,
        KeptAlive.to(served) as kvlab,
        peer(sys.executable, "-m", "moto.server", "-p", "{port}") as moto,
        peer(sys.executable, "-m", "ministack.app", GATEWAY_PORT="{port}") as ministack,
    ):

        def signed(host, path, body):
            # moto keeps no connection alive; over plain HTTP a new one costs next to nothing.
            with KeptAlive(host, {"Authorization": AWS, "Content-Type": "application/json"}) as client:
                status, answer = client.call("POST", path, body)
            assert status == 200, answer
            assert b"BEGIN CERTIFICATE" in answer

        figures = floor.in_turns(
            20,
            kvlab=creation(kvlab, "p"),
            moto=lambda _: signed(moto, "/certificates?setAsActive=true", {"certificateSigningRequest": csr}),
            ministack=lambda _: signed(ministack, "/keys-and-certificate?setAsActive=true", {}),
        )
    floor.report("One certificate from a server", figures, "kvlab")
