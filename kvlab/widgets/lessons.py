"""The lessons of the first page with the progress, which can be taken along."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from ipywidgets import HTML, FileUpload, HBox, VBox

from kvlab.render.markup import text

if TYPE_CHECKING:
    from collections.abc import Callable


class StartPanel(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """
    The lessons, with the progress to download and to take back: Binder forgets.

    Args:
        page: returns the HTML of the lessons.
        download: returns the progress file.
        upload: takes one back, and returns how many exercises are known then; raises ``ValueError`` for another file.
    """

    def __init__(self, page: Callable[[], str], download: Callable[[], bytes], upload: Callable[[bytes], int]) -> None:
        self._page, self._download, self._upload = page, download, upload
        self.lessons, self.link, self.said = HTML(), HTML(), HTML()
        self.file = FileUpload(accept=".json", description="Take progress back").add_class("kvw-file")
        super().__init__([self.lessons, HBox([self.link, self.file, self.said])])
        self.file.observe(lambda change: self.take(change["new"]), "value")
        self._draw()

    def take(self, files: tuple[dict[str, Any], ...]) -> None:
        """Take back a file that was downloaded before."""
        if not files:
            return
        try:
            known = self._upload(bytes(files[0]["content"]))
            self.said.value = f"✓ {known} exercises are known now."
        except (ValueError, OSError) as error:
            self.said.value = f"✕ {text(error)}"
        self._draw()

    def _draw(self) -> None:
        octets = b64encode(self._download()).decode()
        self.lessons.value = self._page()
        self.link.value = (
            f'<a download="kvlab-progress.json" href="data:application/json;base64,{octets}">Download progress</a>'
        )

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Add the page to the live widget: what is seen without a kernel."""
        answer = super()._repr_mimebundle_(**options)
        data, metadata = answer if isinstance(answer, tuple) else (answer or {}, {})
        return {**data, "text/html": self._page()}, metadata
