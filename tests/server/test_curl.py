"""The protocol by hand, with curl: challenge, token, create, poll, get."""

import json
import re
import subprocess

import pytest
from cryptography import x509

from tests.tool import tool

POLICY = {"key_props": {"kty": "EC", "crv": "P-256"}, "issuer": {"name": "Self"}, "x509_props": {"subject": "CN=curl"}}


@pytest.fixture
def curl(served):
    """Call curl with the server's authority; returns status, headers (text) and body."""
    path = tool("curl")

    def run(*arguments):
        command = [path, "--silent", "--include", "--cacert", served.facts["ca_bundle"], *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
        head, _, body = done.stdout.partition("\n\n")
        return int(head.split()[1]), head, body

    return run


@pytest.mark.parity("create_certificate", "get_certificate_operation", "get_certificate", "http-challenge")
def test_curl(served, curl):
    url, version = f"{served.url}/certificates/by-hand", "api-version=7.4"
    status, head, body = curl(f"{url}?{version}")
    assert (status, json.loads(body)["error"]["code"]) == (401, "Unauthorized")
    authorization, resource = re.search('Bearer authorization="(.+)", resource="(.+)"', head).groups()

    form = {"grant_type": "client_credentials", "scope": f"{resource}/.default", **_client(served.facts)}
    fields = [argument for pair in form.items() for argument in ("--data-urlencode", "=".join(pair))]
    status, _, body = curl(f"{authorization}/oauth2/v2.0/token", *fields)
    assert status == 200
    bearer = ("--header", f"Authorization: Bearer {json.loads(body)['access_token']}")
    status, head, body = curl(f"{url}/create?{version}", *bearer, "--json", json.dumps({"policy": POLICY}))
    assert (status, json.loads(body)["status"]) == (202, "inProgress")
    location = re.search("^location: (.+)$", head, re.IGNORECASE | re.MULTILINE)[1].strip()
    status, _, body = curl(location, *bearer)
    assert json.loads(body)["status"] == "completed"
    status, _, body = curl(f"{url}?{version}", *bearer)

    pem = f"-----BEGIN CERTIFICATE-----\n{json.loads(body)['cer']}\n-----END CERTIFICATE-----\n"
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert certificate.subject.rfc4514_string() == "CN=curl"


def _client(facts):
    return {name: facts[name] for name in ("client_id", "client_secret")}
