"""The forms around certificates, without a browser: issuers, contacts, permissions, and the moves of a life."""

import asyncio
import base64
import json

import pytest

import kvlab
from kvlab import Vault
from kvlab.errors import ForbiddenByPolicy, InvalidProperty, OrganizationIdNotSet, PurgeProtected
from kvlab.widgets.lifecycle import MOVES
from tests.vault.make import ec_policy, finish

PASSWORD = "Pflanzen und Erde"


def drawn(form, name):
    return next(spec for spec in form.view.view["fields"] if spec["name"] == name)


def everything_saved(form):
    states = [form.view.get_state(), form.get_state(), form._repr_mimebundle_()[0]]
    return json.dumps(states, default=str) + repr(form) + repr(form.call()) + repr(form.inputs)


def digicert(vault, **more):
    form = kvlab.issuer(vault)
    for name, value in {"name": "trusty", "account_id": "12345", "organization": "42", **more}.items():
        form.fields[name].value = value
    form.hear({"do": "secret", "name": "password", "value": PASSWORD})
    return form


def test_an_issuer_is_set_up_and_orders(vault):
    form = digicert(vault)

    made = form.submit()

    assert (made.provider, made.org_details.id, form.state) == ("DigiCert", "42", "done")
    vault.create_certificate("web", ec_policy("CN=web.contoso.com", issuer="trusty", dns_names=["web.contoso.com"]))
    vault.clock.advance(10)
    assert vault.get_certificate_operation("web").status == "completed"


def test_the_password_is_kept_nowhere_in_the_form(vault):
    form = digicert(vault)
    assert PASSWORD not in everything_saved(form)
    form.press("call")
    assert PASSWORD not in json.dumps(form.children[1].view)
    form.submit()

    assert form._password is None
    assert PASSWORD not in everything_saved(form)
    assert PASSWORD not in json.dumps([event.to_json() for event in vault.events])


def test_an_issuer_without_what_its_provider_needs_is_refused_beside_the_field(vault):
    form = digicert(vault, organization="")

    assert drawn(form, "organization")["refusal"]["sentence"] == "Id in organization details is not set"
    assert [type(error) for error in form.submit()] == [OrganizationIdNotSet]

    form.fields["provider"].value = "GlobalSign"
    assert drawn(form, "administrators")["refusal"] is not None
    form.fields["administrators"].value = [
        {"first_name": "Ann", "last_name": "Lee", "email": "ann@contoso.com", "phone": "+1 2"}, {}
    ]  # fmt: skip
    assert form.submit().org_details.admin_details[0].email == "ann@contoso.com"


def test_an_issuer_is_changed_without_its_password_and_removed(vault):
    digicert(vault).submit()
    form = kvlab.issuer(vault)

    form.fields["existing"].value = "trusty"
    assert (form.fields["account_id"].value, form.fields["organization"].value) == ("12345", "42")
    assert "name" not in form.fields
    form.fields["organization"].value = ""
    assert drawn(form, "organization")["refusal"]["sentence"] == "Id in organization details is not set"
    form.fields["organization"].value = "43"
    form.fields["enabled"].value = False
    assert form.submit().attributes.enabled is False
    form.press("delete")

    assert vault.get_certificate_issuers() == []
    assert form.fields["existing"].value == ""


def test_what_is_emptied_of_an_issuer_is_empty_in_the_vault(vault):
    people = [{"first_name": "Ann", "email": "ann@contoso.com"}]
    digicert(vault, zip=98052, administrators=people).submit()
    form = kvlab.issuer(vault)
    form.fields["existing"].value = "trusty"
    form.fields["zip"].value = None
    form.fields["administrators"].value = []

    organization = form.submit().org_details

    assert (organization.id, organization.zip, organization.admin_details) == ("42", 0, [])


