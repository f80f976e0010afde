"""Every operation needs exactly one permission, asked before anything else."""

import inspect

import pytest

from kvlab import Vault, VaultError
from kvlab.errors import ForbiddenByPolicy, ForbiddenByRbac, InvalidProperty
from kvlab.vault.access import NAMES, PERMISSIONS, ROLES
from tests.vault.make import ec_policy, finish

# The permission of every operation id, as the reference of the service's access policies has it.
NEEDED = {
    "certificates create": "create_certificate merge_certificate",
    "certificates import": "import_certificate",
    "certificates get": "get_certificate get_certificate_policy get_certificate_operation get_deleted_certificate",
    "certificates list": "get_certificates get_certificate_versions get_deleted_certificates",
    "certificates update": "update_certificate update_certificate_policy update_certificate_operation delete_certificate_operation",
    "certificates delete": "delete_certificate",
    "certificates recover": "recover_deleted_certificate",
    "certificates purge": "purge_deleted_certificate",
    "certificates backup": "backup_certificate",
    "certificates restore": "restore_certificate",
    "certificates managecontacts": "set_certificate_contacts get_certificate_contacts delete_certificate_contacts",
    "certificates getissuers": "get_certificate_issuer",
    "certificates listissuers": "get_certificate_issuers",
    "certificates setissuers": "set_certificate_issuer update_certificate_issuer",
    "certificates deleteissuers": "delete_certificate_issuer",
    "keys create": "create_key",
    "keys import": "import_key",
    "keys backup": "backup_key",
    "keys restore": "restore_key",
    "secrets backup": "backup_secret",
    "secrets restore": "restore_secret",
    "keys get": "get_key get_deleted_key",
    "keys list": "get_keys get_key_versions get_deleted_keys",
    "keys update": "update_key",
    "keys delete": "delete_key",
    "keys recover": "recover_deleted_key",
    "keys purge": "purge_deleted_key",
    "keys sign": "sign",
    "keys verify": "verify",
    "keys encrypt": "encrypt",
    "keys decrypt": "decrypt",
    "keys wrapKey": "wrap_key",
    "keys unwrapKey": "unwrap_key",
    "secrets get": "get_secret get_deleted_secret",
    "secrets list": "get_secrets get_secret_versions get_deleted_secrets",
    "secrets set": "set_secret update_secret",
    "secrets delete": "delete_secret",
    "secrets recover": "recover_deleted_secret",
    "secrets purge": "purge_deleted_secret",
}
OPERATIONS = {operation: permission for permission, names in NEEDED.items() for operation in names.split()}
ROLE_ACTIONS = {
    "Key Vault Administrator": set(OPERATIONS),
    "Key Vault Reader": {
        name for name in OPERATIONS
        if name.startswith("get_") and name not in ("get_secret", "get_certificate_contacts")
    },
    "Key Vault Certificates Officer": {name for name, needed in OPERATIONS.items() if needed.startswith("certificates")},
    "Key Vault Certificate User": {
        *"get_certificate get_certificate_policy get_certificate_operation get_deleted_certificate get_certificates".split(),
        *"get_certificate_versions get_deleted_certificates get_key get_deleted_key get_keys get_key_versions".split(),
        *"get_deleted_keys get_secret get_deleted_secret get_secrets get_secret_versions get_deleted_secrets".split(),
    },
    "Key Vault Secrets Officer": {name for name, needed in OPERATIONS.items() if needed.startswith("secrets")},
    "Key Vault Secrets User": {
        "get_secret", "get_deleted_secret", "get_secrets", "get_secret_versions", "get_deleted_secrets",
    },
    "Key Vault Crypto Officer": {name for name, needed in OPERATIONS.items() if needed.startswith("keys")},
    "Key Vault Crypto User": {
        *"get_key get_deleted_key get_keys get_key_versions get_deleted_keys update_key backup_key".split(),
        *"sign verify encrypt decrypt wrap_key unwrap_key".split(),
    },
    "Key Vault Crypto Service Encryption User": {
        *"get_key get_deleted_key get_keys get_key_versions get_deleted_keys wrap_key unwrap_key".split(),
    },
    "Key Vault Purge Operator": set(),
    "Key Vault Data Access Administrator": set(),
}  # fmt: skip


@pytest.fixture(scope="module")
def shared():
    with Vault(clock="simulated") as vault:
        yield vault


def call(vault, operation):
    """Call an operation on a name nobody has, with arguments that mean nothing; returns the refusal, if any."""
    method = getattr(vault, operation)
    parameters = inspect.signature(method).parameters.values()
    needed = [p.name for p in parameters if p.default is inspect.Parameter.empty and p.kind is not p.VAR_KEYWORD]
    try:
        method(*("unknown" for _ in needed))
    except VaultError as refusal:
        return refusal
    return None


def forbidden(refusal):
    return refusal is not None and refusal.inner_code in ("ForbiddenByPolicy", "ForbiddenByRbac")


def test_the_vault_checks_every_operation_and_no_other_permission_exists():
    assert set(PERMISSIONS) == set(OPERATIONS)
    assert {operation: f"{p.area} {p.name}" for operation, p in PERMISSIONS.items()} == OPERATIONS


