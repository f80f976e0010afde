"""A check looks at state, bytes and events; it leaves no trace, believes no words, and answers with a sentence."""

import ssl

import pytest

import kvlab
from kvlab import CertificatePolicy, Vault
from kvlab.lessons import lesson as lessons
from kvlab.lessons import plan as plans
from kvlab.lessons.checking import worked_answer
from kvlab.lessons.draw import DEFAULT, Draw
from kvlab.lessons.lesson import Lesson
from kvlab.lessons.progress import Progress
from kvlab.lessons.proof import _run, build

EXERCISES = [exercise for each in plans.plans() for exercise in each.exercises.values()]
every_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)

JUNK = (
    0,
    1.5,
    True,
    object(),
    b"\xff\x00",
    "",
    "-----BEGIN CERTIFICATE-----",
    [],
    [None],
    {},
    {"verify": False},
    ssl,
    Vault,
)


@pytest.fixture
def progress(tmp_path):
    return Progress(tmp_path / "progress.json")


@pytest.fixture
def first(progress):
    """Lesson 01, and the task of its first exercise."""
    lesson = Lesson("01", DEFAULT, progress=progress)
    return lesson, lesson.task("01.1")


def make(vault, name, **properties):
    vault.create_certificate(name, CertificatePolicy.self_signed(f"CN={name}", kty="EC", **properties))
    vault.clock.advance(10)


@every_exercise
def test_anything_may_be_handed_in(exercise, progress):
    lesson = Lesson(exercise.lesson, DEFAULT, progress=progress)

    for junk in JUNK:
        checking = lesson.check(exercise.id, junk)
        assert checking.outcome.state in ("nothing", "wrong"), junk
        assert "could not read" not in checking.outcome.sentence, junk


@every_exercise
def test_looking_leaves_no_trace(exercise, progress):
    for code in (exercise.right[0], exercise.wrong[-1].code):
        lesson = Lesson(exercise.lesson, DEFAULT, progress=progress)
        task = lesson.task(exercise.id)
        answer = _run(task.code(code), lesson, task)
        before = [event.to_json() for event in lesson.vault.events]
        lesson.check(exercise.id, answer)
        assert [event.to_json() for event in lesson.vault.events] == before


def test_the_parameters_are_the_students_and_stay():
    def drawn(student):
        return [dict(exercise.making.draw(Draw(student, exercise.id))) for exercise in EXERCISES]

    assert drawn("seat 1") == drawn("seat 1")
    assert drawn("seat 1") != drawn("seat 2")


def test_no_two_exercises_of_a_lesson_use_one_name_unless_they_go_on_with_it():
    names = [Lesson("01", f"seat {seat}").task(f"01.{number}").name for seat in range(5) for number in range(1, 5)]

    assert [len(set(names[at : at + 4])) for at in range(0, len(names), 4)] == [4] * 5


def test_a_vault_in_which_nothing_happened_tells_of_the_restart(first):
    lesson, _ = first

    assert "Run All Above" in lesson.check("01.1").outcome.sentence


def test_another_vault_is_looked_at_when_it_is_handed_over(first):
    lesson, task = first
    mine = Vault("renamed", clock="simulated", seed=1)
    make(mine, task.name, dns_names=[task.host])
    make(lesson.vault, "unrelated")

    assert "vault=" in lesson.check("01.1").outcome.sentence
    assert lesson.check("01.1", vault=mine).passed
    assert "not str" in repr(lesson.check("01.1", vault="mine"))


def test_a_deleted_certificate_is_to_be_recovered(first):
    lesson, task = first
    make(lesson.vault, task.name, dns_names=[task.host])
    lesson.vault.delete_certificate(task.name)

    assert f"vault.recover_deleted_certificate('{task.name}')" in lesson.check("01.1").outcome.sentence


def test_time_that_passed_a_certificate_by_is_no_wrong_field(first):
    lesson, task = first
    lesson.vault.create_certificate(task.name, CertificatePolicy.self_signed("CN=a", kty="EC", validity_months=1,
        lifetime_actions=[{"trigger": {"lifetime_percentage": 80}, "action": {"action_type": "EmailContacts"}}]))  # fmt: skip
    lesson.vault.clock.advance(days=60)

    checking = lesson.check("01.1")

    assert checking.outcome.state == "nothing"
    assert "expired" in checking.outcome.sentence


