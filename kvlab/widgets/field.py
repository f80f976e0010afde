"""The fields of a form: what each holds, how it looks, and what is said beside it. They know no rule."""

from __future__ import annotations

import json
import re
import reprlib
from typing import TYPE_CHECKING, Any, NamedTuple

import traitlets

from kvlab.errors import InvalidProperty, IotError
from kvlab.render.markup import one_line
from kvlab.x509.primitive import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kvlab.errors import ServiceError

_BETWEEN = re.compile(r"[,;\s]+")
_WHOLE = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_ENTRY = re.compile(r"\[([0-9]+)\]$", re.ASCII)
MOST_OTHERS = 20
"""How many further entries of a list a refusal tells in words; all of them are marked."""


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float))


def _is_list(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(map(_is_plain, value)))


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, dict) and all(map(_is_plain, [*row, *row.values()])) for row in value
    )


_SHAPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "text": ("text, a number, True, False or None", _is_plain),
    "list": ("a list of text, or one text with commas between", _is_list),
    "checks": ("a list of text", _is_list),
    "rows": ("a list of dicts of text", _is_rows),
    "secret": ("text or None", lambda value: value is None or isinstance(value, str)),
    **dict.fromkeys(
        ("secretarea", "file"),
        ("text, octets or None", lambda value: value is None or isinstance(value, (str, bytes, bytearray))),
    ),
}
"""What each kind of field can hold, in words and as a test; all others are as ``text``."""


class Option(NamedTuple):
    """
    One of several values.

    Attributes:
        value: what the field holds then; text, a number, true, false, or None.
        label: its words.
        note: a second line.
        picture: SVG of kvlab's own.
    """

    value: Any
    label: str
    note: str = ""
    picture: str = ""


class Held(traitlets.Any):  # type: ignore[misc]  # traitlets has no types here
    """What a field holds; no rows are an empty list, for None is taken by traitlets without a look."""

    def _validate(self, obj: Field, value: Any) -> Any:
        return super()._validate(obj, [] if value is None and obj.kind == "rows" else value)


