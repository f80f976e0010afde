"""A text as each language writes it: never read as code, and what can not be seen is written by its code."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kvlab.render.call.call import Given
from kvlab.render.markup import compact_json

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 88
_SHELL_WIDTH = 96
_POWERSHELL_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")
"""What PowerShell takes for a single quote: https://learn.microsoft.com/powershell/scripting/lang-spec/chapter-02#2352-string-literals"""
_POWERSHELL_SIGNS = re.compile('[`$"\u201c\u201d\u201e]')


def python(value: Any, indent: str = "", before: int = 0) -> str:
    """
    Write JSON values, octets and what is given elsewhere as Python.

    Args:
        value: what to write.
        indent: of the line it begins on.
        before: characters on that line after the indent.
    """
    if isinstance(value, Code):
        return value.replace("\n", f"\n{indent}")
    flat = _flat(value)
    if len(indent) + before + len(flat) < WIDTH or not isinstance(value, (dict, list)) or not value:
        return flat
    inner = indent + "    "
    if isinstance(value, dict):
        lines = [f"{inner}{_flat(key)}: {python(member, inner, len(_flat(key)) + 2)}," for key, member in value.items()]
        return "\n".join(["{", *lines, f"{indent}}}"])
    return "\n".join(["[", *(f"{inner}{python(member, inner)}," for member in value), f"{indent}]"])


def _flat(value: Any) -> str:
    if isinstance(value, (Given, Code)):
        return str(value) if isinstance(value, Code) else _python_given(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flat(key)}: {_flat(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flat, value)) + "]"
    if isinstance(value, bytes):
        return f'bytes.fromhex("{value.hex()}")'
    if isinstance(value, str):
        text = repr(value)
        return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text else text
    return repr(value)


def _python_given(value: Given) -> str:
    if value.source == "environment":
        return f'os.environ["{value.name}"]'
    if value.shape == "json":
        return f"json.loads(Path({_flat(value.name)}).read_text())"
    return f"Path({_flat(value.name)}).read_{'text' if value.shape == 'text' else 'bytes'}()"


class Code(str):
    """Python that stands as it is."""

    __slots__ = ()


def python_call(function: str, *arguments: Any, **named: Any) -> str:
    """Write a call, on one line if it fits; arguments that are None are left out."""
    given = [*((None, value) for value in arguments), *((key, value) for key, value in named.items())]
    parts = [(f"{key}=" if key else "", value) for key, value in given if value is not None]
    flat = f"{function}({', '.join(head + _flat(value) for head, value in parts)})"
    if len(flat) <= WIDTH and "\n" not in flat:
        return flat
    lines = [f"    {head}{python(value, '    ', len(head) + 1)}," for head, value in parts]
    return "\n".join([f"{function}(", *lines, ")"])


def python_imports(text: str) -> list[str]:
    """Return the import lines of the standard library that a text needs."""
    lines = [f"import {module}" for module in ("base64", "json", "os") if re.search(rf"\b{module}\.", text)]
    lines += ["from datetime import UTC, datetime"] if "datetime.fromtimestamp(" in text else []
    return lines + (["from pathlib import Path"] if "Path(" in text else [])


def shell(value: object) -> str:
    """Quote a word for bash."""
    text = str(value)
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(_shell_sign(sign) for sign in text) + "'"


def _shell_sign(sign: str) -> str:
    if sign in "\\'":
        return f"\\{sign}"
    if sign.isprintable():
        return sign
    if sign == "\n":
        return "\\n"
    return f"\\x{ord(sign):02x}" if ord(sign) < 0x80 else f"\\U{ord(sign):08x}"


def shell_given(value: Given) -> str:
    """Write an environment variable for bash, or the name of a file."""
    return f'"${value.name}"' if value.source == "environment" else shell(value.name)


def shell_command(words: Sequence[Sequence[str]], head: int) -> str:
    """Write a command, on one line if it fits; else its first ``head`` words there, and each further one on its own."""
    parts = [" ".join(part) for part in words]
    flat = " ".join(parts)
    if len(flat) <= _SHELL_WIDTH and "\n" not in flat:
        return flat
    return " \\\n  ".join([" ".join(parts[:head]), *parts[head:]])


def powershell(value: object) -> str:
    """Quote a word for PowerShell 7."""
    text = str(value)
    if text.isprintable():
        return "'" + _POWERSHELL_QUOTES.sub(lambda found: found[0] * 2, text) + "'"
    escaped = _POWERSHELL_SIGNS.sub(lambda found: f"`{found[0]}", text)
    return '"' + "".join(sign if sign.isprintable() else f"`u{{{ord(sign):x}}}" for sign in escaped) + '"'


def json_text(value: Any, *, lines: bool = False) -> str:
    """Write JSON in ASCII, on one line or with the longer objects on several; what is given elsewhere is marked."""
    marked = _with_marks(value)
    return compact_json(marked) if lines else json.dumps(marked, ensure_ascii=True)


def mark(value: Given) -> str:
    """Return how JSON shows something given elsewhere."""
    return f"<{value.name} in {value.shape}>" if value.shape.startswith("base64") else f"<{value.name}>"


def _with_marks(value: Any) -> Any:
    if isinstance(value, Given):
        return mark(value)
    if isinstance(value, dict):
        return {key: _with_marks(member) for key, member in value.items()}
    return [_with_marks(member) for member in value] if isinstance(value, list) else value


def utc(seconds: int) -> str:
    """Write epoch seconds as ``2026-06-01T09:00:00Z``."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
