"""What the committed notebooks are: executed, tidy, without secrets, and true to the names they use. nbval runs them."""

import ast
import importlib
import json
import re
from pathlib import Path

import nbformat
import pytest

import kvlab
from kvlab.lessons.draw import PLANTS
from kvlab.render.start import LESSONS
from tests.rerun import tidy

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
# Base64 that begins as a private key does: PKCS#8, encrypted PKCS#8 and SEC1 or PKCS#1 all follow their first line so.
PRIVATE_KEY = re.compile(r"BEGIN [A-Z ]*PRIVATE KEY-----\s*(\\n)*\s*[A-Za-z0-9+/]{16}")
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:home|work|root|tmp|Users|usr|opt)/|[A-Z]:\\\\")
LONGEST_CELL = 9


def cells(path, kind="code"):
    return [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == kind]


def source(cell):
    return "".join(cell["source"])


pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)


def test_every_code_cell_was_run_once_from_top_to_bottom(path):
    counts = [cell["execution_count"] for cell in cells(path)]

    assert list(range(1, len(counts) + 1)) == counts


def test_a_cell_that_shows_something_has_its_output(path):
    for cell in cells(path):
        last = ast.parse(source(cell)).body[-1]
        shows = isinstance(last, ast.Expr) or "print(" in source(cell)
        assert bool(cell["outputs"]) is shows, source(cell)


def test_there_is_one_mistake_on_purpose_in_each_lesson(path):
    tagged = [cell for cell in cells(path) if "raises-exception" in cell["metadata"].get("tags", [])]
    failed = [cell for cell in cells(path) if any(out["output_type"] == "error" for out in cell["outputs"])]

    assert failed == tagged
    assert len(tagged) == (0 if path.name.startswith("00") else 1)


def test_no_private_key_is_in_it(path):
    assert not PRIVATE_KEY.search(path.read_text("utf-8"))


def test_no_widget_state_no_paths_and_no_warnings(path):
    text = path.read_text("utf-8")

    assert "widgets" not in json.loads(text)["metadata"]
    # A colour stands before a path without a space: its letter is none of a word.
    assert not MACHINE_PATH.search(re.sub(r"\\u001b\[[\d;]*m", " ", text))
    assert not any(out.get("name") == "stderr" for cell in cells(path) for out in cell["outputs"])


def test_it_is_written_as_the_script_writes_it(path):
    book = nbformat.read(path, as_version=4)
    tidy(book, path.name[:2])

    assert nbformat.writes(book) + "\n" == path.read_text("utf-8")


def test_cells_are_short_and_define_nothing(path):
    for cell in cells(path):
        code = source(cell)
        assert len(code.splitlines()) <= LONGEST_CELL, code
        assert not any(isinstance(node, (ast.FunctionDef, ast.ClassDef)) for node in ast.walk(ast.parse(code))), code


def test_ids_and_kernel_are_stable(path):
    book = json.loads(path.read_text("utf-8"))

    assert [f"{path.name[:2]}-{number:02}" for number in range(1, len(book["cells"]) + 1)] == [
        cell["id"] for cell in book["cells"]
    ]
    assert book["metadata"]["kernelspec"]["name"] == "python3"


def test_no_certificate_is_called_as_one_of_a_task_may_be(path):
    words = {
        node.value
        for cell in cells(path)
        for node in ast.walk(ast.parse(source(cell)))
        if isinstance(node, ast.Constant)
    }

    assert words.isdisjoint(PLANTS)


def test_names_of_kvlab_exist(path):
    for cell in cells(path):
        for node in ast.walk(ast.parse(source(cell))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kvlab"):
                home = importlib.import_module(node.module)
                assert [name.name for name in node.names if not hasattr(home, name.name)] == []
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "kvlab":
                assert hasattr(kvlab, node.attr)


def test_links_lead_somewhere(path):
    for cell in cells(path, "markdown"):
        for target in re.findall(r"\]\(([^)#:]+)\)", source(cell)):
            assert (path.parent / target).is_file(), target


def test_the_first_page_knows_the_lesson(path):
    assert path.name == "00_start.ipynb" or path.name in {lesson.file for lesson in LESSONS}


def test_a_lesson_ends_with_the_real_service_and_three_lines(path):
    if path.name == "00_start.ipynb":
        return  # The first page is no lesson.
    text = [source(cell) for cell in cells(path, "markdown")]

    assert text[-2].startswith("## In the real service")
    assert text[-1].startswith("## What to remember")
    assert len(re.findall(r"^\d\. ", text[-1], re.MULTILINE)) == 3
    assert any("question of this lesson" in part for part in text[:1])
