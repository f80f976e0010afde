"""A refusal: the service's sentence first, word for word, then its code, then kvlab's help."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from kvlab.errors import IotError
from kvlab.render.markup import one_line, stylesheet, tag, text
from kvlab.x509.primitive import visible

if TYPE_CHECKING:
    from kvlab.errors import ServiceError, X509Error

_BOLD, _FAINT, _RED, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"


def error_html(error: ServiceError | X509Error) -> str:
    """Return a refusal as HTML."""
    sentence, codes, hint = _parts(error)
    tags = " ".join(map(tag, codes))
    speaker = "AWS's" if isinstance(error, IotError) else "the vault's"
    words = f"in {speaker} words" if codes else ""
    help_text = f"<p>{text(hint)}</p>" if hint else ""
    return (
        f'{stylesheet()}<div class="kvr kvr-refusal" role="alert"><span class="kvr-sign">✕</span>'
        f'<b>{text(sentence)}</b>{help_text}<p>{tags} <span class="kvr-muted">{words}</span></p></div>'
    )


def error_lines(error: ServiceError | X509Error, *, colour: bool = False, width: int = 0) -> list[str]:
    """
    Return a refusal as lines for a terminal or in place of a traceback: codes, sentence, help.

    Args:
        error: the refusal.
        colour: with terminal colours.
        width: columns at which to break lines between words; 0 for never.
    """
    sentence, codes, hint = _parts(error)
    bold, faint, red, plain = (_BOLD, _FAINT, _RED, _PLAIN) if colour else ("", "", "", "")
    head = " ".join(codes) or type(error).__name__
    lines = [f"{red}✕ {head}{plain}", *(f"{bold}{line}{plain}" for line in _broken(visible(sentence), width))]
    if hint:
        first, *others = _broken(f"kvlab: {visible(hint)}", width)
        lines += [f"{faint}kvlab:{plain}{first.removeprefix('kvlab:')}", *others]
    return lines


def _broken(sentence: str, width: int) -> list[str]:
    """Break a sentence between words; a long word, such as a command's, stays whole so that it can be copied."""
    if not width:
        return [sentence]
    return textwrap.wrap(sentence, width, break_long_words=False, break_on_hyphens=False) or [""]


def _parts(error: ServiceError | X509Error) -> tuple[str, list[str], str]:
    code = getattr(error, "code", None)
    if code is None:
        return one_line(str(error)), [], ""
    codes = [str(getattr(error, "status", "")), str(code)]
    inner = getattr(error, "inner_code", None)
    return one_line(getattr(error, "message", str(error))), [*codes, *([inner] if inner else [])], error.hint or ""  # type: ignore[union-attr]
