"""``kvlab lab``: the lessons copied into a folder of the learner's own, and opened in JupyterLab."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from kvlab.cli.delivery import deliver, lessons_folder
from kvlab.cli.failure import Failure, shown
from kvlab.home import home_folder
from kvlab.lessons.draw import VARIABLE, remember

if TYPE_CHECKING:
    from types import FrameType

FIRST_PAGE = "00_start.ipynb"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.epilog = (
        "A lesson you have changed is never overwritten: its new edition goes beside it, as NAME.new.ipynb. "
        "Ctrl-C ends JupyterLab."
    )
    parser.add_argument(
        "--dir", metavar="D", help="where your copies of the lessons are (default: notebooks in KVLAB_HOME, ~/.kvlab)"
    )
    parser.add_argument(
        "--student", metavar="S", help="a seat number or a name: all notebooks draw its tasks, from now on"
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the address, with its token")
    parser.add_argument(
        "--port", metavar="N", type=whole_port, help="port on the loopback interface (default: JupyterLab's)"
    )


def run(options: argparse.Namespace) -> int:
    """Copy the lessons that are not there, and serve them until Ctrl-C or SIGTERM."""
    if find_spec("jupyterlab") is None:
        raise Failure('JupyterLab is not installed (pip install "kvlab[lab]").')
    # JupyterLab will have handlers of its own, but only after a second or two.
    signal.signal(signal.SIGTERM, _leave)
    try:
        folder = Path(options.dir) if options.dir else home() / "notebooks"
        if options.student is not None:
            _remember(options.student)
        _tell(deliver(lessons_folder(), folder), folder)
        _serve(jupyter_arguments(folder, port=options.port, browser=not options.no_browser))
    except KeyboardInterrupt:
        return 0
    return 0


def home() -> Path:
    """
    Return where kvlab keeps its files: ``KVLAB_HOME``, by default ``~/.kvlab``.

    Raises:
        Failure: there is no home directory.
    """
    try:
        return home_folder()
    except RuntimeError:
        raise Failure("There is no home directory (set KVLAB_HOME, or use --dir).") from None


def jupyter_arguments(folder: Path, *, port: int | None, browser: bool) -> list[str]:
    """
    Return the arguments JupyterLab is started with: loopback only, its own token, and Ctrl-C ends it at once.

    Args:
        folder: with the learner's lessons.
        port: None for the first free one from 8888.
        browser: whether to open one.
    """
    page = f"/lab/tree/{FIRST_PAGE}" if (folder / FIRST_PAGE).is_file() else "/lab"
    arguments = [
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--LabApp.default_url={page}",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.answer_yes=True",
        f"--ServerApp.open_browser={browser}",
    ]
    if port is not None:
        arguments.append(f"--ServerApp.port={port}")
    # JupyterLab refuses to be root's unless told; in a container nobody else is there.
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--ServerApp.allow_root=True")
    return arguments


def whole_port(value: str) -> int:
    """Read a port number of the command line."""
    if not value.isascii() or not value.isdigit() or len(value) > 5 or int(value) > 65535:
        raise argparse.ArgumentTypeError(f"it is a whole number from 0 to 65535, not '{value}'")
    return int(value)


def _remember(student: str) -> None:
    try:
        remember(student)
    except (OSError, RuntimeError) as error:
        raise Failure(f"The student can not be remembered: {error}.") from None
    # What is set for this process would go first, and its kernels inherit it.
    os.environ.pop(VARIABLE, None)


def _tell(delivered: dict[str, str], folder: Path) -> None:
    new = [name for name, beside in delivered.items() if name == beside]
    if new:
        sys.stdout.write(f"{len(new)} file{'s' * (len(new) > 1)} copied to {shown(str(folder))}\n")
    for name, beside in delivered.items():
        if name != beside:
            sys.stdout.write(f"{shown(name)} is as you left it; its new edition is {shown(beside)}\n")
    sys.stdout.flush()


def _serve(arguments: list[str]) -> None:
    """Run JupyterLab in this very process, so that no signal can miss it and nothing stays behind."""
    import_module("jupyterlab.labapp").main(argv=arguments)


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)
