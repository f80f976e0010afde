"""What is shown does the same, whichever language it is shown in: kvlab's Python, the Azure SDK and REST are run here."""

import ast
import base64
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import kvlab
from kvlab.clients.local import LocalCredential, Wire
from kvlab.errors import VaultError
from kvlab.render.call.call import Call
from kvlab.render.call.event import call_of
from kvlab.render.call.python import python_text
from kvlab.render.call.rest import request_text, response_text
from kvlab.render.call.sdk import sdk_text
from kvlab.server.endpoint import Endpoint
from kvlab.server.message import Request
from kvlab.server.register import Register
from kvlab.server.site import Site
from tests.render.call.scenario import CHANGES, PASSWORD, READS, SECRET, World

VARIABLES = {"PFX_PASSWORD": PASSWORD, "ISSUER_PASSWORD": PASSWORD, "SECRET_VALUE": SECRET}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where texts run: files are in the folder, secrets in the environment."""
    monkeypatch.chdir(tmp_path)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def world(prepare, place):
    made = World(place)
    prepare(made)
    return made


def outcome(vault):
    """Everything the vault says it holds, and the plain secrets' values."""
    vault.process_due()
    names = [item.id.rsplit("/", 1)[1] for item in vault.get_certificates(include_pending=True)]
    found = [[item.model_dump_json() for item in vault.get_certificate_versions(name)] for name in names]
    for name in names:
        found += [asked(vault, "get_certificate", name), asked(vault, "get_certificate_operation", name)]
    for kind in ("certificate", "key", "secret"):
        for item in getattr(vault, f"get_deleted_{kind}s")():
            found.append(asked(vault, f"get_deleted_{kind}", item.recovery_id.rsplit("/", 1)[1]))
    found += [asked(vault, "get_certificate_contacts"), asked(vault, "get_certificate_issuers")]
    found += [
        asked(vault, "get_certificate_issuer", "digi"),
        asked(vault, "get_key", "signer"),
        asked(vault, "get_key", "brought"),
    ]
    return [*found, asked(vault, "get_secret", "note")]


def asked(vault, operation, *args):
    try:
        result = getattr(vault, operation)(*args)
    except VaultError as refusal:
        return refusal.code
    found = [one.model_dump(mode="json") for one in (result if isinstance(result, list) else [result])]
    # The SDK always sends subject alternative names, if only an empty object.
    return json.dumps(found).replace('"sans": {}, ', "")


def run_python(text, vault):
    """Run a text as a notebook cell; returns what its last line gives."""
    lines = ast.parse(text).body
    names = {"vault": vault}
    exec(compile(ast.Module(lines[:-1], []), "cell", "exec"), names)
    return eval(compile(ast.Expression(lines[-1].value), "cell", "eval"), names)


def run_sdk(text, vault, monkeypatch):
    clients = kvlab.sdk(vault)
    monkeypatch.setattr("azure.identity.DefaultAzureCredential", lambda: "credential")
    for area, name in (("certificates", "CertificateClient"), ("keys", "KeyClient"), ("secrets", "SecretClient")):
        monkeypatch.setattr(f"azure.keyvault.{area}.{name}", lambda url, credential, area=area: getattr(clients, area))
    return run_python(text, vault)


def run_rest(text, vault):
    """Send a request as it is written, with what it only names filled in; returns the answer."""
    site = Site(vault, Register())
    token = LocalCredential(site, "owner").get_token("https://vault.azure.net/.default").token
    head, _, body = text.replace("<token>", token).partition("\n\n")
    method, target = head.split(" ")[:2]
    headers = dict(
        line.lower().split(": ", 1) if "Bearer" not in line else ("authorization", f"Bearer {token}")
        for line in head.split("\n")[1:]
        if line
    )
    url = urlsplit(target)
    return Endpoint(site).handle(Request(method, headers["host"], url.path, url.query, headers, filled(body).encode()))


def filled(body):
    return (
        json.dumps(json.loads(body, object_hook=lambda found: {key: known(value) for key, value in found.items()}))
        if body
        else ""
    )


