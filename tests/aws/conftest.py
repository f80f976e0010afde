"""boto3, unmodified, on both ways to the registry: in process and over HTTPS."""

import itertools

import boto3
import pytest
from botocore.config import Config

import kvlab
from kvlab import Vault
from tests.server.served import serving

_accounts = itertools.count(300_000_000_000)
ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture(scope="session")
def aws_server():
    """A server in memory on the system clock."""
    with serving() as running:
        yield running


@pytest.fixture(scope="session")
def aws_vault():
    """A vault in memory on the system clock."""
    with Vault() as opened:
        yield opened


def over_https(server, access_key_id="test", secret="test", region="us-east-1"):
    """What a user of AWS writes, plus where the server is and whom to trust."""
    return boto3.client(
        "iot", endpoint_url=server.facts["iot_endpoint"], verify=server.facts["ca_bundle"], region_name=region,
        aws_access_key_id=access_key_id, aws_secret_access_key=secret, config=ONCE,
    )  # fmt: skip


@pytest.fixture(scope="module", params=["in process", "HTTPS"])
def connect(request):
    """Return a client for an account, one way or the other."""
    if request.param == "HTTPS":
        server = request.getfixturevalue("aws_server")
        return lambda account: over_https(server, account)
    vault = request.getfixturevalue("aws_vault")
    return lambda account: kvlab.aws(vault, account=account).iot


@pytest.fixture
def account():
    """The number of an account that no other test uses."""
    return str(next(_accounts))


@pytest.fixture
def iot(connect, account):
    """A client of a new account."""
    return connect(account)


@pytest.fixture
def receiver():
    """The number of a second account."""
    return str(next(_accounts))


@pytest.fixture
def other(connect, receiver):
    """A client of the second account."""
    return connect(receiver)
