"""The base of the live widgets: what a page shows where no JavaScript runs, and a module that travels as one text."""

import asyncio
import threading

import pytest

import kvlab
from kvlab import Vault
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


def said(**data):
    """A message as a browser sends it."""
    return {"content": {"data": data}, "buffers": []}


@pytest.mark.parametrize(
    ("make", "heard", "message"),
    [
        (lambda vault: kvlab.create(vault).view, "on_msg", said(method="custom", content={"do": "tab", "name": "key"})),
        (lambda vault: kvlab.explore(vault).panel, "observe", said(method="update", state={"query": "web"})),
        (lambda vault: kvlab.flow(vault, "web"), "observe", said(method="update", state={"at": 0})),
    ],
    ids=["form", "explorer", "flow"],
)
def test_a_browser_is_heard_where_the_vault_is_heard(make, heard, message):
    """JupyterLab hears it in a thread of its own: two that drew at once showed last what was seen first."""

    async def scenario():
        with Vault() as vault:
            vault.create_certificate("web", {"issuer": {"name": "Self"}, "x509_props": {"subject": "CN=web"}})
            widget, threads, told = make(vault), [], asyncio.Event()

            def note(*_):
                threads.append(threading.current_thread())
                told.set()

            getattr(widget, heard)(note)
            await asyncio.to_thread(widget._handle_msg, message)
            await asyncio.wait_for(told.wait(), 10)
            return threads

    assert set(asyncio.run(scenario())) == {threading.current_thread()}
