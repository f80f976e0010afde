"""The first lesson in a real JupyterLab: it runs, the form works under the mouse, and nothing leaves the machine."""

import pytest

from tests.browser.lab import browser_page, open_notebook, run_all, running_lab
from tests.tool import tool


def test_first_lesson_runs_and_its_form_creates_a_certificate(tmp_path):
    chromium = tool("chromium")
    pytest.importorskip("playwright")
    pytest.importorskip("jupyterlab")

    with running_lab(tmp_path) as url, browser_page(chromium, url) as (page, errors, outside):
        open_notebook(page, url, "01_make_self_signed.ipynb")
        run_all(page)
        outputs = page.locator(".jp-OutputArea")
        form = outputs.locator(".kvl-form").first
        form.scroll_into_view_if_needed()

        form.get_by_label("Certificate name", exact=True).fill("stall")
        form.get_by_label("Subject", exact=True).fill("CN=stall, O=Contoso, Ltd")
        form.get_by_role("alert").get_by_text("Invalid X.500 distinguished name").wait_for()
        form.get_by_label("Subject", exact=True).fill("CN=stall.contoso.com")
        form.get_by_role("alert").wait_for(state="detached")
        form.get_by_role("button", name="Create certificate").click()
        form.get_by_text("stall: inProgress").wait_for()
        form.get_by_role("button", name="Advance the clock by 10 s").click()
        form.get_by_text("stall: completed").wait_for()
        form.get_by_text("CN=stall.contoso.com").last.wait_for()

        outputs.locator("table.kvr-f").get_by_text("subjectAltName", exact=True).first.scroll_into_view_if_needed()

    assert errors == []
    assert outside == []
