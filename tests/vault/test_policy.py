"""What stands in a stored policy: defaults, spelling, replacing and patching."""

import json

import pytest
from cryptography import x509

from kvlab.errors import InvalidProperty, MissingProperty
from kvlab.x509.name import parse_name
from tests.vault.make import ec_key, ec_policy, finish, parsed, pfx_file, self_signed, sign


@pytest.mark.parity("policy-defaults", "get_certificate_policy", "as-written", "lifetime-default")
def test_a_defaulted_policy_is_echoed_member_by_member(vault, clock):
    vault.create_certificate("web", {"issuer": {"name": "Self"}, "x509_props": {"subject": "cn=MyCert", "sans": {}}})

    now = int(clock.now().timestamp())
    assert json.loads(vault.get_certificate_policy("web").model_dump_json()) == {
        "id": "https://kvlab.vault.azure.net/certificates/web/policy",
        "key_props": {"exportable": True, "kty": "RSA", "key_size": 2048, "reuse_key": False},
        "secret_props": {"contentType": "application/x-pkcs12"},
        "x509_props": {
            "subject": "cn=MyCert", "sans": {}, "ekus": ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"],
            "key_usage": ["digitalSignature", "keyEncipherment"], "validity_months": 12,
            "basic_constraints": {"ca": False},
        },
        "lifetime_actions": [{"trigger": {"lifetime_percentage": 80}, "action": {"action_type": "AutoRenew"}}],
        "issuer": {"name": "Self"},
        "attributes": {"enabled": True, "created": now, "updated": now},
    }  # fmt: skip
    shown = vault.get_certificate_policy("web").model_dump(mode="json")
    assert list(shown) == [
        "id", "key_props", "secret_props", "x509_props", "lifetime_actions", "issuer", "attributes",
    ]  # fmt: skip
    assert list(shown["x509_props"]) == [
        "subject", "sans", "ekus", "key_usage", "validity_months", "basic_constraints",
    ]  # fmt: skip


@pytest.mark.parity("absent-not-null", "null-key-props", "lifetime-default")
def test_null_is_absent_and_answers_have_no_null(vault):
    text = '{"key_props":null,"secret_props":null,"x509_props":{"subject":"CN=a","ekus":null},"issuer":{"name":null}}'

    vault.create_certificate("web", text)

    policy = vault.get_certificate_policy("web")
    assert (policy.key_props.kty, policy.issuer.name, len(policy.x509_props.ekus)) == ("RSA", "Unknown", 2)
    assert policy.lifetime_actions[0].action.action_type == "EmailContacts"
    assert "null" not in vault.get_certificate("web").model_dump_json()


@pytest.mark.parity("key-usage-spelling")
def test_key_usage_comes_back_sorted_and_spelt_right(vault):
    vault.create_certificate("web", ec_policy(key_usage=["crlSign", "DIGITALSIGNATURE", "decipherOnly"]))

    assert vault.get_certificate_policy("web").x509_props.key_usage == ["cRLSign", "decipherOnly", "digitalSignature"]


@pytest.mark.parity("first-policy")
def test_the_first_version_needs_a_policy_and_later_ones_use_the_stored_one(vault, clock):
    with pytest.raises(MissingProperty, match="policy"):
        vault.create_certificate("web")
    finish(vault, policy=ec_policy("CN=first", validity_months=5))
    created = vault.get_certificate_policy("web").attributes.created
    clock.advance(5)

    vault.create_certificate("web")
    vault.process_due()
    assert parsed(vault.get_certificate("web")).subject.rfc4514_string() == "CN=first"
    assert vault.get_certificate_policy("web").x509_props.validity_months == 5
    assert vault.get_certificate_policy("web").attributes.updated == created

    finish(vault, policy=ec_policy("CN=second"))
    policy = vault.get_certificate_policy("web")
    assert (policy.x509_props.subject, policy.x509_props.validity_months) == ("CN=second", 12)
    assert (policy.attributes.created, policy.attributes.updated) == (created, created + 5)
    assert len(vault.get_certificate_versions("web")) == 3


