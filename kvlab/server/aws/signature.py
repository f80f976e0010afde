"""
Signatures of AWS: who signed a request, and whether with the right secret.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote

from kvlab.clock import SystemClock
from kvlab.errors import IncompleteSignatureException, InvalidSignatureException, MissingAuthenticationTokenException

if TYPE_CHECKING:
    from kvlab.server.message import Request

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "iot"
SKEW = timedelta(minutes=15)
"""How far the time of a signature may be from ours."""

_HEADER = re.compile(
    rf"{ALGORITHM} +Credential=(?P<key_id>[^/,\s]+)/(?P<date>\d{{8}})/(?P<region>[a-z0-9-]{{1,30}})"
    r"/(?P<service>[^/,\s]+)/aws4_request, *"
    r"SignedHeaders=(?P<headers>[a-z0-9;._-]+), *Signature=(?P<signature>[0-9a-f]+)"
)
_CLOCK = SystemClock()


class Signature(NamedTuple):
    """
    What an ``Authorization`` header of AWS says.

    Attributes:
        key_id: of the access key.
        date: the day of the scope, ``20260601``.
        region: such as ``us-east-1``.
        signed: the names of the headers that are signed, lower case.
        value: 64 hexadecimal digits.
    """

    key_id: str
    date: str
    region: str
    signed: tuple[str, ...]
    value: str


def read_signature(request: Request) -> Signature:
    """
    Read a request's signature; whether it holds is another question.

    Raises:
        MissingAuthenticationTokenException: there is none.
        IncompleteSignatureException: it is not of the form that AWS's clients write.
        InvalidSignatureException: it is for another service.
    """
    header = request.headers.get("authorization")
    if not header:
        raise MissingAuthenticationTokenException
    found = _HEADER.fullmatch(header.strip())
    if found is None:
        raise IncompleteSignatureException(
            f"Authorization header requires {ALGORITHM} with 'Credential', 'SignedHeaders' and 'Signature'."
        )
    if found["service"] != SERVICE:
        raise InvalidSignatureException(f"Credential should be scoped to correct service: '{SERVICE}'.")
    return Signature(
        found["key_id"], found["date"], found["region"], tuple(found["headers"].split(";")), found["signature"]
    )


def check_signature(request: Request, signature: Signature, secret: str) -> None:
    """
    Refuse a request that is not signed with a secret, or not now.

    Raises:
        InvalidSignatureException: it is not.
        IncompleteSignatureException: it does not say when it was signed, or its host is not signed.
    """
    stamp = request.headers.get("x-amz-date", "")
    try:
        signed_at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise IncompleteSignatureException("Authorization header must have a 'X-Amz-Date' header.") from None
    now = _CLOCK.now()
    if abs(now - signed_at) > SKEW or not stamp.startswith(signature.date):
        raise InvalidSignatureException(f"Signature expired: {stamp} is not within 15 minutes of {now:%Y%m%dT%H%M%SZ}.")
    if "host" not in signature.signed:
        raise IncompleteSignatureException("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    if not hmac.compare_digest(_expected(request, signature, stamp, secret), signature.value):
        raise InvalidSignatureException(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details."
        )


def _expected(request: Request, signature: Signature, stamp: str, secret: str) -> str:
    scope = f"{signature.date}/{signature.region}/{SERVICE}/aws4_request"
    text = "\n".join((ALGORITHM, stamp, scope, hashlib.sha256(_canonical(request, signature).encode()).hexdigest()))
    key = f"AWS4{secret}".encode()
    for part in (signature.date, signature.region, SERVICE, "aws4_request", text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def _canonical(request: Request, signature: Signature) -> str:
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signature.signed)
    return "\n".join((
        request.method, _path(request.path), _query(request.query), headers, ";".join(signature.signed),
        hashlib.sha256(request.body).hexdigest(),
    ))  # fmt: skip


def _path(path: str) -> str:
    """Encode the path once more, as all of AWS's services but S3 want it."""
    return quote(path or "/", safe="/~")


def _query(query: str) -> str:
    pairs = [part.partition("=") for part in query.split("&") if part]
    encoded = sorted((_encoded(name), _encoded(value)) for name, _, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def _encoded(text: str) -> str:
    return quote(unquote(text), safe="-._~")
