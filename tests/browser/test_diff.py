"""The comparison in a real JupyterLab, both themes: its filter works without a kernel, and nothing is cut off."""

import os
from pathlib import Path

import nbformat
import pytest

from tests.browser.lab import browser_page, open_notebook, run_all, running_lab
from tests.tool import tool

CELLS = [
    """
from kvlab import Vault, diff
vault = Vault("contoso-lab", clock="simulated", seed=1)
vault.set_certificate_issuer("digi", provider="DigiCert", credentials={"account_id": "1", "pwd": "k"}, org_details={"id": "7"})
vault.ca("DigiCert").configure(delay_seconds=0, decision="issue")
names = {"subject": "CN=shop.contoso.com, OU=Web team, O=Contoso", "validity_months": 24}
vault.create_certificate("shop", {"issuer": {"name": "digi"}, "key_props": {"kty": "EC"}, "x509_props": names})
vault.process_due()
""",
    'diff(vault, "shop")',
]


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_the_filter_works_and_nothing_is_cut_off(tmp_path, theme):
    chromium = tool("chromium")
    pytest.importorskip("playwright")
    pytest.importorskip("jupyterlab")
    pictures = Path(os.environ.get("KVLAB_SCREENSHOTS") or tmp_path)

    with (
        running_lab(tmp_path, theme=f"JupyterLab {theme}") as url,
        browser_page(chromium, url) as (page, errors, outside),
    ):
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS]
        notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
        nbformat.write(notebook, tmp_path / "lessons" / "diff.ipynb")
        open_notebook(page, url, "diff.ipynb")
        run_all(page)
        card = page.locator(".jp-OutputArea .kvr-diff")
        card.wait_for()
        card.screenshot(path=pictures / f"diff-{theme.lower()}.png")

        page.get_by_role("button", name="Copy into the policy").click()
        page.get_by_text("Copied: the next version asks for it.").wait_for()
        card.get_by_text("6 months").wait_for()
        page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        length, organization = (
            card.get_by_role("rowheader", name=name, exact=True) for name in ("Length", "Organizational unit")
        )
        card.get_by_text("overridden", exact=False).first.click()
        organization.wait_for(state="hidden")
        assert length.is_visible()
        card.get_by_role("radio", checked=True).focus()
        page.keyboard.press("ArrowRight")
        organization.wait_for()
        assert not length.is_visible()
        for width in (900, 700):
            page.set_viewport_size({"width": width, "height": 900})
            card.screenshot(path=pictures / f"diff-{theme.lower()}-{width}.png")
            assert card.evaluate("card => card.scrollWidth <= card.clientWidth + 1")

    assert errors == []
    assert outside == []