def test_a_closed_vault_ends_in_a_sentence(first):
    lesson, _ = first
    lesson.vault.close()

    assert "kvlab.lesson('01')" in lesson.check("01.1").outcome.sentence


def test_the_name_of_a_neighbours_task_is_known(first):
    lesson, task = first
    own = {lesson.task(name).name for name in plans.plan("01").exercises}
    theirs = next(
        plant for plant in ("orchid", "fern", "moss", "tulip", "cactus", "ivy", "lotus") if plant not in task.own_plants
    )
    assert own <= task.own_plants
    make(lesson.vault, theirs)

    assert "another student's task" in lesson.check("01.1").outcome.sentence


@pytest.mark.parametrize("identifier", ["", "01", "01.9", "99.1", "../x", None, 3, ["01.1"], "01.1 "])
def test_an_unknown_exercise_is_a_sentence(identifier, first):
    lesson, _ = first

    assert "There is no" in repr(lesson.check(identifier)) or "is lesson 01" in repr(lesson.check(identifier))
    assert not kvlab.check(identifier)


def test_the_check_of_another_lesson_says_where_it_belongs(first):
    lesson, _ = first

    assert "belongs to lesson 02" in repr(lesson.check("02.1"))


def test_a_check_before_its_lesson_says_which_cell_to_run(monkeypatch):
    monkeypatch.setattr(lessons, "_open", {})

    assert "kvlab.lesson('01')" in repr(kvlab.check("01.1"))
    with pytest.raises(ValueError, match="There is no lesson '99'"):
        kvlab.lesson("99")


def test_two_lessons_at_once_are_told_apart(monkeypatch):
    monkeypatch.setattr(lessons, "_open", {})
    one, two = kvlab.lesson("01"), kvlab.lesson("02")
    make(one.vault, one.task("01.1").name, dns_names=[one.task("01.1").host])

    assert kvlab.check("01.1").passed
    assert kvlab.check("02.1").outcome.state == "nothing"
    assert two.vault is not one.vault


def test_replacing_methods_of_the_vault_changes_nothing(first):
    lesson, task = first
    other = Vault("other", clock="simulated", seed=2)
    make(other, task.name, dns_names=[task.host])
    make(lesson.vault, task.name)
    for name in ("get_certificate", "get_certificate_policy", "observe"):
        setattr(lesson.vault, name, getattr(other, name))

    assert lesson.check("01.1").outcome.mend.field == "subjectAltName"
    with pytest.raises(AttributeError):
        lesson.vault = other


def test_a_certificate_made_elsewhere_is_not_self_signed_here():
    outcome, _ = build(
        plans.exercise("01.1"),
        'other = kvlab.Vault("other", clock="simulated", seed=3)\n'
        'other.create_certificate("$name", CertificatePolicy.self_signed("CN=$host", dns_names=["$host"], kty="EC"))\n'
        'other.clock.advance(10)\nvault.import_certificate("$name", other.get_secret("$name").value)\n',
    )

    assert (outcome.mend.field, outcome.mend.found) == ("policy issuer", "Unknown")


def test_the_ladder_opens_step_by_step(first):
    lesson, task = first
    make(lesson.vault, task.name)
    hint = plans.hint("cn_only")

    once = lesson.check("01.1", hint=3)
    assert hint.nudge in repr(once)
    assert hint.pointer in repr(once)
    assert "after 2 more attempts" in repr(once)
    lesson.check("01.1")
    lesson.check("01.1")
    answer = repr(lesson.check("01.1", hint=3))

    assert f'dns_names=["{task.host}"]' in answer
    assert hint.pointer not in repr(lesson.check("01.1"))


def test_at_most_three_rows_are_drawn_wrong():
    lesson = Lesson("01", "seat 3")
    task = lesson.task("01.4")
    lesson.vault.create_certificate(task.name, CertificatePolicy.self_signed("CN=a", kty="RSA"))
    lesson.vault.clock.advance(10)

    checking = lesson.check("01.4")

    assert sum(not row.passed for row in checking.outcome.rows) > 3
    assert repr(checking).count("✕") == 3