def test_an_issuer_removed_elsewhere_is_seen(vault):
    digicert(vault).submit()
    form = kvlab.issuer(vault)
    form.fields["existing"].value = "trusty"

    vault.delete_certificate_issuer("trusty")

    assert [option.value for option in form.fields["existing"].options] == [""]
    assert form.fields["existing"].value == ""


def test_contacts_are_kept_shown_and_removed(vault):
    form, other = kvlab.contacts(vault), kvlab.contacts(vault)
    form.fields["contacts"].value = [{"email": "ann@contoso.com", "name": "Ann"}, {"email": ""}]

    assert form.submit().contacts[0].name == "Ann"
    assert other.fields["contacts"].value == [{"email": "ann@contoso.com", "name": "Ann"}]
    other.press("delete")
    assert form.fields["contacts"].value == []


def test_a_contact_without_an_address_is_refused_while_it_is_typed(vault):
    form = kvlab.contacts(vault)

    form.hear({"do": "set", "name": "contacts", "value": [{"name": "Ann"}], "edit": "a:1"})

    assert "contacts[0].email" in drawn(form, "contacts")["refusal"]["sentence"]
    assert [type(error) for error in form.submit()] == [InvalidProperty]
    assert list(vault.events) == []


def test_a_principal_is_defined_and_is_refused_what_it_may_not(vault):
    finish(vault, "web")
    form = kvlab.access(vault)
    form.fields["principal"].value = "alice"
    form.fields["certificates"].value = ["get", "list"]

    alice = form.submit()
    assert alice.principal == form.bound.principal == "alice"

    assert form.trial() is None
    assert "It would be done" in form.outcome
    form.fields["operation"].value = "delete_certificate"
    form.press("trial")
    assert "does not have certificates delete permission" in form.outcome
    last = list(vault.events)[-1]
    assert (last.kind, last.actor, last.detail["operation"]) == ("refused", "alice", "delete_certificate")
    assert vault.get_certificate("web").attributes.enabled
    assert isinstance(form.trial(), ForbiddenByPolicy)


@pytest.mark.parametrize("operation", [option.value for option in kvlab.access(Vault()).inputs["operation"].options])
def test_every_operation_that_is_offered_can_be_tried_and_changes_nothing(vault, operation):
    form = kvlab.access(vault)
    form.fields["principal"].value = "owner"
    form.fields["operation"].value = operation

    form.trial()

    assert [event for event in vault.events if event.kind != "refused"] == []


def test_a_principal_that_is_known_comes_with_its_permissions(vault):
    vault.set_principal("bob", secrets=["get"], roles=["Key Vault Reader"])
    form = kvlab.access(vault)

    form.fields["principal"].value = "bob"

    assert (form.fields["secrets"].value, form.fields["roles"].value) == (["get"], ["Key Vault Reader"])
    form.fields["principal"].value = "owner"
    assert form.submit()[0].field == "principal"


def test_only_the_owner_sets_permissions(vault):
    form = kvlab.access(vault.set_principal("alice", certificates=["get"]))
    form.fields["principal"].value = "bob"

    assert [type(error) for error in form.submit()] == [ForbiddenByPolicy]


def moves(form):
    return {key for key, off in form.legal().items() if off is None}


def test_moves_are_offered_when_they_are_legal_and_say_why_not_else(vault):
    form = kvlab.lifecycle(vault, "web")
    assert moves(form) == set()

    vault.create_certificate("web", ec_policy(issuer="Unknown"))
    assert moves(form) == {"cancel", "delete_operation", "delete"}
    assert (
        "while a pending key vault certificate's status is inProgress" in drawn(form, "new_version")["off"]["sentence"]
    )

    form.do("delete_operation")
    finish(vault, "web")
    assert moves(form) == {"disable", "new_version", "delete_operation", "delete", "backup"}
    assert drawn(form, "enable")["off"] == "It is enabled already."


