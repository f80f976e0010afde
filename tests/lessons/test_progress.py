"""Progress is one JSON file: kept, downloaded, taken back, and never in the way."""

import json
import subprocess
import sys

import pytest

from kvlab.lessons.draw import DEFAULT
from kvlab.lessons.lesson import Lesson
from kvlab.lessons.progress import Entry, Progress
from kvlab.lessons.start import Start


@pytest.fixture
def progress(tmp_path):
    return Progress(tmp_path / "new" / "progress.json")


def test_it_lies_in_kvlab_home(monkeypatch, tmp_path):
    monkeypatch.setenv("KVLAB_HOME", str(tmp_path))

    assert Progress().note("seat 1", "01.1", Entry().attempted("")) == ""
    document = json.loads((tmp_path / "progress.json").read_text())
    assert document["students"]["seat 1"]["01.1"]["passed_at"] == 1


def test_students_have_pages_of_their_own(progress):
    progress.note("seat 1", "01.1", Entry(2))

    assert progress.entries("seat 2") == {}


def test_what_was_downloaded_can_be_taken_back_elsewhere(progress, tmp_path):
    progress.note("seat 1", "01.1", Entry(3, 3, "2026-06-01T09:00:00Z"))
    progress.note("seat 1", "01.2", Entry(1))
    other = Progress(tmp_path / "other.json")
    other.note("seat 1", "01.1", Entry(9))
    other.note("seat 1", "01.2", Entry(4))

    assert other.upload(progress.download()) == 2
    assert other.entry("seat 1", "01.1").passed_at == 3
    assert other.entry("seat 1", "01.2").attempts == 4


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"[]", b"null", b'{"kvlab_progress": 2, "students": {}}', b'{"kvlab_progress": 1, "students": []}',
     b'{"kvlab_progress": 1, "students": {"a": {"01.1": {"attempts": -1}}}}',
     b'{"kvlab_progress": 1, "students": {"a": {"01.1": 5}}}', b'{"students": {}}', b"[" * 100_000, b"\xff" * 10,
     b'{"kvlab_progress": 1, "students": {"a": {"01.1": {"attempts": Infinity}}}}', b" " * 1_000_001],
)  # fmt: skip
def test_what_is_no_progress_file_changes_nothing(progress, content):
    progress.note("seat 1", "01.1", Entry(2))

    with pytest.raises(ValueError, match="no progress file"):
        progress.upload(content)
    assert progress.entry("seat 1", "01.1") == Entry(2)


def test_a_damaged_file_is_begun_anew(progress):
    progress.path.parent.mkdir()
    progress.path.write_text("half a fi")

    assert progress.entries("seat 1") == {}
    assert progress.note("seat 1", "01.1", Entry(1)) == ""
    assert progress.entry("seat 1", "01.1") == Entry(1)


def test_a_folder_that_can_not_be_written_is_said_and_stops_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    lesson = Lesson("01", DEFAULT, progress=Progress(tmp_path / "file" / "progress.json"))
    task = lesson.task("01.1")
    lesson.vault.create_certificate(task.name, {"issuer": {"name": "Self"}, "x509_props": {"subject": "CN=a"}})

    assert "could not be saved" in repr(lesson.check("01.1"))


def test_the_start_page_shows_it(progress):
    before = Start(progress, "seat 1")
    assert before.next_exercise == "01.1"
    assert "0 of" in before.page()

    progress.note("seat 1", "01.1", Entry(1, 1))

    assert before.next_exercise == "01.2"
    assert "Continue: 01 Self-signed, exercise 01.2" in before.page()
    assert "1 of 5" in repr(before)


def test_the_start_page_takes_progress_back(progress, tmp_path):
    progress.note("seat 1", "01.1", Entry(1, 1))
    elsewhere = Start(Progress(tmp_path / "elsewhere.json"), "seat 1")
    bundle, _ = elsewhere._repr_mimebundle_()
    panel = elsewhere._panel
    assert "0 of" in bundle["text/html"]
    assert "data:application/json" in panel.link.value

    panel.take(({"content": b"{}"},))
    assert "no progress file" in panel.said.value
    panel.take(({"content": progress.download()},))

    assert "1 exercises are known" in panel.said.value
    assert "1 of" in panel.lessons.value


_NOTER = """
import sys
from pathlib import Path
from kvlab.lessons.progress import Entry, Progress
for number in range(40):
    assert Progress(Path(sys.argv[1])).note("seat 1", f"{sys.argv[2]}.{number}", Entry(1)) == ""
"""


def test_two_notebooks_that_note_at_once_lose_nothing(progress):
    command = [sys.executable, "-c", _NOTER, str(progress.path)]
    notebooks = [subprocess.Popen([*command, number]) for number in ("01", "02")]

    assert [notebook.wait(60) for notebook in notebooks] == [0, 0]
    assert len(progress.entries("seat 1")) == 80


def test_a_damaged_file_is_kept_aside(progress):
    progress.path.parent.mkdir()
    progress.path.write_text("half a fi")

    progress.note("seat 1", "01.1", Entry(1))
    progress.note("seat 1", "01.2", Entry(1))

    assert (progress.path.parent / "progress.json.damaged").read_text() == "half a fi"
    assert len(progress.entries("seat 1")) == 2
