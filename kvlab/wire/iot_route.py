"""
AWS IoT's API as one table: method, path, operation, and where each member of a request stands.

Source: the service description of AWS IoT, version 2015-05-28 (https://docs.aws.amazon.com/iot/latest/apireference/).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from kvlab.errors import UnknownOperationException
from kvlab.wire.route import matched


class Route(NamedTuple):
    """
    One operation.

    Attributes:
        method: in capitals.
        path: its parts; those in braces are members.
        operation: the method of ``Iot``.
        query: members in the query, by their names there.
        header: members in headers, by the headers' names.
        body: members of the JSON body, by their names there.
    """

    method: str
    path: tuple[str, ...]
    operation: str
    query: dict[str, str]
    header: dict[str, str]
    body: dict[str, str]

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """Return the arguments in a path, or None if it is another."""
        found = matched(self.path, segments)
        return None if found is None else {argument(member): value for member, value in found.items()}


def argument(member: str) -> str:
    """Return the argument of a member: ``certificateId`` is ``certificate_id``."""
    return re.sub("([A-Z])", r"_\1", member).lower()


def find_route(method: str, segments: list[str]) -> tuple[Route, dict[str, str]]:
    """
    Return the route of a request and the arguments in its path.

    Raises:
        UnknownOperationException: there is none.
    """
    for route in _BY_LENGTH.get((method, len(segments)), ()):
        found = route.match(segments)
        if found is not None:
            return route, found
    raise UnknownOperationException("No operation of AWS IoT that kvlab knows has this method and path.")


def _route(request: str, operation: str, *, query: str = "", header: str = "", body: str = "") -> Route:
    method, path = request.split(" /")
    return Route(method, tuple(path.split("/")), operation, *map(_members, (query, header, body)))


def _members(text: str) -> dict[str, str]:
    """Read ``setAsActive isAscendingOrder=ascendingOrder``: a member's name there, and its own where that differs."""
    pairs = [entry.partition("=") for entry in text.split()]
    return {there: argument(own or there) for there, _, own in pairs}


_PAGE = "pageSize marker isAscendingOrder=ascendingOrder"
_TOKEN = "nextToken maxResults"  # noqa: S105  names of members
_PRINCIPAL = "x-amzn-principal=principal"
_OLD_PRINCIPAL = "x-amzn-iot-principal=principal"