def test_a_pass_is_kept_and_what_follows_does_not_take_it_back(first, progress):
    lesson, task = first
    make(lesson.vault, task.name)
    lesson.check("01.1")
    make(lesson.vault, task.name, dns_names=[task.host])

    passed = lesson.check("01.1")
    entry = progress.entry(DEFAULT, "01.1")

    assert passed
    assert "at the second attempt" in repr(passed)
    assert (entry.attempts, entry.passed_at, entry.wrong) == (2, 2, "")
    make(lesson.vault, task.name)
    assert not lesson.check("01.1")
    assert progress.entry(DEFAULT, "01.1").passed_at == 2


def test_a_private_key_that_was_handed_in_is_not_shown(progress):
    lesson = Lesson("01", DEFAULT, progress=progress)
    task = lesson.task("01.3")
    make(lesson.vault, task.name, dns_names=[task.host], content_type="application/x-pem-file")
    pem = lesson.vault.get_secret(task.name).value

    checking = lesson.check("01.3", pem)

    assert checking
    shown = str(checking._repr_mimebundle_()) + repr(checking) + progress.path.read_text()
    assert pem.splitlines()[1] not in shown


def test_an_unreadable_count_in_the_progress_file_stops_no_check(tmp_path, monkeypatch):
    monkeypatch.setenv("KVLAB_HOME", str(tmp_path))
    (tmp_path / "progress.json").write_text(
        '{"kvlab_progress":1,"students":{"student":{"01.1":{"attempts":Infinity}}}}'
    )

    assert "Nothing has happened" in repr(kvlab.lesson("01").check("01.1"))


def test_a_check_of_nothing_says_what_an_id_looks_like():
    assert "An id looks like" in repr(kvlab.check())
    assert "There is no lesson" in repr(kvlab.lesson("01").check())


@pytest.mark.parametrize("number", [1, None, "1", ["01"], {}])
def test_a_lesson_that_is_none_is_said_so(number):
    with pytest.raises(ValueError, match="There is no lesson"):
        kvlab.lesson(number)


@every_exercise
def test_the_worked_answer_runs_as_a_cell_after_any_mistake(exercise, tmp_path, monkeypatch):
    monkeypatch.setenv("KVLAB_HOME", str(tmp_path))
    lesson = kvlab.lesson(exercise.lesson)
    task = lesson.task(exercise.id)
    _run(task.code(exercise.wrong[-1].code), lesson, task)
    cell = {"lesson": lesson, "vault": lesson.vault, "task": task}

    exec(worked_answer(task), cell)

    assert kvlab.check(exercise.id, cell.get("answer")), kvlab.check(exercise.id, cell.get("answer"))


@pytest.mark.parametrize("student", [DEFAULT, "seat 7"])
def test_the_tasks_of_lesson_04_can_be_done_though_all_were_set_up_first(student):
    lesson = Lesson("04", student)
    tasks = [lesson.task(name) for name in plans.plan("04").exercises]

    for task in tasks:
        _run(task.code(task.exercise.right[0]), lesson, task)
        assert lesson.check(task.id), lesson.check(task.id)


def test_what_was_purged_can_not_be_brought_back_and_is_told_so():
    lesson = Lesson("05", DEFAULT)
    lesson.task("05.5")
    lesson.vault.clock.advance(days=91)

    assert "Begin anew" in repr(lesson.check("05.5"))


def test_a_task_that_was_written_over_is_checked_as_it_was_drawn():
    lesson = Lesson("01", DEFAULT)
    task = lesson.task("01.1")
    other = CertificatePolicy.self_signed("CN=a", kty="EC", dns_names=["other.contoso.com"])
    lesson.vault.create_certificate(task.name, other)
    lesson.vault.clock.advance(10)

    task.host, task.exercise = "other.contoso.com", None
    task.parameters["host"] = "other.contoso.com"

    assert lesson.check("01.1").outcome.mend.field == "subjectAltName"


@pytest.mark.parametrize("name", ["01.1", "01.4"])
def test_the_issuer_self_may_be_written_as_the_vault_takes_it(name):
    lesson = Lesson("01", DEFAULT)
    task = lesson.task(name)
    policy = {"issuer": {"name": "self"}, "x509_props": {"subject": "CN=a"}, "key_props": {"kty": "EC"}}
    lesson.vault.create_certificate(task.name, policy)
    lesson.vault.clock.advance(10)

    assert [row.passed for row in lesson.check(name).outcome.rows if "issuer" in row.field] == [True]


def test_who_takes_advice_for_a_task_is_told_the_same():
    with pytest.raises(AttributeError, match="belongs to lesson 02"):
        print(kvlab.lesson("01").task("02.1").name)
