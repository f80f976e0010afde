"""
Five hundred devices at once, each with its certificate, and a thousand messages a second among them.

Figures are printed (run with -s); asserted is only that everybody is let in and every message arrives. Beside it, where
it is installed, amqtt, which knows no registry: any certificate of the CA is let in, and nothing is asked of policies.
"""

import contextlib
import importlib.util
import json
import socket
import subprocess
import sys

import pytest

from kvlab import Iot, Vault
from tests.iot.make import ec_key, request
from tests.iot.mqtt.conftest import allow, key_pem
from tests.server.served import serving

DEVICES, RATE, SECONDS = 500, 1000, 5
DOCUMENT = allow(
    ("iot:Connect", "client/${iot:ClientId}"), ("iot:Publish", "topic/dev/${iot:ClientId}/*"),
    ("iot:Subscribe", "topicfilter/dev/${iot:ClientId}/*"), ("iot:Receive", "topic/dev/${iot:ClientId}/*"),
)  # fmt: skip

AMQTT = """
import asyncio, sys
from amqtt.broker import Broker

async def main(port, ca, certificate):
    tls = {"ssl": True, "cafile": ca, "certfile": certificate, "keyfile": certificate}
    anybody = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    listeners = {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}", **tls}}
    await Broker({"listeners": listeners, "plugins": anybody}).start()
    print("ready", flush=True)
    await asyncio.sleep(600)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A vault's folder, in whose registry 500 devices are, and the folder of their certificates and keys."""
    folder = tmp_path_factory.mktemp("data")
    keys = tmp_path_factory.mktemp("devices")
    with Vault.open(folder / "kvlab.db") as vault:
        iot = Iot(vault)
        iot.create_policy("devices", DOCUMENT)
        for number in range(DEVICES):
            key = ec_key()
            made = iot.create_certificate_from_csr(request(key), set_as_active=True)
            iot.attach_policy("devices", made.certificate_arn)
            (keys / f"dev{number:03}.pem").write_text(made.certificate_pem + key_pem(key))
        (folder / "devices.pem").write_text(iot.ca_chain_pem)
    return folder, keys


def fleet(port, ca_file, keys):
    command = [sys.executable, "-m", "tests.bench.fleet", str(port), ca_file, str(keys), str(RATE), str(SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=170)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def show(name, figures):
    print(f"\n{name}: {', '.join(f'{word} {figure}' for word, figure in figures.items())}")


def test_five_hundred_devices_and_a_thousand_messages_a_second(data):
    folder, keys = data
    with serving("--data", folder) as served:
        figures = fleet(served.facts["mqtt_endpoint"].rpartition(":")[2], served.facts["ca_bundle"], keys)

    show("kvlab serve", figures)
    assert figures["devices"] == DEVICES
    assert figures["received"] == figures["sent"]


@contextlib.contextmanager
def amqtt(ca_file, certificate):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", AMQTT, str(port), ca_file, certificate], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "ready\n"
        yield port
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def test_the_same_with_amqtt(data, tmp_path):
    if importlib.util.find_spec("amqtt") is None:
        pytest.skip("needs amqtt")
    from kvlab.server.register import Register
    from kvlab.server.tls import ServerCA
    from kvlab.x509.container import write_pem

    folder, keys = data
    authority = ServerCA(Register())
    (tmp_path / "ca.pem").write_text(authority.certificate_pem)
    (tmp_path / "server.pem").write_text(write_pem(*authority.certify(["localhost"], ["127.0.0.1"])))

    with amqtt(str(folder / "devices.pem"), str(tmp_path / "server.pem")) as port:
        show("amqtt, without registry and policies", fleet(port, str(tmp_path / "ca.pem"), keys))
