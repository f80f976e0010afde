"""The status machine: every cell of its table is tried on a real certificate, and nothing else assigns a status."""

import pytest
from cryptography import x509

from kvlab.errors import (
    InvalidRequestException,
    IotError,
    ResourceNotFoundException,
    TransferAlreadyCompletedException,
)
from kvlab.iot.joining import register_at_connect
from kvlab.iot.state import REGISTERED, TRANSITIONS, Gone, Status, Step
from tests.iot.make import POLICY, OwnCA, certificate, ec_key, name_of, pem, request, state_of, status_of

CELLS = [(step, status) for step, row in TRANSITIONS.items() for status in row]


def bring(iot, other, status):
    """A certificate in a status, reached as callers reach it."""
    if status is Status.PENDING_ACTIVATION:
        ca = OwnCA()
        ca.register(iot, allow_auto_registration=True)
        return register_at_connect(iot._vault, x509.load_pem_x509_certificate(ca.leaf().encode())).certificate_id
    made = iot.create_certificate_from_csr(request(), set_as_active=status is Status.ACTIVE)
    if status is Status.REVOKED:
        iot.update_certificate(made.certificate_id, "REVOKED")
    elif status is Status.PENDING_TRANSFER:
        iot.transfer_certificate(made.certificate_id, other.account)
    return made.certificate_id


def take(iot, other, step, certificate_id):
    match step:
        case Step.ACTIVATE | Step.DEACTIVATE | Step.REVOKE:
            iot.update_certificate(certificate_id, step.value.split()[1])
        case Step.TRANSFER:
            iot.transfer_certificate(certificate_id, other.account)
        case Step.ACCEPT | Step.ACCEPT_ACTIVE | Step.REJECT:
            receiver = other if status_of(iot, certificate_id) == "PENDING_TRANSFER" else iot
            if step is Step.REJECT:
                receiver.reject_certificate_transfer(certificate_id)
            else:
                receiver.accept_certificate_transfer(certificate_id, set_as_active=step is Step.ACCEPT_ACTIVE)
        case Step.CANCEL:
            iot.cancel_certificate_transfer(certificate_id)
        case Step.DELETE:
            iot.delete_certificate(certificate_id)


@pytest.mark.parity("iot-status")
@pytest.mark.parametrize(("step", "status"), CELLS, ids=[f"{status}-{step.name}" for step, status in CELLS])
def test_every_cell_of_the_table(iot, other, step, status):
    outcome = TRANSITIONS[step][status]
    found = bring(iot, other, status)
    assert status_of(iot, found) == status
    before = state_of(iot)

    if isinstance(outcome, Status):
        take(iot, other, step, found)
        owner = other if step in (Step.ACCEPT, Step.ACCEPT_ACTIVE) else iot
        assert status_of(owner, found) == outcome
    elif outcome is Gone:
        take(iot, other, step, found)
        assert found not in {row.certificate_id for row in iot.list_certificates().certificates}
    else:
        with pytest.raises(outcome):
            take(iot, other, step, found)
        assert state_of(iot) == before


def test_the_table_is_complete():
    assert set(TRANSITIONS) == set(Step)
    assert all(set(row) == set(Status) for row in TRANSITIONS.values())


def test_revoked_is_final():
    assert {outcome for step in TRANSITIONS.values() if isinstance(outcome := step[Status.REVOKED], Status)} == {
        Status.REVOKED
    }


def test_pending_statuses_are_reached_by_no_update():
    for step in (Step.ACTIVATE, Step.DEACTIVATE, Step.REVOKE):
        assert not {Status.PENDING_TRANSFER, Status.PENDING_ACTIVATION} & set(TRANSITIONS[step].values())


@pytest.mark.parity("iot-status")
@pytest.mark.parametrize("asked", ["PENDING_TRANSFER", "PENDING_ACTIVATION", "REGISTER_INACTIVE", "BOGUS"])
@pytest.mark.parametrize("status", [Status.ACTIVE, Status.INACTIVE, Status.REVOKED, Status.PENDING_TRANSFER])
def test_a_caller_can_not_set_what_is_the_services(iot, other, status, asked):
    found = bring(iot, other, status)
    before = state_of(iot)

    with pytest.raises(IotError) as refused:
        iot.update_certificate(found, asked)

    assert refused.value.code == "InvalidRequestException"
    assert state_of(iot) == before


@pytest.mark.parametrize("status", [None, *REGISTERED])
@pytest.mark.parametrize("with_ca", [True, False], ids=["with CA", "without CA"])
def test_registration_begins_with_a_status(iot, status, with_ca):
    options = {} if status is None else {"status": status}
    outcome = REGISTERED[status or "INACTIVE"]
    if with_ca:
        ca = OwnCA()
        ca.register(iot)
        leaf, register = ca.leaf(), iot.register_certificate
    else:
        leaf, register = pem(certificate(ec_key(), name_of("sensor"))), iot.register_certificate_without_ca

    if isinstance(outcome, Status):
        assert status_of(iot, register(leaf, **options).certificate_id) == outcome
    else:
        with pytest.raises(outcome):
            register(leaf, **options)
        assert iot.list_certificates().certificates == []


@pytest.mark.parity("iot-transfer")
def test_whoever_gave_a_certificate_away_can_not_take_the_offer_back(iot, other):
    found = bring(iot, other, Status.PENDING_TRANSFER)
    other.accept_certificate_transfer(found)
    before = state_of(iot)

    with pytest.raises(TransferAlreadyCompletedException):
        iot.cancel_certificate_transfer(found)

    assert state_of(iot) == before
    with pytest.raises(ResourceNotFoundException):
        iot.as_account("999999999999").cancel_certificate_transfer(found)


@pytest.mark.parity("iot-transfer")
@pytest.mark.parametrize("what", ["policy", "old policy", "thing"])
def test_nothing_is_attached_while_a_transfer_is_pending(iot, other, what):
    found = bring(iot, other, Status.PENDING_TRANSFER)
    arn = iot.describe_certificate(found).certificate_description.certificate_arn
    iot.create_policy("p", POLICY)
    iot.create_thing("t")
    attach = {
        "policy": iot.attach_policy,
        "old policy": iot.attach_principal_policy,
        "thing": iot.attach_thing_principal,
    }
    before = state_of(iot)

    with pytest.raises(InvalidRequestException, match="transfer"):
        attach[what]("t" if what == "thing" else "p", arn)

    assert state_of(iot) == before


def test_a_certificate_on_its_way_is_not_called_active_when_it_is_not_deleted(iot, other):
    found = bring(iot, other, Status.PENDING_TRANSFER)

    with pytest.raises(IotError, match="is PENDING_TRANSFER"):
        iot.delete_certificate(found)
