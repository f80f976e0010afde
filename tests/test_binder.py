"""Binder: pinned, wheels only, opened on the first page by the README's link, and built by repo2docker's steps."""

import re
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.tool import tool

ROOT = Path(__file__).parent.parent
BINDER = ROOT / "binder"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINES = [
    line for line in (BINDER / "requirements.txt").read_text().splitlines() if line and not line.startswith(("#", "-"))
]

LESSONS_NEED = ("lab", "azure", "iot", "lint")


def package(requirement):
    return re.match(r"[A-Za-z0-9-]+", requirement)[0].lower()


def test_what_the_lessons_need_is_pinned_and_kvlab_comes_from_here():
    needed = [
        *PROJECT["dependencies"],
        *(line for extra in LESSONS_NEED for line in PROJECT["optional-dependencies"][extra] if "kvlab[" not in line),
    ]
    pinned = {package(line) for line in LINES if "==" in line}

    assert LINES[-1] == "."
    assert all("==" in line for line in LINES[:-1])
    assert {package(each) for each in needed} <= pinned


def test_whoever_installs_the_lab_has_what_the_lessons_need():
    assert f"kvlab[{','.join(LESSONS_NEED[1:])}]" in PROJECT["optional-dependencies"]["lab"]


@pytest.mark.parametrize("line", [line for line in LINES if "==" in line], ids=package)
def test_a_pin_is_one_that_these_tests_can_stand_for(line):
    """The pinned major version is the one installed here."""
    assert version(package(line)).split(".")[0] == line.split("==")[1].split(".")[0]


def test_python_is_one_that_kvlab_runs_on():
    assert (BINDER / "runtime.txt").read_text().strip() == "python-3.11"
    assert PROJECT["requires-python"] == ">=3.11"


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_the_scripts_can_be_run(name):
    path = BINDER / name

    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", path], check=True, timeout=30)


def test_a_session_goes_on_with_what_binder_starts():
    done = subprocess.run(
        ["bash", BINDER / "start", "sh", "-c", "echo $KVLAB_HOME"],
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    )

    assert done.stdout.strip().endswith("/.kvlab")


def test_the_badge_opens_the_first_page_of_this_repository():
    owner = PROJECT["urls"]["Repository"].removeprefix("https://github.com/")
    link = re.search(r"https://mybinder\.org/v2/gh/([^)]+)", (ROOT / "README.md").read_text())[1]

    assert link == f"{owner}/v{PROJECT['version']}?urlpath=lab/tree/notebooks/00_start.ipynb"
    assert (ROOT / "notebooks" / "00_start.ipynb").is_file()


def test_repo2docker_installs_and_starts_what_is_written_here():
    command = [tool("repo2docker"), "--no-build", "--debug", ROOT]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120)
    steps = done.stdout + done.stderr

    assert 'pip install --no-cache-dir -r "binder/requirements.txt"' in steps
    assert "RUN ./binder/postBuild" in steps
    assert 'R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in steps
