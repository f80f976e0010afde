"""The broker of `kvlab serve`: named in its line, trusted by its CA, ended by SIGTERM."""

import boto3
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


def test_boto3_lets_a_device_in_and_throws_it_out():
    with serving() as served:
        facts = served.facts
        iot = boto3.client(
            "iot", endpoint_url=facts["iot_endpoint"], verify=facts["ca_bundle"], region_name="us-east-1",
            aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip
        made = iot.create_keys_and_certificate(setAsActive=True)
        iot.create_policy(policyName="all", policyDocument=POLICY)
        iot.attach_policy(policyName="all", target=made["certificateArn"])
        lamp = Device(
            "lamp", made["certificatePem"], made["keyPair"]["PrivateKey"],
            host=iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"],
            port=int(facts["mqtt_endpoint"].rpartition(":")[2]), ca_bundle=facts["ca_bundle"],
        ).connect()  # fmt: skip

        iot.update_certificate(certificateId=made["certificateId"], newStatus="REVOKED")

        assert lamp.wait_for_disconnect(5)
        assert not lamp.knock()
        events = served.call("GET", "/kvlab/events").json["value"]
        told = [(event["kind"], event["detail"].get("reason")) for event in events if "device" in event["actor"]]
        assert told == [
            ("connect", None),
            ("disconnect", "the certificate is REVOKED"),
            ("refuse_connection", "the certificate is REVOKED"),
        ]


def test_who_is_revoked_by_another_program_on_the_same_file_falls_off_too(tmp_path):
    with Vault.open(tmp_path / "kvlab.db") as vault, serving("--data", tmp_path) as served:
        iot = Iot(vault)
        made = iot.create_keys_and_certificate(set_as_active=True)
        iot.create_policy("all", POLICY)
        iot.attach_policy("all", made.certificate_arn)
        lamp = Device(
            "lamp", made.certificate_pem, made.key_pair.private_key, host="localhost",
            port=int(served.facts["mqtt_endpoint"].rpartition(":")[2]), ca_bundle=served.facts["ca_bundle"],
        ).connect()  # fmt: skip

        iot.update_certificate(made.certificate_id, "REVOKED")

        assert lamp.wait_for_disconnect(5)
        lamp.disconnect()


def test_another_address_is_what_the_line_and_describe_endpoint_say():
    """127.0.0.2 is not localhost: who listens there is not reached by that name."""
    with serving("--host", "127.0.0.2") as served:
        facts = served.facts
        iot = boto3.client(
            "iot", endpoint_url=facts["iot_endpoint"], verify=facts["ca_bundle"], region_name="us-east-1",
            aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip
        host = iot.describe_endpoint()["endpointAddress"]

        assert host == "127.0.0.2"
        assert {facts[name].split("//")[1].split(":")[0] for name in facts if name.endswith(("_url", "_endpoint"))} == {
            "127.0.0.2"
        }
        made = iot.create_keys_and_certificate(setAsActive=True)
        iot.create_policy(policyName="all", policyDocument=POLICY)
        iot.attach_policy(policyName="all", target=made["certificateArn"])
        lamp = Device(
            "lamp", made["certificatePem"], made["keyPair"]["PrivateKey"], host=host,
            port=int(facts["mqtt_endpoint"].rpartition(":")[2]), ca_bundle=facts["ca_bundle"],
        )  # fmt: skip
        assert lamp.knock()
        assert served.call("GET", "/kvlab/health").status == 200
        assert iot.describe_endpoint(endpointType="iot:Jobs")["endpointAddress"] == "localhost"
