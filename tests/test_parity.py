"""The parity rows are true of the code base, and the page says of each what its tests did."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from botocore import xform_name

from kvlab import Iot, Vault
from kvlab.vault.access import PERMISSIONS
from kvlab.vault.inoperable import REFUSED
from kvlab.vault.operation import Move, Status
from kvlab.wire.iot_route import ROUTES
from tests.parity import page
from tests.parity.row import AREAS, BASES, ROOT, ids, read_rows, written_marks

ROWS = read_rows()
STATES = ("disabled", "expired", "not yet valid")
WRITTEN = written_marks()


def test_ids_are_unique():
    assert len(set(ids(ROWS))) == len(ids(ROWS))


def test_the_file_has_no_other_parts_and_rows_no_other_members():
    assert set(ROWS) == {"source", "operation", "rule", "missing"}
    for row in ROWS["operation"]:
        assert {"id", "area", "request"} <= set(row) <= {"id", "area", "request", "missing"}
    for row in ROWS["rule"]:
        assert {"id", "topic", "rule", "basis"} <= set(row) <= {"id", "topic", "rule", "basis", "source", "choice"}
    for row in ROWS["missing"]:
        assert set(row) == {"what", "instead", "basis", "source"}


@pytest.mark.parametrize("row", ROWS["rule"], ids=lambda row: row["id"])
def test_a_rule_says_what_it_rests_on_or_what_was_chosen(row):
    assert row["basis"] in BASES
    assert ("source" in row) is (row["basis"] != "none")
    assert row["basis"] != "none" or row["choice"]
    if "source" in row:
        assert ROWS["source"].get(row["source"], row["source"]).startswith("https://")


@pytest.mark.parametrize("row", ROWS["operation"], ids=lambda row: row["id"])
def test_an_operation_is_a_method_of_the_vault_or_says_that_it_is_missing(row):
    assert row["area"] in AREAS
    found = (
        hasattr(Iot, xform_name(row["id"].removeprefix("iot."))) if row["area"] == "iot" else hasattr(Vault, row["id"])
    )
    assert found is not bool(row.get("missing"))


def test_every_operation_of_the_vault_has_a_row():
    rows = {row["id"] for row in ROWS["operation"]}
    assert set(PERMISSIONS) <= rows
    assert {route.operation for route in ROUTES} == {
        xform_name(row.removeprefix("iot.")) for row in rows if row.startswith("iot.")
    }


def test_a_mark_names_a_row():
    assert set(WRITTEN) <= set(ids(ROWS))


def test_nothing_that_is_missing_claims_a_test():
    assert not {row["id"] for row in ROWS["operation"] if "missing" in row} & set(WRITTEN)


RUN = {
    "conftest.py": """
        from pathlib import Path
        from tests.parity import plugin
        ROWS = {
            "source": {}, "missing": [],
            "operation": [
                {"id": "get_certificate", "area": "certificates", "request": "GET /certificates/{name}"},
                {"id": "rotate_key", "area": "keys", "request": "POST /keys/{name}/rotate", "missing": "no rotation"},
            ],
            "rule": [{"id": id, "topic": "T", "rule": f"rule {id}", "basis": "none", "choice": "so"} for id in
                     ("passes", "fails", "skips", "half", "case", "elsewhere", "bare", "known-bug")],
        }
        def pytest_configure(config):
            config.addinivalue_line("markers", "parity(*ids): rows")
            plugin_ = plugin.ParityPage(ROWS, {"elsewhere": {"tests/test_z.py"}}, None if hasattr(config, "workerinput")
                                        else Path("page.md"))
            config.pluginmanager.register(plugin_, "parity")
        """,
    "tests/sdk/test_sdk.py": """
        import pytest
        @pytest.mark.parity("get_certificate")
        def test_the_sdk_gets_it(): pass
        """,
    "tests/test_a.py": """
        import pytest
        @pytest.mark.parity("passes", "get_certificate")
        def test_one_passes(): pass
        @pytest.mark.parity("fails")
        @pytest.mark.parametrize("n", [1, 2])
        def test_one_of_two_fails(n): assert n == 1
        @pytest.mark.parity("skips")
        def test_a_program_is_absent(): pytest.skip("needs it")
        @pytest.mark.parity("half")
        @pytest.mark.parametrize("n", [1, 2])
        def test_half(n):
            if n == 1: pytest.skip("needs it")
        @pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.parity("case")), 2])
        def test_only_a_case(n): assert n == 1
        @pytest.mark.parity("known-bug")
        @pytest.mark.xfail(strict=True)
        def test_a_known_bug(): assert False
        @pytest.mark.parity("no-such-row")
        def test_a_mark_with_a_slip(): pass
        """,
}  # fmt: skip


@pytest.fixture
def project(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    for name, text in RUN.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return tmp_path


def run(project, *arguments):
    """Run pytest, with no plugins but ours and xdist; returns what it printed, and the page if there is one."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "xdist", "-p", "no:cacheprovider", *arguments],
        cwd=project, check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    written = project / "page.md"
    return done.stdout, written.read_text() if written.exists() else None


