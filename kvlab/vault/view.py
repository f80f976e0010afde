"""A vault as some principal sees it, and the one check that stands before every operation."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from kvlab.errors import (
    CallCancelled,
    ForbiddenByPolicy,
    ForbiddenByRbac,
    InvalidName,
    InvalidProperty,
    StoreUnavailable,
    VaultClosed,
    VaultError,
)
from kvlab.store import vault as rows
from kvlab.vault.access import OWNER, PERMISSIONS, Permission, allows, by_role
from kvlab.vault.answer import Place, recovery_level
from kvlab.vault.request import ASKED, Asked
from kvlab.wire.certificate import Attributes

if TYPE_CHECKING:
    from kvlab.vault.core import Core

P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V", bound="View")

TAG_LIMIT = 15
TAG_LENGTH = 512
MESSAGE_LENGTH = 1000
ABOUT_LENGTH = 200
PAGE_LIMIT = 25
"""What a page of a list holds at most: https://learn.microsoft.com/rest/api/keyvault/certificates/get-certificates"""

_NAME = re.compile(r"[0-9a-zA-Z-]{1,127}", re.ASCII)
_VERSION = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)
_RESERVED = frozenset({"contacts", "issuers", "restore"})
_NAMELESS = frozenset({"certificates/contacts", "certificates/restore", "keys/restore", "secrets/restore"})
_log = logging.getLogger(__name__)

AREAS: dict[str, str] = {}
"""Operation -> what its first argument names, such as ``certificates/issuers``."""


class View:
    """One vault, used as one principal; views of the same vault share everything else."""

    def __init__(
        self, core: Core, principal: str, url: str, caller: str | None = None, *, observing: bool = False
    ) -> None:
        self._core = core
        self._principal = principal
        self._observing = observing
        self._caller = caller or f"appid={principal}"
        self._place = Place(
            url, recovery_level(core.retention_days, purge_protection=core.purge_protection), core.retention_days
        )

    def _authorise(self, permission: Permission, about: str) -> None:
        if self._principal == OWNER:
            return
        with self._core.read() as connection:
            grants = rows.grants(connection, self._core.vault_id, self._principal)
        if allows(grants, permission):
            return
        if by_role(grants):
            action = f"Microsoft.KeyVault/vaults/{permission.action}"
            resource = f"{self._core.name}/{about}"
            raise ForbiddenByRbac(self._caller, action, resource, self._core.name)
        raise ForbiddenByPolicy(self._caller, permission.area, permission.name, self._core.name)

    def check_permission(self, operation: str, arguments: Mapping[str, object]) -> None:
        """
        Refuse an operation that the caller may not do, for a door whose arguments are none: a call asks by itself.

        Args:
            operation: the method's name.
            arguments: of the call, by name, as far as they are known.

        Raises:
            ForbiddenByPolicy: or ``ForbiddenByRbac``, 403.
        """
        permission = PERMISSIONS[operation]
        self._authorise(permission, object_of(permission.area, (), arguments))

    def _require_owner(self, operation: str, area: str, verb: str) -> None:
        """Refuse what only the owner may do, and record the refusal."""
        if self._principal != OWNER:
            refusal = ForbiddenByPolicy(self._caller, area, verb, self._core.name)
            self.note_refusal(operation, area, refusal)
            raise refusal

    def note_refusal(self, operation: str, about: str, error: VaultError) -> None:
        """
        Record that the caller was refused.

        Args:
            operation: the method's name.
            about: what the request was for, such as ``certificates/web``.
            error: the refusal.
        """
        if self._observing:
            return
        message = storable(error.message)[:MESSAGE_LENGTH]
        asked = ASKED.get()
        facts = {
            "status": error.status, "code": error.code, "inner_code": error.inner_code, "message": message,
            "request": asked.noted() if asked and asked.is_noted_as(operation) else None,
        }  # fmt: skip
        try:
            with self._core.turn(self._principal) as turn:
                turn.record("refused", storable(about)[:ABOUT_LENGTH], detail={"operation": operation, **facts})
        except (StoreUnavailable, VaultClosed) as unavailable:
            _log.warning("The refusal of %s could not be recorded: %s", operation, unavailable.message)
        except Exception:  # noqa: BLE001
            # The caller must get the refusal itself, whatever becomes of the note about it.
            _log.exception("The refusal of %s could not be recorded.", operation)


