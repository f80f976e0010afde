"""Every scenario runs on every way to a vault."""

import uuid

import pytest

from tests.sdk.way import HERE, ROBOT, THERE, in_process, over_https
from tests.server.served import serving


@pytest.fixture(scope="session")
def server():
    """A server in memory on the system clock, with a managed identity."""
    with serving("--managed-identity", ROBOT) as running:
        yield running


@pytest.fixture(scope="module", params=[*HERE, *THERE])
def way(request):
    """The official clients, wired one way to a vault; tests of one module share it, so each takes names of its own."""
    options = HERE.get(request.param)
    opened = (
        in_process(**options)
        if options is not None
        else over_https(request.getfixturevalue("server"), **THERE[request.param])
    )
    with opened as found:
        yield found


@pytest.fixture
def name():
    """A name that no other test uses."""
    return f"web-{uuid.uuid4().hex[:12]}"
