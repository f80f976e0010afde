"""The first page: what this machine can do, and the lessons."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kvlab.render.markup import card, image, style_of, stylesheet, text
from kvlab.render.pictogram import pictogram

if TYPE_CHECKING:
    from collections.abc import Mapping


class Lesson(NamedTuple):
    """A notebook: its file, number and title, the question it opens with, and how long it takes (minutes)."""

    file: str
    title: str
    question: str
    way: str
    minutes: int

    @property
    def number(self) -> str:
        """Two digits, as in ``01``."""
        return self.file[:2]


class Done(NamedTuple):
    """How far a lesson is: for each of its exercises whether it has passed."""

    passed: tuple[bool, ...]

    @property
    def number(self) -> int:
        """How many have passed."""
        return sum(self.passed)


LESSONS = (
    Lesson(
        "01_make_self_signed.ipynb", "01 Self-signed", "Who vouches for a certificate that signs itself?",
        "self-signed", 15,
    ),
    Lesson(
        "02_sign_manually_and_merge.ipynb", "02 Your own CA", "How can a stranger sign my key without ever seeing it?",
        "manual", 20,
    ),
    Lesson("03_import_and_own_key.ipynb", "03 Import", "I already have a key. Can it move in?", "import", 15),
    Lesson(
        "04_order_from_a_known_issuer.ipynb", "04 Known issuer", "Can the vault do the errand itself?", "known issuer",
        20,
    ),
    Lesson("05_live_with_a_certificate.ipynb", "05 Life", "What happens while nobody is looking?", "life", 20),
    Lesson(
        "06_decide_who_may_do_what.ipynb", "06 Who may do what",
        "Could the security officer's own assistant steal the key?", "permission", 15,
    ),
    Lesson("07_read_a_certificate.ipynb", "07 Read", "Where in these 500 bytes does it say so?", "bytes", 20),
    Lesson(
        "08_connect_a_device.ipynb", "08 A device", "How does a service know its devices, if it trusts no CA?",
        "device", 30,
    ),
    Lesson("09_go_to_the_cloud.ipynb", "09 To the cloud", "What changes when it is real?", "cloud", 15),
    Lesson("10_run_contoso_for_a_year.ipynb", "10 Capstone", "Can you run contoso for a year?", "year", 30),
)  # fmt: skip


class Check(NamedTuple):
    """Something this machine needs: whether it is there, and what to do if it is not."""

    passed: bool
    what: str
    remedy: str


def lessons_html(
    lessons: tuple[Lesson, ...] = LESSONS, done: Mapping[str, Done] | None = None, next_exercise: str = ""
) -> str:
    """
    Return the lessons as cards: picture, link, question, time, and how far the learner is.

    Args:
        lessons: in their order.
        done: how far each is, by number.
        next_exercise: where to go on, such as ``02.4``; empty where there is nothing to say.
    """
    known = done or {}
    cards = "".join(_lesson_card(lesson, known.get(lesson.number), next_exercise) for lesson in lessons)
    style = stylesheet() + style_of("start.css")
    return f'{style}{_summary(lessons, known, next_exercise)}<div class="kvr kvr-lessons">{cards}</div>'


def lessons_text(lessons: tuple[Lesson, ...] = LESSONS, done: Mapping[str, Done] | None = None) -> str:
    """Return the lessons as lines."""
    return "\n".join(
        f"{lesson.title}: {lesson.question} ({lesson.file}){_count_text((done or {}).get(lesson.number))}"
        for lesson in lessons
    )


def _lesson_card(lesson: Lesson, done: Done | None, next_exercise: str) -> str:
    current = bool(next_exercise) and lesson.number == next_exercise.partition(".")[0]
    bar = "".join(f'<i class="{"done" if passed else ""}"></i>' for passed in done.passed) if done else ""
    count = f"<b>{_count(done)}</b>" if done else ""
    return (
        f'<div class="kvr-lesson{" now" if current else ""}">{image(*pictogram(lesson.way))}<div>'
        f'<a href="{text(lesson.file)}">{text(lesson.title)}</a><p>{text(lesson.question)}</p>'
        f'<p class="kvr-bar" aria-hidden="true">{bar}</p>'
        f'<p class="kvr-apart"><span>about {lesson.minutes} minutes</span> {count}</p></div></div>'
    )


def _summary(lessons: tuple[Lesson, ...], done: Mapping[str, Done], next_exercise: str) -> str:
    if not done:
        return ""
    passed, every = sum(each.number for each in done.values()), sum(len(each.passed) for each in done.values())
    goal = next((lesson for lesson in lessons if lesson.number == next_exercise.partition(".")[0]), None)
    verb = "Continue" if passed else "Begin"
    onward = (
        f' <a href="{text(goal.file)}">{verb}: {text(goal.title)}, exercise {text(next_exercise)}</a>' if goal else ""
    )
    return f'<div class="kvr kvr-onward"><b>{passed} of {every} exercises passed.</b>{onward}</div>'


def _count(done: Done) -> str:
    if done.number == len(done.passed):
        return "✓ done"
    return f"{done.number} of {len(done.passed)}" if done.number else f"{len(done.passed)} exercises"


def _count_text(done: Done | None) -> str:
    return f": {_count(done)}" if done else ""


def checks_html(checks: list[Check]) -> str:
    """Return what was checked: a sign, what is there, and the remedy for what is not."""
    rows = "".join(
        f"<tr><th>{'✓ ready' if check.passed else '✕ missing'}</th><td>{text(check.what)}"
        f"{'' if check.passed else f' <b>{text(check.remedy)}</b>'}</td></tr>"
        for check in checks
    )
    ready = all(check.passed for check in checks)
    title = "This machine is ready" if ready else "Something is missing"
    table = f'<table class="kvr-t"><tbody>{rows}</tbody></table>'
    return card(title, "checked just now, without the network", "", table)


def checks_text(checks: list[Check]) -> str:
    """Return what was checked as lines."""
    return "\n".join(
        f"{'✓' if check.passed else '✕'} {check.what}{'' if check.passed else f': {check.remedy}'}" for check in checks
    )
