"""``kvlab lessons``: the exercises, what proves their checks, and how far this learner is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvlab.cli.delivery import lessons_folder
from kvlab.cli.failure import WrongUse
from kvlab.lessons import plan as plans
from kvlab.lessons.assignment import assignment
from kvlab.lessons.draw import student
from kvlab.lessons.progress import Entry, Progress
from kvlab.render.start import LESSONS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from kvlab.lessons.exercise import Exercise, Wrong
    from kvlab.lessons.proof import Proof


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.epilog = (
        "Tasks are drawn for KVLAB_STUDENT, else for the student that kvlab lab --student named; that and the progress "
        "are kept in KVLAB_HOME (default ~/.kvlab)."
    )
    parser.add_argument("--json", action="store_true", help="one JSON document, with every right and wrong artefact")
    parser.add_argument(
        "--nbgrader", metavar="LESSON", help="write a lesson as the source of an nbgrader assignment, into --to"
    )
    parser.add_argument("--to", metavar="D", default=".", help="the course's folder (default: this one)")
    parser.add_argument(
        "--prove", action="store_true", help="build every artefact, and see whether its check judges it rightly"
    )


def run(options: argparse.Namespace) -> int:
    """Show the lessons; returns 1 if a check does not judge as it should."""
    if options.nbgrader:
        return _export(options.nbgrader, Path(options.to))
    entries = Progress().entries(student())
    proofs = dict(_proofs()) if options.prove else {}
    faults = [proof for found in proofs.values() for proof in found if proof.fault]
    if options.json:
        print(json.dumps(_document(entries, proofs), indent=2, ensure_ascii=False))  # noqa: T201  a command's output
    else:
        print("\n".join(_lines(entries, proofs)))  # noqa: T201
    return int(bool(faults))


def _export(number: str, course: Path) -> int:
    file = next((lesson.file for lesson in LESSONS if lesson.number == number and number in plans.MODULES), None)
    if file is None:
        raise WrongUse(f"There is no lesson {number} with exercises; there are {', '.join(plans.MODULES)}")
    target = course / "source" / f"kvlab-{number}" / file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(assignment(lessons_folder() / file, number), "utf-8")
    print(f"{target}: release it with nbgrader generate_assignment kvlab-{number}")  # noqa: T201
    return 0


def _proofs() -> Iterator[tuple[str, list[Proof]]]:
    from kvlab.lessons.proof import prove  # noqa: PLC0415  only who proves needs a vault

    for plan in plans.plans():
        for exercise in plan.exercises.values():
            yield exercise.id, list(prove(exercise, student()))


def _lines(entries: dict[str, Entry], proofs: dict[str, list[Proof]]) -> Iterator[str]:
    passed = every = 0
    for plan in plans.plans():
        title, _ = _title(plan.number)
        yield title
        for exercise in plan.exercises.values():
            every += 1
            passed += bool(entries.get(exercise.id, Entry()).passed_at)
            yield f"  {_line(exercise, entries.get(exercise.id, Entry()), proofs.get(exercise.id))}"
            for proof in proofs.get(exercise.id, ()):
                if proof.fault:
                    yield f"      ✕ {proof.artefact}: {proof.fault}"
    yield f"{passed} of {every} exercises passed."
    if proofs:
        judged = [proof for found in proofs.values() for proof in found]
        wrongly = sum(bool(proof.fault) for proof in judged)
        yield f"{len(judged)} artefacts built, {len(judged) - wrongly} judged rightly, {wrongly} not."


def _line(exercise: Exercise, entry: Entry, proofs: list[Proof] | None) -> str:
    state = "✓ passed" if entry.passed_at else f"{entry.attempts} attempts" if entry.attempts else ""
    counts = f"{len(exercise.right)} right, {len(exercise.wrong)} wrong"
    proven = "" if proofs is None else "  ✓ proven" if not any(proof.fault for proof in proofs) else "  ✕ not proven"
    return f"{exercise.id}  {exercise.title:<32}{counts:<20}{state}{proven}".rstrip()


def _title(number: str) -> tuple[str, str]:
    return next(((lesson.title, lesson.file) for lesson in LESSONS if lesson.number == number), (number, ""))


def _document(entries: dict[str, Entry], proofs: dict[str, list[Proof]]) -> dict[str, Any]:
    return {"student": student(), "lessons": [_lesson(plan.number, entries, proofs) for plan in plans.plans()]}


def _lesson(number: str, entries: dict[str, Entry], proofs: dict[str, list[Proof]]) -> dict[str, Any]:
    title, file = _title(number)
    exercises = [
        _exercise(exercise, entries.get(exercise.id, Entry()), proofs.get(exercise.id))
        for exercise in plans.plan(number).exercises.values()
    ]
    return {"number": number, "title": title, "file": file, "exercises": exercises}


def _exercise(exercise: Exercise, entry: Entry, proofs: list[Proof] | None) -> dict[str, Any]:
    shown = {
        "id": exercise.id,
        "title": exercise.title,
        "task": exercise.task,
        "right": list(exercise.right),
        "wrong": list(map(_wrong, exercise.wrong)),
        "progress": entry._asdict(),
    }
    if proofs is None:
        return shown
    return shown | {"proof": [{"artefact": proof.artefact, "fault": proof.fault} for proof in proofs]}


def _wrong(wrong: Wrong) -> dict[str, Any]:
    return wrong._asdict() | {"hint": plans.hint(wrong.hint)._asdict()}