def known(value):
    if isinstance(value, list):
        return [known(one) for one in value]
    match = re.fullmatch(r"<([^ >]+)(?: in (base64|base64url))?>", value) if isinstance(value, str) else None
    if match is None:
        return value
    if match[1] in VARIABLES:
        return VARIABLES[match[1]]
    octets = Path(match[1]).read_bytes()
    if match[2] is None:
        return json.loads(octets)
    return {"base64": base64.b64encode, "base64url": base64.urlsafe_b64encode}[match[2]](octets).decode()


def change(case, place):
    """The call that the event of a change leads back to, and the vault in which it was made."""
    prepare, act = CHANGES[case]
    first = world(prepare, place)
    seen = len(first.vault.events)
    first.result = act(first.vault, lambda name: (place / name).read_bytes())
    event = next(event for event in first.vault.events.since(seen) if call_of(event))
    return first, call_of(event, first.vault)


@pytest.mark.parametrize("case", CHANGES)
def test_kvlabs_own_python_does_the_same(case, place):
    first, call = change(case, place)
    again = world(CHANGES[case][0], place)

    result = run_python(python_text(call), again.vault)

    assert outcome(again.vault) == outcome(first.vault)
    if "back" not in case and result is not None:
        assert result.model_dump_json() == first.result.model_dump_json()


@pytest.mark.parametrize("case", CHANGES)
def test_the_sdk_does_the_same(case, place, monkeypatch):
    first, call = change(case, place)
    again = world(CHANGES[case][0], place)

    text = sdk_text(call)
    run_sdk(text, again.vault, monkeypatch)

    assert outcome(again.vault) == outcome(first.vault)


@pytest.mark.parametrize("case", CHANGES)
def test_rest_does_the_same_and_is_answered_as_shown(case, place):
    first, call = change(case, place)
    again = world(CHANGES[case][0], place)

    response = run_rest(request_text(call), again.vault)

    assert outcome(again.vault) == outcome(first.vault)
    shown = response_text(call, first.result)
    assert shown.startswith(f"HTTP/1.1 {response.status} ")
    if "back up" not in case:
        assert without_long(shown.partition("\n\n")[2]) == without_long(response.body.decode())


def without_long(body):
    """What is shown cuts long text, and leaves out a secret's value."""
    found = json.loads(body) if body.strip() else {}
    if "/secrets/" in found.get("id", ""):
        found.pop("value", None)
    return re.sub(r'"[^"]{40,}"', '"long"', json.dumps(found))


def read(case, place):
    prepare, (operation, *name), options = READS[case]
    made = world(prepare, place)
    named = {key: value(made.vault) if callable(value) else value for key, value in options.items()}
    return made, Call.of(operation, *name, vault=made.vault, **named), getattr(made.vault, operation)(*name, **named)


@pytest.mark.parametrize("case", READS)
def test_reading_is_answered_the_same(case, place):
    made, call, expected = read(case, place)

    python = run_python(python_text(call), made.vault)
    response = run_rest(request_text(call), made.vault)

    assert python == expected
    shown = response_text(call, expected)
    assert shown.startswith(f"HTTP/1.1 {response.status} ")
    assert without_long(shown.partition("\n\n")[2]) == without_long(response.body.decode()).replace(
        ', "nextLink": null', ""
    )


@pytest.mark.parametrize("case", READS)
def test_the_sdk_sends_the_request_that_is_shown(case, place, monkeypatch):
    made, call, _ = read(case, place)
    sent = []
    real = Wire.send

    def spy(wire, request):
        response = real(wire, request)
        sent.append((request.method, urlsplit(request.url).path.rstrip("/")) if response.status != 401 else None)
        return response

    monkeypatch.setattr(Wire, "send", spy)
    run_sdk(sdk_text(call), made.vault, monkeypatch)

    method, target = request_text(call).split(" ")[:2]
    assert (method, urlsplit(target).path) in sent
