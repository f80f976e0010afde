"""Text from outside in a program: never read as code, and nothing in it is invisible."""

import ast
import json
import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvlab.render.call.quote import json_text, powershell, python, shell

NASTY = [
    "",
    " ",
    "$(id)",
    "`id`",
    "it's",
    '"',
    "'\"$x\\",
    "a\nb",
    "-n",
    "!x",
    "\u202e\u200b",
    "\u2018x\u2019",
    "~",
    "*",
    "\t",
    "\x1b[2J",
    "é",
    "😀",
]
TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXT | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    )
)
def test_python_reads_what_was_written(value):
    code = python(value)

    tree = ast.parse(code, mode="eval")
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert all(ast.unparse(node.func) == "bytes.fromhex" for node in calls)
    assert eval(code, {"bytes": bytes, "__builtins__": {}}) == value
    assert code.replace("\n", "").isprintable()


def echoed(words):
    """What bash makes of words: each with a NUL behind it, as no word has one."""
    done = subprocess.run(
        ["bash", "-c", "printf '%s\\0' " + " ".join(words)], capture_output=True, check=True, timeout=20,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    return done.stdout.decode().split("\0")[:-1]


@settings(max_examples=20, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=30))
def test_bash_reads_what_was_written(texts):
    words = [shell(text) for text in [*texts, *NASTY]]

    assert echoed(words) == [*texts, *NASTY]
    assert all(word.isprintable() for word in words)


def unquoted(word):
    """What PowerShell makes of a word, by its grammar of string literals."""
    quotes = "'\u2018\u2019\u201a\u201b"
    if word[0] == "'":
        assert word[-1] == "'"
        inner, out, at = word[1:-1], "", 0
        while at < len(inner):
            if inner[at] in quotes:
                assert inner[at + 1] in quotes, "a quote that ends the literal"
                out += inner[at]
                at += 2
            else:
                out += inner[at]
                at += 1
        return out
    assert word[0] == word[-1] == '"'
    inner, out, at = word[1:-1], "", 0
    while at < len(inner):
        if inner.startswith("`u{", at):
            end = inner.index("}", at)
            out += chr(int(inner[at + 3 : end], 16))
            at = end + 1
        elif inner[at] == "`":
            out += inner[at + 1]
            at += 2
        else:
            assert inner[at] not in '$"\u201c\u201d\u201e'
            out += inner[at]
            at += 1
    return out


@given(TEXT)
def test_powershell_reads_what_was_written(text):
    word = powershell(text)

    assert unquoted(word) == text
    assert word.isprintable()


@pytest.mark.parametrize("text", NASTY)
def test_json_reads_what_was_written(text):
    assert json.loads(json_text({"x": text})) == {"x": text}
    assert json.loads(json_text({"x": [text]}, lines=True)) == {"x": [text]}
