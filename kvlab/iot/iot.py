"""AWS IoT's control plane beside a vault: on it the operations of the service are called by their own names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kvlab.errors import InvalidRequestException, NotTheOwner
from kvlab.iot.authorization import AuthorizationOperations
from kvlab.iot.ca import CaOperations
from kvlab.iot.endpoint import EndpointOperations
from kvlab.iot.provisioning import ProvisioningOperations
from kvlab.iot.transfer import TransferOperations
from kvlab.iot.view import Place
from kvlab.vault.access import OWNER

if TYPE_CHECKING:
    from kvlab.clock import Clock
    from kvlab.events import EventLog
    from kvlab.vault.vault import Vault

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"

ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_REGION = re.compile(r"[a-z0-9-]{1,30}", re.ASCII)


class Iot(ProvisioningOperations, TransferOperations, CaOperations, AuthorizationOperations, EndpointOperations):
    """
    AWS IoT's registry of certificates, policies and things, kept in a vault's database.

    It shares the vault's clock, chance and events. Methods have the names of the service's operations:
    https://docs.aws.amazon.com/iot/latest/apireference/API_Operations_AWS_IoT.html; arguments and answers those of its
    members, in snake case: ids of certificates are 64 hexadecimal digits, certificates, requests and keys PEM, policies
    JSON text, instants epoch seconds, a page has 1 to 250 entries.

    Args:
        vault: used as its owner.
        account: the AWS account it is used as, 12 digits.
        region: the AWS region.

    Raises:
        InvalidRequestException: no account or region.
        NotTheOwner: the vault is used as somebody else.

    Any method may raise ``InvalidRequestException`` (400, a member is missing or out of its range) and
    ``ResourceNotFoundException`` (404), beside what stands at it.

    Examples:
        >>> from kvlab import Iot, Vault
        >>> iot = Iot(Vault())
        >>> made = iot.create_keys_and_certificate(set_as_active=True)
        >>> iot.describe_certificate(made.certificate_id).certificate_description.status
        'ACTIVE'
    """

    def __init__(self, vault: Vault, *, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION) -> None:
        if vault.principal != OWNER:
            raise NotTheOwner
        if not isinstance(account, str) or not ACCOUNT.fullmatch(account):
            raise InvalidRequestException("An AWS account is 12 digits.")
        if not isinstance(region, str) or not _REGION.fullmatch(region):
            raise InvalidRequestException("An AWS region is like us-east-1.")
        self._vault = vault
        super().__init__(vault._core, Place(account, region))  # noqa: SLF001  the registry is a part of the same vault

    @property
    def vault(self) -> Vault:
        """The vault that it stands beside."""
        return self._vault

    @property
    def clock(self) -> Clock:
        """The vault's clock."""
        return self._vault.clock

    @property
    def events(self) -> EventLog:
        """The vault's events; those of the registry are about ARNs."""
        return self._vault.events

    def as_account(self, account: str, *, region: str | None = None) -> Iot:
        """Return the registry of another account, and of another region if one is given."""
        return Iot(self._vault, account=account, region=region or self.region)

    def record(self, kind: str, about: str, **facts: object) -> None:
        """Put into the events what the service did by itself."""
        with self._turn() as turn:
            turn.record(kind, about, detail=facts)

    def __repr__(self) -> str:
        return f"<Iot of account {self.account} in {self.region}, beside {self._vault!r}>"
