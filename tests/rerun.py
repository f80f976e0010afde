"""
Run notebooks and write them back as they are committed: ``python -m tests.rerun [NOTEBOOK…]``.

They are run as by somebody who has done nothing yet. What differs between two runs or two machines is taken out or
numbered: times, the widgets' state and ids, the folders in tracebacks.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

import kvlab

ROOT = Path(kvlab.__file__).resolve().parents[1]
VIEW = "application/vnd.jupyter.widget-view+json"
FOLDER = re.compile(r"/[^\s\x1b:]*/(?:site-packages/|(?=kvlab/))")


def rerun(path):
    """Execute a notebook in its own folder, and write it back."""
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=60, resources={"metadata": {"path": str(path.parent)}}).execute()
    tidy(book, path.name[:2])
    nbformat.write(book, path)


def tidy(book, number):
    """Take out of an executed notebook what is no part of it; `number` is the lesson's."""
    book.metadata = nbformat.from_dict({"kernelspec": book.metadata["kernelspec"], "language_info": {"name": "python"}})
    widgets = 0
    for cell in book.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            if VIEW in output.get("data", {}):
                widgets += 1
                output.data[VIEW]["model_id"] = f"{number}-{widgets:02}"
            if output.output_type == "error":
                output.traceback = [FOLDER.sub("", line) for line in output.traceback]


if __name__ == "__main__":
    os.environ.pop("KVLAB_STUDENT", None)
    for name in sys.argv[1:] or sorted((ROOT / "notebooks").glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as home:
            os.environ["KVLAB_HOME"] = home
            rerun(Path(name).resolve())
