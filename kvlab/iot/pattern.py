"""Patterns of an IoT policy: text with ``*``, ``?`` and ``${variables}``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_VALUE = 1024
"""Characters; a certificate attribute that is longer is not put in for its variable."""

_TOKEN = re.compile(r"\$\{([^{}]*)\}|([*?])")
_SPECIAL = {"*", "?", "$"}
_CERTIFICATE = "iot:Certificate."


def variables(text: str) -> list[str]:
    """Return the names of the variables in a pattern, in order."""
    return [name for name, _ in _TOKEN.findall(text) if name and name not in _SPECIAL]


class Matcher:
    """
    A pattern whose variables are filled in.

    Most have no ``?``, and are compared without a regular expression, which would have to be made for each device.

    Args:
        runs: what stands between the ``*``, each as texts between its ``?``.
    """

    __slots__ = ("_runs",)

    def __init__(self, runs: list[list[str]]) -> None:
        self._runs = runs

    def fits(self, text: str) -> bool:
        """Say whether a whole text is as the pattern has it."""
        if any(len(run) > 1 for run in self._runs):
            return self._expression().fullmatch(text) is not None
        (first,), *middle = self._runs
        if not middle:
            return text == first
        (last,) = middle.pop()
        place, end = len(first), len(text) - len(last)
        if place > end or not (text.startswith(first) and text.endswith(last)):
            return False
        for (run,) in middle:
            found = text.find(run, place, end)
            if found < 0:
                return False
            place = found + len(run)
        return True

    def _expression(self) -> re.Pattern[str]:
        first, *middle = (".".join(map(re.escape, run)) for run in self._runs)
        if not middle:
            return re.compile(first, re.DOTALL)
        last = middle.pop()
        # Atomic groups never look back, so that no policy makes a match take more than length times length.
        return re.compile(f"{first}{''.join(f'(?>.*?{run})' for run in middle)}.*{last}", re.DOTALL)


def matcher(text: str, context: Mapping[str, tuple[str, ...]], *, substitute: bool = True) -> Matcher | None:
    """
    Fill in the variables of a pattern.

    ``*`` is any run of characters and ``?`` is one; MQTT's ``+`` and ``#`` are plain text. ``${*}``, ``${?}`` and
    ``${$}`` are the characters themselves. What comes in for a variable is plain text too.

    Args:
        text: the pattern.
        context: the values of each variable, by its name; the first one is put in.
        substitute: False in policies of the older version, which know no variables.

    Returns:
        None where a variable has no value: then nothing matches.

    Source: https://docs.aws.amazon.com/iot/latest/developerguide/iot-policy-variables.html
    """
    runs = [[""]]
    place = 0
    for found in _TOKEN.finditer(text):
        runs[-1][-1] += text[place : found.start()]
        place = found.end()
        if found[2] == "*":
            runs.append([""])
        elif found[2] == "?":
            runs[-1].append("")
        elif not substitute:
            runs[-1][-1] += found[0]
        elif (value := _value(found[1], context)) is None:
            return None
        else:
            runs[-1][-1] += value
    runs[-1][-1] += text[place:]
    return Matcher(runs)


def _value(name: str, context: Mapping[str, tuple[str, ...]]) -> str | None:
    if name in _SPECIAL:
        return name
    values = context.get(name)
    if not values:
        return None
    value = values[0]
    if name.startswith(_CERTIFICATE) and (len(value) > LONGEST_VALUE or "*" in value or "?" in value):
        return None
    return value
