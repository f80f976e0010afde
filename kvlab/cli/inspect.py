"""``kvlab inspect``: certificates, requests and the files that hold them as tables of fields."""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from functools import partial
from typing import TYPE_CHECKING

from kvlab.cli.failure import Failure, sentence, shown
from kvlab.cli.file import read_file, read_password, unlock
from kvlab.errors import X509Error
from kvlab.render.field import Inspected, Sheet, sheets_csv, sheets_json, sheets_text
from kvlab.x509.field import Field
from kvlab.x509.file import Found, read_objects

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from kvlab.x509.container import Contents

    Read = list[tuple[str, list[Found]]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.epilog = (
        "Octets of more than two lines are shortened on the terminal; --json and --csv have them all. "
        "Private keys are announced, never shown."
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="PEM, DER, PFX or P7B; - is standard input")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON document, with the offset and length of each field")
    form.add_argument(
        "--csv", action="store_true", help="one line for each field; text like a formula is quoted by a '"
    )
    parser.add_argument(
        "--password-file", metavar="F", help="its first line opens PFX files and encrypted keys (default: ask)"
    )


def run(options: argparse.Namespace) -> int:
    """Show every file that can be read; returns 1 if one could not, each with a line on stderr."""
    with warnings.catch_warnings():
        # cryptography's remarks on odd certificates would stand between the lines; the tables say what is odd.
        warnings.simplefilter("ignore", UserWarning)
        read, failed = _read_all(options.files, read_password(options.password_file))
        _write(_sheets(read), options)
    return int(failed)


def _read_all(paths: Sequence[str], password: bytes | None) -> tuple[Read, bool]:
    read: Read = []
    failed = False
    for path in paths:
        try:
            objects = read_objects(read_file(path), password, partial(_open_pfx, path=path, password=password))
        except (Failure, X509Error, OSError) as error:
            failed = _complain(path, error)
            continue
        read.append((shown(path), objects))
        faults = [thing for thing in objects if thing.fault]
        if faults:
            failed = _complain(path, f"{faults[0].kind} {faults[0].number}: {faults[0].fault}")
    return read, failed


def _complain(path: str, error: Exception | str) -> bool:
    reason = error.strerror or error if isinstance(error, OSError) else error
    sys.stderr.write(f"kvlab: {shown(path)}: {sentence(reason)}\n")
    return True


def _open_pfx(data: bytes, path: str, password: bytes | None) -> Contents:
    from kvlab.x509.pfx import read_pfx  # noqa: PLC0415  most files are no PFX

    return unlock(partial(read_pfx, data), path, password)


def _sheets(read: Read) -> list[Sheet]:
    return [
        Sheet(name, [Inspected(thing.kind, thing.number, *_shape(thing, name, read)) for thing in objects])
        for name, objects in read
    ]


def _shape(thing: Found, name: str, read: Read) -> tuple[Sequence[Field], str]:
    """Return the fields of an object, and its summary if it gets no table."""
    if thing.kind == "other":
        return thing.fields, f"{thing.fields[0].value}, {thing.fields[1].value} octets, not shown"
    if thing.kind != "private key" or thing.fields[0].section == "encoding":
        return thing.fields, ""
    fields = list(thing.fields)
    if thing.key_der:
        partners = ", ".join(_partners(thing, name, read))
        fields.append(Field("private key", "matches", partners, None, None, None, None))
    words = {"type": "", "friendlyName": "named ", "matches": "matches "}
    return fields, ", ".join(f"{words[field.name]}{field.value or 'nothing else shown here'}" for field in fields)


def _partners(thing: Found, name: str, read: Read) -> Iterable[str]:
    """Name the certificates, requests and public keys that have the public half of a private key."""
    for file, objects in read:
        for other in objects:
            if other.kind not in ("private key", "other") and other.public_key() == thing.key_der:
                yield f"{other.kind} {other.number}{'' if file == name else f' of {file}'}"


def _write(sheets: list[Sheet], options: argparse.Namespace) -> None:
    if options.json:
        sys.stdout.write(sheets_json(sheets))
    elif options.csv:
        sys.stdout.write(sheets_csv(sheets))
    elif sheets:
        width = shutil.get_terminal_size().columns
        sys.stdout.write(sheets_text(sheets, width=width, colour=_wants_colour()))


def _wants_colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
