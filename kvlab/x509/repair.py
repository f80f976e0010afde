"""What somebody probably meant who wrote a subject that is no X.500 name."""

from __future__ import annotations

from kvlab.errors import NameSyntaxError
from kvlab.x509.name import parse_name

_ESCAPABLE = ',;+"<>'
_ROUNDS = 8


def repaired_name(text: str) -> str | None:
    r"""
    Return the text with its separators escaped where no attribute follows, or with the ``CN=`` it lacks.

    Returns:
        Text that ``parse_name`` reads; None if it takes more than that.

    >>> repaired_name("CN=shop.contoso.com, O=Contoso, Ltd")
    'CN=shop.contoso.com, O=Contoso\\, Ltd'
    >>> repaired_name("shop.contoso.com")
    'CN=shop.contoso.com'
    """
    candidate = text if "=" in text else f"CN={text.strip()}"
    for _ in range(_ROUNDS):
        try:
            parse_name(candidate)
        except NameSyntaxError as mistake:
            at = _to_escape(candidate, mistake.position)
            if at is None:
                return None
            candidate = f"{candidate[:at]}\\{candidate[at:]}"
        else:
            return candidate
    return None


def _to_escape(text: str, position: int) -> int | None:
    """Return where the character stands that was taken for more than itself."""
    if text[position : position + 1] in tuple(_ESCAPABLE):
        return position
    before = len(text[:position].rstrip())
    return before - 1 if before and text[before - 1] in _ESCAPABLE else None
