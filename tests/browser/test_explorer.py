"""The explorer in a real JupyterLab: bytes and fields, search, keyboard, themes, widths, and what goes over the wire."""

import os
from pathlib import Path

import nbformat
import pytest

from tests.browser.lab import browser_page, open_notebook, run_all, running_lab
from tests.browser.shop import SHOP
from tests.tool import tool

MOST_OCTETS = 200_000

MANY = """
crowd = Vault("crowd", clock="simulated", seed=2)
for number in range(300):
    crowd.create_certificate(f"c{number:03}", {"issuer": {"name": "Self"}, "key_props": {"kty": "EC"}, "x509_props": {"subject": f"CN=c{number:03}.contoso.com"}})
crowd.process_due()
"""

CUT_OFF = """(view) => {
  const pen = document.createElement("canvas").getContext("2d");
  const isShort = (input) => {
    const look = getComputedStyle(input);
    pen.font = look.font;
    const needs = pen.measureText(input.placeholder).width + parseFloat(look.paddingLeft) + parseFloat(look.paddingRight);
    return input.clientWidth > 0 && needs > input.clientWidth;
  };
  const boxes = [...view.querySelectorAll(".kvx-pane, .kvx-fields, .kvx-dump")].filter((box) => box.scrollWidth > box.clientWidth);
  const inputs = [...view.querySelectorAll("input[placeholder]")].filter(isShort);
  const flush = [...view.querySelectorAll(".kvx-rows th")].filter((cell) => parseFloat(getComputedStyle(cell).paddingLeft) < 8);
  return [...boxes, ...inputs, ...flush].map((node) => `${node.className} ${node.placeholder ?? node.textContent.slice(0, 40)}`);
}"""
"""Says what can not be read without scrolling sideways, is cut off, or touches the edge."""


class Wire:
    """What the page receives from the kernel."""

    def __init__(self, page):
        self.frames = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: self.frames.append(len(frame))))


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """One page for all: to open a notebook takes longer than to try everything on it."""
    pytest.importorskip("playwright")
    pytest.importorskip("jupyterlab")
    chromium = tool("chromium")
    folder = tmp_path_factory.mktemp("lab")
    sources = [SHOP, "explorer = kvlab.explore(vault)\nexplorer", MANY, "kvlab.explore(crowd)"]
    cells = [nbformat.v4.new_code_cell(source, metadata={"jupyter": {"source_hidden": True}}) for source in sources]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    with running_lab(folder) as url, browser_page(chromium, url, width=1500) as (page, errors, outside):
        notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        nbformat.write(notebook, folder / "lessons" / "explorer.ipynb")
        page.wire = Wire(page)
        open_notebook(page, url, "explorer.ipynb")
        page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
        run_all(page)
        yield page
    assert errors == []
    assert outside == []


@pytest.fixture
def explorer(opened):
    """The explorer of the shop, with nothing searched."""
    view = opened.locator(".kvx").first
    view.scroll_into_view_if_needed()
    view.get_by_label("Search certificates").fill("")
    view.get_by_text("1 to 11 of 11").wait_for()
    return view


def pick(explorer, name, tab):
    explorer.get_by_role("grid", name="Certificates").get_by_text(name, exact=True).click()
    explorer.get_by_role("heading", name=name, exact=True).wait_for()
    explorer.get_by_role("tab", name=tab).click()
    shown = {"Timeline": "events"}.get(tab, tab.lower())
    explorer.locator(f".kvx-pane[data-shown={shown}]").wait_for()


def lit(explorer):
    bytes_ = explorer.locator(".kvx-hex :is(.lit, .hot)").all_inner_texts()
    return bytes.fromhex("".join(bytes_))


