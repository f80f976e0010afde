"""Devices at the broker: the registry and its policies decide; paho-mqtt is the device."""

import json
import time

import pytest

import kvlab
from kvlab import Iot
from kvlab.errors import DeviceError
from tests.iot.make import OwnCA, certificate, ec_key, name_of, pem
from tests.iot.mqtt.conftest import Identity, allow, key_pem

VERSIONS = pytest.mark.parametrize("version", ["3.1.1", "5"])
WITHIN = 5
"""Seconds in which a device that may not be connected any more is gone."""


@VERSIONS
def test_an_active_device_talks_to_itself(device, identity, version, said):
    lamp = device(identity(), version=version).connect()
    lamp.subscribe("lamp/+/state")
    lamp.publish("lamp/1/state", "on")

    assert lamp.wait_for_messages() == [("lamp/1/state", "on")]
    assert said("connect") == [{"client_id": "lamp", "address": "127.0.0.1"}]
    assert said("publish") == [{"client_id": "lamp", "topic": "lamp/1/state", "octets": 2}]


@VERSIONS
def test_two_devices_of_one_account_talk_and_another_account_hears_nothing(device, identity, other, version):
    elsewhere = identity(registry=other)
    lamp, heater, stranger = (
        device(who, name, version).connect()
        for who, name in ((identity(), "lamp"), (identity(), "heater"), (elsewhere, "stranger"))
    )
    for receiver in (heater, stranger):
        receiver.subscribe("#")
    lamp.publish("news", "hello")

    assert heater.wait_for_messages() == [("news", "hello")]
    assert stranger.wait_for_messages(1, seconds=0.2) == []


@pytest.mark.parity("iot-connect")
@VERSIONS
@pytest.mark.parametrize("status", ["INACTIVE", "REVOKED"])
def test_a_certificate_that_is_not_active_is_refused(broker, device, identity, iot, version, status, said):
    held = identity(active=False)
    iot.update_certificate(held.id, status)

    with pytest.raises(DeviceError):
        device(held, version=version).connect()

    assert broker.connected == []
    assert said("refuse_connection") == [{"reason": f"the certificate is {status}", "address": "127.0.0.1"}]


def test_a_certificate_that_waits_for_its_transfer_is_refused(device, identity, iot, other, said):
    held = identity(document=None, active=False)
    iot.transfer_certificate(held.id, other.account)

    with pytest.raises(DeviceError):
        device(held).connect()

    assert said("refuse_connection")[0]["reason"] == "the certificate is PENDING_TRANSFER"


@pytest.mark.parity("iot-connect")
def test_an_unknown_certificate_is_refused(device, said):
    key = ec_key()
    own = pem(certificate(key, name_of("lamp")))

    with pytest.raises(DeviceError):
        device(Identity("", "", own, key_pem(key))).connect()

    assert said("refuse_connection")[0]["reason"] == "the certificate is not registered"


def test_a_deleted_certificate_is_refused(device, identity, iot):
    held = identity(document=None, active=False)
    iot.delete_certificate(held.id)

    with pytest.raises(DeviceError):
        device(held).connect()


def test_a_self_signed_certificate_that_is_registered_is_as_good_as_any(device, iot):
    key = ec_key()
    own = pem(certificate(key, name_of("lamp")))
    made = iot.register_certificate_without_ca(own, status="ACTIVE")
    iot.create_policy("all", allow(("iot:*", "*")))
    iot.attach_policy("all", made.certificate_arn)

    assert device(Identity(made.certificate_arn, made.certificate_id, own, key_pem(key))).connect().connected


def test_a_certificate_of_ones_own_ca_connects(device, iot):
    factory, key = OwnCA(), ec_key()
    factory.register(iot)
    leaf = factory.leaf("lamp", key)
    made = iot.register_certificate(leaf, status="ACTIVE")
    iot.create_policy("all", allow(("iot:*", "*")))
    iot.attach_policy("all", made.certificate_arn)

    assert device(Identity(made.certificate_arn, made.certificate_id, leaf, key_pem(key))).connect().connected


