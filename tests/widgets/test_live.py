"""The base of the live widgets: what a page shows where no JavaScript runs, and a module that travels as one text."""

import pytest

from kvlab.widgets import live


class Clock(live.Live, module="dom"):
    def picture(self):
        return "<svg xmlns='http://www.w3.org/2000/svg'/>"

    def sentence(self):
        return 'one <o\'clock> "sharp"'


def test_a_page_without_a_kernel_shows_the_picture_and_its_sentence():
    data, _ = Clock()._repr_mimebundle_()

    assert data["text/plain"] == "<Clock>"
    assert data["text/html"].startswith("<img ")
    assert 'alt="one &lt;o&#x27;clock&gt; &quot;sharp&quot;"' in data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data


def test_a_module_travels_with_those_it_imports(monkeypatch):
    files = {
        "user.js": 'import { make } from "./dom.js";\nexport default { render };\n',
        "dom.js": "export function make() {}\n",
    }
    monkeypatch.setattr(live, "_read", files.__getitem__)

    assert live.module_source.__wrapped__("user") == "function make() {}\nexport default { render };\n"


def test_a_module_that_asks_a_network_is_refused(monkeypatch):
    monkeypatch.setattr(live, "_read", lambda _: 'import confetti from "https://esm.sh/confetti";\n')

    with pytest.raises(ValueError, match="can not be inlined"):
        live.module_source.__wrapped__("user")
