"""Things: what the registry knows of devices, and the principals that they connect with."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from kvlab.errors import (
    InvalidRequestException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
    VersionConflictException,
)
from kvlab.iot.page import PAGE_SIZE, cut, read_marker
from kvlab.iot.principal import PrincipalView
from kvlab.iot.view import operation
from kvlab.store import iot_thing as rows
from kvlab.wire.iot_thing import (
    CreatedThing,
    PrincipalThingObject,
    PrincipalThingObjectList,
    Thing,
    ThingDescription,
    ThingList,
    ThingNameList,
    ThingPrincipalList,
    ThingPrincipalObject,
    ThingPrincipalObjectList,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from kvlab.vault.turn import Turn

ATTRIBUTES_LIMIT = 3
TYPED_ATTRIBUTES_LIMIT = 50
"""How many attributes a thing has at most, without a type and with one."""

EXCLUSIVE = "EXCLUSIVE_THING"
SHARED = "NON_EXCLUSIVE_THING"

_NAME = re.compile(r"[a-zA-Z0-9_.,@/:#-]{1,128}", re.ASCII)
_VALUE = re.compile(r"[a-zA-Z0-9_.,@/:#=\[\]-]{0,800}", re.ASCII)


class ThingOperations(PrincipalView):
    """What an account does with its things."""

    @operation
    def create_thing(
        self,
        thing_name: str,
        thing_type_name: str | None = None,
        attribute_payload: Mapping[str, Any] | None = None,
        billing_group_name: str | None = None,
    ) -> CreatedThing:
        """
        Make a thing; once more with the same properties changes nothing.

        Args:
            thing_name: 1 to 128 letters, digits and ``:_-``.
            thing_type_name: any; types need not be made before.
            attribute_payload: ``{"attributes": {name: value}}``.
            billing_group_name: any.

        Raises:
            ResourceAlreadyExistsException: the thing is there, with other properties.
            InvalidRequestException: an attribute's name or value is not allowed, or there are too many.
        """
        with self._turn() as turn:
            return self._create(turn, thing_name, thing_type_name, attribute_payload, billing_group_name)

    @operation
    def describe_thing(self, thing_name: str) -> ThingDescription:
        """Return all that the registry holds of a thing."""
        with self._core.read() as connection:
            row = self._thing(connection, thing_name)
        return ThingDescription(
            default_client_id=row.name,
            thing_name=row.name,
            thing_id=row.id,
            thing_arn=self._place.arn("thing", row.name),
            thing_type_name=row.thing_type,
            attributes=json.loads(row.attributes),
            version=row.version,
            billing_group_name=row.billing_group,
        )

    @operation
    def update_thing(
        self,
        thing_name: str,
        thing_type_name: str | None = None,
        attribute_payload: Mapping[str, Any] | None = None,
        expected_version: int | None = None,
        remove_thing_type: bool | None = None,
    ) -> None:
        """
        Change a thing.

        Args:
            thing_name: of the thing.
            thing_type_name: a new type.
            attribute_payload: ``attributes``, which take the place of the old ones unless ``merge`` is true; an empty
                value takes an attribute away.
            expected_version: what the caller believes the version to be.
            remove_thing_type: whether it has no type any more.

        Raises:
            VersionConflictException: it has another version.
            InvalidRequestException: an attribute's name or value is not allowed, or there are too many.
            ResourceNotFoundException: there is none.
        """
        with self._turn() as turn:
            _check_version(self._thing(turn.connection, thing_name), expected_version)
            self._change(turn, thing_name, thing_type_name, attribute_payload, remove_type=bool(remove_thing_type))

    @operation
    def delete_thing(self, thing_name: str, expected_version: int | None = None) -> None:
        """
        Delete a thing without principals; one that is not there is deleted too.

        Raises:
            VersionConflictException: it has another version.
            InvalidRequestException: a principal is attached.
        """
        with self._turn() as turn:
            row = rows.thing(turn.connection, self._account_id, thing_name)
            if row is None:
                return
            _check_version(row, expected_version)
            if rows.principals(turn.connection, row.number, after=None, most=1):
                raise InvalidRequestException(
                    f"Cannot delete. Thing {thing_name} is still attached to one or more principals"
                )
            rows.drop_thing(turn.connection, row.number)
            turn.record("delete_thing", self._place.arn("thing", thing_name))

    @operation
    def list_things(
        self,
        next_token: str | None = None,
        max_results: int | None = None,
        attribute_name: str | None = None,
        attribute_value: str | None = None,
        thing_type_name: str | None = None,
        use_prefix_attribute_value: bool | None = None,
    ) -> ThingList:
        """List the account's things; with an attribute or a type, a page holds those of its things that have it."""
        size = max_results or PAGE_SIZE
        with self._core.read() as connection:
            found = rows.things(connection, self._account_id, after=read_marker(next_token), most=size + 1)
        shown, following = cut(found, size)
        matching = [
            row
            for row in shown
            if thing_type_name in (None, row.thing_type)
            and _has(json.loads(row.attributes), attribute_name, attribute_value, prefix=use_prefix_attribute_value)
        ]
        return ThingList(
            things=[
                Thing(
                    thing_name=row.name, thing_type_name=row.thing_type, thing_arn=self._place.arn("thing", row.name),
                    attributes=json.loads(row.attributes), version=row.version,
                )
                for row in matching
            ],
            next_token=following,
        )  # fmt: skip

    @operation
    def attach_thing_principal(self, thing_name: str, principal: str, thing_principal_type: str | None = None) -> None:
        """
        Attach a certificate (its ARN) or a Cognito identity to a thing.

        Args:
            thing_name: of the thing.
            principal: the ARN or the identity.
            thing_principal_type: ``EXCLUSIVE_THING``: the principal has no other thing, and gets none.

        Raises:
            InvalidRequestException: the principal has another thing, and one of them wants to be its only one.
            ResourceNotFoundException: there is no such thing or certificate.
        """
        with self._turn() as turn:
            self._attach_principal(turn, thing_name, principal, thing_principal_type or SHARED)

    @operation
    def detach_thing_principal(self, thing_name: str, principal: str) -> None:
        """
        Undo ``attach_thing_principal``.

        Raises:
            ResourceNotFoundException: there is no such thing, or the principal is not attached to it.
        """
        with self._turn() as turn:
            row = self._thing(turn.connection, thing_name)
            linked = rows.link(turn.connection, row.number, principal)
            if linked is None:
                raise ResourceNotFoundException(f"The principal is not attached to the thing {thing_name}.")
            rows.detach(turn.connection, linked.number)
            arn = self._place.arn("thing", thing_name)
            turn.record("detach_thing_principal", arn, detail={"principal": principal})

    @operation
    def list_thing_principals(
        self, thing_name: str, next_token: str | None = None, max_results: int | None = None
    ) -> ThingPrincipalList:
        """List a thing's principals."""
        shown, following = self._principals(thing_name, next_token, max_results)
        return ThingPrincipalList(principals=[row.principal for row in shown], next_token=following)

    @operation
    def list_thing_principals_v2(
        self,
        thing_name: str,
        next_token: str | None = None,
        max_results: int | None = None,
        thing_principal_type: str | None = None,
    ) -> ThingPrincipalObjectList:
        """List a thing's principals, with how they are attached."""
        shown, following = self._principals(thing_name, next_token, max_results)
        objects = [
            ThingPrincipalObject(principal=row.principal, thing_principal_type=row.kind)
            for row in shown
            if thing_principal_type in (None, row.kind)
        ]
        return ThingPrincipalObjectList(thing_principal_objects=objects, next_token=following)

    @operation
    def list_principal_things(
        self, principal: str, next_token: str | None = None, max_results: int | None = None
    ) -> ThingNameList:
        """List a principal's things."""
        shown, following = self._things_of(principal, next_token, max_results)
        return ThingNameList(things=[row.name for row in shown], next_token=following)

    @operation
    def list_principal_things_v2(
        self,
        principal: str,
        next_token: str | None = None,
        max_results: int | None = None,
        thing_principal_type: str | None = None,
    ) -> PrincipalThingObjectList:
        """List a principal's things, with how they are attached."""
        shown, following = self._things_of(principal, next_token, max_results)
        objects = [
            PrincipalThingObject(thing_name=row.name, thing_principal_type=row.kind)
            for row in shown
            if thing_principal_type in (None, row.kind)
        ]
        return PrincipalThingObjectList(principal_thing_objects=objects, next_token=following)

    def _create(
        self,
        turn: Turn,
        thing_name: str,
        thing_type: str | None,
        payload: Mapping[str, Any] | None,
        billing_group: str | None,
    ) -> CreatedThing:
        attributes = _attributes(payload, {}, thing_type)
        arn = self._place.arn("thing", thing_name)
        row = rows.thing(turn.connection, self._account_id, thing_name)
        if row is not None:
            if (row.thing_type, row.billing_group, json.loads(row.attributes)) != (
                thing_type, billing_group, attributes,
            ):  # fmt: skip
                raise ResourceAlreadyExistsException(
                    f"Thing {thing_name} already exists in account with different properties",
                    resource_id=row.id,
                    resource_arn=arn,
                )
            return CreatedThing(thing_name=thing_name, thing_arn=arn, thing_id=row.id)
        thing_id = self._new_uuid(thing_name, "thing id")
        rows.add_thing(turn.connection, {
            "account_id": self._account_id, "name": thing_name, "id": thing_id, "thing_type": thing_type,
            "billing_group": billing_group, "attributes": json.dumps(attributes), "version": 1,
        })  # fmt: skip
        turn.record("create_thing", arn)
        return CreatedThing(thing_name=thing_name, thing_arn=arn, thing_id=thing_id)

    def _change(
        self,
        turn: Turn,
        thing_name: str,
        thing_type: str | None,
        payload: Mapping[str, Any] | None,
        *,
        remove_type: bool = False,
    ) -> None:
        row = self._thing(turn.connection, thing_name)
        after = None if remove_type else thing_type or row.thing_type
        attributes = _attributes(payload, json.loads(row.attributes), after)
        rows.set_thing(
            turn.connection, row.number, thing_type=after, attributes=json.dumps(attributes), version=row.version + 1
        )
        turn.record("update_thing", self._place.arn("thing", thing_name), number=row.version + 1)

    def _attach_principal(self, turn: Turn, thing_name: str, principal: str, kind: str) -> None:
        row = self._thing(turn.connection, thing_name)
        self._check_attachable(turn.connection, principal)
        others = [
            other
            for other in rows.all_things_of(turn.connection, self._core.vault_id, principal)
            if other.number != row.number
        ]
        if others and (kind == EXCLUSIVE or any(other.kind == EXCLUSIVE for other in others)):
            raise InvalidRequestException(f"The principal is attached to the thing {others[0].name} already.")
        linked = rows.link(turn.connection, row.number, principal)
        if linked is not None and linked.kind == kind:
            return
        if linked is not None:
            rows.detach(turn.connection, linked.number)
        rows.attach(turn.connection, row.number, principal, kind)
        arn = self._place.arn("thing", thing_name)
        turn.record("attach_thing_principal", arn, detail={"principal": principal, "type": kind})

    def _thing(self, connection: Connection, thing_name: str) -> Any:
        row = rows.thing(connection, self._account_id, thing_name)
        if row is None:
            raise ResourceNotFoundException(f"Thing {thing_name} cannot be found.", thing_name=thing_name)
        return row

    def _principals(
        self, thing_name: str, next_token: str | None, max_results: int | None
    ) -> tuple[Sequence[Any], str | None]:
        size = max_results or PAGE_SIZE
        with self._core.read() as connection:
            row = self._thing(connection, thing_name)
            found = rows.principals(connection, row.number, after=read_marker(next_token), most=size + 1)
        return cut(found, size)

    def _things_of(
        self, principal: str, next_token: str | None, max_results: int | None
    ) -> tuple[Sequence[Any], str | None]:
        size = max_results or PAGE_SIZE
        with self._core.read() as connection:
            self._check_principal(connection, principal)
            found = rows.things_of(
                connection, self._account_id, principal, after=read_marker(next_token), most=size + 1
            )
        return cut(found, size)


