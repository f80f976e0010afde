"""The official JavaScript clients, unmodified; `npm ci --prefix tests/clients/node` brings them."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.sdk.way import service_principal
from tests.server.served import serving
from tests.tool import missing, tool

HERE = Path(__file__).parent / "node"


@pytest.mark.parity("sdk-js")
def test_node():
    node = tool("node")
    tool("openssl")
    if not (HERE / "node_modules").exists():
        missing("the packages of tests/clients/node (npm ci --prefix tests/clients/node)")
    with serving() as server:
        variables = {"VAULT_URL": server.url, "NODE_EXTRA_CA_CERTS": server.facts["ca_bundle"], "NODE_NO_WARNINGS": "1"}

        done = subprocess.run(
            [node, "--test", "--test-reporter=tap", "scenarios.test.js"],
            cwd=HERE,
            env=os.environ | service_principal(server.facts) | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)[1]) == 11