def test_a_life_from_button_to_button(vault):
    finish(vault, "web")
    form = kvlab.lifecycle(vault, "web")

    for key in (
        "disable",
        "enable",
        "backup",
        "new_version",
        "cancel",
        "delete_operation",
        "delete",
        "recover",
        "delete",
        "purge",
    ):
        form.press(key)
        assert form.state == "done", (key, form.outcome)
    assert form.status == ("", "web: there is no such certificate")
    form.press("restore")

    assert vault.get_certificate("web").attributes.enabled
    assert [event.kind for event in vault.events if event.kind in {move.operation for move in MOVES.values()}][-9:] == [
        "backup_certificate", "create_certificate", "update_certificate_operation", "delete_certificate_operation",
        "delete_certificate", "recover_deleted_certificate", "delete_certificate", "purge_deleted_certificate",
        "restore_certificate",
    ]  # fmt: skip


def test_the_next_move_is_not_offered_before_it_is_taken(vault):
    """Else a click between the event of a move and its end was offered, and not heard."""
    finish(vault, "web")
    form = kvlab.lifecycle(vault, "web")
    seen = []
    form.view.observe(lambda change: seen.append((change.new["status"]["busy"], drawn(form, "disable")["off"])), "view")

    form.press("disable")

    assert form.state == "done"
    assert (True, "It is disabled already.") not in seen
    assert seen[-1] == (False, "It is disabled already.")


def test_a_button_that_is_off_does_nothing_but_the_call_is_refused_with_the_same_words(vault):
    with Vault(clock=vault.clock, purge_protection=True) as protected:
        finish(protected, "web")
        protected.delete_certificate("web")
        form = kvlab.lifecycle(protected, "web")

        form.press("purge")
        assert form.state == "idle"
        refused = form.do("purge")

    assert [type(error) for error in refused] == [PurgeProtected]
    assert drawn(form, "purge")["off"]["sentence"] == refused[0].message


def test_a_backup_comes_back_as_a_file_and_another_file_does_not(vault):
    finish(vault, "web")
    blob = vault.backup_certificate("web").value
    form = kvlab.lifecycle(vault, "web")

    form.hear({"do": "file", "name": "file", "value": "web\u202e.blob"}, [memoryview(blob)])
    assert drawn(form, "restore")["off"]["codes"][0] == "409"
    assert "\u202e" not in json.dumps(form.view.view, ensure_ascii=False)
    form.hear({"do": "file", "name": "file", "value": "cat.png"}, [memoryview(b"\x89PNG")])
    assert drawn(form, "restore")["off"]["sentence"] == "Backup blob is corrupt."
    assert base64.b64encode(blob).decode()[:30] not in json.dumps(form.view.get_state(), default=str)


def test_to_look_at_a_life_leaves_no_trace(vault):
    finish(vault, "web")
    before = list(vault.events)

    kvlab.lifecycle(vault, "web")
    kvlab.lifecycle(vault.as_principal("nobody"), "web")

    assert list(vault.events) == before


def test_double_clicks_make_one_version():
    async def scenario():
        with Vault() as vault:
            finish(vault, "web")
            form = kvlab.lifecycle(vault, "web")
            for _ in range(3):
                form.hear({"do": "press", "name": "new_version"})
            await asyncio.wait_for(form._task, 10)
            vault.process_due()
            return len(vault.get_certificate_versions("web"))

    assert asyncio.run(scenario()) == 2


@pytest.mark.parametrize(
    "make", [kvlab.issuer, kvlab.contacts, kvlab.access, lambda vault: kvlab.lifecycle(vault, "web")]
)
def test_every_form_has_a_picture_and_hears_no_nonsense(vault, make):
    form = make(vault)

    for message in (None, {"do": "press"}, {"do": "set", "name": "x"}, {"do": "secret", "name": "name", "value": 3}):
        form.hear(message)

    data, _ = form._repr_mimebundle_()
    assert data["text/html"].startswith("<img ")
    assert len(json.dumps(form.view.get_state(), default=str)) < 200_000
