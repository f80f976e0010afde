"""The parity page: rows and what became of their tests in, Markdown out; nothing in it depends on the day or the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from kvlab.iot.state import TRANSITIONS as STEPS
from kvlab.iot.state import Gone
from kvlab.iot.state import Status as DeviceStatus
from kvlab.vault.inoperable import REFUSED, USES
from kvlab.vault.operation import TRANSITIONS, Move, Status, Worker, outcome
from tests.parity.row import AREAS

Outcomes = Mapping[str, Mapping[str, Collection[str]]]
"""By row and test (a node id without parameters): ``passed``, ``failed``, ``skipped``, as its cases ended."""

Written = Mapping[str, Collection[str]]
"""By row: the test files with a mark that names it, run or not."""

DOORS: dict[str, tuple[str, ...]] = {"Python": (), "HTTP": ("tests/server/",), "SDK": ("tests/sdk/", "tests/aws/")}
"""Each door with the folders of the tests that go through it; any other test goes through Python."""

PROVED, FAILED, SKIPPED, NOT_RUN, NO_TEST = "proved", "**failed**", "**skipped**", "**not run**", "**no test**"
NOT_HERE = "not in kvlab"
VERDICTS = (PROVED, FAILED, SKIPPED, NOT_RUN, NO_TEST, NOT_HERE)

REFERENCE = "https://learn.microsoft.com/rest/api/keyvault"
AWS_REFERENCE = "https://docs.aws.amazon.com/iot/latest/apireference"
"""Where each operation is described, made from the published API descriptions."""

TITLES = {"iot": "AWS IoT"}

BASIS = {
    "document": "document", "openapi": "OpenAPI", "sdk": "SDK source", "recording": "recording", "none": "nothing",
}  # fmt: skip

INTRODUCTION = """# Parity

