"""
A pytest plugin: the run itself writes the parity page.

`@pytest.mark.parity("create_certificate", "validity")` on a test says which rows of docs/parity.toml it proves; on a
`pytest.param(…, marks=…)` it says so of one case. With `--parity-page PATH`, or KVLAB_PARITY_PAGE, the end of the run
writes what was proved. Workers of pytest-xdist send what they saw with their reports, as properties of the test.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.parity import page
from tests.parity.row import ids

ENVIRONMENT = "KVLAB_PARITY_PAGE"
PROPERTY = "parity"


def add_option(parser: pytest.Parser) -> None:
    parser.addoption("--parity-page", metavar="PATH", help="write what was proved about parity to this Markdown file")


class ParityPage:
    """
    Args:
        rows: of docs/parity.toml.
        written: marks in test files.
        path: where the page goes; None writes none.
    """

    def __init__(self, rows: Mapping[str, Any], written: page.Written, path: Path | None) -> None:
        self.rows = rows
        self.written = written
        self.path = path
        self.known = frozenset(ids(rows))
        self.outcomes: page.Outcomes = defaultdict(lambda: defaultdict(set))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for row in _rows_of(item):
                item.user_properties.append((PROPERTY, row))

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        for row in _rows_of(item):
            if row not in self.known:
                pytest.fail(f"docs/parity.toml has no operation and no rule with the id {row!r}.", pytrace=False)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        # An expected failure is reported as skipped; it proves nothing and is no missing program either.
        outcome = "failed" if hasattr(report, "wasxfail") else report.outcome
        for name, row in report.user_properties:
            if name == PROPERTY:
                self.outcomes[str(row)][report.nodeid.partition("[")[0]].add(outcome)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        finished = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if self.path is not None and finished and not session.config.option.collectonly:
            self.path.write_text(page.write(self.rows, self.outcomes, self.written))


def wanted_path(config: pytest.Config) -> Path | None:
    """Return where the page is to go; the variable is taken, so that a pytest that a test starts writes none."""
    wanted = os.environ.pop(ENVIRONMENT, None)
    wanted = config.getoption("--parity-page") or wanted
    is_worker = hasattr(config, "workerinput")
    return None if is_worker or not wanted else config.invocation_params.dir / wanted


def _rows_of(item: pytest.Item) -> list[str]:
    return [row for mark in item.iter_markers("parity") for row in mark.args]
