"""Policies, their versions, and what they are attached to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.errors import (
    DeleteConflictException,
    InvalidRequestException,
    LimitExceededException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
    VersionsLimitExceededException,
)
from kvlab.iot.document import read_document
from kvlab.iot.page import PAGE_SIZE, cut, read_marker
from kvlab.iot.principal import PrincipalView
from kvlab.iot.view import operation, place_of
from kvlab.store import iot_policy as rows
from kvlab.wire.iot_policy import (
    CreatedPolicy,
    CreatedPolicyVersion,
    EffectivePolicy,
    EffectivePolicyList,
    Policy,
    PolicyDescription,
    PolicyList,
    PolicyVersion,
    PolicyVersionDescription,
    PolicyVersionList,
    PrincipalList,
    TargetList,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kvlab.vault.turn import Turn

VERSIONS_LIMIT = 5
ATTACHED_LIMIT = 10


class PolicyOperations(PrincipalView):
    """What an account does with its policies."""

    @operation
    def create_policy(
        self,
        policy_name: str,
        policy_document: str,
        tags: list[Any] | None = None,  # noqa: ARG002  tags have no effect here
    ) -> CreatedPolicy:
        """
        Make a policy, whose first version is its default.

        Args:
            policy_name: 1 to 128 letters, digits and ``_+=,.@-``.
            policy_document: JSON.
            tags: accepted, without effect.

        Raises:
            MalformedPolicyException: the document is no policy.
            ResourceAlreadyExistsException: the name is in use.
        """
        read_document(policy_document)
        with self._turn() as turn:
            if rows.policy(turn.connection, self._account_id, policy_name) is not None:
                raise ResourceAlreadyExistsException(
                    f"Policy cannot be created - name already exists (name={policy_name})",
                    resource_id=policy_name,
                    resource_arn=self._arn(policy_name),
                )
            self._add_policy(turn, policy_name, policy_document)
        return CreatedPolicy(
            policy_name=policy_name,
            policy_arn=self._arn(policy_name),
            policy_document=policy_document,
            policy_version_id="1",
        )

    @operation
    def get_policy(self, policy_name: str) -> PolicyDescription:
        """Return a policy with its default version's document."""
        with self._core.read() as connection:
            row = self._policy(connection, policy_name)
        return PolicyDescription(
            policy_name=row.name,
            policy_arn=self._arn(row.name),
            policy_document=row.document,
            default_version_id=str(row.default_version),
            creation_date=row.created,
            last_modified_date=row.modified,
            generation_id=row.generation_id,
        )

    @operation
    def list_policies(
        self, marker: str | None = None, page_size: int | None = None, ascending_order: bool | None = None
    ) -> PolicyList:
        """List the account's policies, the newest first unless ``ascending_order``."""
        size = page_size or PAGE_SIZE
        with self._core.read() as connection:
            found = rows.policies(
                connection, self._account_id, after=read_marker(marker), most=size + 1, ascending=bool(ascending_order)
            )
        return self._listed(found, size)

    @operation
    def delete_policy(self, policy_name: str) -> None:
        """
        Delete a policy that has no other version than the default one and is attached to nothing.

        Raises:
            DeleteConflictException: it has, or it is.
            ResourceNotFoundException: there is none.
        """
        with self._turn() as turn:
            row = self._policy(turn.connection, policy_name)
            if rows.targets(turn.connection, row.number, after=None, most=1):
                raise DeleteConflictException(
                    "The policy cannot be deleted as the policy is attached to one or more principals "
                    f"(name={policy_name})"
                )
            if len(rows.versions(turn.connection, row.number)) > 1:
                raise DeleteConflictException(
                    "Cannot delete the policy because it has one or more policy versions attached to it "
                    f"(name={policy_name})"
                )
            rows.drop_policy(turn.connection, row.number)
            turn.record("delete_policy", self._arn(policy_name))

    @operation
    def create_policy_version(
        self, policy_name: str, policy_document: str, set_as_default: bool | None = None
    ) -> CreatedPolicyVersion:
        """
        Give a policy a further version.

        Raises:
            MalformedPolicyException: the document is no policy.
            VersionsLimitExceededException: it has five.
            ResourceNotFoundException: there is no such policy.
        """
        read_document(policy_document)
        with self._turn() as turn:
            row = self._policy(turn.connection, policy_name)
            if len(rows.versions(turn.connection, row.number)) >= VERSIONS_LIMIT:
                raise VersionsLimitExceededException(
                    f"The policy {policy_name} already has the maximum number of versions ({VERSIONS_LIMIT})"
                )
            version = row.last_version + 1
            rows.add_version(turn.connection, row.number, version, policy_document, turn.seconds)
            changed = {"default_version": version} if set_as_default else {}
            rows.set_policy(turn.connection, row.number, last_version=version, modified=turn.seconds, **changed)
            turn.record("create_policy_version", self._arn(policy_name), number=version, default=bool(set_as_default))
        return CreatedPolicyVersion(
            policy_arn=self._arn(policy_name),
            policy_document=policy_document,
            policy_version_id=str(version),
            is_default_version=bool(set_as_default),
        )

    @operation
    def get_policy_version(self, policy_name: str, policy_version_id: str) -> PolicyVersionDescription:
        """Return one version of a policy."""
        with self._core.read() as connection:
            row = self._policy(connection, policy_name)
            version = self._version(connection, row, policy_version_id)
        return PolicyVersionDescription(
            policy_name=row.name,
            policy_arn=self._arn(row.name),
            policy_document=version.document,
            policy_version_id=str(version.version),
            is_default_version=version.version == row.default_version,
            creation_date=version.created,
            last_modified_date=version.created,
            generation_id=row.generation_id,
        )

    @operation
    def list_policy_versions(self, policy_name: str) -> PolicyVersionList:
        """List a policy's versions, the newest first."""
        with self._core.read() as connection:
            row = self._policy(connection, policy_name)
            found = rows.versions(connection, row.number)
        return PolicyVersionList(
            policy_versions=[
                PolicyVersion(
                    version_id=str(version.version),
                    is_default_version=version.version == row.default_version,
                    create_date=version.created,
                )
                for version in found
            ]
        )

    @operation
    def delete_policy_version(self, policy_name: str, policy_version_id: str) -> None:
        """
        Delete a version that is not the default one.

        Raises:
            DeleteConflictException: it is.
            ResourceNotFoundException: there is no such policy or version.
        """
        with self._turn() as turn:
            row = self._policy(turn.connection, policy_name)
            version = self._version(turn.connection, row, policy_version_id)
            if version.version == row.default_version:
                raise DeleteConflictException(f"Cannot delete the default version of a policy (name={policy_name})")
            rows.drop_version(turn.connection, row.number, version.version)
            turn.record("delete_policy_version", self._arn(policy_name), number=version.version)

    @operation
    def set_default_policy_version(self, policy_name: str, policy_version_id: str) -> None:
        """Let a version be the one that decides, wherever the policy is attached."""
        with self._turn() as turn:
            row = self._policy(turn.connection, policy_name)
            version = self._version(turn.connection, row, policy_version_id)
            rows.set_policy(turn.connection, row.number, default_version=version.version, modified=turn.seconds)
            turn.record("set_default_policy_version", self._arn(policy_name), number=version.version)

    @operation
    def attach_policy(self, policy_name: str, target: str) -> None:
        """
        Attach a policy to a certificate (its ARN) or a Cognito identity; a second time changes nothing.

        Raises:
            LimitExceededException: ten are attached.
            ResourceNotFoundException: there is no such policy or certificate.
            InvalidRequestException: the target is neither.
        """
        with self._turn() as turn:
            self._attach(turn, policy_name, target, "attach_policy")

    @operation
    def detach_policy(self, policy_name: str, target: str) -> None:
        """
        Undo ``attach_policy``; what is not attached stays so, and a policy that is not there is no fault.

        Raises:
            InvalidRequestException: there is no such target.

        Source: the errors in the service's description, and what Terraform's provider reports of the service.
        """
        with self._turn() as turn:
            try:
                self._check_principal(turn.connection, target)
            except (InvalidRequestException, ResourceNotFoundException):
                raise InvalidRequestException("Invalid Target") from None
            if rows.policy(turn.connection, self._account_id, policy_name) is not None:
                self._detach(turn, policy_name, target, "detach_policy")

    @operation
    def attach_principal_policy(self, policy_name: str, principal: str) -> None:
        """Do what ``attach_policy`` does; deprecated."""
        with self._turn() as turn:
            self._attach(turn, policy_name, principal, "attach_principal_policy")

    @operation
    def detach_principal_policy(self, policy_name: str, principal: str) -> None:
        """Do what ``detach_policy`` does, but refuse a policy that is not there; deprecated."""
        with self._turn() as turn:
            self._detach(turn, policy_name, principal, "detach_principal_policy")

    @operation
    def list_attached_policies(
        self,
        target: str,
        recursive: bool | None = None,  # noqa: ARG002  there are no groups within groups
        marker: str | None = None,
        page_size: int | None = None,
    ) -> PolicyList:
        """List the policies that are attached to a target."""
        return self._attached(target, marker, page_size, ascending=True)

    @operation
    def list_principal_policies(
        self,
        principal: str,
        marker: str | None = None,
        page_size: int | None = None,
        ascending_order: bool | None = None,
    ) -> PolicyList:
        """Do what ``list_attached_policies`` does; deprecated."""
        return self._attached(principal, marker, page_size, ascending=bool(ascending_order))

    @operation
    def list_targets_for_policy(
        self, policy_name: str, marker: str | None = None, page_size: int | None = None
    ) -> TargetList:
        """List what a policy is attached to."""
        targets, following = self._targets(policy_name, marker, page_size, ascending=True)
        return TargetList(targets=targets, next_marker=following)

    @operation
    def list_policy_principals(
        self,
        policy_name: str,
        marker: str | None = None,
        page_size: int | None = None,
        ascending_order: bool | None = None,
    ) -> PrincipalList:
        """Do what ``list_targets_for_policy`` does; deprecated."""
        targets, following = self._targets(policy_name, marker, page_size, ascending=bool(ascending_order))
        return PrincipalList(principals=targets, next_marker=following)

    @operation
    def get_effective_policies(
        self,
        principal: str | None = None,
        cognito_identity_pool_id: str | None = None,  # noqa: ARG002  there are no pools here
        thing_name: str | None = None,  # noqa: ARG002  there are no groups that a thing could have policies from
    ) -> EffectivePolicyList:
        """List the policies that decide about a principal, each with its default version's document."""
        with self._core.read() as connection:
            if principal is not None:
                self._check_principal(connection, principal)
            found = rows.documents(connection, self._core.vault_id, principal or "")
        return EffectivePolicyList(
            effective_policies=[
                EffectivePolicy(
                    policy_name=row.name,
                    policy_document=row.document,
                    policy_arn=place_of(row).arn("policy", row.name),
                )
                for row in found
            ]
        )

    def _arn(self, policy_name: str) -> str:
        return self._place.arn("policy", policy_name)

    def _policy(self, connection: Connection, policy_name: str) -> Any:
        row = rows.policy(connection, self._account_id, policy_name)
        if row is None:
            raise ResourceNotFoundException(f"Policy not found (name={policy_name})", policy_name=policy_name)
        return row

    def _version(self, connection: Connection, row: Any, policy_version_id: str) -> Any:
        number = int(policy_version_id)
        found = rows.version(connection, row.number, number) if number <= row.last_version else None
        if found is None:
            raise ResourceNotFoundException(f"Policy version not found (name={row.name}, version={policy_version_id})")
        return found

    def _add_policy(self, turn: Turn, policy_name: str, policy_document: str) -> None:
        row = {
            "account_id": self._account_id, "name": policy_name, "created": turn.seconds, "modified": turn.seconds,
            "generation_id": self._new_uuid(policy_name, "generation id"),
        }  # fmt: skip
        rows.add_policy(turn.connection, row, policy_document)
        turn.record("create_policy", self._arn(policy_name))

    def _attach(self, turn: Turn, policy_name: str, target: str, name: str) -> None:
        row = self._policy(turn.connection, policy_name)
        self._check_attachable(turn.connection, target)
        if rows.attachment(turn.connection, row.number, target) is not None:
            return
        if rows.count_attached(turn.connection, target) >= ATTACHED_LIMIT:
            raise LimitExceededException(f"At most {ATTACHED_LIMIT} policies may be attached to a principal.")
        rows.attach(turn.connection, row.number, target)
        self._note(turn, name, policy_name, target)

    def _detach(self, turn: Turn, policy_name: str, target: str, name: str) -> None:
        row = self._policy(turn.connection, policy_name)
        attached = rows.attachment(turn.connection, row.number, target)
        if attached is not None:
            rows.detach(turn.connection, attached)
            self._note(turn, name, policy_name, target)

    def _note(self, turn: Turn, name: str, policy_name: str, target: str) -> None:
        turn.record(name, self._arn(policy_name), detail={"target": target})

    def _attached(self, target: str, marker: str | None, page_size: int | None, *, ascending: bool) -> PolicyList:
        size = page_size or PAGE_SIZE
        with self._core.read() as connection:
            self._check_principal(connection, target)
            found = rows.attached(
                connection, self._account_id, target, after=read_marker(marker), most=size + 1, ascending=ascending
            )
        return self._listed(found, size)

    def _targets(
        self, policy_name: str, marker: str | None, page_size: int | None, *, ascending: bool
    ) -> tuple[list[str], str | None]:
        size = page_size or PAGE_SIZE
        with self._core.read() as connection:
            row = self._policy(connection, policy_name)
            found = rows.targets(
                connection, row.number, after=read_marker(marker), most=size + 1, ascending=ascending
            )  # fmt: skip
        shown, following = cut(found, size)
        return [entry.target for entry in shown], following

    def _listed(self, found: Any, size: int) -> PolicyList:
        shown, marker = cut(found, size)
        policies = [Policy(policy_name=row.name, policy_arn=self._arn(row.name)) for row in shown]
        return PolicyList(policies=policies, next_marker=marker)
