"""Each kind of object as the last line of a cell: in a notebook that is run, compared again by nbval, and exported."""

import re
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from tests.widgets.notebook import CELLS, REFUSED, WRONG, notebook


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The notebook's file, run."""
    made = notebook()
    NotebookClient(made, timeout=60, kernel_name="python3", store_widget_state=False).execute()
    made.metadata.pop("widgets", None)
    path = tmp_path_factory.mktemp("shown") / "shown.ipynb"
    nbformat.write(made, path)
    return path


def outputs(path):
    return dict(zip(CELLS, (cell.outputs for cell in nbformat.read(path, 4).cells), strict=True))


def test_every_cell_shows_one_object_and_prints_nothing(executed):
    for cell, shown in outputs(executed).items():
        if cell == REFUSED:
            assert shown[0].ename == "CertificateNotFound"
            assert "404 CertificateNotFound" in "\n".join(shown[0].traceback)
            assert "Traceback" not in "\n".join(shown[0].traceback)
        elif cell == WRONG:
            assert [(one.name, one.text) for one in shown] == [
                ("stderr", "UsageError: nowhere.pem can not be read: No such file or directory.\n")
            ]
        elif cell.startswith("%load_ext"):
            assert shown == []
        else:
            assert [one.output_type for one in shown] == ["execute_result"], cell
            assert "text/html" in shown[0].data, cell
            assert "object at 0x" not in shown[0].data["text/plain"]


def test_a_secret_is_in_no_output(executed):
    text = executed.read_text("utf-8")

    assert "PRIVATE KEY" not in text
    assert "hush" not in re.sub(r'"source".*?\]', "", text, flags=re.DOTALL)


def test_nbval_finds_the_same_again(executed):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", "-o", "addopts=", "-p", "no:randomly", "-p", "no:cacheprovider", str(executed)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]


def test_an_exported_page_shows_the_cards_and_asks_no_widget_manager(executed):
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter().from_filename(str(executed))

    assert page.count('class="kvr kvr-card"') >= 12
    assert "Show me the call" in page
    assert "widget-view" not in page or "<details" in page
