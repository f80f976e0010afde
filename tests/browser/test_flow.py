"""The flow in a real JupyterLab: steps light up as they happen, and the past and the future can be looked at."""

import os
from pathlib import Path

import nbformat
import pytest

from tests.browser.lab import browser_page, open_notebook, run_all, running_lab
from tests.tool import tool

SOURCE = """\
import kvlab
vault = kvlab.Vault("contoso-lab", clock="simulated", seed="flow")
account = {"account_id": "12345", "pwd": "the API key"}
vault.set_certificate_issuer("digi", provider="DigiCert", credentials=account, org_details={"id": "42"})
vault.ca("DigiCert").configure(delay_seconds=30, decision="issue")
def policy(issuer):
    props = {"subject": "CN=shop.contoso.com", "validity_months": 24}
    return {"issuer": {"name": issuer, "cty": "OV-SSL"}, "key_props": {"kty": "EC", "crv": "P-256"}, "x509_props": props}
"""


ACTIVE_CELL = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
NAMES = ("manual", "known")


def notebook():
    sources = [SOURCE, *(f'kvlab.flow(vault, "{name}")' for name in NAMES), 'kvlab.operation(vault, "orders")']
    cells = [nbformat.v4.new_code_cell(source, metadata={"jupyter": {"source_hidden": True}}) for source in sources]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """One page for all: to open a notebook takes longer than to try everything on it."""
    pytest.importorskip("playwright")
    pytest.importorskip("jupyterlab")
    chromium = tool("chromium")
    folder = tmp_path_factory.mktemp("lab")
    with running_lab(folder, windowing="none") as url, browser_page(chromium, url) as (opened, errors, outside):
        nbformat.write(notebook(), folder / "lessons" / "flows.ipynb")
        open_notebook(opened, url, "flows.ipynb")
        opened.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
        run_all(opened)
        yield opened
    assert errors == []
    assert outside == []


class Flow:
    """A flow on a page, and the kernel behind it."""

    def __init__(self, page, name):
        self.page = page
        self.view = page.locator(".jp-OutputArea .kvl-flow").nth(NAMES.index(name))
        self.view.scroll_into_view_if_needed()
        self.slider = self.view.get_by_role("slider", name="Time line")

    def run(self, code):
        """Run code in the kernel, as another cell would; returns what it printed."""
        return self.page.evaluate(
            """async (code) => {
                const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
                const future = kernel.requestExecute({ code });
                let printed = "";
                future.onIOPub = ({ content }) => { printed += content.text ?? content.evalue ?? ""; };
                await future.done;
                return printed;
            }""",
            code,
        )

    def wait_for_steps(self, *states):
        """Wait until the list of steps tells these states, by their signs."""
        words = " ".join(states)
        script = """([view, words]) => [...view.querySelectorAll(".kvl-steps li")]
            .map((step) => step.querySelector(".kvl-words").lastChild.textContent[0]).join(" ") === words"""
        self.page.wait_for_function(script, arg=[self.view.element_handle(), words])

    def arrow(self, number):
        """The words on an arrow, which take a click for it."""
        return self.view.locator(f"[data-step='{number}'] .t").first

    def shot(self, name):
        shot(self.view, f"flow-{name}")


