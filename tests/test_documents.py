"""What is written for readers is true: examples run, links lead somewhere, and docstrings say what a caller needs."""

import doctest
import inspect
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import kvlab
from kvlab import Vault
from kvlab.wire.route import ROUTES

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "kvlab"
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("notebooks/*.md")]
EXAMPLES = sorted(
    ".".join(("kvlab", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py") if ">>>" in path.read_text("utf-8")
)  # fmt: skip
OPERATIONS = sorted({route.operation for route in ROUTES})
METHODS = sorted(name for name in dir(Vault) if name[0] != "_" and callable(getattr(Vault, name)))


@pytest.mark.parametrize("module", EXAMPLES)
def test_examples_in_docstrings_run(module):
    for extra, needed in (
        ("kvlab.clients.aws", "boto3"),
        ("kvlab.clients.sdk", "azure"),
        ("kvlab.server.mqtt", "OpenSSL"),
    ):
        if module == extra:
            pytest.importorskip(needed)

    failed, tried = doctest.testmod(import_module(module))

    assert (failed, tried > 0) == (0, True)


def test_the_readmes_python_runs_from_top_to_bottom(tmp_path, monkeypatch):
    pytest.importorskip("pandas")
    pytest.importorskip("azure.keyvault.certificates")
    monkeypatch.chdir(tmp_path)
    names = {}

    for block in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL):
        exec(compile(block, "README.md", "exec"), names)

    assert list(tmp_path.iterdir()) == [], "what the README shows stays in memory"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_named_files_are_there(page):
    text = page.read_text("utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    named = re.findall(r"`((?:kvlab|tests|docs|binder|notebooks)/[\w./-]+)`", text)

    assert [link for link in links if link and not (page.parent / link).exists()] == []
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_room_is_introduced_to_contributors_and_has_its_place_in_the_stack():
    rooms = {path.stem for path in PACKAGE.iterdir() if path.is_dir() or path.suffix == ".py"}
    rooms -= {"__init__", "__main__", "__pycache__", "py", "notebooks"}
    introduced = re.findall(r"`(\w+)(?:/|\.py)`", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    stacked = re.findall(r"kvlab\.(\w+)", " ".join(contracts[0]["layers"]))

    assert rooms <= set(introduced)
    assert rooms == set(stacked)


@pytest.mark.parametrize("name", [name for name in kvlab.__all__ if name != "__version__"])
def test_a_public_name_says_what_it_takes(name):
    thing = getattr(kvlab, name)
    said = inspect.getdoc(thing)

    assert said
    if inspect.isfunction(thing):
        assert [each for each in inspect.signature(thing).parameters if f" {each}: " not in said] == []


@pytest.mark.parametrize("name", METHODS)
def test_a_method_of_the_vault_says_what_it_takes(name):
    method = getattr(Vault, name)
    said = inspect.getdoc(method)
    unsaid = [
        each for each in inspect.signature(method).parameters
        if each != "self" and not re.search(rf"[ *]{each}: |``{each}``", said)
    ]  # fmt: skip

    assert not unsaid or "as for ``" in said or "see ``Vault``" in said


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_says_where_its_rule_comes_from(operation):
    said = inspect.getdoc(getattr(Vault, operation))

    area = next((area for area in ("certificates", "secrets") if area[:-1] in operation), "keys")
    assert f"https://learn.microsoft.com/rest/api/keyvault/{area}/{operation.replace('_', '-')}" in said
