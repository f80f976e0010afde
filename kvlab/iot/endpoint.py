"""Where devices connect."""

from __future__ import annotations

from kvlab.errors import InvalidRequestException
from kvlab.iot.view import View, operation
from kvlab.wire.iot import Endpoint

DATA = ("iot:Data", "iot:Data-ATS", "iot:Data-Beta")
TYPES = (*DATA, "iot:CredentialProvider", "iot:Jobs")
"""https://docs.aws.amazon.com/iot/latest/apireference/API_DescribeEndpoint.html"""

HOST = "localhost"


class EndpointOperations(View):
    """What an account asks before its devices connect."""

    @operation
    def describe_endpoint(self, endpoint_type: str | None = None) -> Endpoint:
        """
        Return the host that devices connect to, without scheme and port, as AWS does: its port is always 8883.

        The port of the broker beside this vault is in its URL, ``broker.endpoint``, and in the line of ``kvlab serve``.

        Args:
            endpoint_type: ``iot:Data`` (the default), ``iot:Data-ATS``, …

        Raises:
            InvalidRequestException: there is no such type.
        """
        if endpoint_type is not None and endpoint_type not in TYPES:
            raise InvalidRequestException(f"The endpoint type is none of {', '.join(TYPES)}.")
        served = self._core.devices_at if endpoint_type in (None, *DATA) else None
        return Endpoint(endpoint_address=served or HOST)