@pytest.mark.parity("iot-connect")
def test_an_expired_certificate_is_refused_by_the_vaults_clock_and_a_live_one_falls_off(vault, clock, device):
    iot, key = Iot(vault), ec_key()
    own = pem(certificate(key, name_of("lamp"), days=30))
    made = iot.register_certificate_without_ca(own, status="ACTIVE")
    iot.create_policy("all", allow(("iot:*", "*")))
    iot.attach_policy("all", made.certificate_arn)
    held = Identity(made.certificate_arn, made.certificate_id, own, key_pem(key))
    with kvlab.broker(vault) as broker:
        lamp = device(held, at=broker).connect()

        clock.advance(days=31)

        assert lamp.wait_for_disconnect(WITHIN)
        with pytest.raises(DeviceError):
            device(held, at=broker).connect()
    refused = [event.detail["reason"] for event in vault.events if event.kind == "refuse_connection"]
    assert refused == ["the certificate expired at 2026-07-01T09:00:00Z"]


@pytest.mark.parity("iot-connect")
@VERSIONS
def test_no_policy_no_connection(device, identity, version, said):
    with pytest.raises(DeviceError):
        device(identity(document=None), version=version).connect()

    assert said("refuse_connection")[0]["reason"] == (
        "no policy is attached to the certificate, so iot:Connect is denied"
    )


def test_the_client_id_is_the_policys_business(device, identity):
    held = identity(allow(("iot:Connect", "client/lamp")))

    assert device(held, "lamp").connect().connected
    with pytest.raises(DeviceError):
        device(held, "heater").connect()


THING_POLICY = allow(
    ("iot:Connect", "client/${iot:Connection.Thing.ThingName}"),
    ("iot:Publish", "topic/${iot:Connection.Thing.ThingTypeName}/${iot:Connection.Thing.Attributes[room]}/*"),
    ("iot:Subscribe", "topicfilter/${iot:Connection.Thing.ThingName}/*"),
    ("iot:Receive", "topic/*"),
)


@pytest.mark.parity("iot-mqtt-policy")
def test_thing_variables_stand_for_the_attached_thing(device, identity, iot):
    held = identity(THING_POLICY)
    iot.create_thing("lamp", "bulb", {"attributes": {"room": "kitchen"}})
    with pytest.raises(DeviceError):
        device(held).connect()  # not attached yet

    iot.attach_thing_principal("lamp", held.arn)
    lamp = device(held).connect()
    lamp.subscribe("lamp/#")
    lamp.publish("bulb/kitchen/state", "on")

    with pytest.raises(DeviceError):
        lamp.publish("bulb/bathroom/state", "on")


@pytest.mark.parity("iot-mqtt-policy")
def test_an_exclusive_thing_is_the_devices_whatever_its_client_id(device, identity, iot):
    held = identity(THING_POLICY.replace("client/${iot:Connection.Thing.ThingName}", "client/*"))
    iot.create_thing("lamp", "bulb", {"attributes": {"room": "kitchen"}})
    iot.attach_thing_principal("lamp", held.arn)
    with pytest.raises(DeviceError):
        device(held, "another").connect().publish("bulb/kitchen/state", "on")

    iot.attach_thing_principal("lamp", held.arn, "EXCLUSIVE_THING")

    another = device(held, "another").connect()
    another.publish("bulb/kitchen/state", "on")
    another.subscribe("lamp/#")


@pytest.mark.parity("iot-mqtt-policy")
@VERSIONS
def test_a_publication_that_is_not_allowed_disconnects(device, identity, version, said):
    lamp = device(identity(allow(("iot:Connect", "*"), ("iot:Publish", "topic/mine"))), version=version).connect()
    lamp.publish("mine", "hello")

    with pytest.raises(DeviceError):
        lamp.publish("yours", "hello")

    assert said("disconnect") == [
        {"client_id": "lamp", "reason": "no policy allows iot:Publish on yours", "published": 1}
    ]


@pytest.mark.parity("iot-mqtt-policy")
@VERSIONS
def test_a_subscription_that_is_not_allowed_is_refused_and_the_device_stays(device, identity, version, said):
    only = allow(("iot:Connect", "*"), ("iot:Subscribe", "topicfilter/mine/*"), ("iot:Publish", "*"))
    lamp = device(identity(only), version=version).connect()
    lamp.subscribe("mine/#")

    with pytest.raises(DeviceError):
        lamp.subscribe("#")

    assert lamp.connected
    assert said("refuse_subscription")[0]["reason"] == "no policy allows iot:Subscribe on #"


