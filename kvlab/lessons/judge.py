"""Have an exercise look at a vault, and say what came of it. Whatever is there, nobody gets a traceback."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal, NamedTuple

from kvlab.errors import VaultClosed, VaultError
from kvlab.lessons.exercise import Exercise, Row, Stuck
from kvlab.lessons.look import Look

if TYPE_CHECKING:
    from kvlab.lessons.task import Task
    from kvlab.vault.vault import Vault

UNTOUCHED = "Everything is still as it was set up for you. Look at it, mend it, and check again."

_log = logging.getLogger(__name__)


class Outcome(NamedTuple):
    """
    What a look found.

    Attributes:
        state: ``nothing`` (nothing to look at), ``wrong`` or ``passed``.
        sentence: what to do, where there is nothing.
        rows: what was looked at, in reading order.
    """

    state: Literal["nothing", "wrong", "passed"]
    sentence: str = ""
    rows: tuple[Row, ...] = ()

    @property
    def mend(self) -> Row | None:
        """The row to mend: the first that is not as it should be."""
        return next((row for row in self.rows if not row.passed), None)


def judge(exercise: Exercise, vault: Vault, task: Task, answer: object = None) -> Outcome:
    """Look at a vault and at what was handed in."""
    rows: list[Row] = []
    try:
        look = Look(vault, task, answer)
        if answer is None and len(vault.events) == task.set_up_until:
            return Outcome("nothing", UNTOUCHED)
        rows.extend(exercise.making.look(look))
    except Stuck as stuck:
        sentence = str(stuck)
    except VaultClosed:
        sentence = f"The vault is closed. Begin anew: lesson = kvlab.lesson('{exercise.lesson}')"
    except VaultError as error:
        sentence = f"The vault refused to be looked at: {error.message}"
    except Exception as error:  # noqa: BLE001  whatever a learner has done, a check answers with a sentence
        _log.debug("The check of %s failed.", exercise.id, exc_info=True)
        sentence = (
            f"The check could not read what is there ({type(error).__name__}). Run the cells above again, in their "
            f"order; if that does not help, begin anew: lesson = kvlab.lesson('{exercise.lesson}')"
        )
    else:
        passed = bool(rows) and all(row.passed for row in rows)
        return Outcome("passed" if passed else "wrong", rows=tuple(rows))
    if any(not row.passed for row in rows):
        return Outcome("wrong", rows=tuple(rows))
    return Outcome("nothing", sentence)
