"""The check as a panel with buttons, and the command that lists and proves."""

import json

import pytest

from kvlab import CertificatePolicy
from kvlab.lessons.draw import DEFAULT
from kvlab.lessons.lesson import Lesson
from kvlab.lessons.progress import Progress
from kvlab.widgets.check import CheckPanel
from tests.command import kvlab as command


@pytest.fixture
def lesson(tmp_path):
    return Lesson("01", DEFAULT, progress=Progress(tmp_path / "progress.json"))


def panel_of(lesson, exercise):
    task = lesson.task(exercise)
    task._repr_mimebundle_()
    return task, task.view._panel


def test_a_task_has_a_button_that_checks(lesson):
    task, panel = panel_of(lesson, "01.1")
    assert isinstance(panel, CheckPanel)
    assert panel.button.description == "Check"
    lesson.vault.create_certificate(task.name, CertificatePolicy.self_signed("CN=a", kty="EC"))
    lesson.vault.clock.advance(10)

    panel.button.click()

    assert "subjectAltName" in panel.card.value
    assert panel.button.description == "Check again"
    pointer = panel.foot.children[1]
    assert pointer.description == "Show: Pointer"
    pointer.click()
    assert "x509_props.sans.dns_names" in panel.card.value


def test_what_is_handed_in_leaves_the_field_at_once(lesson):
    task, panel = panel_of(lesson, "01.3")
    names = [task.host]
    policy = CertificatePolicy.self_signed("CN=a", kty="EC", dns_names=names, content_type="application/x-pem-file")
    lesson.vault.create_certificate(task.name, policy)
    lesson.vault.clock.advance(10)
    panel.answer.value = lesson.vault.get_secret(task.name).value

    panel.button.click()

    assert panel.answer.value == ""
    assert "All 7 right" in panel.card.value


def test_a_pass_shows_the_way_to_the_next_exercise(lesson):
    task, panel = panel_of(lesson, "01.1")
    assert panel.onward is None
    lesson.vault.create_certificate(task.name, CertificatePolicy.self_signed("CN=a", kty="EC", dns_names=[task.host]))
    lesson.vault.clock.advance(10)

    panel.button.click()

    assert panel.foot.children[-1] is panel.onward
    assert panel.onward.view == {"id": "01.2", "title": "Exactly these", "file": ""}
    assert "Next: 01.2 Exactly these" in repr(panel)
    assert "Next" not in panel.card.value
    assert "01.2 Exactly these" in panel._repr_mimebundle_()[0]["text/html"]


def test_the_last_exercise_of_a_lesson_leads_to_the_next_notebook_and_the_last_of_all_nowhere():
    def onward(exercise):
        return Lesson(exercise[:2], DEFAULT).check(exercise).checked.onward

    assert onward("01.5") == ("02.1", "Ask", "02_sign_manually_and_merge.ipynb")
    assert onward("10.1") is None


def test_a_page_without_a_kernel_shows_the_card(lesson):
    bundle, _ = lesson.task("01.1")._repr_mimebundle_()

    assert "First one" in bundle["text/html"]
    assert bundle["text/plain"].startswith("01.1 First one: to do")


def test_the_command_lists_what_there_is_as_json(tmp_path):
    done = command("lessons", "--json", KVLAB_HOME=str(tmp_path))
    lessons = json.loads(done.out)["lessons"]

    exercise = lessons[0]["exercises"][0]
    assert exercise["id"] == "01.1"
    assert exercise["wrong"][0]["hint"]["nudge"]
    assert exercise["progress"]["attempts"] == 0
