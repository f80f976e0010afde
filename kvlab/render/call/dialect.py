"""A call in every language it can be made in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from kvlab.render.call.az import az_text
from kvlab.render.call.call import Call
from kvlab.render.call.iot.aws import aws_text
from kvlab.render.call.iot.call import IotCall
from kvlab.render.call.iot.openssl import iot_openssl_text
from kvlab.render.call.iot.python import boto3_text, iot_python_text
from kvlab.render.call.iot.rest import iot_request_text
from kvlab.render.call.openssl import openssl_text
from kvlab.render.call.powershell import powershell_text
from kvlab.render.call.python import python_text
from kvlab.render.call.rest import request_text
from kvlab.render.call.sdk import sdk_text

if TYPE_CHECKING:
    from collections.abc import Callable

AnyCall = Call | IotCall
"""A call of the vault, or of AWS IoT beside it."""

C = TypeVar("C", Call, IotCall)


class Dialect(NamedTuple, Generic[C]):
    """
    A language a call can be made in.

    Attributes:
        key: short, for programs.
        title: on the tab.
        write: returns the text; empty where the language has no equivalent.
        remark: one sentence or two on how to use it.
    """

    key: str
    title: str
    write: Callable[[C], str]
    remark: str


_REST = "What the others send. A name in <> stands for something secret or long."

DIALECTS: tuple[Dialect[Call], ...] = (
    Dialect("kvlab", "kvlab", python_text, "vault is the vault of this notebook."),
    Dialect("sdk", "Azure SDK", sdk_text,
            "The same against the cloud. Here: client = kvlab.sdk(vault).certificates, or .keys, .secrets."),
    Dialect("az", "az", az_text, "For bash. How az is pointed at kvlab stands in docs/az.md."),
    Dialect("rest", "REST", request_text, _REST),
    Dialect("powershell", "PowerShell", powershell_text,
            "For PowerShell 7 with Az.KeyVault. Not tried against kvlab."),
    Dialect("openssl", "openssl", openssl_text, "Without a vault, with files on your own disk."),
)  # fmt: skip

IOT_DIALECTS: tuple[Dialect[IotCall], ...] = (
    Dialect("kvlab", "kvlab", iot_python_text, "iot is the registry: kvlab.Iot(vault)."),
    Dialect("boto3", "boto3", boto3_text, "The same against AWS. Here: iot = kvlab.aws(vault).iot."),
    Dialect("aws", "aws", aws_text,
            "For bash. kvlab serve is where AWS_ENDPOINT_URL_IOT points to; it prints its iot_endpoint."),
    Dialect("rest", "REST", iot_request_text, _REST),
    Dialect("openssl", "openssl", iot_openssl_text, "Without AWS IoT, with files on your own disk."),
)  # fmt: skip


class Written(NamedTuple):
    """A call in one language: the language's key, title and remark, and the text."""

    key: str
    title: str
    remark: str
    text: str


def written(call: AnyCall) -> list[Written]:
    """Return a call in each language that has it."""
    found = _all(DIALECTS, call) if isinstance(call, Call) else _all(IOT_DIALECTS, call)
    return [each for each in found if each.text]


def _all(dialects: tuple[Dialect[C], ...], call: C) -> list[Written]:
    return [Written(dialect.key, dialect.title, dialect.remark, _text(dialect, call)) for dialect in dialects]


def _text(dialect: Dialect[C], call: C) -> str:
    """Write a call; nothing where a refused request lacks what the language needs, or has text for an object."""
    try:
        return dialect.write(call)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        return ""


def texts(call: AnyCall) -> dict[str, str]:
    """Return a call in each language that has it, by the language's key."""
    return {each.key: each.text for each in written(call)}
