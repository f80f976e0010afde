"""The way to the next exercise, on a page that is built as a notebook's: its cell, the notebook's own link, or words."""

import pytest

from kvlab.widgets.live import module_source
from tests.browser.lab import browser_page
from tests.tool import tool

BOOK = """([source, view, inside]) => {
  const module = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  document.body.innerHTML = `<div class="${inside}"><div class="jp-WindowedPanel-outer" style="height:300px;overflow:auto">
    <div id="here"></div><div style="height:3000px"></div><div id="rest"></div></div></div>`;
  const pane = document.querySelector(".jp-WindowedPanel-outer");
  // As a notebook does: what is out of sight comes to the page when it is near.
  pane.addEventListener("scroll", () => {
    if (pane.scrollTop < 2000) return;
    document.getElementById("rest").innerHTML = `<div class="jp-CodeCell" tabindex="-1" id="task">
      <div class="jp-InputArea-editor">task = lesson.task("02.4")</div></div>`;
  });
  const model = { get: () => view, on: () => {} };
  return import(module).then((it) => void it.default.render({ model, el: document.getElementById("here") }));
}"""

HERE = {"id": "02.4", "title": "Bring it home", "file": ""}
ELSEWHERE = {"id": "03.1", "title": "Four labels", "file": "03_import_and_own_key.ipynb"}


@pytest.fixture
def page():
    pytest.importorskip("playwright")
    with browser_page(tool("chromium"), "about:blank") as (page, errors, outside):
        yield page
        assert errors == []
        assert outside == []


def show(page, view, inside="jp-Notebook"):
    page.evaluate(BOOK, [module_source("next"), view, inside])


def test_a_task_that_is_out_of_sight_is_brought_up_and_has_the_focus(page):
    show(page, HERE)

    page.get_by_role("button", name="Next: 02.4 Bring it home").click()

    page.wait_for_function("() => document.activeElement.id === 'task'")


def test_a_task_that_is_not_on_the_page_is_named(page):
    show(page, {**HERE, "id": "02.5"})

    page.get_by_role("button").click()
    page.get_by_text("Go on below: task 02.5.").wait_for()

    assert page.evaluate("() => document.querySelector('.jp-WindowedPanel-outer').scrollTop") == 0


def test_where_there_is_no_notebook_it_says_where_to_go_on(page):
    show(page, HERE, inside="cell-output")

    page.get_by_role("button").click()

    page.get_by_text("Go on below: task 02.4.").wait_for()


def test_the_next_notebook_is_opened_by_the_notebooks_own_link_if_it_has_one(page):
    show(page, ELSEWHERE)
    link = page.get_by_role("link", name="Next: 03.1 Four labels")
    assert link.get_attribute("href") == ELSEWHERE["file"]
    assert link.get_attribute("target") == "_blank"
    page.evaluate("""() => {
        document.getElementById("rest").innerHTML =
          '<div class="jp-MarkdownCell"><a href="/files/03_import_and_own_key.ipynb?x=1">Next</a></div>';
        document.querySelector("#rest a").onclick = () => { window.opened = true; return false; };
    }""")

    link.click()

    assert page.evaluate("() => window.opened")
