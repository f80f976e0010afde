"""The few things that most tests need."""

import os
import subprocess
import tempfile
from importlib.util import find_spec

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
    _steady_properties()
    path = plugin.wanted_path(config)
    config.pluginmanager.register(plugin.ParityPage(read_rows(), written_marks() if path else {}, path), "parity")


def _steady_properties():
    if find_spec("hypothesis") is None:
        return
    from hypothesis import HealthCheck, settings

    # A busy machine is no finding; and what lands must not hang on this run's luck, which is for a developer's own runs.
    lucky = os.environ.get("KVLAB_REQUIRE_TOOLS") != "1"
    calm = [HealthCheck.too_slow]
    settings.register_profile("kvlab", deadline=None, derandomize=not lucky, suppress_health_check=calm)
    settings.load_profile("kvlab")


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
