"""One call of AWS IoT as a value, and what is done next with the certificate that it makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from kvlab.render.call.call import Given
from kvlab.wire.iot_route import ROUTES, Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kvlab.iot.iot import Iot

_FILES = {
    "certificate_signing_request": Given("file", "device.csr"),
    "certificate_pem": Given("file", "device.pem"),
    "ca_certificate_pem": Given("file", "ca.pem"),
}
"""Members that are long: PEM, which whoever makes the call has as a file."""

_SHOWN_ID = 12
_ROUTES = {route.operation: route for route in ROUTES}


@dataclass(frozen=True, slots=True)
class IotCall:
    """
    A call of one operation of AWS IoT; it holds no key. Made by ``IotCall.of``.

    Attributes:
        operation: the method of ``Iot``, which is the operation's name in snake_case.
        arguments: by the method's names; text, true or false, or a ``Given``.
        region: of AWS.
        then: further calls, each with the argument that the ARN of the new certificate goes into.
    """

    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    region: str = ""
    then: tuple[tuple[IotCall, Literal["target", "principal"]], ...] = ()

    @classmethod
    def of(cls, iot: Iot, operation: str, /, *then: IotCall, **arguments: Any) -> IotCall:
        """
        Take what a method of ``Iot`` is called with; PEM is replaced by the file to take it from.

        Args:
            iot: whose region is shown.
            operation: the method's name.
            *then: calls of ``attach_policy`` and ``attach_thing_principal`` that lack the certificate's ARN.
            **arguments: by name; those that are None are left out.

        Raises:
            KeyError: the service has no such operation.
        """
        if operation not in _ROUTES:
            raise KeyError(operation)
        kept = {name: _FILES.get(name, value) for name, value in arguments.items() if value is not None}
        return cls(operation, kept, iot.region, tuple((call, _ARN_OF[call.operation]) for call in then))

    @property
    def route(self) -> Route:
        """Where the service takes the call."""
        return _ROUTES[self.operation]

    @property
    def title(self) -> str:
        """The operation and what it is about, or the operations: ``update_certificate 20cc0125f67d…``."""
        about = self.arguments.get("certificate_id")
        shown = [self.operation, *(call.operation for call, _ in self.then)]
        return ", ".join(shown) + (f" {about[:_SHOWN_ID]}…" if about else "")


_ARN_OF: dict[str, Literal["target", "principal"]] = {"attach_policy": "target", "attach_thing_principal": "principal"}
