"""An exercise in a real JupyterLab: done in a cell, checked by the button, helped by the ladder, passed, and the next."""

import os
from pathlib import Path

import pytest

from tests.browser.lab import browser_page, open_notebook, run_all, running_lab
from tests.tool import tool

MISTAKE = """task = lesson.task("01.1")
vault.create_certificate(task.name, kvlab.CertificatePolicy.self_signed("CN=a", kty="EC"))
vault.clock.advance(10)"""
MENDED = """again = kvlab.CertificatePolicy.self_signed("CN=a", kty="EC", dns_names=[task.host])
vault.create_certificate(task.name, again)
vault.clock.advance(10)"""


def run_in_kernel(page, code):
    """Run code in the notebook's kernel, as another cell would."""
    done = page.evaluate(
        """async (code) => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            const reply = await kernel.requestExecute({ code }).done;
            return reply.content.status;
        }""",
        code,
    )
    assert done == "ok", code


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_an_exercise_is_checked_helped_and_passed(tmp_path, monkeypatch, theme):
    chromium = tool("chromium")
    pytest.importorskip("playwright")
    pytest.importorskip("jupyterlab")
    monkeypatch.setenv("KVLAB_HOME", str(tmp_path / "home"))
    pictures = Path(os.environ.get("KVLAB_SCREENSHOTS") or tmp_path)
    shade = theme.split()[1].lower()

    with running_lab(tmp_path, theme=theme) as url, browser_page(chromium, url) as (page, errors, outside):
        open_notebook(page, url, "01_make_self_signed.ipynb")
        run_all(page)
        panel = page.locator(".kvw-check-panel").first
        panel.scroll_into_view_if_needed()
        panel.get_by_text("First one").wait_for()

        run_in_kernel(page, MISTAKE)
        panel.get_by_role("button", name="Check", exact=True).click()
        panel.get_by_text("names in the common name are not consulted").wait_for()
        panel.get_by_role("button", name="Show: Pointer").click()
        panel.get_by_text("x509_props.sans.dns_names in the policy").wait_for()
        panel.screenshot(path=pictures / f"check-wrong-{shade}.png")
        run_in_kernel(page, MENDED)
        panel.get_by_role("button", name="Check again").click()
        panel.get_by_text("at the second attempt").wait_for()
        panel.screenshot(path=pictures / f"check-passed-{shade}.png")
        panel.get_by_role("button", name="Next: 01.2 Exactly these").click()
        page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.source.includes('01.2')"
        )

    assert errors == []
    assert outside == []
