"""The JavaScript of the live widgets: linted, type-checked, and self-contained."""

import json
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


def test_what_a_value_hides_is_written_by_its_code(tmp_path):
    # Older Node.js takes a module by its name only.
    module = tmp_path / "visible.mjs"
    module.write_bytes((MODULES / "visible.js").read_bytes())
    values = [{"name": "A\u202eb\u200b<script>"}, ["two\nlines\tand a tab"], "plain", None, 5, True, "\u00ad"]
    program = f"""
        import {{ hiding }} from {json.dumps(module.as_uri())};
        console.log(JSON.stringify(hiding({json.dumps(values)})));
    """
    done = subprocess.run(
        [tool("node"), "--input-type=module", "-e", program], check=True, capture_output=True, text=True, timeout=60
    )
    assert json.loads(done.stdout) == ["A\\u202Eb\\u200B<script>", "\\u00AD"]


@pytest.mark.parametrize("file", sorted(MODULES.glob("*.js")), ids=lambda file: file.stem)
def test_a_module_and_what_it_imports_is_one_program(file, tmp_path):
    whole = tmp_path / "whole.mjs"
    whole.write_text(module_source(file.stem))
    done = subprocess.run([tool("node"), "--check", whole], check=False, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", sorted(MODULES.glob("*.js")), ids=lambda file: file.stem)
def test_a_module_needs_no_network(file):
    source = module_source(file.stem)

    assert "http://" not in source.replace("http://www.w3.org/", "")
    assert "https://" not in source
    assert "import(" not in source
