"""A refusal: the service's sentence first, word for word, then its code, then kvlab's help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.render.markup import one_line, stylesheet, tag, text
from kvlab.x509.primitive import visible

if TYPE_CHECKING:
    from kvlab.errors import VaultError, X509Error

_BOLD, _FAINT, _RED, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"


def error_html(error: VaultError | X509Error) -> str:
    """Return a refusal as HTML."""
    sentence, codes, hint = _parts(error)
    tags = " ".join(map(tag, codes))
    words = "in the vault's words" if codes else ""
    help_text = f"<p>{text(hint)}</p>" if hint else ""
    return (
        f'{stylesheet()}<div class="kvr kvr-refusal" role="alert"><span class="kvr-sign">✕</span>'
        f'<b>{text(sentence)}</b>{help_text}<p>{tags} <span class="kvr-muted">{words}</span></p></div>'
    )


def error_lines(error: VaultError | X509Error, *, colour: bool = False) -> list[str]:
    """Return a refusal as lines for a terminal or in place of a traceback: codes, sentence, help."""
    sentence, codes, hint = _parts(error)
    bold, faint, red, plain = (_BOLD, _FAINT, _RED, _PLAIN) if colour else ("", "", "", "")
    head = " ".join(codes) or type(error).__name__
    lines = [f"{red}✕ {head}{plain}", f"{bold}{visible(sentence)}{plain}"]
    return [*lines, f"{faint}kvlab:{plain} {visible(hint)}"] if hint else lines


def _parts(error: VaultError | X509Error) -> tuple[str, list[str], str]:
    code = getattr(error, "code", None)
    if code is None:
        return one_line(str(error)), [], ""
    codes = [str(getattr(error, "status", "")), str(code)]
    inner = getattr(error, "inner_code", None)
    return one_line(getattr(error, "message", str(error))), [*codes, *([inner] if inner else [])], error.hint or ""  # type: ignore[union-attr]
