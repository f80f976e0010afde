"""What the forms of AWS IoT show does what the forms do: kvlab's Python, boto3, REST and openssl are run here."""

import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

import kvlab
from kvlab import Iot, Vault
from kvlab.iot.material import certificate_id
from kvlab.render.call.dialect import texts
from kvlab.render.call.iot.call import IotCall
from kvlab.render.call.iot.rest import ARN, BETWEEN
from kvlab.server.aws.endpoint import AwsEndpoint
from kvlab.server.message import Request
from tests.iot.make import NOW, POLICY, OwnCA, der, request
from tests.iot.mqtt.conftest import key_pem
from tests.tool import tool

POLICY_NAME, THING = "-a,b=c@d+e", "boiler:1"
NOBODY = "<script>'$(id)'</script>/.. \u202e"
WAYS = {
    "keys": {"method": "keys"},
    "keys, attached": {"method": "keys", "active": False, "policy": POLICY_NAME, "thing": THING},
    "csr": {"method": "csr", "csr": "device.csr"},
    "csr, attached": {"method": "csr", "csr": "device.csr", "policy": POLICY_NAME},
    "ca": {"method": "ca", "certificate": "device.pem"},
    "ca, named": {"method": "ca", "certificate": "device.pem", "ca": "ca.pem", "active": False, "thing": THING},
    "without_ca": {"method": "without_ca", "certificate": "device.pem"},
}
MOVES = ("activate", "deactivate", "revoke", "delete")


@cache
def files():
    """What somebody has on disk, the same for all tests."""
    ca = OwnCA(days=3650)
    return {"device.csr": request(), "device.pem": ca.leaf(), "ca.pem": ca.pem, "kept.pem": ca.leaf("kept")}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where texts run."""
    monkeypatch.chdir(tmp_path)
    for name, text in files().items():
        Path(name).write_text(text)
    return tmp_path


def registry(case=""):
    """A registry as it is before a case: a policy, a thing, a CA of one's own, and a certificate."""
    iot = Iot(Vault(clock=kvlab.SimulatedClock(NOW)), region="eu-west-1")
    iot.create_policy(POLICY_NAME, POLICY)
    iot.create_thing(THING)
    iot.register_ca_certificate(files()["ca.pem"], certificate_mode="SNI_ONLY", set_as_active=True)
    status = "ACTIVE" if case in ("deactivate", "revoke") else "INACTIVE"
    return iot, iot.register_certificate(files()["kept.pem"], status=status).certificate_id


def outcome(iot):
    """What the registry says of its certificates, chance aside, and what is attached to them."""
    return [
        (
            each.status,
            each.certificate_mode,
            iot.describe_certificate(each.certificate_id).certificate_description.ca_certificate_id,
            whose(iot.describe_certificate(each.certificate_id).certificate_description.certificate_pem),
            iot.list_attached_policies(each.certificate_arn).policies,
            iot.list_principal_things(each.certificate_arn).things,
        )
        for each in iot.list_certificates().certificates
    ]


def whose(pem):
    """Subject, issuer and key; a key that AWS IoT made differs each time."""
    found = x509.load_pem_x509_certificate(pem.encode())
    key = found.public_key()
    return found.subject, found.issuer, key.key_size if isinstance(key, rsa.RSAPublicKey) else key.public_numbers()


@cache
def by_a_form(way):
    """A call that the form for new certificates shows, and what the form did."""
    iot, _ = registry()
    form = kvlab.device(iot)
    for name, value in WAYS[way].items():
        form.fields[name].value = files().get(value, value)
    form.submit()
    assert form.state == "done"
    return form.call(), outcome(iot)


@cache
def by_a_move(move):
    """The same of the form for a certificate's life."""
    iot, kept = registry(move)
    form = kvlab.device_life(iot, kept)
    form.do(move)
    assert form.state == "done"
    return form.call(), outcome(iot)


CASES = {**dict.fromkeys(WAYS, by_a_form), **dict.fromkeys(MOVES, by_a_move)}
BY_CASE = pytest.mark.parametrize("case", CASES)


@BY_CASE
def test_kvlabs_own_python_does_the_same(case, folder):
    call, done = CASES[case](case)
    iot, _ = registry(case)

    exec(texts(call)["kvlab"], {"iot": iot})

    assert outcome(iot) == done


@BY_CASE
def test_boto3_does_the_same(case, folder, monkeypatch):
    call, done = CASES[case](case)
    iot, _ = registry(case)

    def client(service, region_name):
        assert service == "iot"
        return kvlab.aws(iot.vault, region=region_name).iot

    names = {}
    monkeypatch.setattr("boto3.client", client)
    exec(texts(call)["boto3"], names)

    assert outcome(iot) == done
    if case.startswith("keys"):
        assert "PRIVATE KEY" in names["made"]["keyPair"]["PrivateKey"]


@BY_CASE
def test_rest_does_the_same(case, folder):
    call, done = CASES[case](case)
    iot, _ = registry(case)

    answers = run_rest(texts(call)["rest"], iot)

    assert [answer.status for answer in answers] == [200] * (1 + len(call.then))
    assert outcome(iot) == done


