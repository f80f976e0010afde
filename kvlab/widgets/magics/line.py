"""Reading a line such as ``%kv create web --subject CN=contoso.com``: words, options, help, and what is wrong."""

from __future__ import annotations

import argparse
import difflib
import re
import shlex
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from kvlab.render.markup import stylesheet, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class WrongUse(Exception):
    """A line that can not be done; its text is one line, and says what to write instead."""


class Option(NamedTuple):
    """
    A word or an option of a command.

    Attributes:
        flag: ``name`` for a word in its place, ``--name`` for an option.
        about: one phrase.
        of: what its value is, as the completion knows it: ``certificate``, ``deleted``, ``file``, ``variable``.
        settings: further arguments of ``argparse``.
    """

    flag: str
    about: str
    of: str = ""
    settings: Mapping[str, Any] = {}


class Command(NamedTuple):
    """
    A command of ``%kv``.

    Attributes:
        about: one sentence.
        run: does it; takes the session and the options that were read.
        options: in the order of the help.
    """

    about: str
    run: Callable[[Any, argparse.Namespace], Any]
    options: tuple[Option, ...] = ()


class Help:
    """A help text, shown as it is."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __repr__(self) -> str:
        return self.words

    def _repr_html_(self) -> str:
        lines = "\n".join(map(text, self.words.split("\n")))
        return f'{stylesheet()}<div class="kvr kvr-card"><pre class="kvr-code">{lines}</pre></div>'


def split(line: str) -> list[str]:
    """
    Split a line into words as a shell does, so that a value with blanks can be quoted.

    Raises:
        WrongUse: a quote is not closed.
    """
    try:
        return shlex.split(line)
    except ValueError:
        raise WrongUse("A quote is not closed: put it before and after the value.") from None


def read_options(name: str, command: Command, words: list[str]) -> argparse.Namespace | Help:
    """
    Read the words after a command.

    Raises:
        WrongUse: they are not what it takes.
    """
    parser = _parser(name, command)
    if "--help" in words or "-h" in words:
        return Help(parser.format_help().rstrip())
    # A length of time below zero is no option, nor is the name of a file that begins like it.
    place = next((place for place, word in enumerate(words) if _BELOW_ZERO.match(word)), len(words))
    return parser.parse_args(words if place == len(words) else [*words[:place], "--", *words[place:]])


def overview(commands: Mapping[str, Command]) -> Help:
    """Return what ``%kv`` can do."""
    width = max(map(len, commands))
    lines = [f"  {name.ljust(width)}  {command.about}" for name, command in commands.items()]
    head = "%kv COMMAND …   (%kv COMMAND --help shows what it takes)"
    return Help("\n".join([head, "", *lines, "", "%%kvpolicy [VARIABLE] makes a policy of the JSON in the cell."]))


def find_command(commands: Mapping[str, Command], name: str) -> Command:
    """
    Return a command.

    Raises:
        WrongUse: there is none of the name; a similar one is named.
    """
    if name in commands:
        return commands[name]
    raise WrongUse(f"There is no %kv {_plain(name)}.{_suggestion(name, commands)} %kv lists all commands.")


def read_span(words: Iterable[str]) -> timedelta:
    """
    Read how long something takes: ``30d``, ``1d12h``, ``90 minutes``.

    Raises:
        WrongUse: it is no length of time.
    """
    given = " ".join(words)
    parts = _PART.findall(given)
    if not parts or _PART.sub("", given).strip():
        raise WrongUse(f"{_plain(given)!r} is no length of time: write 30d, 12h, 90m, 45s, 2w, or 1d12h.")
    try:
        return sum((timedelta(**{_UNITS[unit[0]]: float(number)}) for number, unit in parts), timedelta())
    except OverflowError:
        raise WrongUse("A clock ends with the year 9999.") from None


_BELOW_ZERO = re.compile(r"-\d+(?![\d.])\D")
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_PART = re.compile(
    r"(\d+(?:\.\d+)?)\s*(weeks?|w|days?|d|hours?|h|minutes?|min|m(?!o)|seconds?|sec|s)(?![a-z])", re.IGNORECASE
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise WrongUse(f"{_plain(message[:1].upper() + message[1:])}. {self.prog} --help shows what it takes.")


def _parser(name: str, command: Command) -> _Parser:
    parser = _Parser(prog=f"%kv {name}", description=command.about, add_help=False, allow_abbrev=False)
    for option in command.options:
        parser.add_argument(option.flag, help=option.about, **option.settings)
    parser.add_argument("--help", "-h", action="store_true", help=argparse.SUPPRESS)
    return parser


def _suggestion(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _plain(message: str) -> str:
    """Keep a message on one line, and what it repeats of the line visible."""
    return " ".join(ascii(message)[1:-1].split()) if not message.isprintable() else message
