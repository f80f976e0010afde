"""Which lessons have exercises: for each a module that looks, and beside it a TOML file with the words."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any

from kvlab.lessons.exercise import Exercise, Hint, Making, Plan, Wrong

MODULES = {
    "01": "self_signed",
    "02": "manual",
    "03": "importing",
    "04": "known_issuer",
    "05": "life",
    "06": "permission",
    "07": "reading",
    "08": "device",
    "09": "cloud",
    "10": "year",
}
"""The lesson's number -> its module; loaded when it is asked for."""


@cache
def plan(number: str) -> Plan:
    """
    Return the exercises of a lesson.

    Raises:
        KeyError: there is no such lesson.
    """
    makings: dict[str, Making] = import_module(f"kvlab.lessons.{MODULES[number]}").MAKINGS
    written = {words["id"]: words for words in _words(MODULES[number])["exercise"]}
    return Plan(number, {name: _exercise(makings[name], words) for name, words in written.items()})


def plans() -> list[Plan]:
    """Return all lessons that have exercises, in their order."""
    return [plan(number) for number in MODULES]


def exercise(identifier: str) -> Exercise:
    """
    Return an exercise.

    Raises:
        KeyError: there is none of this id; the message names those there are.
    """
    number = str(identifier).partition(".")[0]
    if number not in MODULES:
        raise KeyError(f"There is no lesson {number!r} with exercises; there are {', '.join(MODULES)}.")
    found = plan(number).exercises
    if identifier not in found:
        raise KeyError(f"There is no exercise {identifier!r}; lesson {number} has {', '.join(found)}.")
    return found[identifier]


def following(identifier: str) -> Exercise | None:
    """Return the exercise after one, which may be in the next lesson; None after the last."""
    every = [exercise for each in plans() for exercise in each.exercises.values()]
    places = [place for place, each in enumerate(every) if each.id == identifier]
    return every[places[0] + 1] if places and places[0] + 1 < len(every) else None


@cache
def hint(name: str) -> Hint:
    """
    Return a hint; lessons share them.

    Raises:
        KeyError: no lesson has it.
    """
    for module in MODULES.values():
        found = _words(module).get("hint", {})
        if name in found:
            return Hint(**found[name])
    raise KeyError(f"There is no hint {name!r}.")


@cache
def _words(module: str) -> dict[str, Any]:
    return tomllib.loads((files("kvlab.lessons") / f"{module}.toml").read_text("utf-8"))


def _exercise(making: Making, words: dict[str, Any]) -> Exercise:
    before = words.get("before", "")
    return Exercise(
        words["id"],
        making,
        words["title"],
        words["task"],
        words["nudge"],
        tuple(before + right["code"] for right in words["right"]),
        tuple(Wrong(**{**wrong, "code": before + wrong["code"]}) for wrong in words["wrong"]),
        words.get("hands_in", ""),
        words.get("service", ""),
    )