@pytest.mark.parity("iot-mqtt-policy")
def test_a_message_that_may_not_be_received_is_not_delivered(device, identity):
    deaf = allow(("iot:Connect", "*"), ("iot:Subscribe", "*"), ("iot:Publish", "*"), ("iot:Receive", "topic/heard"))
    lamp = device(identity(deaf)).connect()
    lamp.subscribe("+")
    lamp.publish("secret", "1")
    lamp.publish("heard", "2")

    assert lamp.wait_for_messages() == [("heard", "2")]


@pytest.mark.parity("iot-mqtt-policy")
def test_retaining_needs_its_own_permission(device, identity):
    lamp = device(identity(allow(("iot:Connect", "*"), ("iot:Publish", "*")))).connect()
    lamp.publish("state", "on")

    with pytest.raises(DeviceError):
        lamp.publish("state", "on", retain=True)


def deactivate(iot, held, _thing):
    iot.update_certificate(held.id, "INACTIVE")


def revoke(iot, held, _thing):
    iot.update_certificate(held.id, "REVOKED")


def detach_policy(iot, held, _thing):
    (policy,) = iot.list_attached_policies(held.arn).policies
    iot.detach_policy(policy.policy_name, held.arn)


def replace_policy(iot, held, _thing):
    (policy,) = iot.list_attached_policies(held.arn).policies
    iot.create_policy_version(policy.policy_name, allow(("iot:Publish", "*")), set_as_default=True)


def deny_by_another_policy(iot, held, _thing):
    document = {"Effect": "Deny", "Action": "iot:Connect", "Resource": "*"}
    iot.create_policy("never", json.dumps({"Version": "2012-10-17", "Statement": document}))
    iot.attach_policy("never", held.arn)


def detach_thing(iot, held, thing):
    iot.detach_thing_principal(thing, held.arn)


CUTS = [deactivate, revoke, detach_policy, replace_policy, deny_by_another_policy, detach_thing]


@pytest.mark.parity("iot-cut")
@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.__name__)
@VERSIONS
def test_who_may_not_be_connected_any_more_is_gone_within_five_seconds(broker, device, identity, iot, cut, version):
    held, further = identity(THING_POLICY), identity()
    iot.create_thing("lamp")
    iot.attach_thing_principal("lamp", held.arn)
    lamp, heater = device(held, version=version).connect(), device(further, "heater", version).connect()

    began = time.monotonic()
    cut(iot, held, "lamp")

    assert lamp.wait_for_disconnect(WITHIN)
    assert time.monotonic() - began < WITHIN
    assert heater.connected
    assert broker.connected == ["heater"]


@pytest.mark.parity("iot-cut")
def test_a_policy_that_changes_counts_for_those_who_are_connected(device, identity, iot):
    held = identity(allow(("iot:Connect", "*"), ("iot:Publish", "topic/a")))
    lamp = device(held).connect()
    (policy,) = iot.list_attached_policies(held.arn).policies
    iot.create_policy_version(
        policy.policy_name, allow(("iot:Connect", "*"), ("iot:Publish", "topic/b")), set_as_default=True
    )
    time.sleep(0.5)

    lamp.publish("b", "now")
    with pytest.raises(DeviceError):
        lamp.publish("a", "not any more")


def test_the_second_connection_of_a_client_id_ends_the_first(broker, device, identity, said):
    first = device(identity()).connect()
    second = device(identity()).connect()

    assert first.wait_for_disconnect()
    assert second.connected
    assert broker.connected == ["lamp"]
    assert said("disconnect")[0]["reason"] == "another connection with the same client id was made"


def test_a_connection_that_is_refused_ends_no_other_of_its_client_id(broker, device, identity):
    first = device(identity()).connect()
    with pytest.raises(DeviceError):
        device(identity(document=None)).connect()

    assert first.connected
    assert broker.connected == ["lamp"]


@VERSIONS
def test_the_broker_ends_in_order(iot, device, identity, version):
    held = identity()
    with kvlab.broker(iot) as own:
        lamp = device(held, version=version, at=own).connect()

    assert lamp.wait_for_disconnect()
    assert [event.kind for event in iot.events.since(len(iot.events) - 2)] == ["connect", "disconnect"]


def test_nothing_secret_is_in_the_events(device, identity, iot, broker):
    held = identity()
    device(held).connect().publish("state", "s3cret payload")
    broker.settle()

    told = json.dumps([event.to_json() for event in iot.events.since(len(iot.events) - 10)])
    assert "PRIVATE KEY" not in told
    assert "s3cret" not in told
