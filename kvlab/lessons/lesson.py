"""What a notebook begins with: a lesson, its vault, its tasks and its checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.lessons import draw
from kvlab.lessons import plan as plans
from kvlab.lessons.checking import NUDGE, Advice, Checking
from kvlab.lessons.draw import DEFAULT
from kvlab.lessons.progress import Progress
from kvlab.lessons.task import Task
from kvlab.vault.vault import Vault

if TYPE_CHECKING:
    from kvlab.lessons.exercise import Exercise

VAULT = "contoso-lab"

_open: dict[str, Lesson] = {}


def lesson(number: str, *, student: str | None = None) -> Lesson:
    """
    Begin a lesson, or begin it anew: with a fresh vault, whose clock stands still and whose keys come from a seed.

    Args:
        number: of the lesson, such as ``"02"``.
        student: whose tasks; by default this learner's. An exercise that is graded names one, for it is run elsewhere.

    Returns:
        The lesson: ``lesson.vault``, ``lesson.task("02.1")``, ``lesson.check("02.1")``.

    Raises:
        ValueError: there is no such lesson.
    """
    try:
        plans.plan(number)
    except (KeyError, TypeError):
        there = ", ".join(plans.MODULES)
        raise ValueError(f"There is no lesson {number!r} with exercises; there are {there}.") from None
    begun = Lesson(number, student or draw.student())
    _open[number] = begun
    return begun


def check(
    exercise: str = "", answer: object = None, *, hint: int = NUDGE, vault: Vault | None = None
) -> Checking | Advice:
    """
    Look whether an exercise is done: at the vault's state, the certificates' bytes and the event log.

    It never raises: whatever is missing, the answer is a sentence that says what to do.

    Args:
        exercise: its id, such as ``"02.3"``.
        answer: what the task asks you to hand in, if it does.
        hint: how far to open the hints: 1 nudge, 2 pointer, 3 worked answer (after three attempts).
        vault: where you did it, if not in the lesson's vault.

    Returns:
        What was found; true if it is all right.
    """
    number = str(exercise).partition(".")[0]
    begun = _open.get(number)
    if begun is not None:
        return begun.check(exercise, answer, hint=hint, vault=vault)
    if number in plans.MODULES:
        return Advice(
            exercise, f"Lesson {number} has not begun here. Run its first cell: lesson = kvlab.lesson('{number}')"
        )
    return Advice(
        exercise, f"There is no exercise {exercise!r}. An id looks like '01.3': the lesson, and the number in it."
    )


class Lesson:
    """
    A lesson under way.

    Args:
        number: of the lesson.
        seed: the student's, from which the parameters and the vault's keys come.
        vault: used in place of a fresh one.
        progress: where what was done is kept.
    """

    def __init__(self, number: str, seed: str, vault: Vault | None = None, progress: Progress | None = None) -> None:
        self.number = number
        self.student = seed
        self._vault = vault or Vault(VAULT, clock="simulated", seed=_vault_seed(number, seed))
        self._progress = progress or Progress()
        self._tasks: dict[str, Task] = {}

    @property
    def vault(self) -> Vault:
        """The lesson's vault, in which the checks look."""
        return self._vault

    def task(self, exercise: str) -> Task | Advice:
        """
        Show a task, and prepare what it needs.

        Args:
            exercise: its id, such as ``"02.3"``.

        Returns:
            The task: its parameters and hand-outs are attributes, such as ``task.name``.
        """
        found = self._find(exercise)
        task = found if isinstance(found, Advice) else self._task(found)
        return task if isinstance(task, Advice) else task.handed_over()

    def check(
        self, exercise: str = "", answer: object = None, *, hint: int = NUDGE, vault: Vault | None = None
    ) -> Checking | Advice:
        """Look whether an exercise is done; see :func:`check`."""
        found = self._find(exercise)
        if isinstance(found, Advice):
            return found
        if vault is not None and not isinstance(vault, Vault):
            return Advice(exercise, f"vault= takes a kvlab vault, not {type(vault).__name__}.")
        task = self._task(found)
        if isinstance(task, Advice):
            return task
        checking = Checking(task, vault or self._vault, self._progress, self.student)
        return checking.look(answer).reveal(hint if isinstance(hint, int) else NUDGE)

    def __repr__(self) -> str:
        return f"<Lesson {self.number}, student {self.student!r}, in {self._vault!r}>"

    def _find(self, exercise: str) -> Exercise | Advice:
        number = str(exercise).partition(".")[0]
        try:
            found = plans.exercise(exercise)
        except KeyError as error:
            return Advice(exercise, str(error.args[0]))
        if number == self.number:
            return found
        return Advice(
            exercise,
            f"{exercise} belongs to lesson {number}, and this is lesson {self.number}. Open the notebook of lesson "
            f"{number}, or begin it here: kvlab.lesson('{number}').check('{exercise}')",
        )

    def _task(self, exercise: Exercise) -> Task | Advice:
        if exercise.id not in self._tasks:
            task = Task(exercise, self.student)
            try:
                if exercise.making.scene is not None:
                    task.handed_out = dict(exercise.making.scene(self._vault, task.parameters))
                    task.set_up_until = len(self._vault.events)
            except Exception as error:  # noqa: BLE001  a vault in an odd state must not end in a traceback
                return Advice(
                    exercise.id,
                    f"The scene of {exercise.id} could not be set ({type(error).__name__}): something of its name is "
                    f"in the way. Begin anew: lesson = kvlab.lesson('{self.number}')",
                )
            task.view = Checking(task, self._vault, self._progress, self.student)
            self._tasks[exercise.id] = task
        return self._tasks[exercise.id]


def _vault_seed(number: str, seed: str) -> str:
    return f"lesson {number}" if seed == DEFAULT else f"lesson {number} of {seed}"
