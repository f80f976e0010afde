"""The few things that most tests need."""

import os
import subprocess
import tempfile

import pytest

from kvlab import SimulatedClock, Vault
from tests import postgres as postgres_server
from tests.parity import plugin
from tests.parity.row import read_rows, written_marks
from tests.tool import tool


def pytest_addoption(parser):
    plugin.add_option(parser)


def pytest_configure(config):
    # The committed pages are those of the default student who has done nothing yet; and nobody's progress is touched.
    os.environ.pop("KVLAB_STUDENT", None)
    os.environ["KVLAB_HOME"] = tempfile.mkdtemp(prefix="kvlab-home-")
    config.addinivalue_line("markers", "parity(*ids): the rows of docs/parity.toml that the test proves")
    path = plugin.wanted_path(config)
    config.pluginmanager.register(plugin.ParityPage(read_rows(), written_marks() if path else {}, path), "parity")


@pytest.fixture
def clock():
    """A clock that stands at a Monday morning."""
    return SimulatedClock("2026-06-01T09:00Z")


@pytest.fixture
def vault(clock):
    """A vault in memory, with real randomness, on `clock`."""
    with Vault(clock=clock) as opened:
        yield opened


@pytest.fixture
def seeded_vault(clock):
    """A vault in memory whose keys come from a seed, on `clock`."""
    with Vault(clock=clock, seed="a lesson") as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server of this session's own: `postgres.new_database()` returns a URL."""
    with postgres_server.running() as server:
        yield server


@pytest.fixture
def openssl():
    """Run the openssl program: `openssl("x509", "-text", stdin=…)` returns what it printed, and fails if it failed."""
    path = tool("openssl")

    def run(*arguments, stdin=b""):
        command = [path, *map(str, arguments)]
        done = subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=30)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    return run
