"""Certificates, requests and templates with octets changed at random: refused or taken, never a bug."""

import base64
import contextlib
import json
import random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kvlab import IotError, SimulatedClock, Vault, zoo
from kvlab.iot.joining import register_at_connect
from tests.iot.make import POLICY, OwnCA, der, ec_key, request, rsa_key
from tests.iot.test_provisioning import JITP

pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
ROUNDS = 1500


@pytest.fixture(scope="module")
def shared_vault():
    """A vault apart: what is damaged here and taken must not be met by others' look for a CA."""
    with Vault(clock=SimulatedClock("2026-06-01T09:00Z")) as opened:
        yield opened


def mutated(octets, chance):
    """Octets with a few changed, cut out or doubled."""
    found = bytearray(octets)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        place = chance.randrange(len(found))
        match chance.randrange(4):
            case 0 | 1:
                found[place] = chance.randrange(256)
            case 2:
                del found[place : place + chance.randrange(1, 9)]
            case 3:
                found[place:place] = found[place : place + chance.randrange(1, 9)]
    return bytes(found)


def armoured(label, octets):
    return f"-----BEGIN {label}-----\n{base64.encodebytes(octets).decode()}-----END {label}-----\n"


def outcomes(call, texts):
    found = {}
    for text in texts:
        try:
            call(text)
            kind = "taken"
        except IotError as error:
            kind = error.code
        found[kind] = found.get(kind, 0) + 1
    return found


@pytest.mark.parametrize("key", [ec_key, rsa_key])
def test_certificates(iot, key):
    chance = random.Random(1)
    ca = OwnCA(key=key())
    ca.register(iot)
    leaf = der(ca.leaf(usage=["digital_signature"], ca=False))
    texts = [armoured("CERTIFICATE", mutated(leaf, chance)) for _ in range(ROUNDS)]

    with_ca = outcomes(iot.register_certificate, texts)
    without = outcomes(iot.register_certificate_without_ca, texts)
    as_ca = outcomes(lambda text: iot.register_ca_certificate(text, certificate_mode="SNI_ONLY"), texts)

    refused = {"CertificateValidationException", "ResourceAlreadyExistsException"}
    assert with_ca.keys() <= {*refused, "CertificateStateException", "taken"}
    assert without.keys() <= {*refused, "taken"}
    assert as_ca.keys() <= {*refused, "taken"}
    for row in iot.list_certificates(page_size=250).certificates:
        iot.describe_certificate(row.certificate_id)


def test_cas(iot):
    chance = random.Random(2)
    ca = der(OwnCA(usage=["key_cert_sign"]).pem)
    texts = [armoured("CERTIFICATE", mutated(ca, chance)) for _ in range(ROUNDS)]

    found = outcomes(lambda text: iot.register_ca_certificate(text, certificate_mode="SNI_ONLY"), texts)

    assert found.keys() <= {
        "CertificateValidationException", "ResourceAlreadyExistsException", "LimitExceededException", "taken",
    }  # fmt: skip
    for row in iot.list_ca_certificates(page_size=250).certificates:
        iot.describe_ca_certificate(row.certificate_id)


@pytest.mark.parametrize("key", [ec_key, rsa_key])
def test_requests(iot, key):
    chance = random.Random(3)
    octets = x509.load_pem_x509_csr(request(key()).encode()).public_bytes(Encoding.DER)
    texts = [armoured("CERTIFICATE REQUEST", mutated(octets, chance)) for _ in range(ROUNDS)]

    found = outcomes(iot.create_certificate_from_csr, texts)

    # Where the signature holds nothing that is signed has changed.
    assert found.keys() <= {"InvalidRequestException", "taken"}
    assert found.get("taken", 0) < ROUNDS / 20


def test_certificates_that_devices_show(iot):
    chance = random.Random(4)
    ca = OwnCA()
    ca.register(iot, allow_auto_registration=True)
    leaf = der(ca.leaf())
    for _ in range(ROUNDS):
        try:
            shown = x509.load_der_x509_certificate(mutated(leaf, chance))
        except ValueError:
            continue
        assert register_at_connect(iot._vault, shown) is None or shown.public_bytes(Encoding.DER) == leaf


def test_policies_and_templates(iot):
    chance = random.Random(5)
    for number in range(ROUNDS):
        text = mutated(POLICY.encode(), chance).decode("utf-8", "replace")
        template = mutated(json.dumps(JITP).encode(), chance).decode("utf-8", "replace")
        outcomes(lambda text, number=number: iot.create_policy(f"p{number}", text), [text])
        outcomes(lambda text: iot.register_thing(text, {}), [template])


@pytest.mark.parametrize("name", [name for name, each in zoo.ALL.items() if each.kind in ("certificate", "chain")])
def test_the_zoos_specimens(iot, name):
    octets = zoo.ALL[name].der
    text = armoured("CERTIFICATE", octets)
    calls = (
        iot.register_certificate,
        iot.register_certificate_without_ca,
        lambda text: iot.register_ca_certificate(text, certificate_mode="SNI_ONLY"),
    )

    found = [outcomes(call, [text]) for call in calls]

    assert all(len(outcome) == 1 for outcome in found)
    with contextlib.suppress(ValueError):
        assert register_at_connect(iot._vault, x509.load_der_x509_certificate(octets)) is None or "taken" in found[1]


def test_an_extension_that_stands_twice_is_refused(iot):
    text = armoured("CERTIFICATE", zoo.specimen("Z29").der)

    assert outcomes(iot.register_certificate_without_ca, [text]) == {"CertificateValidationException": 1}
