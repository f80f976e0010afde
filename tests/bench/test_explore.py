"""The explorer over 100,000 certificates: opening, searching, turning pages, what goes out, and all of it in a browser."""

import json
import statistics
import subprocess
import sys
import time

import nbformat
import pytest

from kvlab import Vault, explore
from tests.bench.test_scale import fill
from tests.browser.lab import browser_page, open_notebook, running_lab
from tests.tool import tool

COUNT = 100_000

SEARCH = """([text, words]) => new Promise((done, fail) => {
  const search = document.querySelector('[aria-label="Search certificates"]');
  const list = search.closest(".kvx-list");
  const began = performance.now();
  const look = () => {
    if (!list.textContent.includes(words)) return;
    watch.disconnect();
    requestAnimationFrame(() => done(performance.now() - began));
  };
  const watch = new MutationObserver(look);
  watch.observe(list, { childList: true, subtree: true, characterData: true });
  setTimeout(() => fail(new Error(`${text}: ${list.textContent}`)), 5000);
  search.focus();
  search.value = text;
  search.dispatchEvent(new Event("input"));
})"""
"""Types a search; resolves to the milliseconds until the list that says some words is drawn."""


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """The path of a vault with so many certificates."""
    path = tmp_path_factory.mktemp("crowd") / "crowd.db"
    with Vault.open(path) as vault:
        fill(vault, COUNT)
    return path


def timed(what, act):
    wall, cpu = time.perf_counter(), time.process_time()
    found = act()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"  {what:<44}{wall * 1e3:8.0f} ms{cpu * 1e3:8.0f} ms of processor")
    return found


def test_a_vault_of_many(crowd):
    code = f"import time, kvlab; v = kvlab.Vault.open({str(crowd)!r}); a = time.perf_counter(); kvlab.explore(v); print(time.perf_counter() - a)"
    first = float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    print(f"\n{COUNT:,} certificates in a vault (SQLite file)")
    print(f"  {'open, imports of the widgets included':<44}{first * 1e3:8.0f} ms")
    with Vault.open(crowd) as vault:
        panel = timed("open", lambda: explore(vault)).panel
        for query in ("x0", "x0042000", "test", "nothing", "deadbeef"):
            timed(f"search {query}", lambda query=query: setattr(panel, "query", query))
        panel.query = ""
        timed("turn a page", lambda: setattr(panel, "page", 1))
        timed("the last page", lambda: setattr(panel, "page", COUNT // 25))
        timed("by expiry", lambda: setattr(panel, "order", "expires"))
        timed("only valid ones", lambda: setattr(panel, "state", "valid"))
        for tab in [tab["id"] for tab in panel.shown["tabs"]]:
            timed(f"tab {tab}", lambda tab=tab: setattr(panel, "tab", tab))
            print(f"    {len(json.dumps(panel.pane)):>9,} octets")
        print(
            f"  list {len(json.dumps(panel.view)):,} octets; the widget as a whole {len(json.dumps(panel.get_state(), default=str)):,}"
        )


def test_files_of_many(crowd):
    with Vault.open(crowd) as vault:
        ders = [vault.get_certificate("pattern").cer] * COUNT
    print(f"\n{COUNT:,} certificates as DER, read at once")
    panel = timed("open and read all", lambda: explore(ders)).panel
    timed("search", lambda: setattr(panel, "query", "contoso"))
    timed("search for nothing", lambda: setattr(panel, "query", "nothing"))
    timed("by expiry", lambda: setattr(panel, "order", "expires"))


def test_in_a_browser(crowd, tmp_path):
    pytest.importorskip("playwright")
    sources = [
        f"import kvlab, time\nvault = kvlab.Vault.open({str(crowd)!r})",
        "began = time.perf_counter()\ne = kvlab.explore(vault)\ne",
    ]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    frames = []
    with running_lab(tmp_path) as url, browser_page(tool("chromium"), url) as (page, errors, outside):
        nbformat.write(
            nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), tmp_path / "lessons" / "x.ipynb"
        )
        page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(len(frame))))
        open_notebook(page, url, "x.ipynb")
        page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')")
        page.locator(".jp-InputPrompt", has_text="[1]").wait_for()
        frames.clear()
        print(f"\n{COUNT:,} certificates in JupyterLab and chromium")
        # In braces: what a function returns is waited for, and this must begin before it ends.
        page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell-and-select-next') }")
        timed("cell run to first row drawn", lambda: page.locator(".kvx tr[data-key]").first.wait_for(timeout=60_000))
        page.wait_for_timeout(1000)
        print(f"    {sum(frames):>9,} octets over the websocket")
        searches = {"x0042000": "1 to 1 of 1", "nothing": "No certificate is like that", "x0": "1 to 25 of 99,999"}
        for query, rest in searches.items():
            frames.clear()
            drawn = [page.evaluate(SEARCH, [text, words]) for text, words in [(query, rest), ("", "of 100,001")] * 5]
            print(
                f"  search {query}, typed to drawn{statistics.median(drawn[::2]):16.0f} ms, at most {max(drawn[::2]):.0f} ms"
            )
            print(f"    {sum(frames) // len(drawn):>9,} octets over the websocket")
        assert errors == outside == []
