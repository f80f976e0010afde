"""One server for the tests of a module; each takes names of its own."""

import pytest

from tests.server.served import serving


@pytest.fixture(scope="module")
def served():
    """A server in memory on the system clock."""
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def simulated():
    """A server in memory on a simulated clock."""
    with serving("--clock", "simulated") as running:
        yield running
