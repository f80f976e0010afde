"""The form for a new device certificate, without a browser: each way, what AWS refuses of it, and where the key is."""

import asyncio
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

import kvlab
from kvlab import Iot
from kvlab.errors import (
    CertificateStateException,
    CertificateValidationException,
    InvalidRequestException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
)
from tests.iot.make import POLICY, OwnCA, ec_key, name_of, pem, request
from tests.iot.make import certificate as make_certificate
from tests.widgets.test_manage import drawn

KEY = "PRIVATE KEY"


@pytest.fixture
def iot(vault):
    return Iot(vault)


@pytest.fixture
def ca(iot):
    """A CA of one's own that is registered and active."""
    made = OwnCA(start=iot.clock.now(), days=3650)
    iot.register_ca_certificate(made.pem, certificate_mode="SNI_ONLY", set_as_active=True)
    return made


def form_with(iot, **values):
    form = kvlab.device(iot)
    for name, value in values.items():
        form.fields[name].value = value
    return form


def everything_saved(form):
    states = [form.view.get_state(), form.get_state(), form._repr_mimebundle_()[0]]
    events = [event.to_json() for event in form.vault.events]
    return json.dumps([states, events], default=str) + repr(form) + repr(form.answer) + repr(form.inputs)


def count(iot):
    return len(iot.list_certificates().certificates)


def status(iot, made):
    return iot.describe_certificate(made.certificate_id).certificate_description.status


def test_aws_makes_key_and_certificate_and_the_key_is_in_the_answer_alone(iot):
    form = form_with(iot)

    made = form.submit()

    assert (form.state, status(iot, made)) == ("done", "ACTIVE")
    assert form.answer is made
    key = load_pem_private_key(made.key_pair.private_key.encode(), None)
    certificate = x509.load_pem_x509_certificate(made.certificate_pem.encode())
    assert certificate.public_key() == key.public_key()
    assert "form.answer.key_pair.private_key" in form.outcome
    saved = everything_saved(form)
    assert KEY not in saved
    assert made.key_pair.private_key.splitlines()[1] not in saved


def test_policy_and_thing_are_attached(iot):
    iot.create_policy("sensors", POLICY)
    iot.create_thing("boiler")

    made = form_with(iot, policy="sensors", thing="boiler", active=False).submit()

    assert status(iot, made) == "INACTIVE"
    assert [policy.policy_name for policy in iot.list_attached_policies(made.certificate_arn).policies] == ["sensors"]
    assert iot.list_principal_things(made.certificate_arn).things == ["boiler"]


def test_a_thing_that_is_not_there_is_refused_before_there_is_a_certificate(iot):
    form = form_with(iot, thing="ghost")

    [error] = form.submit()

    assert isinstance(error, ResourceNotFoundException)
    assert (form.fields["thing"].refusal, form.state, count(iot)) == (error, "failed", 0)
    assert drawn(form, "thing")["refusal"]["sentence"] == error.message
    form.fields["thing"].value = ""
    assert form.submit().certificate_id
    assert form.state == "done"


def test_what_can_not_be_attached_takes_neither_certificate_nor_key_away(iot, monkeypatch):
    iot.create_policy("sensors", POLICY)
    form = form_with(iot, policy="sensors")
    # Somebody deletes the policy between the look at it and the call.
    monkeypatch.setattr(form, "begin", list)
    monkeypatch.setattr(form, "heard", lambda event: None)
    iot.delete_policy("sensors")

    made = form.submit()

    assert form.answer.key_pair.private_key.startswith("-----BEGIN")
    assert isinstance(form.fields["policy"].refusal, ResourceNotFoundException)
    assert form.status[0] == "warn"
    assert status(iot, made) == "ACTIVE"


def test_your_own_request_is_signed(iot):
    key = ec_key()

    made = form_with(iot, method="csr", csr=request(key)).submit()

    certificate = x509.load_pem_x509_certificate(made.certificate_pem.encode())
    assert certificate.public_key() == key.public_key()
    assert status(iot, made) == "ACTIVE"


def test_a_request_that_is_none_is_refused_beside_the_field(iot):
    form = form_with(iot, method="csr", csr="no request")

    [error] = form.submit()

    assert isinstance(error, InvalidRequestException)
    assert (form.fields["csr"].refusal, form.outcome, count(iot)) == (error, "", 0)
    assert drawn(form, "csr")["refusal"]["speaker"] == "AWS's"


def test_a_certificate_of_your_own_ca_is_registered(iot):
    form = form_with(iot, method="ca")
    assert form.buttons()[0].label == "Register certificate"
    own = OwnCA(start=iot.clock.now(), days=3650)
    form.fields["certificate"].value = own.leaf(start=iot.clock.now())

    [error] = form.submit()
    assert isinstance(error, CertificateStateException)
    assert form.fields["certificate"].refusal is error

    iot.register_ca_certificate(own.pem, certificate_mode="SNI_ONLY", set_as_active=True)
    made = form.submit()
    assert (status(iot, made), form.fields["certificate"].refusal) == ("ACTIVE", None)