ROUTES: tuple[Route, ...] = (
    _route("POST /keys-and-certificate", "create_keys_and_certificate", query="setAsActive"),
    _route("POST /certificates", "create_certificate_from_csr", query="setAsActive", body="certificateSigningRequest"),
    _route("POST /certificate/register", "register_certificate", query="setAsActive",
           body="certificatePem caCertificatePem status"),
    _route("POST /certificate/register-no-ca", "register_certificate_without_ca", body="certificatePem status"),
    _route("GET /certificates/{certificateId}", "describe_certificate"),
    _route("GET /certificates", "list_certificates", query=_PAGE),
    _route("GET /certificates-by-ca/{caCertificateId}", "list_certificates_by_ca", query=_PAGE),
    _route("PUT /certificates/{certificateId}", "update_certificate", query="newStatus"),
    _route("DELETE /certificates/{certificateId}", "delete_certificate", query="forceDelete"),

    _route("GET /registrationcode", "get_registration_code"),
    _route("DELETE /registrationcode", "delete_registration_code"),
    _route("POST /cacertificate", "register_ca_certificate", query="setAsActive allowAutoRegistration",
           body="caCertificate verificationCertificate registrationConfig tags certificateMode"),
    _route("GET /cacertificate/{certificateId}", "describe_ca_certificate"),
    _route("PUT /cacertificate/{certificateId}", "update_ca_certificate", query="newStatus newAutoRegistrationStatus",
           body="registrationConfig removeAutoRegistration"),
    _route("DELETE /cacertificate/{certificateId}", "delete_ca_certificate"),
    _route("GET /cacertificates", "list_ca_certificates", query=f"{_PAGE} templateName"),

    _route("PATCH /transfer-certificate/{certificateId}", "transfer_certificate", query="targetAwsAccount",
           body="transferMessage"),
    _route("PATCH /accept-certificate-transfer/{certificateId}", "accept_certificate_transfer", query="setAsActive"),
    _route("PATCH /reject-certificate-transfer/{certificateId}", "reject_certificate_transfer", body="rejectReason"),
    _route("PATCH /cancel-certificate-transfer/{certificateId}", "cancel_certificate_transfer"),
    _route("GET /certificates-out-going", "list_outgoing_certificates", query=_PAGE),

    _route("POST /policies/{policyName}", "create_policy", body="policyDocument tags"),
    _route("GET /policies/{policyName}", "get_policy"),
    _route("GET /policies", "list_policies", query=_PAGE),
    _route("DELETE /policies/{policyName}", "delete_policy"),
    _route("POST /policies/{policyName}/version", "create_policy_version", query="setAsDefault", body="policyDocument"),
    _route("GET /policies/{policyName}/version/{policyVersionId}", "get_policy_version"),
    _route("GET /policies/{policyName}/version", "list_policy_versions"),
    _route("DELETE /policies/{policyName}/version/{policyVersionId}", "delete_policy_version"),
    _route("PATCH /policies/{policyName}/version/{policyVersionId}", "set_default_policy_version"),
    _route("PUT /target-policies/{policyName}", "attach_policy", body="target"),
    _route("POST /target-policies/{policyName}", "detach_policy", body="target"),
    _route("POST /attached-policies/{target}", "list_attached_policies", query="recursive marker pageSize"),
    _route("POST /policy-targets/{policyName}", "list_targets_for_policy", query="marker pageSize"),
    _route("POST /effective-policies", "get_effective_policies", query="thingName",
           body="principal cognitoIdentityPoolId"),
    _route("POST /test-authorization", "test_authorization", query="clientId",
           body="principal cognitoIdentityPoolId authInfos policyNamesToAdd policyNamesToSkip"),
    _route("PUT /principal-policies/{policyName}", "attach_principal_policy", header=_OLD_PRINCIPAL),
    _route("DELETE /principal-policies/{policyName}", "detach_principal_policy", header=_OLD_PRINCIPAL),
    _route("GET /principal-policies", "list_principal_policies", query=_PAGE, header=_OLD_PRINCIPAL),
    _route("GET /policy-principals", "list_policy_principals", query=_PAGE, header="x-amzn-iot-policy=policyName"),

    _route("POST /things/{thingName}", "create_thing", body="thingTypeName attributePayload billingGroupName"),
    _route("GET /things/{thingName}", "describe_thing"),
    _route("PATCH /things/{thingName}", "update_thing",
           body="thingTypeName attributePayload expectedVersion removeThingType"),
    _route("DELETE /things/{thingName}", "delete_thing", query="expectedVersion"),
    _route("GET /things", "list_things",
           query=f"{_TOKEN} attributeName attributeValue thingTypeName usePrefixAttributeValue"),
    _route("PUT /things/{thingName}/principals", "attach_thing_principal", query="thingPrincipalType",
           header=_PRINCIPAL),
    _route("DELETE /things/{thingName}/principals", "detach_thing_principal", header=_PRINCIPAL),
    _route("GET /things/{thingName}/principals", "list_thing_principals", query=_TOKEN),
    _route("GET /things/{thingName}/principals-v2", "list_thing_principals_v2", query=f"{_TOKEN} thingPrincipalType"),
    _route("GET /principals/things", "list_principal_things", query=_TOKEN, header=_PRINCIPAL),
    _route("GET /principals/things-v2", "list_principal_things_v2", query=f"{_TOKEN} thingPrincipalType",
           header=_PRINCIPAL),

    _route("POST /things", "register_thing", body="templateBody parameters"),
    _route("POST /provisioning-templates", "create_provisioning_template",
           body="templateName description templateBody enabled provisioningRoleArn preProvisioningHook tags type"),
    _route("GET /provisioning-templates/{templateName}", "describe_provisioning_template"),
    _route("GET /provisioning-templates", "list_provisioning_templates", query=_TOKEN),
    _route("PATCH /provisioning-templates/{templateName}", "update_provisioning_template",
           body="description enabled defaultVersionId provisioningRoleArn preProvisioningHook "
                "removePreProvisioningHook"),
    _route("DELETE /provisioning-templates/{templateName}", "delete_provisioning_template"),

    _route("GET /endpoint", "describe_endpoint", query="endpointType"),
)  # fmt: skip

_BY_LENGTH = {
    (method, length): tuple(route for route in ROUTES if (route.method, len(route.path)) == (method, length))
    for method, length in {(route.method, len(route.path)) for route in ROUTES}
}
