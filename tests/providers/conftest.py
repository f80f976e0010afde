"""A simulated CA beside a vault."""

import pytest

from tests.providers.make import CAS, Office


@pytest.fixture(params=CAS)
def office(vault, request):
    """Each of the CAs in turn."""
    return Office(vault, request.param)


@pytest.fixture
def digicert(vault):
    return Office(vault, "DigiCert")


@pytest.fixture
def globalsign(vault):
    return Office(vault, "GlobalSign")