def _check_version(row: Any, expected: int | None) -> None:
    if expected is not None and expected != row.version:
        raise VersionConflictException(f"The version for thing {row.name} does not match the expected version.")


def _attributes(payload: Mapping[str, Any] | None, before: dict[str, str], thing_type: str | None) -> dict[str, str]:
    """Return the attributes that a payload leaves a thing with."""
    payload = payload or {"merge": True}
    given = payload.get("attributes", {})
    merge = payload.get("merge", False)
    if not isinstance(given, dict) or not isinstance(merge, bool) or set(payload) - {"attributes", "merge"}:
        raise InvalidRequestException(
            "attributePayload holds attributes, an object of text to text, and merge, true or false."
        )
    for name, value in given.items():
        if not _is_text(name, _NAME) or not _is_text(value, _VALUE):
            raise InvalidRequestException(
                f"The attribute {str(name)[:128]!a} has a name or a value that is not allowed."
            )
    after = {**(before if merge else {}), **given}
    after = {name: value for name, value in after.items() if value}
    limit = TYPED_ATTRIBUTES_LIMIT if thing_type else ATTRIBUTES_LIMIT
    if len(after) > limit:
        raise InvalidRequestException(
            f"A thing {'with' if thing_type else 'without'} a type has at most {limit} attributes."
        )
    return after


def _is_text(value: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _has(attributes: Mapping[str, str], name: str | None, value: str | None, *, prefix: bool | None) -> bool:
    if name is None:
        return True
    found = attributes.get(name)
    if found is None or value is None:
        return found is not None
    return found.startswith(value) if prefix else found == value
