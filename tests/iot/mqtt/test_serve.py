"""The broker of `kvlab serve`: named in its line, trusted by its CA, ended by SIGTERM."""

import pytest

from kvlab import Iot, Vault
from kvlab.iot.device import Device
from tests.iot.make import POLICY
from tests.server.served import serving


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_device_connects_to_the_endpoint_of_the_line_and_is_let_go_at_the_end(tmp_path, version):
    with Vault.open(tmp_path / "kvlab.db") as vault:
        iot = Iot(vault)
        made = iot.create_keys_and_certificate(set_as_active=True)
        iot.create_policy("all", POLICY)
        iot.attach_policy("all", made.certificate_arn)

    with serving("--data", tmp_path) as served:
        host, _, port = served.facts["mqtt_endpoint"].removeprefix("mqtts://").partition(":")
        lamp = Device(
            "lamp", made.certificate_pem, made.key_pair.private_key, host=host, port=int(port),
            ca_bundle=served.facts["ca_bundle"], version=version,
        ).connect()  # fmt: skip
        lamp.subscribe("state")
        lamp.publish("state", "on")
        assert lamp.wait_for_messages() == [("state", "on")]

        assert served.stop() == 0
        assert lamp.wait_for_disconnect()
        lamp.disconnect()

    with Vault.open(tmp_path / "kvlab.db") as vault:
        kinds = [event.kind for event in vault.events if event.actor == "device/lamp"]
    assert kinds == ["connect", "subscribe", "publish", "disconnect"]
