"""A call of AWS IoT with AWS's command line, for bash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.render.call.call import Given
from kvlab.render.call.quote import shell, shell_command

if TYPE_CHECKING:
    from kvlab.render.call.iot.call import IotCall

_OUT_FILES = {
    "create_keys_and_certificate": (
        ("certificate-pem", "device.pem"), ("public-key", "device.pub"), ("private-key", "device.key"),
    ),
    "create_certificate_from_csr": (("certificate-pem", "device.pem"),),
}  # fmt: skip
"""What the command line itself can put into files: a private key is in this answer only."""

_ARN = "arn"
_HEAD = 2


def aws_text(call: IotCall) -> str:
    """Return the commands."""
    first = _words(call, call.arguments)
    first += [[f"--{part}-outfile", file] for part, file in _OUT_FILES.get(call.operation, ())]
    if not call.then:
        return shell_command(first, _HEAD) + "\n"
    asked = shell_command([*first, ["--query", "certificateArn"], ["--output", "text"]], _HEAD)
    further = [
        shell_command([*_words(after, after.arguments), [f"--{place}", f'"${_ARN}"']], _HEAD)
        for after, place in call.then
    ]
    return "\n".join([f"{_ARN}=$({asked})", *further]) + "\n"


def _words(call: IotCall, arguments: Any) -> list[list[str]]:
    options = [_option(name.replace("_", "-"), value) for name, value in arguments.items()]
    return [["aws", "iot"], [call.operation.replace("_", "-")], *options]


def _option(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, Given):
        return [f"--{name}", shell(f"file://{value.name}")]
    # A name may begin with a hyphen, which would be taken for an option.
    return [f"--{name}={shell(value)}"] if str(value).startswith("-") else [f"--{name}", shell(value)]
