"""The az commands that are shown: az itself parses each of them, and policies arrive whole."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from kvlab.render.call.az import az_text
from kvlab.render.call.call import Call
from kvlab.render.call.event import call_of
from tests.render.call.scenario import CHANGES, PASSWORD, READS, TAGS, World
from tests.tool import tool

SECRETS = {"PFX_PASSWORD": PASSWORD, "ISSUER_PASSWORD": PASSWORD, "SECRET_VALUE": "a secret"}


def calls(folder):
    """The call of each scenario, by its name."""
    found = {}
    for name, (prepare, act) in CHANGES.items():
        world = World(folder)
        prepare(world)
        seen = len(world.vault.events)
        act(world.vault, lambda file: (folder / file).read_bytes())
        found[name] = next(filter(None, map(call_of, world.vault.events.since(seen))))
    for name, (_, (operation, *about), options) in READS.items():
        named = {key: "0" * 32 if callable(value) else value for key, value in options.items()}
        found[name] = Call.of(operation, *about, **named)
    return {**found, "a name with a hyphen": Call.of("get_certificate", "-web")}


def words(text, folder):
    """The words that bash passes to az: a list for each command."""
    function = """az() { printf '%s\\0' "$@"; printf '\\1'; }\n"""
    done = subprocess.run(
        ["bash", "-c", function + text], cwd=folder, env=os.environ | SECRETS | {"LC_ALL": "C.UTF-8"}, check=True,
        capture_output=True, timeout=20,
    )  # fmt: skip
    return [command.split("\0")[:-1] for command in done.stdout.decode().split("\1")[:-1]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("calls")


@pytest.fixture(scope="module")
def parsed(folder, tmp_path_factory):
    """What az made of the commands of each scenario."""
    python = Path(tool("az")).resolve().parent / "python3"
    shown = {name: (call, words(az_text(call), folder)) for name, call in calls(folder).items()}
    lines = [json.dumps(command) for _, commands in shown.values() for command in commands]
    environment = os.environ | {
        "AZURE_CONFIG_DIR": str(tmp_path_factory.mktemp("az")),
        "AZURE_CORE_COLLECT_TELEMETRY": "no",
    }
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [python, Path(__file__).with_name("az_parse.py")], input="\n".join(lines) + "\n", env=environment, cwd=folder,
        capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    answers = iter([json.loads(line) for line in done.stdout.splitlines()])
    return {
        name: (call, commands, [next(answers, {"error": done.stderr[-2000:]}) for _ in commands])
        for name, (call, commands) in shown.items()
    }


NOTHING_TO_SAY = {"import a key"}
"""az takes a key from PEM, not from a JSON Web Key; through `az rest` the key would stand in the command."""


@pytest.mark.parametrize("case", [*CHANGES, *READS, "a name with a hyphen"])
def test_az_takes_what_is_shown(case, parsed):
    call, commands, answers = parsed[case]

    assert bool(commands) is (case not in NOTHING_TO_SAY)
    for command, answer in zip(commands, answers, strict=True):
        assert answer.get("command") == " ".join(command[: len(answer.get("command", "").split())]), (command, answer)
        assert PASSWORD not in az_text(call)
        if command[0] == "rest":
            body = command[command.index("--body") + 1] if "--body" in command else "null"
            assert json.loads(body) is None or isinstance(json.loads(body), dict)


def test_a_policy_arrives_whole(parsed):
    call, _, (answer,) = parsed["create"]
    asked = call.arguments["policy"]

    policy = answer["policy"]
    assert policy["x509_certificate_properties"]["subject"] == asked["x509_props"]["subject"]
    assert policy["key_properties"] == {"key_type": "EC"}
    assert policy["issuer_parameters"] == {"name": "Self"}


def test_tags_are_words_of_their_own(parsed):
    _, (command,), _ = parsed["create"]

    assert command[command.index("--tags") + 1 :] == [f"{key}={value}" for key, value in TAGS.items()]
