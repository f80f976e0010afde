"""The JavaScript of the live widgets: linted, type-checked, and self-contained."""

import subprocess
from pathlib import Path

import pytest

from kvlab.widgets.live import module_source
from tests.tool import missing, tool

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tests" / "js"
MODULES = ROOT / "kvlab" / "widgets" / "js"


def run(program, *arguments):
    node = tool("node")
    script = TOOLS / "node_modules" / program
    if not script.exists():
        missing("the npm packages of tests/js (npm ci --prefix tests/js)")
    done = subprocess.run(
        [node, script, *arguments], check=False, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_linter_finds_nothing():
    run("eslint/bin/eslint.js", "--max-warnings=0", f"--config={TOOLS / 'eslint.config.js'}", str(MODULES))


def test_the_types_are_right():
    run("typescript/bin/tsc", "--project", str(TOOLS))


@pytest.mark.parametrize("file", sorted(MODULES.glob("*.js")), ids=lambda file: file.stem)
def test_a_module_needs_no_network(file):
    source = module_source(file.stem)

    assert "http://" not in source.replace("http://www.w3.org/", "")
    assert "https://" not in source
    assert "import(" not in source
