"""A form as a page draws it, and what the page says back: fields, tabs, refusals beside fields, buttons, a picture."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import traitlets
from ipywidgets import VBox

from kvlab.render.chapter import about
from kvlab.render.flow import flow_svg
from kvlab.render.form import Drawn, Shown, form_sentence, form_svg
from kvlab.render.markup import image
from kvlab.render.story import read_story
from kvlab.widgets.call import CallPanel
from kvlab.widgets.live import Live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kvlab.errors import ServiceError
    from kvlab.render.call.dialect import AnyCall
    from kvlab.vault.vault import Vault
    from kvlab.widgets.field import Field

STATES = ("idle", "busy", "done", "failed")
UPLOAD_LIMIT = 5 * 2**20
"""Octets of a file that the browser sends; the kernel's socket takes no message of more than 10 MB."""


class FormView(Live, module="form"):
    """A form as the browser draws it; what is secret comes as a message, and is never a trait."""

    view = traitlets.Dict().tag(sync=True)
    """Everything that is drawn; see ``FormPage.drawn``."""
    outcome = traitlets.Unicode().tag(sync=True)
    """HTML of ``kvlab.render``'s own, below the form."""


class Button(NamedTuple):
    """
    A button of a form.

    Attributes:
        key: what the browser calls it.
        label: its words.
        press: what it does.
        title: one sentence on what that is.
    """

    key: str
    label: str
    press: Callable[[], Any]
    title: str = ""

    def click(self) -> Any:
        """Do it."""
        return self.press()


