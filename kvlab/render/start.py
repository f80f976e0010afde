"""The first page: what this machine can do, and the lessons."""

from __future__ import annotations

from typing import NamedTuple

from kvlab.render.markup import card, image, stylesheet, text
from kvlab.render.pictogram import pictogram


class Lesson(NamedTuple):
    """A notebook: its file, number and title, the question it opens with, and how long it takes (minutes)."""

    file: str
    title: str
    question: str
    way: str
    minutes: int


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
)  # fmt: skip


class Check(NamedTuple):
    """Something this machine needs: whether it is there, and what to do if it is not."""

    passed: bool
    what: str
    remedy: str


def lessons_html(lessons: tuple[Lesson, ...] = LESSONS) -> str:
    """Return the lessons as cards: picture, link, question, time."""
    cards = "".join(
        f'<div class="kvr-lesson">{image(*pictogram(lesson.way))}<div>'
        f'<a href="{text(lesson.file)}">{text(lesson.title)}</a>'
        f"<p>{text(lesson.question)}</p><p>about {lesson.minutes} minutes</p></div></div>"
        for lesson in lessons
    )
    return f'{stylesheet()}<div class="kvr kvr-lessons">{cards}</div>'


def lessons_text(lessons: tuple[Lesson, ...] = LESSONS) -> str:
    """Return the lessons as lines."""
    return "\n".join(f"{lesson.title}: {lesson.question} ({lesson.file})" for lesson in lessons)


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
