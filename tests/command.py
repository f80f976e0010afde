"""Running the `kvlab` command in tests."""

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
    child, terminal = pty.fork()
    if child == 0:
        os.environ.pop("NO_COLOR", None)
        os.environ.update({"TERM": "xterm", "COLUMNS": "100", **environment})
        os.execv(sys.executable, [*COMMAND, *map(str, arguments)])
    seen = b""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        seen += piece
        if typed and prompt in seen:
            # getpass switches the echo off, and throws away what was typed before, after it has asked.
            time.sleep(0.3)
            os.write(terminal, typed + b"\n")
            typed = b""
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), seen.decode()
