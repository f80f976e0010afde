"""What all forms have in common: head, rows with their errors, one primary button, an outcome, and a picture."""

from __future__ import annotations

import asyncio
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import traitlets
from ipywidgets import HTML, Button, Checkbox, Dropdown, HBox, Layout, Password, VBox

from kvlab.errors import VaultError
from kvlab.render.error import error_html
from kvlab.render.flow import flow_svg
from kvlab.render.form import Shown, form_sentence, form_svg
from kvlab.render.markup import image, one_line, seed_pill, stylesheet, text
from kvlab.render.story import read_story

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ipywidgets import Widget

    from kvlab.vault.vault import Vault

STATES = ("idle", "busy", "done", "failed")


@cache
def form_style() -> str:
    """Return the style elements of every form."""
    return f"{stylesheet()}<style>{(files('kvlab.widgets') / 'style.css').read_text('utf-8')}</style>"


class Row(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """
    A field with its help, and with the vault's sentence where it can not stay as it is.

    Args:
        field: an input with a description.
        help_text: one sentence, plain text.
    """

    def __init__(self, field: Widget, help_text: str = "") -> None:
        self.field = field
        self._help = text(help_text)
        self._note = HTML(self._help).add_class("kvw-note")
        super().__init__([field, self._note])
        self.add_class("kvw-row")

    def refuse(self, error: VaultError | None) -> None:
        """Show why the value can not stay; None takes it back."""
        if error is None:
            self.field.remove_class("kvw-wrong")
            self._note.value = self._help
            return
        self.field.add_class("kvw-wrong")
        hint = f"<br>{text(error.hint)}" if error.hint else ""
        self._note.value = (
            f'<div class="kvw-error" role="alert"><i>✕</i><b>{text(one_line(error.message))}</b>{hint}</div>'
        )

    def say(self, words: str) -> None:
        """Show a remark (HTML) in place of the help."""
        self._note.value = words or self._help


class Form(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """
    A form over one vault. It holds no rule: it makes the arguments of one vault operation and calls it.

    Without a browser: set ``form.fields[name].value``, call ``form.submit()``, look at ``form.state``.

    Args:
        vault: used as whoever it is bound to.
        title: of the form.
        action: the words of the primary button.
    """

    state = traitlets.Enum(STATES, default_value="idle")
    """``idle``, ``busy``, ``done`` or ``failed``."""

    def __init__(self, vault: Vault, title: str, action: str) -> None:
        self.vault = vault
        self.title = title
        self.rows: dict[str, Row] = {}
        self._task: asyncio.Future[Any] | None = None
        self.head = HTML(form_style() + self._head())
        self.left, self.right = VBox().add_class("kvw-left"), VBox().add_class("kvw-right")
        self.body = HBox([self.left]).add_class("kvw-body")
        self.button = Button(description=action).add_class("kvw-primary")
        self.status = HTML().add_class("kvw-status")
        self.foot = HBox([self.button, self.status]).add_class("kvw-foot")
        self.outcome = HTML().add_class("kvw-outcome")
        super().__init__([self.head, self.body, self.foot, self.outcome])
        self.add_class("kvr").add_class("kvw")
        self.button.on_click(lambda _: self.click())

    @property
    def fields(self) -> Mapping[str, Widget]:
        """The inputs by name."""
        return {name: row.field for name, row in self.rows.items()}

    def submit(self) -> Any:
        """Do what the primary button does, and wait for it: the vault's answer, or a list of what is refused."""
        raise NotImplementedError

    def click(self) -> None:
        """Do what the primary button does without blocking the kernel, where an event loop runs."""
        if self.state == "busy":
            return
        self.state = "busy"
        self.run(self.click_async)

    async def click_async(self) -> None:
        """Do what the primary button does; the call that takes long goes to a thread."""
        self.submit()

    def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Start a coroutine on the kernel's loop; where none runs, run it to its end."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(self._done(work))
            return
        self._task = loop.create_task(self._done(work))
        self._task.add_done_callback(_raise_failure)

    async def _done(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        finally:
            # A bug must not leave a form that ignores every click from then on.
            if self.state == "busy":
                self.state = "failed"

    def refuse(self, errors: list[VaultError]) -> list[VaultError]:
        """Show refusals, each beside its field where it has one, else below."""
        self.state = "failed"
        homeless = [error for error in errors if not self.place(error)]
        self.outcome.value = "".join(f"<div>{error_html(error)}</div>" for error in homeless)
        self.status.value = (
            '<span class="kvr-sign">✕</span><b>The vault refused.</b>' if homeless else self.count(errors)
        )
        return errors

    def place(self, error: VaultError) -> bool:
        """Show an error beside the field it names; returns whether there is one."""
        row = self.rows.get(self.field_of(error))
        if row is not None:
            row.refuse(error)
        return row is not None

    def field_of(self, error: VaultError) -> str:
        """Return the name of the form's field that an error is about; empty if none is."""
        del error
        return ""

    def count(self, errors: list[VaultError]) -> str:
        """Return how many fields are to be corrected, as HTML; nothing if none is."""
        names = dict.fromkeys(
            self.rows[name].field.description for name in map(self.field_of, errors) if name in self.rows
        )
        if not names:
            return ""
        number = f"{len(names)} field{'s' if len(names) > 1 else ''} to correct"
        return f'<span class="kvr-sign">✕</span><b>{number}:</b> {text(", ".join(names))}'

    def flow(self, name: str) -> str:
        """Return the flow of a certificate, drawn in the page's own colours."""
        story = read_story(self.vault.events, name, vault_name=self.vault.name)
        drawn = flow_svg(story, seeded=self.vault.seeded)
        return f'<div class="kvw-flow">{drawn}</div>'

    def shown(self) -> list[Shown]:
        """Return the rows of the picture."""
        return [_shown(field) for field in self.fields.values()]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on vault {self.vault.name!r}: {self.state}>"

    def _head(self) -> str:
        return (
            f'<div class="kvr-head"><div class="kvr-grow"><div class="kvr-title">{text(self.title)}</div>'
            f'<div class="kvr-sub">in <b>{text(self.vault.name)}</b>, as {text(self.vault.principal)}</div></div>'
            f"{seed_pill() if self.vault.seeded else ''}</div>"
        )

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Add a picture to the live widget: what a page without a kernel shows."""
        answer = super()._repr_mimebundle_(**options)
        data, metadata = answer if isinstance(answer, tuple) else (answer or {}, {})
        rows = self.shown()
        subtitle = f"in {self.vault.name}, as {self.vault.principal}"
        drawn = form_svg(self.title, subtitle, rows, self.button.description, seeded=self.vault.seeded)
        picture = {"text/plain": repr(self), "text/html": image(drawn, form_sentence(self.title, rows))}
        return {**data, **picture}, metadata


def wide(**options: Any) -> dict[str, Any]:
    """Return the options of an input that fills its row; a plain 100 % would lose its right border."""
    return {"layout": Layout(width="calc(100% - 4px)"), "style": {"description_width": "128px"}, **options}


async def in_thread(call: Callable[[], Any]) -> Any:
    """Make a call that takes long off the loop; where there are no threads (Pyodide), make it here."""
    try:
        return await asyncio.to_thread(call)
    except RuntimeError as error:
        if "thread" not in str(error):
            raise
        return call()


def _raise_failure(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.result()


def _shown(field: Widget) -> Shown:
    label = field.description
    if isinstance(field, Checkbox):
        return Shown(label, "yes" if field.value else "no", "check")
    if isinstance(field, Password):
        return Shown(label, "", "secret")
    if isinstance(field, Dropdown):
        return Shown(label, str(field.label), "choice")
    value = getattr(field, "label", None) or getattr(field, "value", "")
    return Shown(
        label, value.split("\n")[0] if isinstance(value, str) else str(value) if isinstance(value, int) else ""
    )