def operation(
    collection: str | None = None,
) -> Callable[[Callable[Concatenate[V, P], R]], Callable[Concatenate[V, P], R]]:
    """
    Make a method an operation of the service: do what fell due, check the permission, then act; record a refusal.

    Args:
        collection: what the first argument names, such as ``certificates/issuers``; the permission's area by default.
    """

    def decorate(method: Callable[Concatenate[V, P], R]) -> Callable[Concatenate[V, P], R]:
        name = method.__name__
        permission = PERMISSIONS[name]
        area = AREAS[name] = collection or permission.area

        def call(self: V, /, *args: P.args, **kwargs: P.kwargs) -> R:
            self._core.begin()
            asked = ASKED.set(Asked(method, args, kwargs))
            try:
                if self._principal != OWNER:
                    self._authorise(permission, object_of(area, args, kwargs))
                if "maxresults" in kwargs:
                    _check_page(kwargs["maxresults"])
                return method(self, *args, **kwargs)
            except (StoreUnavailable, VaultClosed, CallCancelled):
                # Nowhere to write it down, and another attempt would only make the caller wait longer; or nobody asks.
                raise
            except VaultError as error:
                self.note_refusal(name, object_of(area, args, kwargs), error)
                raise
            finally:
                ASKED.reset(asked)

        functools.update_wrapper(call, method)
        return call

    return decorate


def name_key(name: str) -> str:
    """
    Return how a name is found: without regard to case.

    Raises:
        InvalidName: it is not 1 to 127 letters, digits and hyphens.
    """
    if not is_name(name):
        raise InvalidName(name if isinstance(name, str) else type(name).__name__)
    return name.casefold()


def is_name(name: object) -> bool:
    """Tell whether something is the name of an object: 1 to 127 letters, digits and hyphens."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def new_name_key(name: str) -> str:
    """
    Return how a new certificate's name is found.

    Raises:
        InvalidName: as ``name_key``, or the name is a word of the service's paths.
    """
    key = name_key(name)
    if key in _RESERVED:
        raise InvalidName(name)
    return key


def version_key(version: str) -> str:
    """Return how a version is found: in lower case; what is no version id finds nothing."""
    return version.lower() if isinstance(version, str) and _VERSION.fullmatch(version) else ""


def start_after(after: str) -> str:
    """
    Return how the name before a page's first is compared.

    Raises:
        InvalidName: it is neither empty nor a name.
    """
    return name_key(after) if after else ""


def version_after(after: str) -> str:
    """
    Return how the version before a page's first is compared.

    Raises:
        InvalidProperty: it is neither empty nor a version id.
    """
    key = version_key(after)
    if after and not key:
        raise InvalidProperty("after", "It is the version id that the page before ended with: 32 hexadecimal digits.")
    return key


def plain_text(field: str, value: object, limit: int) -> str:
    """
    Take text that every database can keep.

    Raises:
        InvalidProperty: it is no text, is empty or longer than ``limit``, or has NUL or half a surrogate pair in it.
    """
    if not isinstance(value, str) or not 1 <= len(value) <= limit or storable(value) != value:
        raise InvalidProperty(field, f"It is text of 1 to {limit} characters, without NUL.")
    return value


def storable(text: str) -> str:
    """Return text with what no database keeps (NUL, half surrogate pairs) written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def read_attributes(value: Attributes | Mapping[str, Any] | None) -> Attributes:
    """Take the attributes of a request; ``enabled`` is what a caller may set."""
    return Attributes() if value is None else Attributes.read(value, "attributes")


def read_tags(value: Mapping[str, str] | None) -> dict[str, str] | None:
    """
    Take the tags of a request.

    Raises:
        InvalidProperty: more than 15, not text, or longer than 512 characters.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InvalidProperty("tags", "It is a map of text to text.")
    if len(value) > TAG_LIMIT:
        raise InvalidProperty("tags", f"At most {TAG_LIMIT} are allowed, not {len(value)}.")
    for key, text in value.items():
        if not isinstance(key, str) or not isinstance(text, str) or max(len(key), len(text)) > TAG_LENGTH:
            raise InvalidProperty("tags", f"A tag and its value are text of at most {TAG_LENGTH} characters.")
        if storable(key + text) != key + text:
            raise InvalidProperty("tags", "A tag and its value are text without NUL.")
        encoded("tags", key + text)
    return dict(value)


def encoded(field: str, text: str) -> bytes:
    """
    Return text as UTF-8.

    Raises:
        InvalidProperty: it holds half of a surrogate pair, which JSON can spell and no database or answer can hold.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidProperty(field, "It holds half of a surrogate pair, which is no character.") from None


def _check_page(maxresults: object) -> None:
    if maxresults is not None and (type(maxresults) is not int or not 1 <= maxresults <= PAGE_LIMIT):
        raise InvalidProperty("maxresults", f"It is a whole number from 1 to {PAGE_LIMIT}, not {maxresults!r}.")


def object_of(area: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> str:
    """Return what a call is about, such as ``certificates/web``, in a form that every database can keep."""
    first = args[0] if args else kwargs.get("name")
    # What is no name may hold anything; it is shown escaped, so that every database can keep it.
    return f"{area}/{ascii(first[:127])[1:-1][:127]}" if isinstance(first, str) and area not in _NAMELESS else area
