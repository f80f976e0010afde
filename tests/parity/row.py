"""The rows of docs/parity.toml, and the marks on tests that prove them."""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "docs" / "parity.toml"
AREAS = ("certificates", "keys", "secrets", "iot")
BASES = ("document", "openapi", "sdk", "recording", "none")


def read_rows() -> dict[str, Any]:
    """Return docs/parity.toml: ``source`` (short name to URL), and the lists ``operation``, ``rule``, ``missing``."""
    return tomllib.loads(SOURCE.read_text())


def ids(rows: Mapping[str, Any]) -> list[str]:
    """Return what a test may be marked with: the id of every operation and rule."""
    return [row["id"] for row in (*rows["operation"], *rows["rule"])]


def written_marks(folder: Path = ROOT / "tests") -> dict[str, set[str]]:
    """Find the marks that are written out in test files: by row, the files, as node ids name them."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.parity":
                for argument in node.args:
                    if isinstance(argument, ast.Constant):
                        found[argument.value].add(path.relative_to(folder.parent).as_posix())
    return found
