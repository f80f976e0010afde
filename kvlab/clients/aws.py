"""boto3's clients wired to AWS IoT beside a vault in process, without port or TLS."""

from __future__ import annotations

from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

try:
    import boto3
    from botocore.awsrequest import AWSResponse
except ImportError as error:
    raise ImportError('boto3 is not installed: pip install "kvlab[aws]".') from error

from kvlab.iot.iot import DEFAULT_ACCOUNT, DEFAULT_REGION
from kvlab.server.aws.endpoint import AwsEndpoint
from kvlab.server.message import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kvlab.vault.vault import Vault


SECRET = "not looked at in process"  # noqa: S105


def aws(vault: Vault, *, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION) -> Aws:
    """
    Return boto3's clients of AWS IoT beside a vault, wired in process: everything but the socket is boto3's own.

    Args:
        vault: used as its owner.
        account: whose clients they are, 12 digits.
        region: the AWS region.

    Returns:
        ``iot``, boto3's client, and ``session``, a ``boto3.Session`` that makes more of them.

    Raises:
        ImportError: the extra ``aws`` is not installed.

    Source: https://docs.aws.amazon.com/boto3/latest/reference/services/iot.html

    Examples:
        >>> from kvlab import Vault, aws
        >>> iot = aws(Vault()).iot
        >>> iot.create_keys_and_certificate(setAsActive=True)["certificateArn"][:12]
        'arn:aws:iot:'
    """
    return Aws(vault, account, region)


class Aws:
    """
    The AWS clients of one account.

    Attributes:
        session: a ``boto3.Session`` whose clients for ``iot`` are wired in process; others go their usual way.
    """

    def __init__(self, vault: Vault, account: str, region: str) -> None:
        self._wire = Wire(AwsEndpoint(vault, signed=False))
        # The access key id is the account's number.
        self.session = boto3.Session(aws_access_key_id=account, aws_secret_access_key=SECRET, region_name=region)
        self.session.events.register("before-send.iot", self._wire.send)
        self.account = account

    @cached_property
    def iot(self) -> Any:
        """``boto3.client("iot")``."""
        return self.session.client("iot")

    def __repr__(self) -> str:
        return f"<Aws clients of account {self.account}>"


class Wire:
    """Hands the requests of botocore to the service's endpoint."""

    def __init__(self, endpoint: AwsEndpoint) -> None:
        self._endpoint = endpoint

    def send(self, request: Any, **_options: Any) -> AWSResponse:
        """Answer a request; botocore sends none itself where a handler of this event returns an answer."""
        url = urlsplit(request.url)
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        found = self._endpoint.handle(
            Request(request.method, url.netloc, url.path, url.query, headers, _octets(request.body))
        )
        return AWSResponse(request.url, found.status, found.headers, Body(found.body))


class Body(BytesIO):
    """An answer's body as botocore reads it."""

    def stream(self, **_options: Any) -> Iterator[bytes]:
        """Return what is left, in one piece."""
        yield self.read()


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _octets(body: Any) -> bytes:
    if body is None:
        return b""
    if hasattr(body, "read"):
        body = body.read()
    return body.encode() if isinstance(body, str) else bytes(body)
