"""Each check accepts every right artefact and refuses every wrong one, at its field and with its hint."""

import sys

import pytest

from kvlab.lessons import plan as plans
from kvlab.lessons.draw import DEFAULT
from kvlab.lessons.lesson import Lesson
from kvlab.lessons.proof import build, prove

EXERCISES = [exercise for each in plans.plans() for exercise in each.exercises.values()]
every_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)


def judged(exercise, student=DEFAULT):
    return [(proof.artefact, proof.fault) for proof in prove(exercise, student)]


@every_exercise
def test_the_check_judges_every_artefact_rightly(exercise):
    artefacts = judged(exercise)

    assert [(name, "") for name, _ in artefacts] == artefacts


@every_exercise
def test_the_worked_answer_is_right_for_another_student_too(exercise):
    outcome, _ = build(exercise, exercise.right[0], "seat 7")

    assert outcome.state == "passed", outcome.mend


@every_exercise
def test_there_is_a_right_artefact_and_there_are_three_wrong_ones(exercise):
    assert len(exercise.right) >= 1
    assert len(exercise.wrong) >= 3
    assert len({wrong.belief for wrong in exercise.wrong}) == len(exercise.wrong)


@every_exercise
def test_a_wrong_artefact_says_what_was_expected_and_found_and_why_it_matters(exercise):
    mend = build(exercise, exercise.wrong[0].code)[0].mend

    assert mend.expected != mend.found
    for wrong in exercise.wrong:
        hint = plans.hint(wrong.hint)
        assert hint.nudge.endswith(("?", "."))
        assert hint.pointer
        assert hint.why.endswith(".")


@every_exercise
def test_an_untouched_vault_is_no_mistake(exercise, tmp_path):
    lesson = Lesson(exercise.lesson, DEFAULT)
    lesson.task(exercise.id)

    checking = lesson.check(exercise.id)

    assert checking.outcome.state == "nothing"
    assert exercise.nudge in repr(checking)
    assert "could not read" not in repr(checking)


def test_every_scene_of_a_refused_merge_can_be_repaired():
    exercise = plans.exercise("02.5")
    seen = {}
    for seat in range(30):
        _, task = build(exercise, "", f"seat {seat}")
        seen.setdefault(task.scene, f"seat {seat}")

    assert set(seen) == {"asked twice", "two envelopes", "wrong way round"}
    for student in seen.values():
        assert not any(fault for _, fault in judged(exercise, student))


def test_hints_have_names_of_their_own():
    names = [name for module in plans.MODULES.values() for name in plans._words(module).get("hint", {})]

    assert len(set(names)) == len(names)


def test_every_hint_is_given_by_some_wrong_artefact():
    given = {wrong.hint for exercise in EXERCISES for wrong in exercise.wrong}
    written = {name for module in plans.MODULES.values() for name in plans._words(module).get("hint", {})}

    assert written == given


def test_what_is_not_installed_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "azure.keyvault.certificates", None)

    faults = {fault for _, fault in judged(plans.exercise("09.2"))}

    assert faults == {"not run: azure.keyvault.certificates is not installed (pip install 'kvlab[azure,iot]')"}
