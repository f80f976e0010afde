"""A call of AWS IoT in Python: kvlab's own, and boto3."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from kvlab.iot.iot import Iot
from kvlab.iot.member import wire_name
from kvlab.render.call.quote import Code, python_call, python_imports

if TYPE_CHECKING:
    from collections.abc import Callable

    from kvlab.render.call.iot.call import IotCall

_MAKING = ("create_", "register_")


def iot_python_text(call: IotCall) -> str:
    """Return the lines for a notebook in which ``iot`` is the registry."""
    lines = _lines(call, _own, Code("made.certificate_arn"))
    imports = python_imports("\n".join(lines))
    return "\n".join([*imports, *([""] if imports else []), *lines]) + "\n"


def boto3_text(call: IotCall) -> str:
    """Return a program for boto3."""
    lines = _lines(call, _boto3, Code('made["certificateArn"]'))
    imports = python_imports("\n".join(lines))
    client = python_call("iot = boto3.client", "iot", region_name=call.region)
    return "\n".join([*imports, *([""] if imports else []), "import boto3", "", client, *lines]) + "\n"


def _lines(call: IotCall, write: Callable[[IotCall, str, dict[str, Any]], str], arn: Code) -> list[str]:
    # The answer is kept: the one to create_keys_and_certificate is the only place where the private key ever is.
    first = write(call, "made = iot" if call.operation.startswith(_MAKING) else "iot", dict(call.arguments))
    return [first, *(write(after, "iot", {**after.arguments, place: arn}) for after, place in call.then)]


def _own(call: IotCall, holder: str, arguments: dict[str, Any]) -> str:
    parameters = inspect.signature(getattr(Iot, call.operation)).parameters.values()
    required = [each.name for each in parameters if each.name in arguments and each.default is each.empty]
    positional = [arguments.pop(name) for name in required]
    return python_call(f"{holder}.{call.operation}", *positional, **arguments)


def _boto3(call: IotCall, holder: str, arguments: dict[str, Any]) -> str:
    named = {wire_name(name): value for name, value in arguments.items()}
    return python_call(f"{holder}.{call.operation}", **named)
