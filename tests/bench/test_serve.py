"""The vault over HTTPS and through the SDK, beside its peers. Figures are printed (run with -s), never asserted."""

import subprocess
import sys

import pytest

from tests.bench import floor, peer
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


def test_beside_the_peers():
    """
    moto signs a CSR (AWS IoT's CreateCertificateFromCsr); ministack signs none, so its CreateKeysAndCertificate is
    measured. kvlab makes the key and the CSR too, in three requests over TLS; the peers answer one over plain HTTP.
    """
    peer.need_peers()
    csr = floor.request_pem("contoso.com")
    with (
        serving() as served,
        KeptAlive.to(served) as kvlab,
        peer.moto() as moto,
        peer.ministack() as ministack,
    ):

        def signed(host, path, body):
            # moto keeps no connection alive; over plain HTTP a new one costs next to nothing.
            with KeptAlive(host, {"Authorization": peer.AWS, "Content-Type": "application/json"}) as client:
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