def picture(page, explorer, name, tmp_path):
    folder = Path(os.environ.get("KVLAB_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(250)
    explorer.screenshot(path=folder / f"explorer-{name}.png")


def theme(page, name):
    page.evaluate("(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", name)
    page.wait_for_function("(light) => document.body.dataset.jpThemeLight === light", arg=str("Light" in name).lower())


def test_a_field_lights_its_bytes_and_a_byte_finds_its_field(opened, explorer, tmp_path):
    pick(explorer, "shop", "Fields")
    explorer.get_by_role("row", name="subjectAltName").click()

    assert lit(explorer).startswith(bytes.fromhex("302c0603551d11"))
    assert lit(explorer).endswith(b"www.contoso.com")

    explorer.get_by_role("row", name="dNSName shop.contoso.com").click()

    assert lit(explorer) == b"\x82\x10shop.contoso.com"

    picture(opened, explorer, "fields-light", tmp_path)
    trail = explorer.locator(".kvx-trail")
    offset = int(explorer.locator(".kvx-hex .lit").first.get_attribute("data-at"))
    explorer.locator(f'.kvx-hex [data-at="{offset + 20}"]').hover()

    assert trail.inner_text().endswith(f"dNSName · byte {offset + 20}")

    explorer.locator(f'.kvx-hex [data-at="{offset + 20}"]').click()

    assert lit(explorer) == b"\x82\x0fwww.contoso.com"
    assert explorer.locator("tr[aria-selected=true] td").nth(2).is_visible()
    assert "www.contoso.com" in explorer.locator(".kvx-section tr[aria-selected=true]").inner_text()


def test_bytes_are_reached_by_keyboard(explorer):
    pick(explorer, "shop", "Bytes")
    dump = explorer.get_by_role("group", name="Bytes; arrow keys move")
    dump.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowLeft", "Enter"):
        dump.press(key)

    assert explorer.locator(".kvx-trail").inner_text().endswith("serialNumber")
    assert lit(explorer)[:1] == b"\x02"


def test_fields_are_searched_and_explained(explorer):
    pick(explorer, "shop", "Fields")
    search = explorer.get_by_label("Search fields")
    search.fill("browser compares")

    assert explorer.get_by_role("row", name="subjectAltName").is_visible()
    assert explorer.get_by_role("row", name="serialNumber").is_hidden()

    search.fill("")
    explorer.get_by_role("button", name="explain").click()

    assert explorer.get_by_text("Who signed: the name of the CA, or of itself.").is_visible()


def test_the_list_is_worked_by_keyboard_alone(opened, explorer):
    explorer.get_by_role("row", name="api").first.click()
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("ArrowDown")
    explorer.get_by_role("heading", name="evil", exact=True).wait_for()

    assert "evil" in opened.evaluate("document.activeElement.textContent")

    opened.keyboard.press("/")
    opened.keyboard.type("SMTP.contoso")
    explorer.get_by_text("1 to 1 of 1").wait_for()
    opened.keyboard.press("Enter")
    explorer.get_by_role("heading", name="mail", exact=True).wait_for()
    opened.keyboard.press("Enter")

    assert opened.evaluate("document.activeElement.getAttribute('role')") == "tab"

    opened.keyboard.press("ArrowRight")

    assert opened.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"


def test_states_filter_and_each_tab_shows_something(opened, explorer, tmp_path):
    for state, name in (("Deleted", "old-intranet"), ("Failed", "billing"), ("Pending", "orders")):
        explorer.get_by_role("button", name=state).click()
        explorer.get_by_text("1 to 1 of 1", exact=True).wait_for()
        explorer.get_by_role("grid", name="Certificates").get_by_text(name, exact=True).wait_for()
        explorer.get_by_role("button", name=state).click()
        explorer.get_by_text("1 to 11 of 11").wait_for()
    pick(explorer, "partner", "Overview")
    for tab in explorer.get_by_role("tab").all():
        tab.click()
        name = tab.get_attribute("data-tab")
        explorer.locator(f".kvx-pane[data-shown={name}]").wait_for(state="attached")
        place = ".kvx-slot .kvl:visible" if name in ("operation", "actions") else ".kvx-pane"
        explorer.locator(place).first.wait_for()

        assert len(explorer.locator(place).first.inner_text()) > 30
        assert explorer.evaluate(CUT_OFF) == []

        picture(opened, explorer, f"tab-{name}-light", tmp_path)

    explorer.get_by_role("tab", name="Actions").click()
    moves = explorer.locator(".kvf-row.action")
    moves.first.wait_for()
    lefts = {round(move.bounding_box()["x"]) for move in moves.all()}
    assert 2 <= len(lefts) <= 4


def test_a_form_and_the_call_behind_an_event_stand_beside(opened, explorer, tmp_path):
    pick(explorer, "partner", "Timeline")
    explorer.get_by_role("button", name="Show me the call").last.click()
    explorer.locator(".kvx-slot").get_by_role("tab", name="REST").wait_for()
    picture(opened, explorer, "call-light", tmp_path)
    explorer.get_by_role("button", name="New certificate").click()
    explorer.get_by_label("Certificate name").wait_for()
    picture(opened, explorer, "create-light", tmp_path)
    explorer.get_by_role("row", name="api").first.click()
    explorer.get_by_label("Certificate name").wait_for(state="detached")


def test_hostile_text_is_text(opened, explorer, tmp_path):
    title = opened.title()
    pick(explorer, "evil", "Overview")

    assert explorer.get_by_text("con\\u200Btoso \\u202Emoc").first.is_visible()
    assert explorer.locator("script, .kvx-pane img, .kvx-pane b b").count() == 0

    explorer.get_by_role("tab", name="Fields").click()

    assert explorer.get_by_text("<script>document.title=1</script>").first.is_visible()
    assert opened.title() == title


def test_it_stays_true_while_the_vault_changes(opened, explorer):
    opened.evaluate(
        """async () => {
            const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
            await kernel.requestExecute({ code: 'vault.update_certificate("wiki", attributes={"enabled": False})' }).done;
        }"""
    )
    explorer.get_by_role("button", name="Disabled 2").wait_for()


def test_both_themes_and_narrow_pages(opened, explorer, tmp_path):
    pick(explorer, "shop", "Fields")
    explorer.get_by_role("row", name="subjectAltName").click()
    theme(opened, "JupyterLab Dark")
    picture(opened, explorer, "fields-dark", tmp_path)
    theme(opened, "JupyterLab Light")
    try:
        for width, name in ((1000, "900"), (720, "600")):
            opened.set_viewport_size({"width": width, "height": 1400})
            picture(opened, explorer, f"fields-{name}", tmp_path)

            assert opened.evaluate(
                "document.querySelector('.kvx').scrollWidth <= document.querySelector('.kvx').clientWidth"
            )
            assert explorer.evaluate(CUT_OFF) == []

        assert explorer.get_by_role("grid", name="Certificates").is_hidden()

        explorer.get_by_role("button", name="all certificates").click()

        assert explorer.get_by_role("grid", name="Certificates").is_visible()
        assert explorer.get_by_role("tabpanel").is_hidden()
    finally:
        opened.set_viewport_size({"width": 1500, "height": 1000})


def test_a_page_of_many_is_small_on_the_wire(opened):
    crowd = opened.locator(".kvx").nth(1)
    crowd.scroll_into_view_if_needed()
    opened.wire.frames.clear()
    crowd.get_by_label("Search certificates").fill("c29 contoso")
    crowd.get_by_text("1 to 10 of 10", exact=True).wait_for()
    crowd.get_by_role("row", name="c299").click()
    crowd.get_by_role("tab", name="Fields").click()
    crowd.get_by_role("row", name="serialNumber").wait_for()

    assert 0 < sum(opened.wire.frames) < MOST_OCTETS

    crowd.get_by_label("Search certificates").fill("")
    crowd.get_by_role("button", name="Next page").click()
    crowd.get_by_text("26 to 50 of 300").wait_for()


def test_a_restarted_kernel_leaves_the_picture_and_a_sentence(opened):
    view = opened.locator(".kvx").nth(1)
    view.scroll_into_view_if_needed()
    opened.evaluate("() => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart() }")
    notice = view.locator(".kvl-gone")
    notice.wait_for()

    assert "Run this cell again to reconnect" in notice.inner_text()
    assert notice.bounding_box()["y"] < view.get_by_label("Search certificates").bounding_box()["y"]
    assert view.get_by_label("Search certificates").is_disabled()
    assert view.locator("tr[data-key]").first.is_visible()
