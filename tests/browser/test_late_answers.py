"""The explorer's list and tabs with a kernel whose answers come when the test says so: late, and in odd order."""

import pytest

from kvlab.widgets.live import module_source
from tests.browser.lab import browser_page
from tests.tool import tool

MODEL = """([source, state]) => {
  const listeners = [];
  window.sent = [];
  window.model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; window.sent.push([name, value]); },
    save_changes: () => {},
    send: () => {},
    on: (event, listener) => listeners.push([event, listener]),
    off: () => {},
  };
  window.answer = (name, value) => {
    state[name] = value;
    for (const [event, listener] of listeners) if (event === `change:${name}`) listener();
  };
  const module = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  document.body.innerHTML = '<div class="kvr"></div>';
  return import(module).then((it) => void it.default.render({ model: window.model, el: document.body.firstChild }));
}"""
"""Renders the explorer on a model of its own: `sent` is what it set, `answer(name, value)` what Python would set."""

TABS = [{"id": name, "label": name.title()} for name in ("overview", "fields", "bytes")]


def row(name):
    return {
        "key": name, "name": name, "state": "valid", "sign": "✓", "role": "ok", "kind": "EC P-256", "names": name,
        "left": "30 days", "remark": "", "part": 0.5,
    }  # fmt: skip


def view(*names, query=""):
    return {
        "query": query, "rows": [row(name) for name in names], "first": 0, "total": len(names), "page": 0, "pages": 1,
        "states": [], "progress": None, "empty": "", "refusal": "",
    }  # fmt: skip


def shown(name):
    pill = {"sign": "✓", "role": "ok", "words": "valid"}
    return {"key": name, "name": name, "pill": pill, "kind": "EC", "private": "", "about": "", "tabs": TABS}


def pane(tab, html):
    return {"tab": tab, "key": "api", "html": html}


@pytest.fixture
def page():
    pytest.importorskip("playwright")
    with browser_page(tool("chromium"), "about:blank") as (page, errors, outside):
        state = {
            "query": "", "state": "", "order": "name", "page": 0, "selected": "api", "version": "", "tab": "overview",
            "head": {"title": "shop", "words": "", "clock": "", "kind": "", "seed": "", "as": "", "makes": False},
            "view": view("api", "mail"), "shown": shown("api"), "pane": pane("overview", "first"),
        }  # fmt: skip
        page.evaluate(MODEL, [module_source("explorer"), state])
        page.get_by_role("tab", name="Overview").wait_for()
        yield page
        assert errors == []
        assert outside == []


def answer(page, name, value):
    page.evaluate("([name, value]) => window.answer(name, value)", [name, value])


def sent(page, name):
    return [value for trait, value in page.evaluate("() => window.sent") if trait == name]


def selected_tab(page):
    return page.locator("[role=tab][aria-selected=true]").get_attribute("data-tab")


def test_a_late_pane_does_not_take_back_the_tab_that_was_chosen(page):
    page.get_by_role("tab", name="Overview").focus()
    page.keyboard.press("ArrowRight")
    answer(page, "pane", pane("overview", "an event of before"))

    assert selected_tab(page) == "fields"

    answer(page, "shown", shown("mail"))

    assert selected_tab(page) == "fields"
    assert page.evaluate("document.activeElement.dataset.tab") == "fields"

    page.keyboard.press("ArrowRight")

    assert selected_tab(page) == "bytes"


def test_a_tab_that_is_not_there_gives_way_to_the_one_that_is_shown(page):
    page.get_by_role("tab", name="Bytes").click()
    answer(page, "shown", {**shown("api"), "tabs": TABS[:2]})
    answer(page, "pane", pane("overview", "no bytes yet"))

    assert selected_tab(page) == "overview"


def test_what_is_typed_is_searched_at_once_and_once_more_when_the_answer_is_there(page):
    page.get_by_label("Search certificates").press_sequentially("mail")

    assert sent(page, "query") == ["m"]

    answer(page, "view", view("api", "mail", query="m"))

    assert sent(page, "query") == ["m", "mail"]

    answer(page, "view", view("mail", query="mail"))

    assert sent(page, "query") == ["m", "mail"]


def test_the_last_letter_is_searched_though_the_reader_went_on(page):
    page.get_by_label("Search certificates").press_sequentially("ma")
    page.get_by_role("tab", name="Overview").focus()
    answer(page, "view", view("api", "mail", query="m"))

    assert sent(page, "query")[-1] == "ma"
    assert page.get_by_label("Search certificates").input_value() == "ma"


def test_an_event_is_no_answer_to_a_search(page):
    page.get_by_label("Search certificates").press_sequentially("ma")
    answer(page, "view", view("api", "mail", "new"))

    assert sent(page, "query") == ["m"]


def test_a_search_that_is_never_answered_does_not_end_the_next(page):
    page.get_by_label("Search certificates").press_sequentially("ma")
    page.wait_for_function("() => window.sent.filter(([name]) => name === 'query').length > 1")

    assert sent(page, "query") == ["m", "ma"]


def test_a_search_of_another_view_is_followed(page):
    page.get_by_label("Search certificates").press_sequentially("m")
    answer(page, "view", view("api", "mail", query="m"))
    page.get_by_role("tab", name="Overview").focus()
    answer(page, "query", "api")
    answer(page, "view", view("api", query="api"))

    assert page.get_by_label("Search certificates").input_value() == "api"
    assert sent(page, "query") == ["m"]
