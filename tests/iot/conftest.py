"""What most tests of the registry need."""

import itertools

import pytest

from kvlab import Iot, SimulatedClock, Vault

_accounts = itertools.count(100_000_000_000)


@pytest.fixture(scope="session")
def shared_vault():
    """A vault whose CA for devices is made once; its clock stands at a Monday morning."""
    with Vault(clock=SimulatedClock("2026-06-01T09:00Z")) as opened:
        yield opened


@pytest.fixture
def iot(shared_vault):
    """The registry of an account that no other test uses."""
    return Iot(shared_vault, account=str(next(_accounts)))


@pytest.fixture
def other(iot):
    """The registry of a second account beside it."""
    return iot.as_account(str(next(_accounts)))
