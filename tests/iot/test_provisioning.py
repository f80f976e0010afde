"""Templates: what they say is made, all of it or nothing; at a device's first connection too."""

import json

import pytest
from cryptography import x509

from kvlab import IotError
from kvlab.iot.joining import register_at_connect
from kvlab.iot.lookup import find_device
from kvlab.iot.state import Status
from kvlab.iot.template import fill_template
from tests.iot.make import NOW, POLICY, OwnCA, certificate, der, ec_key, name_of, pem, request, state_of, status_of

ROLE = "arn:aws:iam::123456789012:role/provisioning"
PREFIX = "AWS::IoT::Certificate::"
JITP = {
    "Parameters": {f"{PREFIX}{name}": {"Type": "String"} for name in ("CommonName", "SerialNumber", "Country", "Id")},
    "Resources": {
        "thing": {
            "Type": "AWS::IoT::Thing",
            "Properties": {
                "ThingName": {"Ref": f"{PREFIX}CommonName"},
                "AttributePayload": {"version": "v1", "serialNumber": {"Ref": f"{PREFIX}SerialNumber"}},
                "ThingTypeName": "lightBulb",
            },
        },
        "certificate": {
            "Type": "AWS::IoT::Certificate",
            "Properties": {"CertificateId": {"Ref": f"{PREFIX}Id"}, "Status": "ACTIVE"},
        },
        "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": POLICY}},
    },
}
OTHERS = {"SERIAL_NUMBER": "S7", "COUNTRY_NAME": "DE"}


def connect(iot, leaf):
    """A device's first connection, as the broker tells of it."""
    return register_at_connect(iot._vault, x509.load_pem_x509_certificate(leaf.encode()))


def changed(template, *path_and_value):
    """A template that is other in one place; None takes it away."""
    *path, name, value = path_and_value
    copy = json.loads(json.dumps(template))
    inner = copy
    for part in path:
        inner = inner[part]
    if value is None:
        del inner[name]
    else:
        inner[name] = value
    return copy


@pytest.mark.parity("iot-jitr")
def test_just_in_time_registration(iot, shared_vault):
    ca = OwnCA()
    ca_id = ca.register(iot, allow_auto_registration=True)
    leaf = ca.leaf()

    found = connect(iot, leaf)

    assert (found.status, found.ca_id, found.place.account) == (Status.PENDING_ACTIVATION, ca_id, iot.account)
    assert connect(iot, leaf) == found
    iot.update_certificate(found.certificate_id, "ACTIVE")
    assert find_device(shared_vault, der(leaf)).status is Status.ACTIVE


@pytest.mark.parity("iot-jitr")
@pytest.mark.parametrize(
    "options", [{"active": False, "allow_auto_registration": True}, {}], ids=["inactive", "not asked"]
)
def test_a_ca_that_registers_nothing_by_itself(iot, options):
    ca = OwnCA()
    ca.register(iot, **options)
    before = state_of(iot)

    assert connect(iot, ca.leaf()) is None
    assert connect(iot, pem(certificate(ec_key(), name_of("self-signed")))) is None
    assert connect(iot, OwnCA().leaf()) is None
    assert state_of(iot) == before


def test_an_impostor_of_the_same_name_is_not_registered(iot):
    OwnCA().register(iot, allow_auto_registration=True)

    assert connect(iot, OwnCA().leaf()) is None


@pytest.mark.parity("iot-jitp")
def test_just_in_time_provisioning_by_a_template_in_the_ca(iot, shared_vault):
    ca = OwnCA()
    config = {"templateBody": json.dumps(JITP), "roleArn": ROLE}
    ca.register(iot, allow_auto_registration=True, registration_config=config)

    first, second = (connect(iot, ca.leaf(name, others=OTHERS)) for name in ("bulb-1", "bulb-2"))

    assert (first.status, second.status) == (Status.ACTIVE, Status.ACTIVE)
    assert first.thing("bulb-1").attributes == {"version": "v1", "serialNumber": "S7"}
    assert first.thing("bulb-1").thing_type == "lightBulb"
    assert [policy.name for policy in first.policies] == [policy.name for policy in second.policies]
    (policy,) = iot.list_policies().policies
    assert len(policy.policy_name) == 64


@pytest.mark.parity("iot-jitp")
def test_a_subject_that_lacks_what_the_template_declares_leaves_it_pending(iot):
    ca = OwnCA()
    ca.register(
        iot, allow_auto_registration=True, registration_config={"templateBody": json.dumps(JITP), "roleArn": ROLE}
    )

    found = connect(iot, ca.leaf("bulb-1"))

    assert found.status is Status.PENDING_ACTIVATION
    assert iot.list_things().things == []
    assert iot.list_policies().policies == []
    (event,) = [event for event in iot.events if event.kind == "refuse_provisioning" and event.object == found.arn]
    assert event.detail["reason"].startswith(
        "Invalid registration template. Cannot resolve reference value: {Ref=AWS::"
    )


@pytest.mark.parity("iot-jitp")
@pytest.mark.parametrize("options", [{"enabled": True, "type": "JITP"}, {"type": "JITP"}, {"enabled": True}], ids=str)
def test_a_template_that_the_ca_names(iot, options):
    iot.create_provisioning_template("bulbs", json.dumps(JITP), ROLE, **options)
    ca = OwnCA()
    ca.register(iot, allow_auto_registration=True, registration_config={"templateName": "bulbs"})
    useful = options == {"enabled": True, "type": "JITP"}

    assert connect(iot, ca.leaf("bulb-1", others=OTHERS)).status is (
        Status.ACTIVE if useful else Status.PENDING_ACTIVATION
    )
    assert len(iot.list_ca_certificates(template_name="bulbs").certificates) == 1
    assert iot.list_ca_certificates(template_name="others").certificates == []


