"""Each kind of object as a cell's last line, and the calls' panel, in JupyterLab's two themes and in Notebook 7."""

import os
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest

from tests.browser.lab import browser_page, open_notebook, run_all, running_lab
from tests.tool import missing, tool
from tests.widgets.notebook import notebook

NAME = "shown.ipynb"
CONNECTED = (
    "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.connectionStatus === 'connected'"
)


@pytest.fixture
def screenshots(tmp_path):
    place = Path(os.environ.get("KVLAB_SCREENSHOTS") or tmp_path / "screenshots")
    place.mkdir(parents=True, exist_ok=True)
    return place


def keep(locator, path):
    locator.scroll_into_view_if_needed()
    locator.screenshot(path=path)


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_objects_and_calls_in_jupyterlab(theme, tmp_path, screenshots):
    chromium = tool("chromium")
    pytest.importorskip("playwright")
    pytest.importorskip("jupyterlab")

    with (
        running_lab(tmp_path, theme=f"JupyterLab {theme}") as url,
        browser_page(chromium, url, width=1200, height=900) as (page, errors, outside),
    ):
        nbformat.write(notebook(), tmp_path / "lessons" / NAME)
        open_notebook(page, url, NAME)
        run_all(page)
        outputs = page.locator(".jp-OutputArea")
        outputs.get_by_text("No such file or directory").wait_for()
        cards = outputs.locator(".kvr-card")
        for number in range(cards.count()):
            keep(cards.nth(number), screenshots / f"object-{number:02}-{theme.lower()}.png")
        panel = outputs.locator(".kvl-call")
        use_panel(page, panel, screenshots / f"calls-{theme.lower()}.png")
        widths = page.evaluate(
            "() => [...document.querySelectorAll('.kvr-card, .kvl-call')].map(e => e.scrollWidth - e.clientWidth)"
        )

    assert errors == []
    assert outside == []
    assert max(widths) <= 1


def use_panel(page, panel, picture):
    """By keyboard: from tab to tab; by mouse: copy."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel.scroll_into_view_if_needed()
    panel.get_by_role("tab", name="kvlab").focus()
    moves = (("ArrowRight", "Azure SDK"), ("End", "PowerShell"), ("ArrowRight", "kvlab"), ("ArrowLeft", "PowerShell"))
    for key, title in moves:
        page.keyboard.press(key)
        panel.get_by_role("tab", name=title, selected=True).wait_for()
    # What is no plain key is the notebook's.
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.context.model.dirty = true }")
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    panel.get_by_role("tab", name="REST").click()
    panel.get_by_role("tabpanel").get_by_text("HTTP/1.1 200 OK").wait_for()
    keep(panel, picture)
    panel.get_by_role("button", name="Copy").first.click()
    panel.get_by_role("button", name="✓ Copied").wait_for()
    assert page.evaluate("() => navigator.clipboard.readText()").startswith("POST /deletedcertificates/web/recover")


def test_objects_and_calls_in_notebook_7(tmp_path, screenshots):
    chromium = tool("chromium")
    pytest.importorskip("playwright")
    if find_spec("notebook") is None:
        missing("the package 'notebook'")

    with (
        running_lab(tmp_path, app="notebook") as url,
        browser_page(chromium, url, width=1200, height=900) as (page, errors, outside),
    ):
        nbformat.write(notebook(), tmp_path / "lessons" / NAME)
        page.goto(f"{url}/notebooks/{NAME}")
        page.wait_for_function(CONNECTED)
        run_all(page)
        outputs = page.locator(".jp-OutputArea")
        outputs.get_by_text("No such file or directory").wait_for()
        keep(outputs.locator(".kvr-card").nth(1), screenshots / "object-notebook7.png")
        use_panel(page, outputs.locator(".kvl-call"), screenshots / "calls-notebook7.png")

    # Said by Notebook 7.6 of settings, which kvlab has none of.
    assert [error for error in errors if "reading 'schema'" not in error] == []
    assert outside == []