What kvlab does as Azure Key Vault, and AWS IoT, does it, with the test that proves it. The test run wrote this page; its source is
[parity.toml](parity.toml) and the marks on the tests, so edit those and not this
([how](../CONTRIBUTING.md#the-parity-page)).

- **proved**: every test of the row that ran has passed. **failed**, **skipped** (a program it needs is absent),
  **not run** and **no test** say what they say: the row is not proved.
- *rests on*: a public document, the published API description (OpenAPI), the source of an official SDK, or a recording
  of the service's traffic in the SDKs' own tests and issues. *nothing*: nobody has told or seen it.
- **Chosen**: nobody saw the service do exactly this. It is what kvlab does, and the place to change once it is seen.
"""


def write(rows: Mapping[str, Any], outcomes: Outcomes, written: Written) -> str:
    """
    Return the page.

    Args:
        rows: of docs/parity.toml.
        outcomes: of this run.
        written: marks in test files.
    """
    parts = [
        INTRODUCTION,
        _totals(rows, outcomes, written),
        *_operations(rows["operation"], outcomes, written),
        _states(),
        _diagram(),
        _inoperable(),
        _device_states(),
        *_rules(rows["rule"], rows["source"], outcomes, written),
        _missing(rows["missing"], rows["source"]),
    ]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def verdict(row: Mapping[str, Any], tests: Mapping[str, Collection[str]], written: Collection[str]) -> str:
    """Return what this run says of a row, or of a door of it, from its tests and the files with marks."""
    if "missing" in row:
        return NOT_HERE
    seen = {case for cases in tests.values() for case in cases}
    for case, word in (("failed", FAILED), ("passed", PROVED), ("skipped", SKIPPED)):
        if case in seen:
            return word
    return NOT_RUN if written else NO_TEST


def _door(test: str) -> str:
    return next((door for door, folder in DOORS.items() if test.startswith(folder)), "Python")


def _totals(rows: Mapping[str, Any], outcomes: Outcomes, written: Written) -> str:
    rules = rows["rule"]
    kinds: dict[str, Sequence[Mapping[str, Any]]] = {
        **{f"operations on {area}": [row for row in rows["operation"] if row["area"] == area] for area in AREAS},
        "rules, witnessed": [row for row in rules if "choice" not in row],
        "rules, chosen": [row for row in rules if "choice" in row],
    }
    counts = {
        kind: Counter(verdict(row, *_of(row, outcomes, written)) for row in found) for kind, found in kinds.items()
    }
    words = [word for word in VERDICTS if word in (PROVED, NO_TEST) or any(count[word] for count in counts.values())]
    lines = [[kind, len(kinds[kind]), *(count[word] for word in words)] for kind, count in counts.items()]
    lines.append(["**all**", *(sum(column) for column in zip(*(line[1:] for line in lines), strict=True))])
    return "## Totals\n\n" + _table(["", "rows", *(word.strip("*") for word in words)], lines)


def _operations(rows: Iterable[Mapping[str, Any]], outcomes: Outcomes, written: Written) -> Iterable[str]:
    yield "## Operations\n\nMethod, path and permission rest on the published API description (OpenAPI).\n"
    rows = list(rows)
    for area in AREAS:
        lines = []
        for row in rows:
            if row["area"] != area:
                continue
            tests, files = _of(row, outcomes, written)
            doors = [_at_door(door, row, tests, files) for door in DOORS]
            proof = f"{NOT_HERE}: {row['missing']}" if "missing" in row else _links(tests) or verdict(row, tests, files)
            lines.append([f"`{row['id'].removeprefix('iot.')}`", _described(row), *doors, proof])
        yield f"### {TITLES.get(area, area.capitalize())}\n\n" + _table(
            ["operation", "request", *DOORS, "tests"], lines
        )


def _described(row: Mapping[str, Any]) -> str:
    """Link a request to where its operation is described."""
    if row["area"] == "iot":
        return f"[`{row['request']}`]({AWS_REFERENCE}/API_{row['id'].removeprefix('iot.')}.html)"
    return f"[`{row['request']}`]({REFERENCE}/{row['area']}/{row['id'].replace('_', '-')})"


def _of(
    row: Mapping[str, Any], outcomes: Outcomes, written: Written
) -> tuple[Mapping[str, Collection[str]], Collection[str]]:
    return outcomes.get(row["id"], {}), written.get(row["id"], ())


def _at_door(door: str, row: Mapping[str, Any], tests: Mapping[str, Collection[str]], files: Collection[str]) -> str:
    found = {test: seen for test, seen in tests.items() if _door(test) == door}
    word = verdict(row, found, [file for file in files if _door(file) == door])
    return "-" if word in (NO_TEST, NOT_HERE) else word


def _rules(
    rows: Iterable[Mapping[str, Any]], sources: Mapping[str, str], outcomes: Outcomes, written: Written
) -> Iterable[str]:
    yield "## Rules\n"
    topics: dict[str, list[list[str]]] = {}
    for row in rows:
        tests, files = _of(row, outcomes, written)
        rule = row["rule"] + (f"<br>**Chosen**: {row['choice']}" if "choice" in row else "")
        proof = "<br>".join(filter(None, [verdict(row, tests, files), _links(tests)]))
        topics.setdefault(row["topic"], []).append([rule, _rests_on(row, sources), proof])
    for topic, lines in topics.items():
        yield f"### {topic}\n\n" + _table(["rule", "rests on", "proof"], lines)


def _missing(rows: Iterable[Mapping[str, Any]], sources: Mapping[str, str]) -> str:
    lines = [[row["what"], row["instead"], _rests_on(row, sources)] for row in rows]
    return "## What the service does and kvlab does not\n\n" + _table(["the service", "kvlab", "source"], lines)


def _states() -> str:
    """Draw the table of states of `kvlab/vault/operation.py`."""
    lines = []
    for move in Move:
        ways = [_ways(status, move) for status in Status]
        lines.append([f"**{move}**", *("<br>".join(found) for found in ways)])
    text = (
        "Where each move leads in each status, or the refusal it gets. *Unknown* and *issuer* tell who has to sign:\n"
        "your own CA, or `Self` and named issuers. The last three moves are the vault's own.\n\n"
    )
    return "## The pending operation\n\n" + text + _table(["move", *map(str, Status)], lines)


def _ways(status: Status, move: Move) -> list[str]:
    caller, issuer = (outcome(status, move, worker) for worker in (Worker.CALLER, Worker.ISSUER))
    if caller is issuer:
        return [_outcome(caller)]
    found = {"Unknown": caller, "issuer": issuer}
    return [f"*{who}*: {_outcome(way)}" for who, way in found.items() if way is not None]


def _outcome(way: Any) -> str:
    if way is None:
        return "-"
    return f"`{way}`" if isinstance(way, Status) else f"{way.status} {way.code}"


def _diagram() -> str:
    edges: dict[tuple[str, str], list[str]] = {}
    for (before, move, worker), after in TRANSITIONS.items():
        if isinstance(after, Status) and after is not before:
            who = {None: "", Worker.CALLER: " (Unknown)", Worker.ISSUER: ""}[worker]
            edges.setdefault((str(before), str(after)), []).append(f"{move}{who}")
    lines = [f"    {before} --> {after}: {', '.join(moves)}" for (before, after), moves in edges.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def _inoperable() -> str:
    """Draw the table of `kvlab/vault/inoperable.py`."""
    conditions = [condition for condition in REFUSED["documented"] if condition != "valid"]
    lines = [
        [f"`{use}`" if " " not in use else use]
        + ["403" if use in REFUSED[mode][condition] else "allowed" for condition in conditions for mode in REFUSED]
        for use in USES
    ]
    head = ["", *(f"{condition},<br>{mode}" for condition in conditions for mode in REFUSED)]
    text = (
        "What the key and secret of a certificate refuse. `documented` is the default, `recorded` the finer behaviour\n"
        "seen on the wire: `Vault(inoperable=…)`. Plain keys and secrets always behave as recorded.\n\n"
    )
    return "## Disabled, expired, not yet valid\n\n" + text + _table(head, lines)


def _device_states() -> str:
    """Draw the table of statuses of `kvlab/iot/state.py`."""
    lines = [
        [f"**{step.value}**", *(_device_outcome(row[status]) for status in DeviceStatus)] for step, row in STEPS.items()
    ]
    text = (
        "What becomes of a device certificate in AWS IoT's registry with each call in each status, or the refusal.\n\n"
    )
    return "## The device certificate\n\n" + text + _table(["call", *map(str, DeviceStatus)], lines)


def _device_outcome(outcome: Any) -> str:
    if isinstance(outcome, DeviceStatus):
        return f"`{outcome}`"
    return "deleted" if outcome is Gone else f"{outcome.status} {outcome.code}"


def _rests_on(row: Mapping[str, Any], sources: Mapping[str, str]) -> str:
    basis = BASIS[row["basis"]]
    return f"[{basis}]({sources.get(row['source'], row['source'])})" if "source" in row else basis


def _links(tests: Mapping[str, Collection[str]]) -> str:
    """Link each test, its name read as a sentence."""
    found = []
    for test, seen in sorted(tests.items()):
        path, _, name = test.partition("::")
        sentence = name.rpartition("::")[2].removeprefix("test_").replace("_", " ")
        # A case that did not pass must show, also beside others that did.
        others = ", ".join(sorted(set(seen) - {"passed"}))
        found.append(f"[{sentence}](../{path})" + (f" ({others})" if others else ""))
    return "<br>".join(found)


def _table(head: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    cells = [head, ["---"] * len(head), *lines]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |\n" for line in cells)
