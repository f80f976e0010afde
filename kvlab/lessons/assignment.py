"""
A lesson as an nbgrader assignment: the notebook with its solutions, from which nbgrader releases a copy without them.

Source: https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html (cell metadata, schema 3).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kvlab.lessons import plan as plans
from kvlab.lessons.draw import DEFAULT
from kvlab.lessons.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kvlab.lessons.exercise import Exercise

SCHEMA = 3
POINTS = 1


def assignment(notebook: Path, number: str) -> str:
    """
    Return a lesson's notebook as nbgrader's source version.

    Each exercise begins the lesson anew, has a cell for the answer, with the worked one between nbgrader's marks, and a
    locked cell that is graded: it asks the check.

    Args:
        notebook: the lesson as it is packed.
        number: of the lesson.

    Returns:
        The notebook as JSON, without outputs.

    Raises:
        KeyError: the lesson has no exercises.
    """
    book = json.loads(notebook.read_text("utf-8"))
    exercises = plans.plan(number).exercises
    book["cells"] = [cell for old in book["cells"] for cell in _cells(old, exercises)]
    for place, cell in enumerate(book["cells"], start=1):
        cell["id"] = f"{number}-{place:03}"
    return json.dumps(book, indent=1, ensure_ascii=False) + "\n"


def _cells(cell: dict[str, Any], exercises: Any) -> Iterator[dict[str, Any]]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield cell
        return
    shown = next((name for name in exercises if f'lesson.task("{name}")' in source), None)
    checked = next((name for name in exercises if f'check("{name}"' in source), None)
    if checked is not None:
        yield from _graded(exercises[checked])
    elif shown is not None and source.startswith(("lesson.task", "task = lesson.task")):
        # The same tasks for everybody, wherever they are graded: what was drawn for a learner is not known there.
        begin = (
            f'lesson = kvlab.lesson("{shown[:2]}", student="{DEFAULT}")\n'
            f'vault = lesson.vault\ntask = lesson.task("{shown}")\ntask'
        )
        yield _code(begin, f"task-{shown}", grade=False, solution=False, locked=True)
    else:
        yield {**cell, "outputs": [], "execution_count": None}


def _graded(exercise: Exercise) -> Iterator[dict[str, Any]]:
    code = Task(exercise, DEFAULT).code(exercise.right[0])
    first = "answer = None\n" if exercise.hands_in else ""
    head = "from kvlab import CertificatePolicy\n"
    solution = f"{first}### BEGIN SOLUTION\n{head}{code}### END SOLUTION\n"
    yield _code(solution, f"answer-{exercise.id}", grade=False, solution=True, locked=False)
    handed_in = ", answer" if exercise.hands_in else ""
    check = f'checked = lesson.check("{exercise.id}"{handed_in})\nassert checked, checked'
    yield _code(check, f"check-{exercise.id}", grade=True, solution=False, locked=True)


def _code(source: str, name: str, *, grade: bool, solution: bool, locked: bool) -> dict[str, Any]:
    marks: dict[str, Any] = {
        "schema_version": SCHEMA, "grade_id": name.replace(".", "-"), "grade": grade, "solution": solution,
        "locked": locked, "task": False,
    }  # fmt: skip
    if grade:
        marks["points"] = POINTS
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"nbgrader": marks},
        "outputs": [],
        "source": source.splitlines(keepends=True),
    }