class Field(traitlets.HasTraits):  # type: ignore[misc]  # traitlets has no types here
    """
    One input of a form.

    Args:
        name: in ``form.fields``.
        label: its words.
        kind: ``text``, ``area``, ``number``, ``choice``, ``segments``, ``cards``, ``check``, ``checks``, ``list``,
            ``rows``, ``fixed``, ``drawing``; and those that keep nothing: ``secret``, ``secretarea``, ``file``,
            ``action``.
        help_text: one or two sentences.
        value: at first; None is "left out", and ``default`` says what that means.
        member: of the request, such as ``x509_props.subject``.
        options: for those that offer some; for ``rows`` the columns.
        **look: ``tab``, ``unit``, ``placeholder``, ``optional`` (folded away while empty), ``accept``, ``rows``.
    """

    value: Any = Held()
    """What it holds; setting it is what typing does."""

    def __init__(
        self,
        name: str,
        label: str,
        kind: str = "text",
        help_text: str = "",
        *,
        value: Any = None,
        member: str = "",
        options: Sequence[Option] = (),
        **look: Any,
    ) -> None:
        self.name, self.label, self.kind, self.help, self.member = name, label, kind, help_text, member
        self.options = tuple(options)
        self.look = look
        self.default: Any = None
        """What counts while it is left out; of a drawing its ``svg``, kvlab's own, and its ``words``."""
        self.refusal: ServiceError | None = None
        self.note: tuple[str, str] = ("", "")
        self.off: ServiceError | str | None = None
        self.edit = ""
        super().__init__(value=value)

    @traitlets.validate("value")  # type: ignore[untyped-decorator]
    def _split(self, proposal: Mapping[str, Any]) -> Any:
        """
        Take a list given as one text, as people paste it, and what can be put into a request.

        Raises:
            TraitError: it can not be; what it may be is the vault's to say.
        """
        value = proposal["value"]
        if self.kind == "list" and isinstance(value, str):
            return [part for part in _BETWEEN.split(value) if part]
        if self.kind in ("list", "checks", "rows") and isinstance(value, tuple):
            value = list(value)
        allowed, holds = _SHAPES.get(self.kind, _SHAPES["text"])
        if not holds(value):
            raise traitlets.TraitError(f"{self.name} can not be {reprlib.repr(value)}; allowed is {allowed}.")
        return value

    @property
    def tab(self) -> str:
        """The tab it is on; empty above the tabs."""
        return str(self.look.get("tab", ""))

    @property
    def shown(self) -> Any:
        """The value that counts: the field's own, else the vault's default."""
        return self.default if self.value is None else self.value

    def take(self, value: Any, edit: str = "") -> None:
        """Take what the browser sent; what does not fit the kind of field is not heard."""
        self.edit = edit
        if self._fits(value):
            if self.kind == "number" and isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
                value = int(value)
            self.value = None if value == "" and self.kind == "number" else value

    def spec(self) -> dict[str, Any]:
        """Return how the browser draws it."""
        return {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "help": self.help,
            "value": self.value,
            "default": self.default,
            "options": [option._asdict() for option in self.options],
            "refusal": said(self.refusal),
            "note": (self.note[0], visible(self.note[1])),
            "off": said(self.off) if self.off is not None and not isinstance(self.off, str) else self.off,
            "edit": self.edit,
            "look": self.look,
        }

    def words(self) -> str:
        """Return the value as one line of text, for a picture."""
        value = self.shown
        if self.kind in ("secret", "secretarea", "file", "action") or value is None:
            return ""
        if self.kind == "check":
            return "yes" if value else "no"
        if self.kind == "drawing":
            return str(value["words"])
        labels = {option.value: option.label for option in self.options if self.kind != "rows"}
        if isinstance(value, list):
            return ", ".join(labels.get(part, part) if isinstance(part, str) else _row(part) for part in value)
        return str(labels.get(value, value))

    def _fits(self, value: Any) -> bool:
        if self.kind in ("choice", "segments", "cards"):
            return any(value == option.value and type(value) is type(option.value) for option in self.options)
        if self.kind == "check":
            return isinstance(value, bool)
        if self.kind in ("list", "checks"):
            return isinstance(value, list) and all(isinstance(part, str) for part in value)
        if self.kind == "rows":
            return isinstance(value, list) and all(map(self._fits_row, value))
        return self.kind in ("text", "area", "number") and isinstance(value, str)

    def _fits_row(self, row: Any) -> bool:
        columns = {option.value for option in self.options}
        return isinstance(row, dict) and row.keys() <= columns and all(isinstance(part, str) for part in row.values())


def said(error: ServiceError | None) -> dict[str, Any] | None:
    """
    Return a refusal as the browser shows it: the service's sentence, its codes, kvlab's help, and a repair.

    Of a list also the sentences on its further entries, and the places of all that are refused.
    """
    if error is None:
        return None
    codes = [str(error.status), error.code, *([error.inner_code] if error.inner_code else [])]
    repair = (
        None
        if error.repair is None
        else visible(error.repair if isinstance(error.repair, str) else json.dumps(error.repair))
    )
    hint = visible(error.hint or "")
    sentence = visible(one_line(error.message))
    speaker = "AWS's" if isinstance(error, IotError) else "the vault's"
    others = error.others if isinstance(error, InvalidProperty) else ()
    more = [visible(one_line(other.message)) for other in others[:MOST_OTHERS]]
    if len(others) > MOST_OTHERS:
        more.append(f"… and {len(others) - MOST_OTHERS} more")
    return {
        "sentence": sentence, "codes": codes, "speaker": speaker, "hint": hint, "repair": repair, "more": more,
        "entries": [int(found[1]) for one in (error, *others) if (found := _ENTRY.search(str(one.facts.get("field"))))],
    }  # fmt: skip


def _row(part: Mapping[str, str]) -> str:
    return " ".join(filter(None, part.values()))