def line_of(text, start):
    return next(line for line in text.splitlines() if line.startswith(f"| {start}"))


@pytest.mark.parametrize("arguments", [[], ["-n", "2"]], ids=["one process", "workers"])
def test_the_page_says_what_each_rows_tests_did(project, arguments):
    output, text = run(project, *arguments)

    assert "no operation and no rule with the id 'no-such-row'" in output
    proof = {row: line_of(text, f"rule {row}").split(" | ")[2] for row in
             ("passes", "fails", "skips", "half", "case", "elsewhere", "bare", "known-bug")}  # fmt: skip
    assert proof["passes"] == "proved<br>[one passes](../tests/test_a.py) |"
    assert proof["fails"] == "**failed**<br>[one of two fails](../tests/test_a.py) (failed) |"
    assert proof["skips"] == "**skipped**<br>[a program is absent](../tests/test_a.py) (skipped) |"
    assert proof["half"] == "proved<br>[half](../tests/test_a.py) (skipped) |"
    assert proof["case"] == "proved<br>[only a case](../tests/test_a.py) |"
    assert proof["elsewhere"] == "**not run** |"
    assert proof["bare"] == "**no test** |"
    assert proof["known-bug"] == "**failed**<br>[a known bug](../tests/test_a.py) (failed) |"
    assert line_of(text, "`get_certificate`").split(" | ")[2:5] == ["proved", "-", "proved"]
    assert line_of(text, "`rotate_key`").endswith("| - | - | - | not in kvlab: no rotation |")


def test_a_partial_run_says_not_run_and_the_same_run_gives_the_same_page(project):
    _, first = run(project, "-k", "elsewhere or passes", "-n", "2")
    _, second = run(project, "-k", "elsewhere or passes")

    assert "proved<br>[one passes]" in line_of(first, "rule passes")
    assert "**no test**" in line_of(first, "rule fails")
    assert first == second


def test_listing_tests_writes_no_page(project):
    assert run(project, "--collect-only")[1] is None


def test_the_page_draws_the_tables_of_the_code():
    text = page.write(ROWS, {}, {})

    for move in Move:
        assert len(line_of(text, f"**{move}**").split(" | ")) == len(Status) + 1
    assert line_of(text, "**merge**").split(" | ")[2] == "*Unknown*: `completed`<br>*issuer*: 403 Forbidden"
    assert "    inProgress --> cancelled: cancel\n" in text
    refused = ["403" if "decrypt" in REFUSED[mode][state] else "allowed" for state in STATES for mode in REFUSED]
    assert f"| `decrypt` | {' | '.join(refused)} |\n" in text


def test_the_readme_links_the_page():
    assert "(docs/parity.md)" in Path(ROOT / "README.md").read_text()
