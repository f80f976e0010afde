"""AWS IoT as one account in one region sees it, and what stands around every operation."""

from __future__ import annotations

import functools
import inspect
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from kvlab.errors import IotError, ResourceNotFoundException, StoreUnavailable
from kvlab.iot import member
from kvlab.store import iot as rows
from kvlab.vault.view import ABOUT_LENGTH, MESSAGE_LENGTH

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kvlab.vault.core import Core
    from kvlab.vault.turn import Turn

P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V", bound="View")


class Place(NamedTuple):
    """
    An account in a region.

    Attributes:
        account: 12 digits.
        region: such as ``us-east-1``.
    """

    account: str
    region: str

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of a ``cert``, ``cacert``, ``policy``, ``thing`` or another kind of resource."""
        return f"arn:aws:iot:{self.region}:{self.account}:{kind}/{name}"


def place_of(row: Any) -> Place:
    """Return whose a row is that has ``account`` and ``region``."""
    return Place(row.account, row.region)


class View:
    """One account's registry in one region; views of the same vault share everything else."""

    def __init__(self, core: Core, place: Place) -> None:
        self._core = core
        self._place = place
        with core.store.write() as connection:
            self._account_id: int = rows.account(connection, core.vault_id, place.account, place.region).id

    @property
    def account(self) -> str:
        """The AWS account that the registry is used as, 12 digits."""
        return self._place.account

    @property
    def region(self) -> str:
        """The AWS region."""
        return self._place.region

    @property
    def actor(self) -> str:
        """How events name the account."""
        return f"aws/{self._place.account}"

    @contextmanager
    def _turn(self) -> Iterator[Turn]:
        with self._core.turn(self.actor) as turn:
            yield turn

    def _own(self, connection: Connection, certificate_id: str) -> Any:
        """
        Find a certificate of the account's own.

        Raises:
            ResourceNotFoundException: it has none of this id.
        """
        found = rows.certificate(connection, self._account_id, certificate_id.lower())
        if found is None or found.account_id != self._account_id:
            raise certificate_not_found(certificate_id)
        return found

    def _new_uuid(self, about: str, purpose: str) -> str:
        octets = self._core.entropy.octets(about, purpose, 16)
        return str(uuid.UUID(bytes=octets, version=4))

    def note_refusal(self, operation: str, about: str, error: IotError) -> None:
        """
        Record that the account was refused.

        Args:
            operation: what it wanted.
            about: what the request was for, as the account named it.
            error: the refusal.
        """
        facts = {"status": error.status, "code": error.code, "message": ascii(error.message[:MESSAGE_LENGTH])[1:-1]}
        # Where it can not be written down, the caller must get the refusal itself.
        with suppress(StoreUnavailable), self._core.turn(self.actor) as turn:
            turn.record("refused", f"iot/{ascii(about)[1:-1]}"[:ABOUT_LENGTH], detail={"operation": operation, **facts})


def certificate_not_found(certificate_id: str) -> ResourceNotFoundException:
    """Return the refusal of a certificate that the account does not have."""
    return ResourceNotFoundException(f"Certificate not found. Id: {certificate_id}", certificate_id=certificate_id)


def operation(method: Callable[Concatenate[V, P], R]) -> Callable[Concatenate[V, P], R]:
    """Make a method an operation of the service: do what fell due, check its members, act; record a refusal."""
    name = method.__name__
    signature = inspect.signature(method)
    parameters = list(signature.parameters.values())[1:]
    required = tuple(each.name for each in parameters if each.default is inspect.Parameter.empty)

    @functools.wraps(method)
    def call(self: V, /, *args: P.args, **kwargs: P.kwargs) -> R:
        arguments = signature.bind(self, *args, **kwargs).arguments
        arguments.pop("self")
        self._core.begin()
        try:
            member.check(name, arguments, required)
            return method(self, *args, **kwargs)
        except IotError as error:
            about = next((value for value in arguments.values() if isinstance(value, str)), "")
            self.note_refusal(name, about, error)
            raise

    return call
