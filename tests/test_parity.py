"""The parity rows are true of the code base: each names a test that exists."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROWS = tomllib.loads((ROOT / "docs" / "parity.toml").read_text())["row"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_row_names_a_test_that_exists(row):
    path, _, name = row["test"].partition("::")
    functions = [
        node.name for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef)
    ]

    assert name in functions


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_row_says_what_it_rests_on_or_what_was_chosen(row):
    assert row["basis"] in ("document", "recording", "none")
    assert row["witnessed"] or row["choice"]
    assert not row["witnessed"] or row["source"].startswith("https://")


def test_ids_are_unique():
    assert len({row["id"] for row in ROWS}) == len(ROWS)
