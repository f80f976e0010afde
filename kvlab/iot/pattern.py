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


def matcher(text: str, context: Mapping[str, tuple[str, ...]], *, substitute: bool = True) -> re.Pattern[str] | None:
    """
    Turn a pattern into a regular expression, for ``fullmatch``.

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
    runs = [""]
    place = 0
    for found in _TOKEN.finditer(text):
        runs[-1] += re.escape(text[place : found.start()])
        place = found.end()
        if found[2] == "*":
            runs.append("")
        elif found[2] == "?":
            runs[-1] += "."
        elif not substitute:
            runs[-1] += re.escape(found[0])
        elif (value := _value(found[1], context)) is None:
            return None
        else:
            runs[-1] += re.escape(value)
    runs[-1] += re.escape(text[place:])
    # Atomic groups never look back, so that no policy makes a match take more than length times length.
    if len(runs) == 1:
        return re.compile(runs[0], re.DOTALL)
    first, *middle, last = runs
    return re.compile(f"{first}{''.join(f'(?>.*?{run})' for run in middle)}.*{last}", re.DOTALL)


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
