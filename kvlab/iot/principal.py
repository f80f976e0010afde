"""What policies and things are attached to: certificates of the account, and identities of Cognito."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kvlab.errors import InvalidRequestException, ResourceNotFoundException
from kvlab.iot.state import Status
from kvlab.iot.view import View

if TYPE_CHECKING:
    from sqlalchemy import Connection

_CERTIFICATE = re.compile(r"arn:aws:iot:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):cert/(?P<id>[0-9a-f]{64})", re.ASCII)
_COGNITO = re.compile(r"[a-z0-9-]+:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class PrincipalView(View):
    """A view that knows what a principal is."""

    def _check_principal(self, connection: Connection, principal: str) -> Any:
        """
        Refuse what is neither a certificate of the account nor a Cognito identity.

        Returns:
            The certificate's row; None for a Cognito identity.

        Raises:
            InvalidRequestException: it is no principal at all.
            ResourceNotFoundException: the account has no such certificate.
        """
        found = _CERTIFICATE.fullmatch(principal)
        if found is None:
            if _COGNITO.fullmatch(principal):
                return None
            raise InvalidRequestException("The principal is no ARN of a certificate, and no Cognito identity.")
        if (found["account"], found["region"]) != self._place:
            raise ResourceNotFoundException(f"Certificate not found. Id: {found['id']}")
        return self._own(connection, found["id"])

    def _check_attachable(self, connection: Connection, principal: str) -> None:
        """
        Refuse a principal that nothing can be attached to.

        Raises:
            InvalidRequestException: it is no principal, or a certificate whose transfer is pending: what is attached
                to it would outlive the account's right to it.
            ResourceNotFoundException: the account has no such certificate.
        """
        row = self._check_principal(connection, principal)
        if row is not None and row.status == Status.PENDING_TRANSFER:
            raise InvalidRequestException(f"The transfer of the certificate is pending. Id: {row.id}")