@pytest.mark.parity("patch-policy", "update_certificate_policy")
def test_patching_a_policy_keeps_what_is_left_out(vault, clock):
    finish(vault, policy=ec_policy("CN=a", key_usage=["digitalSignature", "keyAgreement"], dns_names=["a.example"]))
    clock.advance(3)

    changed = vault.update_certificate_policy("web", {"x509_props": {"subject": "CN=b"}})

    assert (changed.x509_props.subject, changed.x509_props.key_usage) == ("CN=b", ["digitalSignature", "keyAgreement"])
    assert changed.x509_props.sans.dns_names == ["a.example"]
    assert changed.attributes.updated - changed.attributes.created == 3
    assert changed == vault.get_certificate_policy("web")
    with pytest.raises(InvalidProperty):
        vault.update_certificate_policy("web", {"x509_props": {"validity_months": 0}})
    assert changed == vault.get_certificate_policy("web")


@pytest.mark.parity("patch-policy", "import-ca")
def test_patching_the_policy_of_an_imported_certificate_keeps_what_the_certificate_says(vault):
    """It is a fact and no wish: a CA, an empty list of names, a subject longer than one may ask for."""
    key, long = (
        ec_key(),
        ", ".join(["CN=import.contoso.com", *(f"OU=unit {number} of Contoso" for number in range(10))]),
    )
    extensions = [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (x509.SubjectAlternativeName([x509.DNSName("a.example")]), False),
    ]
    name = parse_name(long)
    vault.import_certificate("web", pfx_file(key, sign(key.public_key(), name, name, key, extensions=extensions)))
    before = vault.get_certificate_policy("web").x509_props

    actions = [{"trigger": {"lifetime_percentage": 50}, "action": {"action_type": "EmailContacts"}}]
    after = vault.update_certificate_policy("web", {"lifetime_actions": actions}).x509_props
    assert after == before
    assert (after.subject, after.basic_constraints.ca, after.sans.emails) == (long, True, [])

    changed = vault.update_certificate_policy("web", {"x509_props": {"validity_months": 6}}).x509_props
    assert changed == before.model_copy(update={"validity_months": 6})
    with pytest.raises(InvalidProperty, match="subject"):
        vault.update_certificate_policy("web", {"x509_props": {"subject": long}})


@pytest.mark.parity("patch-policy")
def test_the_policy_of_a_certificate_without_any_name_can_be_changed(vault):
    key, nobody = ec_key(), x509.Name([])
    vault.import_certificate("web", pfx_file(key, sign(key.public_key(), nobody, nobody, key)))

    policy = vault.update_certificate_policy("web", {"key_props": {"reuse_key": True}})

    assert (policy.key_props.reuse_key, policy.x509_props.subject) == (True, "")
    with pytest.raises(InvalidProperty, match="alternative name"):
        vault.create_certificate("web")


@pytest.mark.parity("patch-key-type")
@pytest.mark.parametrize(
    ("stored", "change", "expected"),
    [
        ({"kty": "RSA", "key_size": 4096}, {"kty": "RSA"}, ("RSA", 4096, None, True)),
        ({"kty": "RSA", "key_size": 4096}, {"reuse_key": True}, ("RSA", 4096, None, True)),
        ({"kty": "RSA", "key_size": 3072}, {"kty": "RSA-HSM"}, ("RSA-HSM", 3072, None, False)),
        ({"kty": "RSA"}, {"kty": "EC", "key_size": 256, "crv": "P-256"}, ("EC", 256, "P-256", True)),
        ({"kty": "RSA"}, {"kty": "EC"}, ("EC", 256, "P-256", True)),
        ({"kty": "EC", "crv": "P-384"}, {"kty": "RSA"}, ("RSA", 2048, None, True)),
        ({"kty": "EC", "crv": "P-384"}, {"crv": "P-521"}, ("EC", 521, "P-521", True)),
        ({"kty": "EC", "crv": "P-384"}, {"kty": "EC-HSM"}, ("EC-HSM", 384, "P-384", False)),
        ({"kty": "EC", "crv": "P-384"}, {"key_size": 256}, ("EC", 256, "P-256", True)),
    ],
    ids=str,
)
def test_patching_key_properties(vault, stored, change, expected):
    import_key = ec_key()
    vault.import_certificate("web", pfx_file(import_key, self_signed(import_key)))
    vault.update_certificate_policy("web", {"key_props": stored})

    props = vault.update_certificate_policy("web", {"key_props": change}).key_props

    assert (props.kty, props.key_size, props.crv, props.exportable) == expected


@pytest.mark.parity("autorenew-unknown")
def test_patching_the_issuer_takes_its_default_action_with_it(vault):
    finish(vault)

    policy = vault.update_certificate_policy("web", {"issuer": {"name": "Unknown"}})

    assert policy.lifetime_actions[0].action.action_type == "EmailContacts"