class FormPage(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """
    What is seen of a form. It makes no call: what a button does is a subclass's.

    Args:
        vault: used as whoever it is bound to.
        title: of the form.
        button: the primary one.
        fields: in order.
        tabs: key and words of each.
    """

    state = traitlets.Enum(STATES, default_value="idle")
    """``idle``, ``busy``, ``done`` or ``failed``."""
    judges = True
    """Whether refusals come and go as somebody types; else only another try can tell."""
    call_title = "In kvlab's Python, the Azure SDK, az, REST, PowerShell and openssl."
    """What the button that shows the call says of itself."""

    def __init__(
        self, vault: Vault, title: str, button: Button, fields: Iterable[Field], tabs: Mapping[str, str] | None
    ) -> None:
        self.vault = vault
        self.title = title
        self.button = button
        self.inputs = {field.name: field for field in fields}
        self.tabs = dict(tabs or {})
        self.tab = next(iter(self.tabs), "")
        self._turned = ""
        self.status: tuple[str, str] = ("", "")
        self.side: dict[str, Any] | None = None
        self.more_buttons: list[Button] = []
        self._held = 1
        self.view = FormView()
        self._panel: CallPanel | None = None
        self.view.on_msg(lambda _, content, buffers: self.hear(content, buffers))
        super().__init__([self.view])
        for field in self.inputs.values():
            field.observe(lambda _, field=field: self.changed(field), "value")
        self._held = 0

    @property
    def fields(self) -> Mapping[str, Field]:
        """The inputs by name, those that are shown."""
        return {name: field for name, field in self.inputs.items() if self.is_shown(field)}

    @property
    def outcome(self) -> str:
        """What came of it, as HTML."""
        return str(self.view.outcome)

    @outcome.setter
    def outcome(self, html: str) -> None:
        self.view.outcome = html

    def call(self) -> AnyCall | None:
        """Return the call that the primary button makes, to be shown in other languages."""
        return None

    def is_shown(self, field: Field) -> bool:  # noqa: ARG002  a form that hides fields knows which
        """Tell whether a field is there."""
        return True

    def changed(self, field: Field) -> None:
        """Look again after a field has got another value."""
        field.refusal = None
        self.draw()

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Set several fields, and look at them once."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    def press(self, key: str) -> None:
        """Press a button by its key; one that is not there, or while the form is busy, does nothing."""
        for button in self.buttons():
            if button.key == key:
                button.press()

    def buttons(self) -> Sequence[Button]:
        """Return the buttons that are there now, the primary one first."""
        showing = [] if self.call() is None else [Button("call", "Show me the call", self.show_call, self.call_title)]
        return [self.button, *self.more_buttons, *showing]

    def place(self, error: ServiceError) -> bool:
        """Show an error beside the field it names; returns whether there is one."""
        field = self.fields.get(self.field_of(error))
        if field is not None:
            field.refusal = field.refusal or error
        return field is not None

    def field_of(self, error: ServiceError) -> str:
        """Return the name of the form's field that an error is about; empty if none is."""
        path = member_path(str(error.facts.get("field", "")))
        named = [field for field in self.fields.values() if field.member]
        exact = [field for field in named if f"{path}.".startswith(f"{field.member}.")]
        inside = [field for field in named if path and field.member.startswith(f"{path}.")]
        best = max(exact, key=lambda field: len(field.member), default=next(iter(inside), None))
        return "" if best is None else best.name

    def flow(self, name: str) -> str:
        """Return the flow of a certificate, drawn in the page's own colours."""
        story = read_story(self.vault.events.about(about(name)), name, vault_name=self.vault.name)
        drawn = flow_svg(story, seeded=self.vault.seeded)
        return f'<div class="kvf-flow">{drawn}</div>'

    def hear(self, content: Any, buffers: Sequence[Any] = ()) -> None:
        """Take a message of the browser; what makes no sense, or comes too late, is not heard."""
        if not isinstance(content, dict):
            return
        name, value = str(content.get("name", "")), characters(content.get("value"))
        field = self.fields.get(name)
        match content.get("do"):
            case "press":
                self.press(name)
            case "tab" if name in self.tabs:
                self.tab, self._turned = name, str(content.get("edit", ""))
                self.opened()
            case "paste" if isinstance(value, str):
                self.paste(value)
            case "set" if field is not None:
                field.take(value, str(content.get("edit", "")))
            case "repair" if field is not None and field.refusal is not None:
                self.repair(field)
            case "secret" if field is not None and field.kind.startswith("secret") and isinstance(value, str):
                self.take_secret(field, value)
            case "file" if field is not None and field.kind == "file" and len(buffers) == 1:
                self.take_file(field, str(value), bytes(buffers[0]))
        self.draw()

    def opened(self) -> None:
        """Follow to another tab."""

    def paste(self, text: str) -> None:
        """Take what was typed beside the form."""

    def repair(self, field: Field) -> None:
        """Put the value into a field that the refusal beside it offers."""
        if field.refusal is not None and field.refusal.repair is not None:
            field.value = field.refusal.repair

    def take_secret(self, field: Field, text: str) -> None:
        """Take a password or a private key; no field, trait or state holds it."""

    def take_file(self, field: Field, filename: str, octets: bytes) -> None:
        """Take a file."""

    def draw(self) -> None:
        """Show in the browser how the form is now."""
        if self._held:
            return
        self.view.view = self.drawn()
        call = None if self._panel is None else self.call()
        if self._panel is not None and call is not None and call != self._panel.call:
            self._panel.show(call)

    def drawn(self) -> dict[str, Any]:
        """Return everything the browser draws."""
        fields = [*self.fields.values()]
        wrong = [field for field in fields if field.refusal is not None]
        tabs = [
            {"key": key, "label": words, "wrong": sum(field.tab == key for field in wrong)}
            for key, words in self.tabs.items()
            if any(field.tab == key for field in fields)
        ]
        return {
            "title": self.title,
            "vault": self.vault.name,
            "principal": self.vault.principal,
            "seeded": self.vault.seeded,
            "tabs": tabs,
            "tab": self.tab,
            "turned": self._turned,
            "blocked": bool(wrong) and self.judges,
            "fields": [field.spec() for field in fields],
            "side": self.side,
            "buttons": [
                {"key": key, "label": label, "title": title, "primary": key == self.button.key}
                for key, label, _, title in self.buttons()
            ],
            "status": {"kind": self.status[0], "words": self.status[1], "busy": self.state == "busy"},
            "wrong": [[field.name, field.label] for field in wrong],
            "limit": UPLOAD_LIMIT,
        }

    def close(self) -> None:
        """Take the form away."""
        if "view" in vars(self):
            self.view.close()
            if self._panel is not None:
                self._panel.close()
        super().close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on vault {self.vault.name!r}: {self.state}>"

    def shown(self) -> Drawn:
        """Return what the picture shows: the fields above the tabs, and those of the tab that is open."""
        fields = [field for field in self.fields.values() if field.tab in ("", self.tab)]
        return Drawn(
            self.title,
            f"in {self.vault.name}, as {self.vault.principal}",
            [
                Shown(field.label, field.words(), field.kind, tuple(option.label for option in field.options))
                for field in fields
                if field.words() or not field.look.get("optional")
            ],
            [words for key, words in self.tabs.items() if any(field.tab == key for field in self.fields.values())],
            self.tabs.get(self.tab, ""),
            self.button.label,
        )

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Add a picture to the live widget: what a page without a kernel shows."""
        answer = super()._repr_mimebundle_(**options)
        data, metadata = answer if isinstance(answer, tuple) else (answer or {}, {})
        shown = self.shown()
        picture = image(form_svg(shown, seeded=self.vault.seeded), form_sentence(shown))
        return {**data, "text/plain": repr(self), "text/html": picture}, metadata

    def show_call(self) -> None:
        """Show, or take away, the call of the primary button in every language."""
        call = self.call()
        if self._panel is not None or call is None:
            self.children, panel, self._panel = [self.view], self._panel, None
            if panel is not None:
                panel.close()
        else:
            self._panel = CallPanel(call)
            self.children = [self.view, self._panel]


def characters(value: Any) -> Any:
    """Return a value of the browser's with halves of characters, which JSON can hold and UTF-8 can not, replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [characters(part) for part in value]
    if isinstance(value, dict):
        return {characters(key): characters(part) for key, part in value.items()}
    return value


def member_path(field: str) -> str:
    """Return the path of a request's member without the word before it and the places in lists."""
    parts = [part.partition("[")[0] for part in field.split(".")]
    return ".".join(parts[1:] if parts[0] in ("policy", "issuer") else parts)
