"""`az keyvault …`, unmodified, against `kvlab serve`; how it is pointed there stands in docs/az.md."""

import json
import os
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from tests.sdk.policy import outside_ca
from tests.server.served import serving
from tests.tool import tool
from tests.vault.make import ec_key, pem_file, pem_of, pfx_file

pytestmark = pytest.mark.parity("az")
VAULT = ("--vault-name", "localhost")


class Az:
    """Runs az with a configuration of its own."""

    def __init__(self, directory, server):
        self._path = tool("az")
        self._environment = os.environ | {
            "AZURE_CONFIG_DIR": str(directory),
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
            "AZURE_CORE_ONLY_SHOW_ERRORS": "yes",
            "AZURE_CORE_INSTANCE_DISCOVERY": "no",
            "REQUESTS_CA_BUNDLE": server.facts["ca_bundle"],
        }

    def __call__(self, *arguments):
        """Return what a command printed, read as JSON; None if it printed nothing."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def run(self, *arguments):
        command = [self._path, *map(str, arguments)]
        return subprocess.run(
            command,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )

    def certificate(self, verb, *arguments):
        """`az keyvault certificate VERB --vault-name localhost …`; a verb may be two words."""
        return self("keyvault", "certificate", *verb.split(), *VAULT, *arguments)


@pytest.fixture(scope="module")
def az(tmp_path_factory):
    tool("az")
    with serving() as server:
        run = Az(tmp_path_factory.mktemp("az"), server)
        facts = server.facts
        port = server.url.rpartition(":")[2]
        run(
            "cloud", "register", "--name", "kvlab", "--endpoint-resource-manager", server.url,
            "--suffix-keyvault-dns", f":{port}",
        )  # fmt: skip
        run("cloud", "set", "--name", "kvlab")
        run(
            "login", "--service-principal", "--username", facts["client_id"], "--password", facts["client_secret"],
            "--tenant", facts["tenant_id"], "--allow-no-subscriptions",
        )  # fmt: skip
        yield run


@pytest.fixture(scope="module")
def web(az, tmp_path_factory):
    """A certificate by az's own default policy; the policy's file."""
    policy = tmp_path_factory.mktemp("policy") / "policy.json"
    policy.write_text(json.dumps(az("keyvault", "certificate", "get-default-policy")))
    made = az.certificate("create", "--name", "web", "--policy", f"@{policy}")
    assert (made["status"], made["target"].rsplit("/", 1)[1]) == ("completed", "web")
    return policy


def test_show_list_versions_and_policy(az, web):
    shown = az.certificate("show", "--name", "web")
    second = az.certificate("create", "--name", "web", "--policy", f"@{web}", "--tags", "a=b")

    assert shown["policy"]["x509CertificateProperties"]["subject"] == "CN=CLIGetDefaultPolicy"
    assert shown["policy"]["keyProperties"]["reuseKey"] is True
    assert second["status"] == "completed"
    assert "web" in {item["name"] for item in az.certificate("list")}
    versions = az.certificate("list-versions", "--name", "web")
    assert shown["id"] in {version["id"] for version in versions}
    assert len(versions) == 2
    by_id = az("keyvault", "certificate", "show", "--id", shown["id"])
    assert by_id["cer"] == shown["cer"]


def test_set_attributes(az, web):
    changed = az.certificate("set-attributes", "--name", "web", "--tags", "team=web", "--enabled", "true")

    assert changed["tags"] == {"team": "web"}
    assert changed["attributes"]["enabled"] is True


def test_a_request_is_merged_and_an_operation_deleted(az, web, tmp_path):
    policy = json.loads(web.read_text())
    policy["issuerParameters"]["name"] = "Unknown"
    policy.pop("lifetimeActions")
    for name in ("manual", "given-up"):
        pending = az.certificate("create", "--name", name, "--policy", json.dumps(policy))
        assert pending["status"] == "inProgress"
    authority = outside_ca()
    csr = x509.load_pem_x509_csr(
        f"-----BEGIN CERTIFICATE REQUEST-----\n{az.certificate('pending show', '--name', 'manual')['csr']}\n-----END CERTIFICATE REQUEST-----\n".encode()
    )
    signed = authority.leaf(csr.public_key())
    chain = tmp_path / "chain.pem"
    chain.write_text(pem_of(signed) + pem_of(authority.intermediate))

    merged = az.certificate("pending merge", "--name", "manual", "--file", chain)
    az.certificate("pending delete", "--name", "given-up")

    assert merged["name"] == "manual"
    assert az.certificate("pending show", "--name", "manual")["status"] == "completed"
    gone = az.run("keyvault", "certificate", "pending", "show", *VAULT, "--name", "given-up")
    assert gone.returncode != 0
    assert "PendingCertificateNotFound" in gone.stderr


def test_contacts(az):
    az.certificate("contact add", "--email", "admin@contoso.com", "--name", "Jo Doe", "--phone", "123")
    az.certificate("contact add", "--email", "other@contoso.com")

    def listed():
        return [(each["emailAddress"], each["name"]) for each in az.certificate("contact list")["contactList"]]

    assert listed() == [("admin@contoso.com", "Jo Doe"), ("other@contoso.com", None)]
    az.certificate("contact delete", "--email", "admin@contoso.com")
    assert listed() == [("other@contoso.com", None)]
    az.certificate("contact delete", "--email", "other@contoso.com")


def test_issuers(az):
    made = az.certificate("issuer create", "--issuer-name", "partner", "--provider-name", "Test", "--account-id", "me")

    assert (made["provider"], made["credentials"]["accountId"]) == ("Test", "me")
    assert [item["provider"] for item in az.certificate("issuer list")] == ["Test"]
    az.certificate("issuer update", "--issuer-name", "partner", "--account-id", "you")
    assert az.certificate("issuer show", "--issuer-name", "partner")["credentials"]["accountId"] == "you"
    for email in ("jo@contoso.com", "ann@contoso.com"):
        az.certificate("issuer admin add", "--issuer-name", "partner", "--email", email)
    az.certificate("issuer admin delete", "--issuer-name", "partner", "--email", "jo@contoso.com")
    left = az.certificate("issuer admin list", "--issuer-name", "partner")
    assert [each["emailAddress"] for each in left] == ["ann@contoso.com"]
    az.certificate("issuer delete", "--issuer-name", "partner")
    assert az.certificate("issuer list") == []


def test_an_issuer_of_a_provider_and_its_administrators(az):
    named = ("--issuer-name", "digi")
    az.certificate(
        "issuer create", *named, "--provider-name", "DigiCert", "--account-id", "me", "--password", "hush",
        "--organization-id", "1001",
    )  # fmt: skip
    for first, email in (("Jo", "jo@contoso.com"), ("Ann", "ann@contoso.com")):
        az.certificate(
            "issuer admin add", *named, "--first-name", first, "--last-name", "Doe", "--email", email, "--phone", "123"
        )
    az.certificate("issuer admin delete", *named, "--email", "jo@contoso.com")
    az.certificate("issuer update", *named, "--organization-id", "1002")

    assert [each["emailAddress"] for each in az.certificate("issuer admin list", *named)] == ["ann@contoso.com"]
    shown = az.certificate("issuer show", *named)
    assert (shown["organizationDetails"]["id"], shown["credentials"]) == ("1002", {"accountId": "me", "password": None})
    az.certificate("issuer delete", *named)


@pytest.mark.parametrize("kind", ["pfx", "pem"])
def test_import_download_and_secret(az, tmp_path, kind):
    key, name = ec_key(), f"brought-{kind}"
    leaf = outside_ca().leaf(key.public_key())
    file = tmp_path / f"file.{kind}"
    file.write_bytes(pfx_file(key, leaf, password=b"hush") if kind == "pfx" else pem_file(key, leaf).encode())

    made = az.certificate("import", "--name", name, "--file", file, *(["--password", "hush"] if kind == "pfx" else []))

    assert made["policy"]["keyProperties"]["keyType"] == "EC"
    az.certificate("download", "--name", name, "--file", tmp_path / "got.pem", "--encoding", "PEM")
    assert x509.load_pem_x509_certificate((tmp_path / "got.pem").read_bytes()).public_bytes(Encoding.DER) == leaf
    az(
        "keyvault",
        "secret",
        "download",
        *VAULT,
        "--name",
        name,
        "--file",
        tmp_path / "secret",
        *(["--encoding", "base64"] if kind == "pfx" else []),
    )
    secret = (tmp_path / "secret").read_bytes()
    if kind == "pfx":
        assert pkcs12.load_pkcs12(secret, None).key.private_numbers() == key.private_numbers()
    else:
        assert secret.decode() == pem_file(key, leaf)
    shown = az("keyvault", "secret", "show", *VAULT, "--name", name)
    assert shown["managed"] is True
    assert name in {each["name"] for each in az("keyvault", "key", "list", *VAULT, "--include-managed")}


def test_delete_recover_purge_backup_restore(az, web, tmp_path):
    policy = json.loads(web.read_text())
    policy["keyProperties"] |= {"keyType": "EC", "keySize": 256, "curve": "P-256"}
    az.certificate("create", "--name", "kept", "--policy", json.dumps(policy))
    before = az.certificate("show", "--name", "kept")

    az.certificate("backup", "--name", "kept", "--file", tmp_path / "blob")
    az.certificate("delete", "--name", "kept")
    assert [item["name"] for item in az.certificate("list-deleted")] == ["kept"]
    assert az.certificate("show-deleted", "--name", "kept")["recoveryId"].endswith("/deletedcertificates/kept")
    assert az.certificate("recover", "--name", "kept")["id"] == before["id"]
    az.certificate("delete", "--name", "kept")
    az.certificate("purge", "--name", "kept")
    restored = az.certificate("restore", "--file", tmp_path / "blob")

    assert restored["id"] == before["id"]
    assert az.certificate("show", "--name", "kept")["cer"] == before["cer"]
