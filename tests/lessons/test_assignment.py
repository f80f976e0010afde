"""A lesson as an nbgrader assignment; nbgrader itself releases and grades it in .ci/nbgrader."""

import json

import pytest

from kvlab.cli.delivery import lessons_folder
from kvlab.lessons import plan as plans
from kvlab.lessons.assignment import assignment
from kvlab.render.start import LESSONS
from tests.command import kvlab as command

FILES = {lesson.number: lesson.file for lesson in LESSONS if lesson.number in plans.MODULES}


@pytest.mark.parametrize("number", FILES)
def test_each_exercise_is_answered_graded_once_and_solved_by_its_solution(number):
    cells = json.loads(assignment(lessons_folder() / FILES[number], number))["cells"]
    marked = [cell for cell in cells if "nbgrader" in cell["metadata"]]
    graded = [cell["metadata"]["nbgrader"]["grade_id"] for cell in marked if cell["metadata"]["nbgrader"]["grade"]]

    assert graded == [f"check-{name.replace('.', '-')}" for name in plans.plan(number).exercises]
    assert len({cell["metadata"]["nbgrader"]["grade_id"] for cell in marked}) == len(marked)


def test_the_solutions_pass_their_checks_one_after_the_other():
    cells = json.loads(assignment(lessons_folder() / FILES["02"], "02"))["cells"]
    names = {}
    exec("import kvlab\nfrom kvlab import check", names)

    for cell in cells:
        if "nbgrader" in cell["metadata"]:
            exec("".join(cell["source"]), names)


def test_the_command_writes_it_where_nbgrader_looks(tmp_path):
    assert command("lessons", "--nbgrader", "02", "--to", tmp_path).status == 0
    assert (tmp_path / "source" / "kvlab-02" / FILES["02"]).is_file()
    assert command("lessons", "--nbgrader", "77", "--to", tmp_path).status == 2