@pytest.mark.parity("permissions", "forbidden-policy")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_needs_exactly_its_permission(shared, operation):
    area, name = OPERATIONS[operation].split()
    everything = {each: set(names) for each, names in NAMES.items()}
    also = {"manageissuers"} if name.endswith("issuers") else set()
    all_but = shared.set_principal("all-but", **{**everything, area: everything[area] - {name} - also})
    only = shared.set_principal("only", **{area: [name]})

    refusal = call(all_but, operation)

    assert isinstance(refusal, ForbiddenByPolicy)
    assert f"does not have {area} {name} permission on key vault 'kvlab;" in refusal.message
    assert (refusal.status, refusal.code) == (403, "Forbidden")
    assert not forbidden(call(only, operation))
    event = list(shared.events.since(len(shared.events) - 3))
    assert any(e.kind == "refused" and e.actor == "all-but" and e.detail["operation"] == operation for e in event)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_unknown_principal_may_do_nothing(shared, operation):
    assert forbidden(call(shared.as_principal("nobody"), operation))


@pytest.mark.parity("roles")
@pytest.mark.parametrize("role", ROLES)
def test_what_each_built_in_role_may_do(shared, role):
    view = shared.set_principal("by-role", roles=[role])

    allowed = {operation for operation in OPERATIONS if not forbidden(call(view, operation))}

    assert allowed == ROLE_ACTIONS[role]


@pytest.mark.parity("manageissuers")
def test_manageissuers_counts_as_all_issuer_permissions(vault):
    view = vault.set_principal("alice", certificates=["ManageIssuers"])

    for operation, needed in OPERATIONS.items():
        assert forbidden(call(view, operation)) is not needed.endswith("issuers")


@pytest.mark.parity("forbidden-role")
def test_the_role_models_refusal_names_action_and_resource(vault):
    view = vault.set_principal("alice", roles=["Key Vault Reader"])

    with pytest.raises(ForbiddenByRbac) as refusal:
        view.create_certificate("web", ec_policy())

    lines = refusal.value.message.split("\r\n")
    assert lines[0] == "Caller is not authorized to perform action on resource."
    assert "Action: 'Microsoft.KeyVault/vaults/certificates/create/action'" in lines
    assert "DecisionReason: 'DeniedWithNoValidRBAC' " in lines
    assert lines[-1] == ""


@pytest.mark.parity("authorised-first")
def test_the_permission_is_asked_before_the_name_and_the_arguments(vault):
    finish(vault)
    nobody = vault.as_principal("nobody")

    for name in ("web", "unknown", "not a name", 5):
        with pytest.raises(ForbiddenByPolicy):
            nobody.get_certificate(name)
        with pytest.raises(ForbiddenByPolicy):
            nobody.create_certificate(name, {"x509_props": 5})


@pytest.mark.parity("private-key-needs-secret", "create-permission")
def test_creating_needs_no_key_or_secret_permission_and_shows_no_private_key(vault):
    alice = vault.set_principal("alice", certificates=["create", "get"])

    finish(alice)

    for read in (alice.get_secret, alice.get_key):
        with pytest.raises(ForbiddenByPolicy):
            read("web")
    assert "PRIVATE" not in alice.get_certificate("web").model_dump_json()


def test_a_definition_replaces_the_one_before_and_all_is_everything(vault):
    alice = vault.set_principal("alice", certificates=["all"])
    finish(alice)
    alice = vault.set_principal("alice", secrets=["get"])

    assert alice.get_secret("web").value
    with pytest.raises(ForbiddenByPolicy):
        alice.get_certificate("web")
    assert repr(alice) == "<Vault 'kvlab', simulated clock, as alice>"


@pytest.mark.parametrize(
    "grants",
    [
        {"certificates": ["fly"]},
        {"keys": ["managecontacts"]},
        {"roles": ["Owner"]},
        {"certificates": "get"},
        {"roles": "x"},
    ],
    ids=range(5),
)
def test_unknown_permissions_and_roles_are_refused(vault, grants):
    with pytest.raises(InvalidProperty):
        vault.set_principal("alice", **grants)


def test_only_the_owner_defines_principals(vault):
    alice = vault.set_principal("alice", certificates=["all"], keys=["all"], secrets=["all"])

    with pytest.raises(ForbiddenByPolicy):
        alice.set_principal("mallory", certificates=["all"])


def test_a_refusal_leaves_an_event_with_its_code(vault):
    with pytest.raises(ForbiddenByPolicy):
        vault.as_principal("mallory").get_secret("web")

    event = list(vault.events)[-1]
    assert (event.kind, event.actor, event.object) == ("refused", "mallory", "secrets/web")
    assert event.detail["operation"] == "get_secret"
    assert (event.detail["status"], event.detail["inner_code"]) == (403, "ForbiddenByPolicy")


def test_defining_principals_without_being_the_owner_leaves_an_event(vault):
    mallory = vault.set_principal("mallory", certificates=["all"])
    with pytest.raises(ForbiddenByPolicy):
        mallory.set_principal("mallory", secrets=["all"])

    last = list(vault.events)[-1]
    assert (last.actor, last.kind, last.detail["operation"]) == ("mallory", "refused", "set_principal")


@pytest.mark.parametrize("grants", [{"keys": ["get"]}, {"roles": ["Key Vault Secrets User"]}], ids=["policy", "role"])
def test_a_refusal_names_the_caller_as_a_door_says(vault, grants):
    caller = "appid=1;oid=2;numgroups=0;iss=https://sts.windows.net/3/"
    vault.set_principal("alice", **grants)
    alice = vault.as_principal("alice", caller=caller)

    for view in (alice, alice.at("https://localhost:8443")):
        with pytest.raises((ForbiddenByPolicy, ForbiddenByRbac)) as refusal:
            view.get_certificates()
        assert (f"'{caller}'" if "keys" in grants else f"Caller: {caller}\r\n") in refusal.value.message
        assert list(vault.events)[-1].actor == "alice"
    with pytest.raises(ForbiddenByPolicy, match="'appid=bob' does not have"):
        vault.as_principal("bob").get_certificates()
