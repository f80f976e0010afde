"""A live widget on a blank page, without JupyterLab: the test is its kernel, and answers when it wants to."""

from contextlib import contextmanager

from kvlab.widgets.live import module_source
from tests.browser.lab import browser_page

RENDER = """([source, state]) => {
  const listeners = [];
  window.sent = [];
  window.messages = [];
  const model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; window.sent.push([name, value]); },
    save_changes: () => {},
    send: (message) => window.messages.push(message),
    on: (event, listener) => listeners.push([event, listener]),
    off: () => {},
  };
  window.answer = (name, value) => {
    state[name] = value;
    for (const [event, listener] of listeners) if (event === `change:${name}`) listener();
  };
  const module = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  document.body.innerHTML = '<div class="kvr"></div>';
  return import(module).then((it) => void it.default.render({ model, el: document.body.firstChild }));
}"""


@contextmanager
def blank_page(chromium, module, state):
    """Render a module on a model that holds `state`; yields the page, and fails on errors and outside requests."""
    with browser_page(chromium, "about:blank") as (page, errors, outside):
        page.set_default_timeout(10_000)
        page.evaluate(RENDER, [module_source(module), state])
        yield page
        assert errors == []
        assert outside == []


def answer(page, name, value):
    """Set a trait as Python would."""
    page.evaluate("([name, value]) => window.answer(name, value)", [name, value])


def sent(page, name):
    """Return the values that the page has given a trait."""
    return [value for trait, value in page.evaluate("() => window.sent") if trait == name]


def messages(page):
    """Return the messages of its own that the page has sent."""
    return page.evaluate("() => window.messages")
