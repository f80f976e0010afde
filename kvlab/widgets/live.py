"""What all live pictures and lists have in common: a module of plain JavaScript, and a picture where none runs."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar

from anywidget import AnyWidget

from kvlab.render.markup import image
from kvlab.widgets.task import Home

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default\b)", re.MULTILINE)


class Live(AnyWidget):  # type: ignore[misc]  # anywidget has no types
    """
    A widget drawn by a module in ``kvlab/widgets/js``; a page without a kernel shows its picture.

    A subclass names its module, ``class Explorer(Live, module="explorer")``; the style sheet of the same name, if there
    is one, comes with it. No synchronised trait may hold a private key, a password or a credential: widget state is
    written into notebooks.
    """

    module: ClassVar[str]

    def __init_subclass__(cls, module: str = "", **options: Any) -> None:
        if module:
            cls.module = module
            cls._esm = module_source(module)
            cls._css = module_style(module)
        super().__init_subclass__(**options)

    def __init__(self, *arguments: Any, **traits: Any) -> None:
        self._home = Home()
        super().__init__(*arguments, **traits)

    def _handle_msg(self, message: dict[str, Any]) -> None:
        """Hear the browser."""
        self._home.call(super()._handle_msg, message)

    def picture(self) -> str:
        """Return the SVG of what is shown; empty where :meth:`page` has another form."""
        return ""

    def sentence(self) -> str:
        """Return what is shown as one sentence: the picture's text for those who can not see it."""
        return repr(self)

    def page(self) -> str:
        """Return the HTML that stands for the widget where none runs: its picture, unless a subclass has better."""
        return image(self.picture(), self.sentence())

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        answer = super()._repr_mimebundle_(**options)
        data, metadata = answer if isinstance(answer, tuple) else (answer or {}, {})
        return {**data, "text/plain": repr(self), "text/html": self.page()}, metadata


@cache
def module_source(name: str) -> str:
    """
    Return a module with those it imports in place of its import lines: a widget's code travels as one text.

    Raises:
        ValueError: it imports something that is not a module of kvlab, which would ask a network.
    """
    source = _inlined(_read(f"{name}.js"), {name})
    if re.search(r"^\s*import\b", source, re.MULTILINE):
        raise ValueError(f'{name}.js imports what can not be inlined; allowed is: import {{…}} from "./name.js";')
    return source


@cache
def module_style(name: str) -> str:
    """Return the style of a module: the theme, what live widgets share, and its own."""
    theme = (files("kvlab.render") / "theme.css").read_text("utf-8")
    own = files("kvlab.widgets") / "js" / f"{name}.css"
    return theme + _read("live.css") + (own.read_text("utf-8") if own.is_file() else "")


def _inlined(source: str, seen: set[str]) -> str:
    """Put the modules that one imports, and those they import, in place of the import lines, each once."""

    def imported(found: re.Match[str]) -> str:
        if found[1] in seen:
            return ""
        seen.add(found[1])
        return _EXPORT.sub("", _inlined(_read(f"{found[1]}.js"), seen))

    return _IMPORT.sub(imported, source)


def _read(file: str) -> str:
    return (files("kvlab.widgets") / "js" / file).read_text("utf-8")
