"""
Which account a caller of AWS IoT is, by the access key that the request is signed with.

Without any access key everybody may come in, as is the way of local stand-ins for AWS: an access key id of 12 digits is
the account's number, any other one means the default account. Once an account has an access key, its own keys alone
open it.
"""

from __future__ import annotations

import base64
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from kvlab.errors import InvalidRequestException, UnrecognizedClientException
from kvlab.iot.iot import ACCOUNT, DEFAULT_ACCOUNT
from kvlab.store import iot as rows

if TYPE_CHECKING:
    from kvlab.vault.vault import Vault

_ID = re.compile(r"\w{4,128}", re.ASCII)
_SECRET_LENGTH = 128
_ID_OCTETS = 10
_SECRET_OCTETS = 30


class Caller(NamedTuple):
    """
    Who signed a request.

    Attributes:
        account: 12 digits.
        secret: what the signature is checked with; None where any signature will do.
    """

    account: str
    secret: str | None

    def __repr__(self) -> str:
        return f"Caller({self.account!r})"


class AccessKey(NamedTuple):
    """
    An access key as it is handed out.

    Attributes:
        access_key_id: what requests name.
        secret_access_key: what they are signed with.
        account: 12 digits.
    """

    access_key_id: str
    secret_access_key: str
    account: str

    def __repr__(self) -> str:
        return f"AccessKey({self.access_key_id!r}, account={self.account!r})"


class AccessKeys:
    """
    The access keys of a vault's AWS accounts; their secrets are sealed.

    Args:
        vault: used as its owner.
    """

    def __init__(self, vault: Vault) -> None:
        self._core = vault._core  # noqa: SLF001  the registry is a part of the same vault

    def define(
        self, account: str, *, access_key_id: str | None = None, secret_access_key: str | None = None
    ) -> AccessKey:
        """
        Give an account an access key; from then on only its keys open it.

        Args:
            account: 12 digits.
            access_key_id: 4 to 128 letters, digits and underscores; made up if none is given.
            secret_access_key: text of 1 to 128 characters; made up if none is given.

        Raises:
            InvalidRequestException: an argument is not what it must be.
        """
        # Not the vault's chance: a seed is known to everybody.
        key_id = access_key_id or "AKIA" + base64.b32encode(os.urandom(_ID_OCTETS)).decode()
        secret = secret_access_key or base64.b64encode(os.urandom(_SECRET_OCTETS)).decode()
        if not isinstance(account, str) or not ACCOUNT.fullmatch(account):
            raise InvalidRequestException("An AWS account is 12 digits.")
        if not isinstance(key_id, str) or not _ID.fullmatch(key_id):
            raise InvalidRequestException("An access key id has 4 to 128 letters, digits and underscores.")
        if not isinstance(secret, str) or not secret.isprintable() or len(secret) > _SECRET_LENGTH:
            raise InvalidRequestException(f"A secret access key is text of at most {_SECRET_LENGTH} characters.")
        sealed = self._core.store.sealer.seal(secret.encode(), self._sealing_id(key_id))
        with self._core.turn("owner") as turn:
            row = {"vault_id": self._core.vault_id, "id": key_id, "account": account, "sealed": sealed}
            rows.put_access_key(turn.connection, row)
            turn.record("define_access_key", f"aws/{account}", detail={"access_key_id": key_id})
        return AccessKey(key_id, secret, account)

    def caller(self, access_key_id: str, *, trusted: bool = False) -> Caller:
        """
        Return who signs with an access key.

        Args:
            access_key_id: what the request names.
            trusted: whether any signature will do, for a caller in the same process.

        Raises:
            UnrecognizedClientException: it is unknown, and the account has keys of its own.
        """
        with self._core.read() as connection:
            found = rows.access_key(connection, self._core.vault_id, access_key_id)
            if found is None:
                account = access_key_id if ACCOUNT.fullmatch(access_key_id) else DEFAULT_ACCOUNT
                if not trusted and rows.has_access_keys(connection, self._core.vault_id, account):
                    raise UnrecognizedClientException
                return Caller(account, None)
        if trusted:
            return Caller(found.account, None)
        secret = self._core.store.sealer.open(found.sealed, self._sealing_id(found.id))
        return Caller(found.account, secret.decode())

    def _sealing_id(self, access_key_id: str) -> str:
        return f"aws access key {self._core.vault_id} {access_key_id}"
