"""Running the `kvlab` command in tests."""

import contextlib
import os
import pty
import subprocess
import sys
import time
from typing import NamedTuple

COMMAND = [sys.executable, "-m", "kvlab"]


class Done(NamedTuple):
    """What a run of the command left behind."""

    status: int
    out: str
    err: str


def kvlab(*arguments, stdin=b"", **environment) -> Done:
    """Run the command in a process of its own."""
    surroundings = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
        env=surroundings | {"PYTHONIOENCODING": "utf-8"} | environment,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def kvlab_on_terminal(*arguments, typed=b"", prompt=b"Password", **environment) -> tuple[int, str]:
    """Run the command with a terminal as its input and output, and type something when it asks."""
    surroundings = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    surroundings |= {"TERM": "xterm", "COLUMNS": "100", "PYTHONIOENCODING": "utf-8", **environment}
    terminal, its_side = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=its_side,
        stdout=its_side,
        stderr=its_side,
        env=surroundings,
        start_new_session=True,
    ) as process:
        os.close(its_side)
        seen = b""
        # Reading fails when the last process that has the terminal open ends.
        with contextlib.suppress(OSError):
            while piece := os.read(terminal, 4096):
                seen += piece
                if typed and prompt in seen:
                    # getpass switches the echo off, and throws away what was typed before, after it has asked.
                    time.sleep(0.3)
                    os.write(terminal, typed + b"\n")
                    typed = b""
        os.close(terminal)
    return process.returncode, seen.decode()
