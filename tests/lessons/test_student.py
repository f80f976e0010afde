"""Whose tasks they are: told once for all notebooks, or by the variable, which goes first."""

import pytest

import kvlab
from kvlab.cli import lab, main
from kvlab.lessons import draw
from kvlab.lessons.draw import DEFAULT, VARIABLE


def test_a_student_is_told_once_for_all_notebooks():
    page = kvlab.start(student=12)

    assert kvlab.lesson("01").student == kvlab.lesson("07").student == "12"
    assert repr(page).startswith("The tasks are those of 12.")
    assert "The tasks are those of 12." in page.page()
    assert repr(kvlab.start()) == repr(page)


def test_the_committed_pages_say_of_no_student_and_come_back():
    kvlab.start(student="Ann <i>")
    assert "&lt;i&gt;" in kvlab.start().page()

    assert "The tasks are those of" not in repr(kvlab.start(student=""))
    assert draw.student() == DEFAULT


def test_the_variable_goes_first_and_that_is_said(monkeypatch):
    monkeypatch.setenv(VARIABLE, "7")

    page = kvlab.start(student="12")

    assert kvlab.lesson("01").student == "7"
    assert "KVLAB_STUDENT is set, and goes first" in repr(page)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b" \x00\t\n12\n"])
def test_a_file_that_names_nobody_is_no_student(content, tmp_path, monkeypatch):
    monkeypatch.setenv("KVLAB_HOME", str(tmp_path))
    (tmp_path / draw.FILE).write_bytes(content)

    assert draw.student() == DEFAULT


def test_a_long_name_is_cut_the_same_everywhere(monkeypatch):
    kvlab.start(student="a" * 1000)
    remembered = draw.student()
    monkeypatch.setenv(VARIABLE, "a" * 1000)

    assert draw.student() == remembered


def test_what_can_not_be_remembered_is_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("KVLAB_HOME", str(tmp_path / "file"))

    assert "Set KVLAB_HOME to a folder that can be written" in repr(kvlab.start(student="12"))


def test_the_command_that_opens_the_lab_remembers_too_and_goes_before_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "7")
    monkeypatch.setattr(lab, "_serve", lambda _: None)
    monkeypatch.setattr(lab.signal, "signal", lambda *_: None)

    assert main(["lab", "--dir", str(tmp_path / "mine"), "--student", "12"]) == 0

    assert draw.student() == "12"


def test_a_graded_exercise_is_the_same_whoever_grades_it():
    kvlab.start(student="12")

    assert kvlab.lesson("02", student=DEFAULT).student == DEFAULT
