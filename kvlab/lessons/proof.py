"""The proof of the checks: each accepts what is right, and refuses what is wrong at its field and with its hint."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import kvlab
from kvlab.lessons.draw import DEFAULT
from kvlab.lessons.judge import Outcome, judge
from kvlab.lessons.lesson import Lesson
from kvlab.lessons.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kvlab.lessons.exercise import Exercise, Wrong


class Proof(NamedTuple):
    """
    What came of one artefact.

    Attributes:
        exercise: its id.
        artefact: ``right 1``, ``wrong a``, …
        fault: what is not as it should be with the check; empty if the artefact was judged rightly.
    """

    exercise: str
    artefact: str
    fault: str


def prove(exercise: Exercise, student: str = DEFAULT) -> Iterator[Proof]:
    """Build every artefact of an exercise on a fresh vault, and compare what the check says."""
    for number, right in enumerate(exercise.right, start=1):
        yield Proof(exercise.id, f"right {number}", _tried(exercise, right, student))
    for wrong in exercise.wrong:
        yield Proof(exercise.id, f"wrong {wrong.name}", _tried(exercise, wrong.code, student, wrong))


def _tried(exercise: Exercise, code: str, student: str, wrong: Wrong | None = None) -> str:
    """Return the fault of the check with one artefact; empty if there is none."""
    try:
        outcome, task = build(exercise, code, student)
    except ModuleNotFoundError as error:
        return f"not run: {error.name} is not installed (pip install 'kvlab[azure,iot]')"
    if wrong is None:
        return _fault_of_right(outcome)
    return _fault_of_wrong(outcome, task.code(wrong.field).strip(), wrong.hint)


def build(exercise: Exercise, code: str, student: str = DEFAULT) -> tuple[Outcome, Task]:
    """
    Build an artefact on a fresh vault, as a learner would in a cell, and judge it.

    Returns:
        What the check found, and the task with the student's parameters.
    """
    lesson = Lesson(exercise.lesson, student)
    task = lesson.task(exercise.id)
    assert isinstance(task, Task), task
    answer = _run(task.code(code), lesson, task)
    return judge(exercise, lesson.vault, task, answer), task


def _run(code: str, lesson: Lesson, task: Task) -> object:
    names: dict[str, Any] = {"kvlab": kvlab, "vault": lesson.vault, "lesson": lesson, "task": task}
    names["CertificatePolicy"] = kvlab.CertificatePolicy
    # A refusal is an artefact too: the log has it, and the check reads it there.
    with suppress(kvlab.VaultError):
        exec(compile(code, f"<{task.id}>", "exec"), names)  # noqa: S102  our own text, run as a learner's cell would be
    return names.get("answer")


def _fault_of_right(outcome: Outcome) -> str:
    if outcome.state == "passed":
        return ""
    mend = outcome.mend
    return f"refused at {mend.field}: {mend.found}" if mend else f"nothing found: {outcome.sentence}"


def _fault_of_wrong(outcome: Outcome, field: str, hint: str) -> str:
    mend = outcome.mend
    if mend is None:
        return f"not refused: {outcome.state} {outcome.sentence}".strip()
    if mend.field != field:
        return f"refused at {mend.field}, not at {field}"
    return "" if mend.hint == hint else f"hint {mend.hint}, not {hint}"
