"""What a person hands to a form or view by mistake: one sentence names the argument and what is allowed."""

import pytest

import kvlab
from kvlab import Vault
from kvlab.errors import VaultError

OF_A_VAULT = ("create", "import_form", "issuer", "contacts", "access")
OF_A_CERTIFICATE = ("merge", "flow", "diff", "operation", "lifecycle")


@pytest.mark.parametrize(
    "given", [None, "web", b"", Vault, object()], ids=["none", "text", "octets", "class", "object"]
)
@pytest.mark.parametrize("call", [*OF_A_VAULT, *OF_A_CERTIFICATE])
def test_what_is_no_vault_is_named(call, given):
    arguments = ("web",) if call in OF_A_CERTIFICATE else ()

    with pytest.raises(TypeError, match=r"^vault is .+; allowed is a vault, such as kvlab\.Vault\(\)"):
        getattr(kvlab, call)(given, *arguments)


@pytest.mark.parametrize("given", [None, 3, b"web"], ids=["none", "number", "octets"])
@pytest.mark.parametrize("call", OF_A_CERTIFICATE)
def test_what_is_no_name_is_named(vault, call, given):
    with pytest.raises(TypeError, match=r"^name is .+; allowed is the name of a certificate as text"):
        getattr(kvlab, call)(vault, given)


def test_what_is_no_version_is_named(vault):
    with pytest.raises(TypeError, match=r"^version is of type int; allowed is a version's id"):
        kvlab.diff(vault, "web", 1)


@pytest.mark.parametrize("call", ["device", "device_life"])
def test_what_is_no_registry_is_named(vault, call):
    arguments = ("0" * 64,) if call == "device_life" else ()

    with pytest.raises(TypeError, match=r"^iot is of type Vault; allowed is the registry .* kvlab\.Iot\(vault\)"):
        getattr(kvlab, call)(vault, *arguments)


def test_what_is_no_id_of_a_device_certificate_is_named(vault):
    with pytest.raises(TypeError, match=r"^certificate_id is None; allowed is the id of a device certificate"):
        kvlab.device_life(kvlab.Iot(vault), None)


def test_a_value_is_never_repeated():
    with pytest.raises(TypeError, match=r"^((?!hunter2).)*$"):
        kvlab.create("hunter2")


def test_nothing_that_can_be_explored_is_told():
    with pytest.raises(TypeError, match="allowed is a vault"):
        kvlab.explore(None)


@pytest.mark.parametrize("call", [*OF_A_VAULT, *OF_A_CERTIFICATE])
def test_somebody_elses_view_is_a_vault(vault, call):
    arguments = ("web",) if call in OF_A_CERTIFICATE else ()

    try:
        getattr(kvlab, call)(vault.as_principal("ann"), *arguments)
    except VaultError as refusal:
        assert refusal.status in (403, 404)  # it may be refused, but by the vault