def run_rest(text, iot):
    """Send the requests as they are written, with what they only name filled in; returns the answers."""
    endpoint, answers, arn = AwsEndpoint(iot.vault, signed=False), [], ""
    scope = "Credential=test/20260601/eu-west-1/iot/aws4_request, SignedHeaders=host, Signature=0"
    for written in text.split(BETWEEN):
        head, _, body = written.replace(ARN, arn).replace("<signature>", scope).partition("\n\n")
        first, *lines = head.strip().split("\n")
        url = urlsplit(first.split(" ")[1])
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        sent = re.sub(r"<([\w.]+)>", lambda found: json.dumps(Path(found[1]).read_text())[1:-1], body)
        answers.append(
            endpoint.handle(Request(first.split(" ")[0], headers["host"], url.path, url.query, headers, sent.encode()))
        )
        arn = arn or json.loads(answers[0].body).get("certificateArn", "")
    return answers


def test_openssl_makes_key_request_and_certificate_and_says_the_id(folder):
    tool("openssl")
    call, _ = by_a_form("keys")
    ca, ours = own_ca(folder), registry()[0].create_keys_and_certificate()

    said = sh(texts(call)["openssl"])

    theirs = x509.load_pem_x509_certificate(Path("device.pem").read_bytes())
    expected = x509.load_pem_x509_certificate(ours.certificate_pem.encode())
    theirs.verify_directly_issued_by(ca)
    assert theirs.subject == expected.subject
    for extension in (x509.BasicConstraints, x509.KeyUsage):
        assert theirs.extensions.get_extension_for_class(extension) == expected.extensions.get_extension_for_class(
            extension
        )
    assert said.endswith(f"{kvlab_id()} *stdin\n")


@pytest.mark.parametrize("way", ["csr", "ca", "without_ca"])
def test_openssl_does_with_what_one_has_what_aws_iot_does(way, folder):
    tool("openssl")
    call, _ = by_a_form(way)
    if way == "csr":
        own_ca(folder)

    said = sh(texts(call)["openssl"])

    assert said.endswith(f"{kvlab_id()} *stdin\n")
    if way == "csr":
        asked = x509.load_pem_x509_csr(Path("device.csr").read_bytes())
        assert x509.load_pem_x509_certificate(Path("device.pem").read_bytes()).public_key() == asked.public_key()


def own_ca(folder):
    ca = OwnCA()
    (folder / "ca.pem").write_text(ca.pem)
    (folder / "ca.key").write_text(key_pem(ca.key))
    return ca.certificate


def kvlab_id():
    """What the registry calls the certificate on disk."""
    return certificate_id(der(Path("device.pem").read_text()))


def sh(text):
    done = subprocess.run(["sh", "-e", "-c", text], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("case", [*WAYS, *MOVES, "hostile"])
def test_bash_passes_each_word_to_aws_as_it_is(case, folder):
    iot, _ = registry()
    if case == "hostile":
        # The form takes any text for a thing's name; what AWS says of it is another matter.
        call = IotCall.of(
            iot, "create_keys_and_certificate", IotCall.of(iot, "attach_thing_principal", thing_name=NOBODY)
        )
    else:
        call, _ = CASES[case](case)
    function = """aws() { printf '%s\\0' "$@" >> words; printf '\\1' >> words; echo "the ARN"; }\n"""

    subprocess.run(
        ["bash", "-c", function + texts(call)["aws"]], check=True, timeout=20, env=os.environ | {"LC_ALL": "C.UTF-8"}
    )

    commands = [words.split("\0")[:-1] for words in Path("words").read_text().split("\1")[:-1]]
    assert [command[1] for command in commands] == [
        each.operation.replace("_", "-") for each in (call, *(after for after, _ in call.then))
    ]
    for (_, place), command in zip(call.then, commands[1:], strict=True):
        assert command[-2:] == [f"--{place}", "the ARN"]
    if case == "hostile":
        assert NOBODY in commands[1]
    if "attached" in case:
        assert f"--policy-name={POLICY_NAME}" in commands[1]


def test_hostile_text_stays_text_in_every_language():
    asked = []
    iot = SimpleNamespace(
        region="eu-west-1", attach_thing_principal=lambda *given, **named: asked.append((given, named))
    )
    call = IotCall.of(iot, "create_keys_and_certificate", IotCall.of(iot, "attach_thing_principal", thing_name=NOBODY))
    iot.create_keys_and_certificate = lambda: SimpleNamespace(certificate_arn="the ARN")

    shown = texts(call)
    exec(shown["kvlab"], {"iot": iot})

    assert asked == [((NOBODY, "the ARN"), {})]
    assert "/%3Cscript%3E%27%24%28id%29%27%3C%2Fscript%3E%2F..%20%E2%80%AE/principals" in shown["rest"]
    assert all("\u202e" not in text for text in shown.values())


def test_no_text_holds_what_was_pasted():
    for way in WAYS:
        call, _ = by_a_form(way)
        shown = json.dumps(texts(call)) + repr(call)
        assert "-----BEGIN" not in shown, way


def test_what_the_service_does_not_have_is_no_call():
    with pytest.raises(KeyError):
        IotCall.of(registry()[0], "make_coffee")