CSR = changed(JITP, "Resources", "certificate", "Properties", {"CertificateSigningRequest": {"Ref": "CSR"}}) | {
    "Parameters": {"CSR": {"Type": "String"}, "Name": {"Type": "String", "Default": "bulb"}}
}
CSR["Resources"]["thing"]["Properties"] = {"ThingName": {"Fn::Join": ["-", [{"Ref": "Name"}, "7"]]}}


@pytest.mark.parity("iot-provisioning")
def test_a_thing_is_registered_with_a_request(iot):
    key = ec_key()

    made = iot.register_thing(json.dumps(CSR), {"CSR": request(key)})

    leaf = x509.load_pem_x509_certificate(made.certificate_pem.encode())
    assert leaf.public_key().public_numbers() == key.public_key().public_numbers()
    assert made.resource_arns["thing"].endswith(":thing/bulb-7")
    assert status_of(iot, made.resource_arns["certificate"].partition("/")[2]) == "ACTIVE"
    assert iot.list_principal_things(made.resource_arns["certificate"]).things == ["bulb-7"]
    attached = iot.list_attached_policies(made.resource_arns["certificate"]).policies
    assert [policy.policy_arn for policy in attached] == [made.resource_arns["policy"]]


def test_what_is_there_already_is_merged_and_left_where_the_template_says_so(iot):
    found = iot.create_certificate_from_csr(request()).certificate_id
    iot.create_thing("bulb", attribute_payload={"attributes": {"room": "12"}})
    resources = {
        "t": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "bulb", "AttributePayload": {"a": "b"}}},
        "c": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": found, "Status": "ACTIVE"},
              "OverrideSettings": {"Status": "DO_NOTHING"}},
    }  # fmt: skip

    iot.register_thing(json.dumps({"Resources": resources}))

    assert iot.describe_thing("bulb").attributes == {"room": "12", "a": "b"}
    assert status_of(iot, found) == "INACTIVE"


BROKEN = {
    "no JSON": ("{", "InvalidRequestException"),
    "no object": ("[]", "InvalidRequestException"),
    "no resources": ({"Parameters": {}}, "InvalidRequestException"),
    "unknown member": (CSR | {"More": {}}, "InvalidRequestException"),
    "unknown type": (changed(CSR, "Resources", "thing", "Type", "AWS::S3::Bucket"), "InvalidRequestException"),
    "undeclared reference": (
        changed(CSR, "Resources", "thing", "Properties", {"ThingName": {"Ref": "Nobody"}}), "InvalidRequestException",
    ),
    "missing parameter": (CSR | {"Parameters": {"CSR": {}, "Other": {}}}, "InvalidRequestException"),
    "unknown function": (
        changed(CSR, "Resources", "thing", "Properties", {"ThingName": {"Fn::Nothing": "x"}}), "InvalidRequestException",
    ),
    "no certificate": (changed(CSR, "Resources", "certificate", None), "ResourceRegistrationFailureException"),
    "no thing name": (changed(CSR, "Resources", "thing", "Properties", {}), "ResourceRegistrationFailureException"),
    "malformed policy": (
        changed(CSR, "Resources", "policy", "Properties", {"PolicyDocument": "{}"}), "ResourceRegistrationFailureException",
    ),
    "unknown policy": (
        changed(CSR, "Resources", "policy", "Properties", {"PolicyName": "no"}), "ResourceRegistrationFailureException",
    ),
    "unknown certificate": (
        changed(CSR, "Resources", "certificate", "Properties", {"CertificateId": "0" * 64}),
        "ResourceRegistrationFailureException",
    ),
    "a status of the service's": (
        changed(CSR, "Resources", "certificate", "Properties", "Status", "PENDING_TRANSFER"),
        "ResourceRegistrationFailureException",
    ),
}  # fmt: skip


@pytest.mark.parity("iot-provisioning")
@pytest.mark.parametrize("kind", BROKEN)
def test_all_of_it_or_nothing(iot, kind):
    template, code = BROKEN[kind]
    before = state_of(iot)

    with pytest.raises(IotError) as caught:
        iot.register_thing(template if isinstance(template, str) else json.dumps(template), {"CSR": request()})

    assert caught.value.code == code
    assert state_of(iot) == before


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "a"}, "x,y"),
        ({"Fn::Join": ["-", ["p", {"Ref": "a"}]]}, "p-x,y"),
        ({"Fn::Sub": "${a}!"}, "x,y!"),
        ({"Fn::Select": ["1", {"Fn::Split": [",", {"Ref": "a"}]}]}, "y"),
    ],
)
def test_functions(value, expected):
    resource = {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": value}}

    (found,) = fill_template(json.dumps({"Parameters": {"a": {}}, "Resources": {"t": resource}}), {"a": "x,y"})

    assert found.properties == {"ThingName": expected}


def test_the_instant_is_the_vaults(iot):
    iot.create_provisioning_template("bulbs", json.dumps(JITP), ROLE)

    assert iot.describe_provisioning_template("bulbs").creation_date == int(NOW.timestamp())
