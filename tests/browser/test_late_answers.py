"""Explorer and forms with a kernel whose answers come when the test says so: late, in odd order, in the midst of a click."""

import pytest

import kvlab
from kvlab import Vault
from tests.browser.blank import answer, blank_page, messages, sent
from tests.tool import tool

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
    state = {
        "query": "", "state": "", "order": "name", "page": 0, "selected": "api", "version": "", "tab": "overview",
        "head": {"title": "shop", "words": "", "clock": "", "kind": "", "seed": "", "as": "", "makes": False},
        "view": view("api", "mail"), "shown": shown("api"), "pane": pane("overview", "first"),
    }  # fmt: skip
    with blank_page(tool("chromium"), "explorer", state) as page:
        yield page


@pytest.fixture
def form():
    with Vault() as vault:
        form = kvlab.create(vault)
        yield form
        form.close()


@pytest.fixture
def drawn(form):
    """The form on a page of its own."""
    pytest.importorskip("playwright")
    with blank_page(tool("chromium"), "form", {"view": form.drawn(), "outcome": ""}) as page:
        yield page


def catch_up(page, form, taken=0):
    """Let the kernel hear what the page has said after the first messages, and answer; returns how many were said."""
    said = messages(page)
    for message in said[taken:]:
        form.hear(message)
    answer(page, "view", form.drawn())
    return len(said)


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


def test_entries_taken_away_one_after_the_other_stay_away(form, drawn):
    names = drawn.get_by_label("DNS names", exact=True)
    names.fill("a.contoso.com b.contoso.com c.contoso.com")
    names.press("Enter")
    heard = catch_up(drawn, form)
    for name in "abc":
        drawn.get_by_role("button", name=f"Remove {name}.contoso.com").click()
    for name in ("d.contoso.com", "e.contoso.com"):
        names.fill(name)
        names.press("Enter")
    catch_up(drawn, form, heard)

    assert form.fields["dns_names"].value == ["d.contoso.com", "e.contoso.com"]
    assert drawn.locator(".kvf-chip").count() == 2


@pytest.mark.parametrize("where", ["tab", "foot", "chip"])
def test_an_answer_in_the_midst_of_a_click_does_not_swallow_it(form, drawn, where):
    form.fields["dns_names"].value = ["a.contoso.com"]
    answer(drawn, "view", form.drawn())
    pressed = {
        "tab": drawn.get_by_role("tab", name="Key"),
        "foot": drawn.get_by_role("button", name="Create certificate"),
        "chip": drawn.get_by_role("button", name="Remove a.contoso.com"),
    }[where]
    pressed.hover()
    drawn.mouse.down()
    form.fields["name"].value = "another"
    answer(drawn, "view", form.drawn())
    drawn.mouse.up()

    assert messages(drawn)[-1]["do"] == {"tab": "tab", "foot": "press", "chip": "set"}[where]
    drawn.wait_for_function("() => document.querySelector('input').value === 'another'")


def test_a_click_on_what_was_corrected_just_now_is_a_try(form, drawn):
    for name, value in (("name", "web"), ("subject", "contoso")):
        form.hear({"do": "set", "name": name, "value": value})
    answer(drawn, "view", form.drawn())
    create = drawn.get_by_role("button", name="Create certificate")

    assert create.get_attribute("aria-disabled") == "true"

    drawn.get_by_label("Subject", exact=True).fill("CN=contoso.com")
    create.click(force=True)

    assert [message["do"] for message in messages(drawn)[-2:]] == ["set", "press"]


def test_the_button_that_was_pressed_keeps_the_focus(form, drawn):
    create = drawn.get_by_role("button", name="Create certificate")
    create.focus()
    form.state = "busy"
    answer(drawn, "view", form.drawn())

    assert drawn.evaluate("document.activeElement.textContent") == "Create certificate"
