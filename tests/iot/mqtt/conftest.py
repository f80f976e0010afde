"""A broker, and devices that may do all or nothing."""

import json
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import kvlab
from kvlab.iot.device import Device
from tests.iot.make import POLICY, ec_key, request
from tests.iot.mqtt import raw


class Identity(NamedTuple):
    """A certificate of the registry, and its key."""

    arn: str
    id: str
    pem: str
    key_pem: str


def key_pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def allow(*rules):
    """A policy document; each rule is an action and a resource, such as `("iot:Publish", "topic/a")`, or `*`."""
    statements = [
        {"Effect": "Allow", "Action": action, "Resource": name if name == "*" else f"arn:aws:iot:*:*:{name}"}
        for action, name in rules
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture(scope="session")
def broker(shared_vault):
    """One broker for all tests: each has an account of its own."""
    with kvlab.broker(shared_vault) as running:
        yield running


@pytest.fixture
def identity(iot):
    """Make a certificate: `identity(document, active=True)`; the document is attached as a policy, None for none."""
    number = iter(range(1000))

    def make(document=POLICY, *, active=True, registry=iot):
        key = ec_key()
        made = registry.create_certificate_from_csr(request(key), set_as_active=active)
        if document:
            name = f"policy-{next(number)}"
            registry.create_policy(name, document)
            registry.attach_policy(name, made.certificate_arn)
        return Identity(made.certificate_arn, made.certificate_id, made.certificate_pem, key_pem(key))

    return make


@pytest.fixture
def device(broker):
    """Make a paho device: `device(identity, client_id, version=…)`; what is connected at the end is disconnected."""
    made = []

    def make(identity, client_id="lamp", version="3.1.1", at=broker):
        place = {"host": at.host, "port": at.port, "ca_bundle": at.ca_bundle}
        made.append(Device(client_id, identity.pem, identity.key_pem, version=version, **place))
        return made[-1]

    yield make
    for device in made:
        device.disconnect()


@pytest.fixture
def tls(broker):
    """Make a TLS client context: `tls(identity, maximum_version=…)`."""
    return lambda identity=None, **limits: raw.context(broker.ca_bundle, *(identity or (None,) * 4)[2:], **limits)


@pytest.fixture
def said(broker, iot):
    """What the event log has of one kind since the test began, of its account or of nobody's: its details."""
    broker.settle()
    began = len(iot.events)

    def read(kind):
        broker.settle()
        return [
            event.detail
            for event in iot.events.since(began)
            if event.kind == kind and (iot.account in event.object or event.object.startswith("iot/"))
        ]

    return read