def shot(view, name):
    folder = os.environ.get("KVLAB_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        view.page.mouse.move(0, 0)
        view.screenshot(path=Path(folder) / f"{name}.png")


def theme(page, name):
    page.evaluate("name => window.jupyterapp.commands.execute('apputils:change-theme', { theme: name })", name)
    page.wait_for_function(
        "light => document.body.dataset.jpThemeLight === light", arg="true" if "Light" in name else "false"
    )


def test_the_manual_flow_lights_up_step_by_step(page):
    flow = Flow(page, "manual")
    view = flow.view
    view.locator(".kvl-progress").get_by_text("Nothing has happened yet").wait_for()

    flow.run('operation = vault.create_certificate("manual", policy("Unknown"))')
    flow.wait_for_steps("✓", "✓", "◐", "○", "○")
    view.get_by_label("Did you send it to your CA?").check()
    flow.wait_for_steps("✓", "✓", "✓", "◐", "○")
    flow.shot("manual-light")
    flow.run("signed = vault.practice_ca().sign(operation)")
    flow.wait_for_steps("✓", "✓", "✓", "✓", "◐")
    flow.run('vault.merge_certificate("manual", signed)')
    flow.wait_for_steps("✓", "✓", "✓", "✓", "✓")

    flow.arrow(2).click()
    view.locator(".kvl-panel").get_by_text("Certificate signing request", exact=True).wait_for()
    view.get_by_role("button", name="The next step").click()
    view.locator(".kvl-panel").get_by_text("Pass the request on").wait_for()
    view.locator(".kvl-steps [aria-pressed=true]").focus()
    cell = page.evaluate(ACTIVE_CELL)
    page.keyboard.press("ArrowDown")
    view.locator(".kvl-panel").get_by_text("X.509 certificate", exact=True).wait_for()
    assert page.evaluate(ACTIVE_CELL) == cell

    theme(flow.page, "JupyterLab Dark")
    view.locator(".kvl-calls").get_by_role("tab", name="REST").wait_for(state="hidden")
    view.locator(".kvl-steps [aria-pressed=true]").press("ArrowDown")
    view.locator(".kvl-calls").get_by_role("tab", name="REST").click()
    view.locator(".kvl-calls").get_by_text("/certificates/manual/pending/merge").first.wait_for()
    flow.shot("manual-dark")
    theme(flow.page, "JupyterLab Light")
    flow.page.set_viewport_size({"width": 900, "height": 1000})
    flow.shot("manual-900")
    flow.page.set_viewport_size({"width": 690, "height": 1000})
    view.get_by_role("button", name="Merge the certificate").click()
    view.locator(".kvl-panel").get_by_text("Merge the certificate").wait_for()
    flow.shot("manual-600")
    flow.page.set_viewport_size({"width": 1400, "height": 1000})


def test_the_known_issuer_flow_is_replayed_and_led_on_to_renewal(page):
    flow = Flow(page, "known")
    view = flow.view
    flow.run('vault.create_certificate("known", policy("digi"))')
    flow.wait_for_steps("✓", "◐", "○", "○", "○")
    view.get_by_role("button", name="+10 s").click()
    flow.wait_for_steps("✓", "✓", "◐", "○", "○")
    flow.run('vault.get_certificate_operation("known")')
    view.get_by_role("button", name="+10 s").click()
    flow.run('vault.get_certificate_operation("known")')
    view.locator(".kvf").get_by_text("asked 2 times").wait_for()
    flow.shot("known-polling-light")
    view.get_by_role("button", name="+10 s").click()
    view.get_by_role("button", name="+10 s").click()
    flow.wait_for_steps("✓", "✓", "✓", "✓", "✓")
    flow.arrow(4).click()
    view.locator(".kvl-overrides").get_by_text("199 days", exact=True).wait_for()
    flow.shot("known-light")
    theme(flow.page, "JupyterLab Dark")
    flow.shot("known-dark")
    theme(flow.page, "JupyterLab Light")

    view.get_by_role("button", name="Replay").click()
    flow.wait_for_steps("✓", "◐", "○", "○", "○")
    flow.wait_for_steps("✓", "✓", "✓", "✓", "✓")
    flow.slider.focus()
    cell = page.evaluate(ACTIVE_CELL)
    page.keyboard.press("Home")
    flow.wait_for_steps("✓", "◐", "○", "○", "○")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert page.evaluate(ACTIVE_CELL) == cell
    view.locator(".kvl-wide [data-stop]").filter(has_text="↻").click()
    view.locator(".kvf").get_by_text("Renewal: the vault asks the CA again").wait_for()
    page.emulate_media(reduced_motion="reduce")
    view.get_by_role("button", name="to expiry").click()
    flow.wait_for_steps("✓", "✓", "○", "✓", "✓")
    assert view.evaluate("view => view.getAnimations({ subtree: true }).length") == 0
    page.emulate_media(reduced_motion="no-preference")
    flow.shot("known-renewal-light")


def test_the_operations_buttons_make_moves_and_show_what_is_refused(page):
    flow = Flow(page, "manual")
    view = page.locator(".jp-OutputArea .kvl-operation")
    view.scroll_into_view_if_needed()
    flow.run('vault.create_certificate("orders", policy("digi"))')
    view.locator(".kvr-head").get_by_text("inProgress").wait_for()
    shot(view, "operation-light")
    refused = view.get_by_role("region", name="The vault would refuse")
    refused.get_by_text("Merge is forbidden on pending object created with issuer : digi").wait_for()
    view.get_by_role("button", name="Poll now").click()
    view.get_by_text("poll: done").wait_for()
    view.locator(".kvl-calls").get_by_role("tab", name="kvlab").wait_for()
    refused.get_by_role("button", name="Try it").first.click()
    view.locator(".kvl-outcome").get_by_text("Merge is forbidden on pending object").wait_for()
    view.get_by_label("you: issuer Unknown").check()
    view.get_by_text("Who has to sign: you: issuer Unknown").wait_for()
    view.get_by_label("an issuer").check()
    shot(view, "operation-refused-light")
    for _ in range(4):
        view.get_by_role("button", name="+10 s").click()
        page.wait_for_timeout(200)
    view.locator(".kvr-head").get_by_text("completed").wait_for()
    theme(page, "JupyterLab Dark")
    shot(view, "operation-dark")
    theme(page, "JupyterLab Light")
    page.set_viewport_size({"width": 900, "height": 1000})
    shot(view, "operation-900")
    page.set_viewport_size({"width": 690, "height": 1000})
    shot(view, "operation-600")
    page.set_viewport_size({"width": 1400, "height": 1000})
