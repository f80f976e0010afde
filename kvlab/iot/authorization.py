"""What the policies would say: to a request that nobody makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography import x509

from kvlab.errors import InvalidRequestException
from kvlab.iot.decision import decide
from kvlab.iot.document import read_document
from kvlab.iot.lookup import attached_things, thing_of
from kvlab.iot.pattern import variables
from kvlab.iot.policy import PolicyOperations
from kvlab.iot.variable import certificate_variables, thing_variables
from kvlab.iot.view import operation
from kvlab.store import iot_policy as rows
from kvlab.wire.iot_policy import Allowed, AuthInfo, Authorization, AuthResult, Denial, Denied, Policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from kvlab.iot.document import Statement

ACTIONS = {
    "CONNECT": "iot:Connect", "PUBLISH": "iot:Publish", "SUBSCRIBE": "iot:Subscribe", "RECEIVE": "iot:Receive",
}  # fmt: skip

_WORST = ("allowed", "implicitDeny", "explicitDeny")
_DECISIONS = dict(zip(_WORST, ("ALLOWED", "IMPLICIT_DENY", "EXPLICIT_DENY"), strict=True))


class AuthorizationOperations(PolicyOperations):
    """What an account asks before a device does."""

    @operation
    def test_authorization(
        self,
        auth_infos: list[Any],
        principal: str | None = None,
        cognito_identity_pool_id: str | None = None,  # noqa: ARG002  there are no pools here
        client_id: str | None = None,
        policy_names_to_add: list[Any] | None = None,
        policy_names_to_skip: list[Any] | None = None,
    ) -> Authorization:
        """
        Decide requests by a certificate's policies, as they are or with others.

        Args:
            auth_infos: one to ten of ``{"actionType": "PUBLISH", "resources": [ARN, …]}``.
            principal: the certificate's ARN.
            cognito_identity_pool_id: not looked at.
            client_id: what the device would be called.
            policy_names_to_add: policies that count although they are not attached.
            policy_names_to_skip: policies that do not count although they are.

        Raises:
            InvalidRequestException: a member is not what it must be.
            ResourceNotFoundException: there is no such certificate or policy.
        """
        asked = [_read_info(value) for value in auth_infos]
        added, skipped = _names(policy_names_to_add), _names(policy_names_to_skip)
        with self._core.read() as connection:
            documents = {name: self._policy(connection, name).document for name in added}
            context: dict[str, tuple[str, ...]] = {} if client_id is None else {"iot:ClientId": (client_id,)}
            if principal is not None:
                self._check_principal(connection, principal)
                attached = rows.documents(connection, self._core.vault_id, principal)
                documents = {row.name: row.document for row in attached} | documents
                context |= self._context(connection, principal, client_id)
        policies = {name: read_document(text) for name, text in documents.items() if name not in skipped}
        return Authorization(auth_results=[self._result(info, policies, context) for info in asked])

    def _context(self, connection: Connection, principal: str, client_id: str | None) -> dict[str, tuple[str, ...]]:
        """Return the policy variables of a certificate that connects as ``client_id``."""
        _, certificate_part, certificate_id = principal.partition(":cert/")
        if not certificate_part:
            return {}
        row = self._own(connection, certificate_id)
        thing = thing_of(attached_things(connection, self._core.vault_id, principal), client_id)
        known = thing_variables(thing.name, thing.thing_type, thing.attributes) if thing else thing_variables(None)
        certificate = x509.load_der_x509_certificate(row.certificate_der)
        return {**certificate_variables(certificate), "iot:CertificateId": (row.id,), **known}

    def _result(
        self, info: AuthInfo, policies: Mapping[str, tuple[Statement, ...]], context: Mapping[str, tuple[str, ...]]
    ) -> AuthResult:
        action = ACTIONS[info.action_type]
        found = [decide(policies, action, resource, context) for resource in info.resources]
        worst = max((decision.reason for decision in found), key=_WORST.index)
        named: dict[str, list[str]] = {reason: [] for reason in _WORST}
        for decision in found:
            named[decision.reason] += [name for name in decision.policies if name not in named[decision.reason]]
        return AuthResult(
            auth_info=info,
            allowed=Allowed(policies=self._shown(named["allowed"])),
            denied=Denied(
                implicit_deny=Denial(policies=self._shown(named["implicitDeny"])),
                explicit_deny=Denial(policies=self._shown(named["explicitDeny"])),
            ),
            auth_decision=_DECISIONS[worst],
            missing_context_values=_missing(policies.values(), context),
        )

    def _shown(self, names: list[str]) -> list[Policy]:
        return [Policy(policy_name=name, policy_arn=self._arn(name)) for name in names]


def _read_info(value: Any) -> AuthInfo:
    if not isinstance(value, dict) or value.get("actionType") not in tuple(ACTIONS):
        raise InvalidRequestException(f"Each of authInfos has an actionType out of {', '.join(ACTIONS)}.")
    resources = value.get("resources")
    if not isinstance(resources, list) or not resources or not all(isinstance(entry, str) for entry in resources):
        raise InvalidRequestException("Each of authInfos has resources, a list of ARNs.")
    return AuthInfo(action_type=value["actionType"], resources=resources)


def _names(value: list[Any] | None) -> list[str]:
    if not all(isinstance(name, str) for name in value or ()):
        raise InvalidRequestException("Names of policies are text.")
    return value or []


def _missing(policies: Iterable[tuple[Statement, ...]], context: Mapping[str, tuple[str, ...]]) -> list[str]:
    """List the variables that stand in the policies' resources and have no value."""
    patterns = (text for statements in policies for each in statements if each.substitute for text in each.resources)
    names = dict.fromkeys(name for text in patterns for name in variables(text))
    return [name for name in names if not context.get(name)]
