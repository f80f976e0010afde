"""A refused request may hold anything: no language reads it as code, and one that can not say it says nothing."""

import ast
import re
import subprocess

import pytest

from kvlab import Vault, calls
from kvlab.errors import VaultError
from tests.tool import tool
from tests.vault.make import finish

EVILS = [
    "$(touch boom)",
    "a'b",
    '")\nboom("',
    "'; boom '",
    "`touch boom`",
    "1); boom(",
    "--help",
    "\u2019; boom \u2019",
]
DIGEST = bytes(32)
POWERSHELL_STRING = re.compile("'(?:[^'\u2018\u2019]|(['\u2018\u2019])\\1)*'|\"(?:[^\"`]|`.)*\"")
ASKED = {
    "a version": lambda vault, evil: vault.get_certificate("web", evil),
    "a secret's version": lambda vault, evil: vault.update_secret("note", evil),
    "a key's version": lambda vault, evil: vault.get_key("web", evil),
    "a name": lambda vault, evil: vault.get_certificate(evil),
    "a name after a hyphen": lambda vault, evil: vault.delete_certificate(f"-{evil}"),
    "a policy that is none": lambda vault, evil: vault.update_certificate_policy("web", evil),
    "an algorithm": lambda vault, evil: vault.sign("web", evil, DIGEST),
    "a key's size": lambda vault, evil: vault.create_key("plain", "RSA", key_size=evil),
    "a key without a type": lambda vault, evil: vault.create_key("plain", None, crv=evil),
    "operations": lambda vault, evil: vault.update_key("web", key_ops=[evil]),
    "operations that are no list": lambda vault, evil: vault.update_key("web", key_ops=evil),
    "a date": lambda vault, evil: vault.set_secret("note", "x", attributes={"exp": evil}),
    "a date that no calendar has": lambda vault, _: vault.set_secret("note", "x", attributes={"exp": 10**30}),
    "tags": lambda vault, evil: vault.update_certificate("web", tags=evil),
    "attributes": lambda vault, evil: vault.update_certificate("web", attributes=evil),
    "enabled": lambda vault, evil: vault.update_certificate("web", attributes={"enabled": evil}),
    "months": lambda vault, evil: vault.create_certificate("web", {"x509_props": {"validity_months": evil}}),
    "usage": lambda vault, evil: vault.create_certificate("web", {"x509_props": {"subject": "CN=x", "key_usage": evil}}),
    "a key's size in a policy": lambda vault, evil: vault.create_certificate("web", {"key_props": {"key_size": evil}}),
    "a part of a policy": lambda vault, evil: vault.create_certificate("web", {"x509_props": evil, "issuer": evil}),
    "a trigger": lambda vault, evil: vault.create_certificate(
        "web", {"x509_props": {"subject": "CN=x"}, "lifetime_actions": [{"trigger": {"lifetime_percentage": evil}}]}
    ),
    "transparency": lambda vault, evil: vault.create_certificate(
        "web", {"x509_props": {"subject": "CN=x"}, "issuer": {"name": "x", "cert_transparency": evil}}
    ),
    "contacts": lambda vault, evil: vault.set_certificate_contacts(evil),
    "an issuer": lambda vault, evil: vault.set_certificate_issuer("digi", evil),
    "a provider": lambda vault, evil: vault.set_certificate_issuer("digi", provider=evil, org_details=evil),
    "a request id": lambda vault, evil: vault.get_certificate_operation("web", request_id=evil),
    "a wish": lambda vault, evil: vault.update_certificate_operation("web", evil),
}  # fmt: skip


@pytest.fixture(scope="module")
def vault():
    made = Vault(clock="simulated")
    finish(made, "web")
    made.set_secret("note", "a value")
    return made


@pytest.mark.parametrize("case", ASKED)
def test_what_was_refused_is_shown_and_never_read_as_code(case, vault, tmp_path):
    programs = []
    for evil in EVILS:
        seen = len(vault.events)
        with pytest.raises(VaultError):
            ASKED[case](vault, evil)
        texts = calls(vault.events.since(seen)[-1], vault).texts
        for language in ("kvlab", "sdk"):
            names = [node.id for node in ast.walk(ast.parse(texts.get(language, ""))) if isinstance(node, ast.Name)]
            assert "boom" not in names
        assert "boom" not in POWERSHELL_STRING.sub("", texts.get("powershell", ""))
        programs.append(texts.get("az", ""))
    # One shell for all; what is quoted is a word, and neither runs nor leaves a quote open.
    program = "az() { :; }; boom() { touch boom; }\n" + "".join(programs)
    ran = subprocess.run([tool("bash"), "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []
