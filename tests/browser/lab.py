"""A throw-away JupyterLab and a browser in front of it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
_QUIET = {"fetchNews": "false", "checkForUpdates": False}


@contextmanager
def running_lab(folder, *, theme="JupyterLab Light", app="jupyterlab", windowing=None):
    """
    Start JupyterLab, or `notebook`, on a copy of the notebooks in `folder`/lessons; yields its URL.

    No token: it listens on loopback only. With `windowing="none"` all cells of a notebook are on the page; else those
    out of sight may not be.
    """
    lessons = folder / "lessons"
    shutil.copytree(NOTEBOOKS, lessons)
    places = {
        name: str(folder / name)
        for name in (
            "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR",
            "KVLAB_HOME",
        )
    }  # fmt: skip
    settings = Path(places["JUPYTERLAB_SETTINGS_DIR"]) / "@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(_QUIET))
    if windowing:
        notebooks = settings.parent / "notebook-extension"
        notebooks.mkdir()
        (notebooks / "tracker.jupyterlab-settings").write_text(json.dumps({"windowingMode": windowing}))
    port = _free_port()
    command = [
        sys.executable, "-m", app, "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
        "--IdentityProvider.token=", "--ServerApp.password=", "--ServerApp.disable_check_xsrf=True", "--allow-root",
        f"--ServerApp.root_dir={lessons}", "--LabApp.news_url=", "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True",
    ]  # fmt: skip
    with (folder / "lab.log").open("wb") as log:
        server = subprocess.Popen(command, env={**os.environ, **places}, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}/api/status", server)
            yield url
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


@contextmanager
def browser_page(chromium, url, *, width=1400, height=1000):
    """Open a page that collects what goes wrong: yields the page and lists of page errors and of outside requests."""
    from playwright.sync_api import sync_playwright

    errors, outside = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(60_000)  # a limit for what never comes, not for a busy machine
        page.on("pageerror", lambda error: _is_splash(error) or errors.append(str(error)))
        page.on("request", lambda request: _note_outside(request.url, url, outside))
        try:
            yield page, errors, outside
        finally:
            browser.close()


def open_notebook(page, url, name):
    """Open a notebook and wait for its kernel: the idle mark comes too early, and running without one asks a question."""
    page.goto(f"{url}/lab/tree/{name}?reset")
    page.wait_for_selector("#jupyterlab-splash", state="detached")
    page.wait_for_function(
        "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.connectionStatus === 'connected'"
    )


def run_all(page):
    """Run all cells, and wait until that is over."""
    page.evaluate(
        "() => { window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => { window.__done = true }) }"
    )
    page.wait_for_function("() => window.__done", timeout=120_000)


def _is_splash(error):
    """JupyterLab 4.6 takes its splash screen from the page twice when that is slow; modules of widgets come as blobs."""
    return "'removeChild'" in str(error) and "jlab_core" in error.stack and "blob:" not in error.stack


def _note_outside(address, url, outside):
    if not address.startswith((url, "data:", "blob:", url.replace("http", "ws", 1))):
        outside.append(address)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(address, server):
    for _ in range(600):
        assert server.poll() is None, "JupyterLab ended at once."
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("JupyterLab does not answer.")
