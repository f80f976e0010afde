"""One exercise being checked: what was found last, how far the hints are open, and how it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.lessons.judge import Outcome, judge
from kvlab.lessons.plan import following, hint
from kvlab.render.check import Checked, Line, Onward, Step, check_html, check_text
from kvlab.render.start import LESSONS

if TYPE_CHECKING:
    from kvlab.lessons.exercise import Exercise, Row
    from kvlab.lessons.progress import Progress
    from kvlab.lessons.task import Task
    from kvlab.vault.vault import Vault

NUDGE, POINTER, ANSWER = 1, 2, 3
ATTEMPTS_BEFORE_ANSWER = 3
"""The worked answer opens with the third attempt: two after the pointer's."""

NUMBERS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


_ANEW = """\
# Begun anew, so that nothing is in the way.
import kvlab
from kvlab import CertificatePolicy, check

lesson = kvlab.lesson("{lesson}")
vault, task = lesson.vault, lesson.task("{id}")

"""


class Checking:
    """
    A check that was made, or can be made. It shows itself: in a notebook with buttons, elsewhere as text.

    Attributes:
        outcome: what was found; None before the first look.
    """

    def __init__(self, task: Task, vault: Vault, progress: Progress, student: str) -> None:
        self.task = task
        self.outcome: Outcome | None = None
        self.hands_in = task.exercise.hands_in
        self._vault = vault
        self._progress = progress
        self._student = student
        self._answer: object = None
        self._hint = NUDGE
        self._note = ""
        self._panel: Any = None

    @property
    def passed(self) -> bool:
        """Whether the last look found everything right."""
        return self.outcome is not None and self.outcome.state == "passed"

    def look(self, answer: object = None) -> Checking:
        """Look again; what was handed in before stays unless something else is."""
        if answer is not None:
            self._answer = answer
        outcome = judge(self.task.exercise, self._vault, self.task, self._answer)
        self.outcome = outcome
        if outcome.state != "nothing":
            mend = outcome.mend
            entry = self._entry.attempted(mend.field if mend else "")
            self._note = self._progress.note(self._student, self.task.id, entry)
        return self

    def reveal(self, step: int) -> Checking:
        """Open the ladder of hints up to a step, 1 to 3, as far as it may be opened by now."""
        self._hint = max(NUDGE, min(int(step), ANSWER))
        entry = self._entry
        if self.outcome is not None and self.outcome.state == "wrong" and self._open > entry.hint:
            self._note = self._progress.note(self._student, self.task.id, entry._replace(hint=self._open))
        return self

    @property
    def checked(self) -> Checked:
        """What is shown."""
        exercise, outcome = self.task.exercise, self.outcome
        title = next((lesson.title for lesson in LESSONS if lesson.title.startswith(exercise.lesson)), exercise.lesson)
        state = outcome.state if outcome else "task"
        return Checked(
            exercise.id,
            exercise.title,
            f"Lesson {title.replace(' ', ' · ', 1)}",
            tuple(self.task.parts()),
            state,
            self._sentence(),
            self._lines(),
            self._steps(),
            self._entry.attempts if state in ("wrong", "passed") else 0,
            exercise.service,
            self._note,
            _onward(exercise),
        )

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        return check_text(self.checked)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if self._panel is None:
            try:
                from kvlab.widgets.check import CheckPanel  # noqa: PLC0415  without ipywidgets there are no buttons
            except ImportError:
                return {"text/plain": repr(self), "text/html": check_html(self.checked)}
            self._panel = CheckPanel(self)
        return self._panel._repr_mimebundle_(**options)

    @property
    def _entry(self) -> Any:
        return self._progress.entry(self._student, self.task.id)

    @property
    def _open(self) -> int:
        return self._hint if self._hint < ANSWER or self._missing_attempts <= 0 else POINTER

    @property
    def _missing_attempts(self) -> int:
        return int(ATTEMPTS_BEFORE_ANSWER - self._entry.attempts)

    def _sentence(self) -> str:
        if self.outcome is None or self.outcome.state == "wrong":
            return ""
        if self.outcome.state == "nothing":
            return self.outcome.sentence
        attempts = self._entry.attempts
        number = NUMBERS[attempts - 1] if 0 < attempts <= len(NUMBERS) else f"{attempts}th"
        return f"All {len(self.outcome.rows)} right, at the {number} attempt."

    def _lines(self) -> tuple[Line, ...]:
        outcome = self.outcome
        return tuple(_line(row, mend=row is outcome.mend) for row in outcome.rows) if outcome else ()

    def _steps(self) -> tuple[Step, ...]:
        if self.outcome is None or self.outcome.state == "passed":
            return ()
        mend = self.outcome.mend
        if mend is None:
            return (Step(self.task.exercise.nudge),)
        call = f"check('{self.task.id}'{', answer' if self.hands_in else ''}, hint={{}})"
        pointer = Step(hint(mend.hint).pointer) if self._open >= POINTER else Step("", call.format(POINTER))
        return (Step(hint(mend.hint).nudge), pointer, self._worked_answer(call.format(ANSWER)))

    def _worked_answer(self, call: str) -> Step:
        missing = self._missing_attempts
        if self._open >= ANSWER:
            return Step(worked_answer(self.task), code=True)
        if missing > 0:
            return Step("", f"after {missing} more attempt{'s' if missing > 1 else ''}")
        return Step("", call)


class Advice:
    """A sentence in place of a check: there is no such exercise here."""

    passed = False
    outcome = None

    def __init__(self, exercise: object, sentence: str) -> None:
        self._checked = Checked(str(exercise)[:40], "", "", (), "nothing", sentence)

    def __getattr__(self, name: str) -> Any:
        # Who takes it for a task asks for its parameters: the answer is the same sentence.
        raise AttributeError(self.__dict__["_checked"].sentence if "_checked" in self.__dict__ else name)

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return self._checked.sentence

    def _repr_html_(self) -> str:
        return check_html(self._checked)


def worked_answer(task: Task) -> str:
    """Return the worked answer as a cell that runs whatever was tried before, for it begins the lesson anew."""
    return _ANEW.format(lesson=task.exercise.lesson, id=task.id) + task.code(task.exercise.right[0])


def _onward(exercise: Exercise) -> Onward | None:
    after = following(exercise.id)
    if after is None:
        return None
    elsewhere = (lesson.file for lesson in LESSONS if lesson.number == after.lesson != exercise.lesson)
    return Onward(after.id, after.title, next(elsewhere, ""))


def _line(row: Row, *, mend: bool) -> Line:
    return Line(row.field, row.expected, row.found, row.passed, hint(row.hint).why if mend else "", row.event)
