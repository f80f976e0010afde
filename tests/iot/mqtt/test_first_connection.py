"""Just-in-time registration and provisioning: what a first connection of one's own CA's certificate does."""

import json

import pytest
from cryptography import x509

from kvlab.errors import DeviceError
from kvlab.iot import material
from kvlab.iot.joining import register_at_connect
from tests.iot.make import OwnCA, der, ec_key, rsa_key, status_of
from tests.iot.mqtt import raw
from tests.iot.mqtt.conftest import Identity, allow, key_pem


def certificate_id(leaf):
    return material.certificate_id(der(leaf))


@pytest.fixture
def factory():
    """A CA of one's own; each test's has another subject, for the vault is shared."""
    return OwnCA(f"Factory CA {ec_key().private_numbers().private_value:x}"[:60])


@pytest.fixture
def first(broker, device):
    """Connect with a leaf of the CA for the first time; returns its identity."""

    def connect(factory, name="lamp", key=None, **options):
        key = key or ec_key()
        held = Identity("", "", factory.leaf(name, key, **options), key_pem(key))
        with pytest.raises(DeviceError):
            device(held, name).connect()
        broker.settle()
        return held

    return connect


def test_an_unknown_certificate_of_an_auto_registering_ca_is_registered_and_refused(iot, factory, first, device, said):
    ca_id = factory.register(iot, allow_auto_registration=True)
    held = first(factory)
    (row,) = iot.list_certificates_by_ca(ca_id).certificates

    assert (row.certificate_id, row.status) == (certificate_id(held.pem), "PENDING_ACTIVATION")
    with pytest.raises(DeviceError):
        device(held).connect()
    assert [entry["reason"] for entry in said("refuse_connection")] == [
        "the certificate is not registered",
        "the certificate is PENDING_ACTIVATION",
    ]


def test_it_connects_once_it_is_activated_and_has_a_policy(iot, factory, first, device):
    factory.register(iot, allow_auto_registration=True)
    held = first(factory)
    found = certificate_id(held.pem)
    iot.update_certificate(found, "ACTIVE")
    iot.create_policy("all", allow(("iot:*", "*")))
    iot.attach_policy("all", iot.describe_certificate(found).certificate_description.certificate_arn)

    assert device(held).connect().connected


@pytest.mark.parity("iot-jitr")
def test_the_service_tells_about_it_at_every_connection_while_it_is_pending(iot, factory, first, device, identity):
    ca_id = factory.register(iot, allow_auto_registration=True)
    watcher = device(identity(), "watcher").connect()
    topic = f"$aws/events/certificates/registered/{ca_id}"
    watcher.subscribe(topic)

    held = first(factory)
    with pytest.raises(DeviceError):
        device(held).connect()

    messages = watcher.wait_for_messages(2)
    assert [message.topic for message in messages] == [topic, topic]
    told = json.loads(messages[0].payload)
    now = int(iot.clock.now().timestamp())
    assert told == {
        "certificateId": certificate_id(held.pem),
        "caCertificateId": ca_id,
        "timestamp": 1000 * now,
        "certificateStatus": "PENDING_ACTIVATION",
        "awsAccountId": iot.account,
        "certificateRegistrationTimestamp": str(1000 * now),
    }


@pytest.mark.parametrize("options", [{}, {"allow_auto_registration": True, "active": False}], ids=["off", "inactive"])
def test_a_ca_that_does_not_register_by_itself_registers_nothing(iot, factory, first, options):
    factory.register(iot, **options)
    first(factory)

    assert iot.list_certificates().certificates == []


def test_a_forged_certificate_is_not_registered(iot, factory, first):
    factory.register(iot, allow_auto_registration=True)
    forger = OwnCA(factory.name.rfc4514_string().removeprefix("CN="))
    first(forger)

    assert iot.list_certificates().certificates == []


def test_a_weak_key_is_not_registered(iot, factory):
    factory.register(iot, allow_auto_registration=True)
    weak = x509.load_pem_x509_certificate(factory.leaf("lamp", rsa_key(1024)).encode())

    assert register_at_connect(iot.vault, weak) is None
    assert iot.list_certificates().certificates == []


def test_a_device_that_does_not_name_its_host_registers_nothing(broker, iot, factory, tls):
    factory.register(iot, allow_auto_registration=True)
    key = ec_key()
    held = Identity("", "", factory.leaf("lamp", key), key_pem(key))

    assert raw.is_refused(broker, tls(held), server_name=None)
    broker.settle()
    assert iot.list_certificates().certificates == []


DOCUMENT = allow(
    ("iot:Connect", "client/${iot:Connection.Thing.ThingName}"),
    ("iot:Publish", "topic/${iot:Connection.Thing.Attributes[serial]}/*"),
)


def template(**changes):
    body = {
        "Parameters": {
            f"AWS::IoT::Certificate::{name}": {"Type": "String"} for name in ("CommonName", "SerialNumber", "Id")
        },
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {
                    "ThingName": {"Ref": "AWS::IoT::Certificate::CommonName"},
                    "ThingTypeName": "bulb",
                    "AttributePayload": {"serial": {"Ref": "AWS::IoT::Certificate::SerialNumber"}},
                },
            },
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "ACTIVE"},
            },
            "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": DOCUMENT}},
        },
    }
    return {"templateBody": json.dumps(body | changes), "roleArn": "arn:aws:iam::123456789012:role/Provisioning"}


@pytest.mark.parity("iot-jitp")
def test_a_template_provisions_thing_policy_and_certificate(iot, factory, first, device, said):
    factory.register(iot, allow_auto_registration=True, registration_config=template())
    held = first(factory, others={"SERIAL_NUMBER": "4711"})
    found = certificate_id(held.pem)

    assert status_of(iot, found) == "ACTIVE"
    thing = iot.describe_thing("lamp")
    assert (thing.thing_type_name, thing.attributes) == ("bulb", {"serial": "4711"})
    lamp = device(held).connect()
    lamp.publish("4711/state", "on")
    with pytest.raises(DeviceError):
        lamp.publish("4712/state", "on")
    assert len(said("provision")) == 1


def test_the_second_device_of_a_template_shares_the_policy(iot, factory, first):
    factory.register(iot, allow_auto_registration=True, registration_config=template())
    for name, serial in (("lamp", "1"), ("heater", "2")):
        first(factory, name, others={"SERIAL_NUMBER": serial})

    assert len(iot.list_policies().policies) == 1
    assert [thing.thing_name for thing in iot.list_things().things] == ["lamp", "heater"]


@pytest.mark.parametrize(
    ("config", "why"),
    [
        (template(), "SerialNumber"),  # the subject has none
        (template(Resources=1), "Resources"),
        (template(Parameters={"AWS::IoT::Certificate::Colour": {}}), "Colour"),
        (template(Parameters={}), "Cannot resolve reference"),
        ({"templateBody": "{", "roleArn": "arn:aws:iam::123456789012:role/x"}, "JSON"),
        ({"templateName": "fleet", "roleArn": "arn:aws:iam::123456789012:role/x"}, "not found"),
    ],
    ids=["subject lacks it", "resources", "unknown parameter", "undeclared", "no JSON", "named"],
)
def test_what_can_not_be_provisioned_stays_pending_and_is_told(iot, factory, first, said, config, why):
    factory.register(iot, allow_auto_registration=True, registration_config=config)
    held = first(factory)

    assert status_of(iot, certificate_id(held.pem)) == "PENDING_ACTIVATION"
    (refused,) = said("refuse_provisioning")
    assert why in refused["reason"]
