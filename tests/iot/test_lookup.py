"""What a broker learns: whose certificate it is, what decides about it, and when to look again."""

import pytest

from kvlab.iot.document import read_document
from kvlab.iot.lookup import EVERYBODY, concerns, find_device
from kvlab.iot.state import Status
from tests.iot.make import POLICY, certificate, der, ec_key, name_of, pem, request


@pytest.fixture
def made(iot):
    return iot.create_certificate_from_csr(request(), set_as_active=True)


def test_a_device_is_found_by_its_der_with_policies_and_things(iot, shared_vault, made):
    iot.create_policy("connect", POLICY)
    iot.attach_policy("connect", made.certificate_arn)
    iot.create_thing("sensor", attribute_payload={"attributes": {"room": "12"}})
    iot.attach_thing_principal("sensor", made.certificate_arn)

    device = find_device(shared_vault, der(made.certificate_pem))

    assert (device.certificate_id, device.status, device.place.account) == (
        made.certificate_id,
        Status.ACTIVE,
        iot.account,
    )
    (policy,) = device.policies
    assert policy.statements == read_document(POLICY)
    assert device.thing("sensor").attributes == {"room": "12"}
    assert device.thing("another") is None


def test_an_unknown_certificate_is_nobodys(shared_vault):
    assert find_device(shared_vault, der(pem(certificate(ec_key(), name_of("sensor"))))) is None


def test_of_several_registrations_the_active_one_goes_first(iot, other, shared_vault):
    leaf = pem(certificate(ec_key(), name_of("sensor")))
    iot.register_certificate_without_ca(leaf)
    other.register_certificate_without_ca(leaf, status="ACTIVE")

    assert find_device(shared_vault, der(leaf)).place.account == other.account
    assert find_device(shared_vault, der(leaf), account=iot.account).status is Status.INACTIVE


def test_the_default_version_of_a_policy_decides(iot, shared_vault, made):
    iot.create_policy("connect", POLICY)
    iot.attach_policy("connect", made.certificate_arn)
    iot.create_policy_version("connect", POLICY.replace("Allow", "Deny"), set_as_default=True)

    (policy,) = find_device(shared_vault, made.certificate_id).policies

    assert policy.statements[0].effect == "Deny"


CHANGES = {
    "update": lambda iot, other, it: iot.update_certificate(it.certificate_id, "INACTIVE"),
    "attach": lambda iot, other, it: iot.attach_policy("another", it.certificate_arn),
    "detach": lambda iot, other, it: iot.detach_policy("connect", it.certificate_arn),
    "attach thing": lambda iot, other, it: iot.attach_thing_principal("sensor", it.certificate_arn),
    "version": lambda iot, other, it: iot.create_policy_version("connect", POLICY, set_as_default=True),
    "thing": lambda iot, other, it: iot.update_thing("sensor", attribute_payload={"attributes": {"a": "b"}}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_subscriber_hears_whom_a_change_concerns(iot, other, shared_vault, made, change):
    iot.create_policy("connect", POLICY)
    iot.create_policy("another", POLICY)
    iot.attach_policy("connect", made.certificate_arn)
    iot.create_thing("sensor")
    heard = []
    end = iot.events.subscribe(lambda event: heard.append(concerns(event)))

    CHANGES[change](iot, other, made)
    end()

    assert heard == [EVERYBODY if change in ("version", "thing") else made.certificate_id]


def test_what_concerns_nobody(iot, shared_vault):
    heard = []
    end = shared_vault.events.subscribe(lambda event: heard.append(concerns(event)))

    iot.create_policy("connect", POLICY)
    iot.create_thing("sensor")
    iot.get_registration_code()
    shared_vault.set_certificate_contacts([{"email": "ada@contoso.com"}])
    end()

    assert heard == [None] * 4