@pytest.mark.parametrize("named", ["another CA", "no CA at all"])
def test_a_refused_ca_is_told_from_a_refused_certificate(iot, ca, named):
    wrong = OwnCA("Other CA").pem if named == "another CA" else "nothing"
    form = form_with(iot, method="ca", certificate=ca.leaf(start=iot.clock.now()), ca=wrong)

    [error] = form.submit()
    assert (form.fields["ca"].refusal, form.fields["certificate"].refusal) == (error, None)

    form.fields["ca"].value = ca.pem
    assert form.submit().certificate_id
    [again] = form.submit()
    assert isinstance(again, ResourceAlreadyExistsException)
    assert form.fields["certificate"].refusal is again


def test_any_certificate_is_registered_without_its_ca(iot):
    form = form_with(iot, method="without_ca", certificate="garbage", active=False)
    [error] = form.submit()
    assert isinstance(error, CertificateValidationException)
    assert form.fields["certificate"].refusal is error

    own = pem(make_certificate(ec_key(), name_of("sensor-1"), start=iot.clock.now()))
    form.hear({"do": "file", "name": "file", "value": "sensor.pem"}, [own.encode()])
    made = form.submit()

    assert status(iot, made) == "INACTIVE"
    assert iot.describe_certificate(made.certificate_id).certificate_description.certificate_pem == own


@pytest.mark.parametrize("way", ["typed", "pasted in the browser", "uploaded"])
def test_a_private_key_that_is_pasted_by_mistake_is_not_kept(iot, way):
    form = form_with(iot, method="csr")
    secret = f"{request()}-----BEGIN {KEY}-----\nMIIEsecret\n-----END {KEY}-----\n"

    if way == "typed":
        form.fields["csr"].value = secret
    elif way == "uploaded":
        form.fields["file"].value = secret.encode()
    else:
        form.hear({"do": "set", "name": "csr", "value": secret, "edit": "1"})

    assert "MIIEsecret" not in everything_saved(form)
    assert form.fields["csr"].value == ""
    assert any("private key" in field.note[1] for field in form.fields.values())


def test_a_file_without_pem_and_nonsense_change_nothing(iot):
    form = form_with(iot, method="csr")

    form.hear({"do": "file", "name": "file", "value": "key.der"}, [b"\x30\x82\x00"])
    for message in (
        None,
        {"do": "press"},
        {"do": "set", "name": "method", "value": "magic"},
        {"do": "press", "name": "x"},
    ):
        form.hear(message)

    assert (form.fields["csr"].value, form.fields["file"].note[0], form.inputs["method"].value) == ("", "bad", "csr")
    assert form._repr_mimebundle_()[0]["text/html"].startswith("<img ")
    assert form.submit()[0].status == 400


def test_policies_come_and_go(iot):
    form = kvlab.device(iot)
    iot.create_policy("sensors", POLICY)
    assert [option.label for option in form.fields["policy"].options] == ["none", "sensors"]

    form.fields["policy"].value = "sensors"
    iot.delete_policy("sensors")

    assert form.fields["policy"].value == ""
    assert "sensors is gone" in form.fields["policy"].note[1]


def test_a_click_does_not_block_and_two_make_one_certificate(iot):
    async def scenario():
        form = kvlab.device(iot)
        form.press("submit")
        form.press("submit")
        assert form.state == "busy"
        await form._task
        return form

    form = asyncio.run(scenario())

    assert (form.state, count(iot)) == ("done", 1)
    assert form.answer.key_pair.private_key not in everything_saved(form)


def test_another_account_has_its_own_form(iot):
    other = iot.as_account("210987654321", region="eu-west-1")

    made = kvlab.device(other).submit()

    assert ":eu-west-1:210987654321:" in made.certificate_arn
    assert count(iot) == 0
    assert "210987654321" in repr(kvlab.device(other))


def test_the_call_is_shown_and_follows_the_form(iot):
    iot.create_policy("sensors", POLICY)
    form = form_with(iot, policy="sensors")
    form.press("call")

    panel = form.children[1]
    assert list(panel.texts) == ["kvlab", "boto3", "aws", "rest", "openssl"]
    assert "iot.attach_policy" in panel.texts["boto3"]
    assert "Azure" not in json.dumps([form.view.view["buttons"], panel.view])
    form.fields["method"].value = "csr"
    assert "create_certificate_from_csr" in panel.texts["kvlab"]
    made = form_with(iot).submit()
    assert made.key_pair.private_key not in everything_saved(form)

    form.press("call")
    assert len(form.children) == 1


def test_the_flow_is_of_the_new_certificate_alone(iot):
    iot.create_policy("sensors", POLICY)
    form_with(iot, policy="sensors").submit()
    form = form_with(iot, method="csr", csr=request(), active=False)

    form.submit()

    assert "Your own request: the key stays" in form.outcome
    assert "0 attached" in form.outcome
