"""
The command ``kvlab``.

Each subcommand is a module of this package with ``add_arguments(parser)`` and ``run(options) -> int``; only the module
of the one that is asked for is loaded.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from kvlab import __version__
from kvlab.cli.failure import Failure, WrongUse, sentence
from kvlab.errors import VaultError, X509Error

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "lab": "copy the lessons and open them in JupyterLab",
    "lessons": "list the exercises, how far you are, and prove the checks",
    "serve": "run the vault as a server that the official Azure clients can use",
    "inspect": "show certificates, requests and the files that hold them as tables of fields",
    "certificate": "make a certificate, or a request for one, from your own private key",
}

FAILED, WRONGLY_USED, INTERRUPTED, PIPE_CLOSED = 1, 2, 130, 141
"""Exit codes; the last two are those that a shell reports for SIGINT and SIGPIPE."""


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line, without repeating stray arguments: one might be a password."""

    def error(self, message: str) -> NoReturn:
        """Print one line and leave with exit code 2."""
        self.exit(WRONGLY_USED, f"kvlab: error: {sentence(message)} (see {self.prog} --help)\n")

    def refuse_rest(self, rest: Sequence[str]) -> None:
        """Refuse what no option and no argument of the command took."""
        options = [word.partition("=")[0] if word.startswith("--") else word[:2] for word in rest if word[:1] == "-"]
        if any("pass" in option for option in options):
            self.error("a password does not belong on the command line: put it into a file and use --password-file")
        if options:
            self.error(f"unknown option {', '.join(options)}")
        if rest:
            self.error(f"{len(rest)} argument{'s' * (len(rest) > 1)} more than it takes")


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Args:
        argv: without the program's name; None for the process's own.

    Returns:
        The exit code: 0, or 1 after one line that says what failed.

    Raises:
        SystemExit: 2 after wrong use, 0 after ``--help`` and ``--version``.
    """
    # What the terminal's encoding does not have is escaped rather than fatal.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    options = _options(sys.argv[1:] if argv is None else [*argv])
    try:
        status = int(options.run(options))
        if sys.stdout is not None:
            sys.stdout.flush()
    except WrongUse as error:
        options.parser.error(str(error))
    except BrokenPipeError:
        _abandon_stdout()
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except (Failure, X509Error, VaultError, OSError) as error:
        if isinstance(error, OSError) and error.filename is None:
            _abandon_stdout()
        sys.stderr.write(f"kvlab: {sentence(error)}\n")
        return FAILED
    return status


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = Parser(
        prog="kvlab", description="The Key Vault you can hold in a notebook, from the command line.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"kvlab {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    asked_for = next((word for word in arguments if not word.startswith("-")), None)
    for name, purpose in COMMANDS.items():
        command = commands.add_parser(
            name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.", allow_abbrev=False
        )
        if name == asked_for:
            module = import_module(f"kvlab.cli.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run, parser=command)
    options, rest = parser.parse_known_args(arguments)
    options.parser.refuse_rest(rest)
    return options


def _abandon_stdout() -> None:
    """Let what is still to be written go nowhere, so that the interpreter does not complain at its end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (AttributeError, OSError, ValueError):
        return
