"""`aws iot …`, unmodified, against `kvlab serve`."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

import kvlab
from kvlab import Iot, Vault
from kvlab.render.call.dialect import texts
from tests.iot.make import POLICY, request
from tests.server.served import serving
from tests.tool import tool

pytestmark = pytest.mark.parity("aws-cli")


class Aws:
    """Runs `aws iot` with an environment of its own."""

    def __init__(self, directory, server):
        self._path = tool("aws")
        self.facts = server.facts
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL_IOT": server.facts["iot_endpoint"], "AWS_CA_BUNDLE": server.facts["ca_bundle"],
            "AWS_CONFIG_FILE": str(directory / "config"), "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip

    def __call__(self, *arguments):
        """Return what a command printed, read as JSON; None if it printed nothing."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def shell(self, call, folder):
        """Run the text that a form shows."""
        path = f"{Path(self._path).parent}:{os.environ['PATH']}"
        subprocess.run(
            ["bash", "-e", "-c", texts(call)["aws"]], env=self._environment | {"PATH": path}, cwd=folder, check=True,
            timeout=120, stdin=subprocess.DEVNULL, capture_output=True,
        )  # fmt: skip

    def run(self, *arguments):
        return subprocess.run(
            [self._path, "iot", *map(str, arguments)], env=self._environment, capture_output=True, text=True,
            check=False, timeout=120, stdin=subprocess.DEVNULL,
        )  # fmt: skip


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    tool("aws")
    with serving() as server:
        yield Aws(tmp_path_factory.mktemp("aws"), server)


def test_one_click_certificate_to_deletion(aws, tmp_path, openssl):
    files = {part: tmp_path / part for part in ("certificate", "public", "private")}
    made = aws(
        "create-keys-and-certificate", "--set-as-active", "--certificate-pem-outfile", files["certificate"],
        "--public-key-outfile", files["public"], "--private-key-outfile", files["private"],
    )  # fmt: skip
    arn, found = made["certificateArn"], made["certificateId"]
    document = tmp_path / "policy.json"
    document.write_text(POLICY)

    aws("create-policy", "--policy-name", "connect", "--policy-document", f"file://{document}")
    aws("attach-policy", "--policy-name", "connect", "--target", arn)
    aws("create-thing", "--thing-name", "sensor")
    aws("attach-thing-principal", "--thing-name", "sensor", "--principal", arn)

    assert arn.startswith("arn:aws:iot:eu-central-1:123456789012:cert/")
    of_key = openssl("pkey", "-in", files["private"], "-pubout")
    assert of_key == openssl("x509", "-in", files["certificate"], "-noout", "-pubkey") == files["public"].read_bytes()
    assert aws("list-principal-things", "--principal", arn) == {"things": ["sensor"]}
    assert aws("list-attached-policies", "--target", arn)["policies"][0]["policyName"] == "connect"
    address = aws("describe-endpoint", "--endpoint-type", "iot:Data-ATS")["endpointAddress"]
    assert aws.facts["mqtt_endpoint"].startswith(f"mqtts://{address}:")
    refused = aws.run("delete-certificate", "--certificate-id", found)
    assert refused.returncode != 0
    assert "(CertificateStateException) when calling the DeleteCertificate operation" in refused.stderr
    aws("update-certificate", "--certificate-id", found, "--new-status", "INACTIVE")
    aws("detach-thing-principal", "--thing-name", "sensor", "--principal", arn)
    aws("delete-certificate", "--certificate-id", found, "--force-delete")
    assert found not in {row["certificateId"] for row in aws("list-certificates")["certificates"]}


def test_a_csr_from_a_file(aws, tmp_path):
    file = tmp_path / "csr.pem"
    file.write_text(request(common_name="sensor-2"))

    made = aws("create-certificate-from-csr", "--certificate-signing-request", f"file://{file}")
    shown = aws("describe-certificate", "--certificate-id", made["certificateId"])["certificateDescription"]

    assert shown["status"] == "INACTIVE"
    assert x509.load_pem_x509_certificate(shown["certificatePem"].encode()).subject.rfc4514_string() == "CN=sensor-2"


def test_a_ca_of_ones_own_made_with_openssl(aws, tmp_path, openssl):
    def make(*arguments):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", *arguments)

    code = aws("get-registration-code")["registrationCode"]
    ca, key = tmp_path / "ca.pem", tmp_path / "ca.key"
    make("-x509", "-days", "30", "-subj", "/CN=Factory CA", "-keyout", key, "-out", ca)

    def sign(name, subject):
        make("-subj", subject, "-keyout", tmp_path / f"{name}.key", "-out", tmp_path / f"{name}.csr")
        pem = tmp_path / f"{name}.pem"
        openssl(
            "x509",
            "-req",
            "-in",
            tmp_path / f"{name}.csr",
            "-CA",
            ca,
            "-CAkey",
            key,
            "-CAcreateserial",
            "-days",
            "30",
            "-out",
            pem,
        )
        return pem

    made = aws(
        "register-ca-certificate", "--ca-certificate", f"file://{ca}", "--verification-certificate",
        f"file://{sign('verification', f'/CN={code}')}", "--set-as-active",
    )  # fmt: skip
    leaf = aws(
        "register-certificate", "--certificate-pem", f"file://{sign('sensor', '/CN=sensor')}", "--status", "ACTIVE"
    )

    listed = aws("list-certificates-by-ca", "--ca-certificate-id", made["certificateId"])["certificates"]
    assert [(row["certificateId"], row["status"]) for row in listed] == [(leaf["certificateId"], "ACTIVE")]
    assert aws("list-ca-certificates")["certificates"][0]["certificateId"] == made["certificateId"]


def test_the_commands_that_forms_show_are_run_as_they_stand(aws, tmp_path):
    """Against another registry: what the form has done in its own, the commands do at the server."""
    mine = Iot(Vault())
    mine.create_policy("shown", POLICY)
    mine.create_thing("shown-thing")
    form = kvlab.device(mine)
    form.fields["policy"].value, form.fields["thing"].value = "shown", "shown-thing"
    aws("create-policy", "--policy-name", "shown", "--policy-document", POLICY)
    aws("create-thing", "--thing-name", "shown-thing")

    aws.shell(form.call(), tmp_path)

    (arn,) = aws("list-thing-principals", "--thing-name", "shown-thing")["principals"]
    assert aws("list-attached-policies", "--target", arn)["policies"][0]["policyName"] == "shown"
    certificate = x509.load_pem_x509_certificate((tmp_path / "device.pem").read_bytes())
    key = load_pem_private_key((tmp_path / "device.key").read_bytes(), None)
    assert certificate.public_key() == key.public_key()
    life = kvlab.device_life(mine, arn.rpartition("/")[2])
    life.do("revoke")
    aws.shell(life.call(), tmp_path)
    shown = aws("describe-certificate", "--certificate-id", arn.rpartition("/")[2])["certificateDescription"]
    assert shown["status"] == "REVOKED"
