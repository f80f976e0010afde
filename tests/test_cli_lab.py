"""`kvlab lab`: no learner's work is ever lost, and JupyterLab comes and goes cleanly."""

import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest

from kvlab.cli import delivery, lab, main
from kvlab.cli.delivery import MANIFEST, deliver, lessons_folder

LESSON = "01_self_signed.ipynb"
BESIDE = "01_self_signed.new.ipynb"
SECOND = "01_self_signed.new2.ipynb"


@pytest.fixture
def source(tmp_path):
    """Packaged lessons, and what is none."""
    folder = tmp_path / "packaged"
    for name in (
        "00_start.ipynb", LESSON, "files/ca.pem", "sanitize.cfg", ".ipynb_checkpoints/01-checkpoint.ipynb", ".hidden",
        "files/.ipynb_checkpoints/x", "__pycache__/x.pyc", "files/sanitize.cfg",
    ):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name}, first edition")
    return folder


@pytest.fixture
def target(tmp_path):
    """Where the learner's copies go; not there yet."""
    return tmp_path / "learner" / "notebooks"


def held(folder):
    """What is in a folder, but for the manifest: name -> text."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): path.read_text() for path in paths}


def publish(source, edition):
    (source / LESSON).write_text(edition)


def write(target, text, name=LESSON):
    (target / name).write_text(text)


def test_the_first_time_every_lesson_is_copied(source, target):
    written = deliver(source, target)

    assert held(target) == {name: f"{name}, first edition" for name in ("00_start.ipynb", LESSON, "files/ca.pem")}
    assert written == {name: name for name in held(target)}


def test_the_second_time_nothing_is_written(source, target):
    deliver(source, target)
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*")}

    assert deliver(source, target) == {}
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*")} == before


def test_a_deleted_lesson_comes_back(source, target):
    deliver(source, target)
    (target / LESSON).unlink()

    assert deliver(source, target) == {LESSON: LESSON}
    assert LESSON in held(target)


def test_a_new_lesson_comes(source, target):
    deliver(source, target)
    (source / "02_manual.ipynb").write_text("new")

    assert deliver(source, target) == {"02_manual.ipynb": "02_manual.ipynb"}


def test_an_untouched_old_edition_is_replaced(source, target):
    deliver(source, target)
    publish(source, "second")

    assert deliver(source, target) == {LESSON: LESSON}
    assert held(target)[LESSON] == "second"
    assert BESIDE not in held(target)


def test_changed_work_stays_while_there_is_no_new_edition(source, target):
    deliver(source, target)
    write(target, "my work")

    assert deliver(source, target) == {}
    assert held(target)[LESSON] == "my work"
    assert BESIDE not in held(target)


def test_a_new_edition_goes_beside_changed_work_once(source, target):
    deliver(source, target)
    write(target, "my work")
    publish(source, "second")

    assert deliver(source, target) == {LESSON: BESIDE}
    assert (held(target)[LESSON], held(target)[BESIDE]) == ("my work", "second")
    assert deliver(source, target) == {}


def test_a_later_edition_replaces_the_one_beside_if_that_is_untouched(source, target):
    deliver(source, target)
    write(target, "my work")
    publish(source, "second")
    deliver(source, target)
    publish(source, "third")

    assert deliver(source, target) == {LESSON: BESIDE}
    assert (held(target)[LESSON], held(target)[BESIDE]) == ("my work", "third")


def test_work_in_the_edition_beside_is_kept_too(source, target):
    deliver(source, target)
    write(target, "my work")
    publish(source, "second")
    deliver(source, target)
    write(target, "more work", BESIDE)
    assert deliver(source, target) == {}, "there is nothing newer than what the work began with"
    publish(source, "third")

    assert deliver(source, target) == {LESSON: SECOND}
    assert deliver(source, target) == {}
    mine = held(target)
    assert (mine[LESSON], mine[BESIDE], mine[SECOND]) == ("my work", "more work", "third")


def test_an_edition_beside_that_was_thrown_away_stays_away(source, target):
    deliver(source, target)
    write(target, "my work")
    publish(source, "second")
    deliver(source, target)
    (target / BESIDE).unlink()

    assert deliver(source, target) == {}
    publish(source, "third")
    assert deliver(source, target) == {LESSON: BESIDE}


def test_when_the_learner_takes_the_new_edition_the_copy_beside_goes(source, target):
    deliver(source, target)
    write(target, "my work")
    publish(source, "second")
    deliver(source, target)
    (target / LESSON).write_bytes((target / BESIDE).read_bytes())

    assert deliver(source, target) == {}
    assert BESIDE not in held(target)
    publish(source, "third")
    assert deliver(source, target) == {LESSON: LESSON}


def test_when_the_learner_goes_back_the_lesson_follows_again(source, target):
    deliver(source, target)
    write(target, "my work")
    publish(source, "second")
    deliver(source, target)
    write(target, f"{LESSON}, first edition")

    assert deliver(source, target) == {LESSON: LESSON}
    assert held(target)[LESSON] == "second"
    assert BESIDE not in held(target)


def test_work_in_a_copy_beside_survives_the_lesson_s_deletion(source, target):
    deliver(source, target)
    write(target, "my work")
    publish(source, "second")
    deliver(source, target)
    write(target, "more work", BESIDE)
    (target / LESSON).unlink()

    assert deliver(source, target) == {LESSON: LESSON}
    assert held(target)[BESIDE] == "more work"


def test_a_file_nobody_delivered_is_the_learner_s(source, target):
    target.mkdir(parents=True)
    write(target, "older than the manifest")

    assert deliver(source, target)[LESSON] == BESIDE
    assert held(target)[LESSON] == "older than the manifest"


@pytest.mark.parametrize("manifest", ["", "{", "[]", "[1]", '{"a": 1}', "null", '"x"'])
def test_a_damaged_manifest_loses_no_work(source, target, manifest):
    deliver(source, target)
    write(target, "my work")
    write(target, manifest, MANIFEST)
    publish(source, "second")

    deliver(source, target)
    assert (held(target)[LESSON], held(target)[BESIDE]) == ("my work", "second")
    assert deliver(source, target) == {}


def test_links_and_folders_in_the_way_are_left_alone(source, target, tmp_path):
    target.mkdir(parents=True)
    (tmp_path / "elsewhere").write_text("my work")
    (target / LESSON).symlink_to(tmp_path / "elsewhere")
    (target / "00_start.ipynb").mkdir()

    written = deliver(source, target)
    assert (written[LESSON], written["00_start.ipynb"]) == (BESIDE, "00_start.new.ipynb")
    assert (tmp_path / "elsewhere").read_text() == "my work"
    assert (target / LESSON).is_symlink()


def test_lessons_in_folders_get_their_new_edition_there(source, target):
    deliver(source, target)
    write(target, "mine", "files/ca.pem")
    (source / "files" / "ca.pem").write_text("second")

    assert deliver(source, target) == {"files/ca.pem": "files/ca.new.pem"}


def test_the_packaged_folder_itself_is_not_copied_into(source):
    before = held(source)

    assert deliver(source, source) == {}
    assert held(source) == before
    assert not (source / MANIFEST).exists()


def test_a_folder_inside_the_packaged_one_does_not_copy_itself(source):
    deliver(source, source / "mine")

    assert deliver(source, source / "mine") == {}
    assert not (source / "mine" / "mine").exists()


STEPS = ["first", "second", "third", "work", "more work", "delete", "delete beside", "work beside"]


@pytest.mark.parametrize("steps", list(itertools.permutations(STEPS, 4))[::7], ids=" > ".join)
def test_no_order_of_events_loses_work(source, target, steps):
    """Whatever editions come and whatever the learner does between them, what was written by hand stays."""
    deliver(source, target)
    mine = {}
    for step in steps:
        name = BESIDE if "beside" in step else LESSON
        if step.startswith("delete"):
            (target / name).unlink(missing_ok=True)
            mine.pop(name, None)
        elif "work" in step:
            write(target, step, name)
            mine[name] = step
        else:
            publish(source, step)
        deliver(source, target)

        assert {held(target).get(name) for name in mine} == set(mine.values())
        assert held(target)[LESSON] in {mine.get(LESSON), (source / LESSON).read_text()}
        edition = (source / LESSON).read_text()
        recorded = json.loads((target / MANIFEST).read_text())
        assert LESSON in recorded or mine
        assert delivery._digest(edition.encode()) in recorded.values()


def test_the_lessons_are_beside_the_package_in_a_checkout(monkeypatch, tmp_path):
    module = tmp_path / "kvlab" / "cli" / "lessons.py"
    module.parent.mkdir(parents=True)
    monkeypatch.setattr(delivery, "__file__", str(module))
    with pytest.raises(Exception, match="The lessons are missing from this installation"):
        lessons_folder()

    (tmp_path / "notebooks").mkdir()
    assert lessons_folder() == tmp_path / "notebooks"
    (tmp_path / "kvlab" / "notebooks").mkdir()
    assert lessons_folder() == tmp_path / "kvlab" / "notebooks", "in a wheel they are inside the package"


@pytest.fixture
def served(monkeypatch, source):
    """What JupyterLab would have been started with."""
    arguments = []
    monkeypatch.setattr(lab, "lessons_folder", lambda: source)
    monkeypatch.setattr(lab, "_serve", arguments.extend)
    monkeypatch.setattr(lab, "find_spec", lambda _: True)
    monkeypatch.setattr(lab.signal, "signal", lambda *_: None)
    return arguments


def test_jupyterlab_opens_the_first_page_on_loopback_with_its_own_token(served, target, capsys):
    status = main(["lab", "--dir", str(target), "--no-browser", "--port", "8899"])

    assert status == 0
    assert f"--ServerApp.root_dir={target.resolve()}" in served
    assert "--LabApp.default_url=/lab/tree/00_start.ipynb" in served
    assert {"--ServerApp.ip=127.0.0.1", "--ServerApp.open_browser=False", "--ServerApp.port=8899"} <= {*served}
    assert not any("token" in argument or "password" in argument for argument in served)
    assert capsys.readouterr().out == f"3 files copied to {target}\n"


def test_a_browser_is_opened_unless_refused(served, target):
    main(["lab", "--dir", str(target)])

    assert "--ServerApp.open_browser=True" in served
    assert not any("port" in argument for argument in served)


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_root_is_allowed_only_if_it_is_root(served, target, monkeypatch, user, allowed):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    main(["lab", "--dir", str(target)])

    assert ("--ServerApp.allow_root=True" in served) is allowed


def test_the_lessons_go_into_kvlab_home(served, monkeypatch, tmp_path):
    monkeypatch.setenv("KVLAB_HOME", str(tmp_path / "home"))
    main(["lab"])
    assert LESSON in held(tmp_path / "home" / "notebooks")

    monkeypatch.delenv("KVLAB_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    main(["lab"])
    assert LESSON in held(tmp_path / "user" / ".kvlab" / "notebooks")


def test_the_learner_is_told_of_new_editions(served, source, target, capsys):
    main(["lab", "--dir", str(target)])
    write(target, "my work")
    publish(source, "second")
    capsys.readouterr()
    main(["lab", "--dir", str(target)])

    assert capsys.readouterr().out == f"{LESSON} is as you left it; its new edition is {BESIDE}\n"


def test_without_jupyterlab_there_is_one_line_and_a_hint(monkeypatch, target, capsys):
    monkeypatch.setattr(lab, "find_spec", lambda _: None)
    status = main(["lab", "--dir", str(target)])

    assert (status, capsys.readouterr()) == (
        1,
        ("", 'kvlab: JupyterLab is not installed (pip install "kvlab[lab]").\n'),
    )
    assert not target.exists()


def test_a_folder_that_can_not_be_made_is_one_line(served, tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    status = main(["lab", "--dir", str(tmp_path / "file" / "notebooks")])
    out, err = capsys.readouterr()

    assert (status, out) == (1, "")
    assert re.fullmatch(r"kvlab: .*file.*: Not a directory\n", err)


@pytest.mark.parametrize("port", ["x", "-1", "65536", "1e3", "00000000"])
def test_a_port_that_is_none_is_wrong_use(capsys, port):
    with pytest.raises(SystemExit) as end:
        main(["lab", f"--port={port}"])

    assert end.value.code == 2
    assert capsys.readouterr().err.endswith("(see kvlab lab --help)\n")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


STARTER = """
import sys
from pathlib import Path
from kvlab.cli import lab, main
lab.lessons_folder = lambda: Path(sys.argv[1])
sys.exit(main(["lab", "--no-browser", "--port", sys.argv[2]]))
"""


@pytest.fixture
def jupyterlab(tmp_path, source):
    """A running `kvlab lab`: the process, and what it has said so far until a pattern shows up."""
    if find_spec("jupyterlab") is None:
        reason = "needs jupyterlab"
        (pytest.fail if os.environ.get("KVLAB_REQUIRE_TOOLS") == "1" else pytest.skip)(reason)
    for page in source.glob("*.ipynb"):
        page.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    log = tmp_path / "log"
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY"))}
    surroundings |= {"HOME": str(tmp_path), "KVLAB_HOME": str(tmp_path / "home")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", STARTER, source, str(free_port())],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=surroundings,
        )  # fmt: skip

    def wait_for(pattern):
        end = time.monotonic() + 60
        while time.monotonic() < end and process.poll() is None:
            found = re.search(pattern, log.read_text())
            if found:
                return found
            time.sleep(0.1)
        raise AssertionError(log.read_text())

    yield process, wait_for
    process.kill()
    process.wait()


def listening(base):
    """Wait until something listens: the address is printed before."""
    host, port = base.removeprefix("http://").split(":")
    for _ in range(600):
        try:
            socket.create_connection((host, int(port)), timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return base
    raise AssertionError(f"Nothing listens at {base}.")


def fetch(url, token, *, body=None):
    request = urllib.request.Request(url, body, {"Authorization": f"token {token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_jupyterlab_comes_with_its_token_and_goes_with_sigterm(jupyterlab, tmp_path):
    process, wait_for = jupyterlab
    address = wait_for(r"(http://127\.0\.0\.1:\d+)/lab/tree/00_start\.ipynb\?token=(\w+)")
    base, token = listening(address[1]), address[2]

    assert fetch(f"{base}/api/status", token)["kernels"] == 0
    with pytest.raises(urllib.error.HTTPError):
        fetch(f"{base}/api/status", "wrong")
    assert fetch(f"{base}/api/contents/{LESSON}", token)["type"] == "notebook"
    assert LESSON in held(tmp_path / "home" / "notebooks")

    kernel = fetch(f"{base}/api/kernels", token, body=b"{}")["id"]
    children = descendants(process.pid)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert kernel
    assert children
    assert not [child for child in children if Path(f"/proc/{child}").exists()], "a kernel stayed behind"


def descendants(parent):
    """Process ids of a process's children."""
    return [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/stat")
        if int(path.read_text().rpartition(") ")[2].split()[1]) == parent
    ]


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_jupyterlab_is_starting_ends_it_cleanly(jupyterlab, sign):
    process, wait_for = jupyterlab
    wait_for("3 files copied")
    process.send_signal(sign)

    assert process.wait(30) == 0


def test_ctrl_c_ends_it_at_once(jupyterlab):
    process, wait_for = jupyterlab
    wait_for(r"token=\w+")
    process.send_signal(signal.SIGINT)

    assert process.wait(30) == 0
