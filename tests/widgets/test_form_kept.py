"""Forms beside others: what is typed is not lost, what is shown is not stale, and who may little is told no more."""

from contextlib import suppress

import pytest
from traitlets import TraitError

import kvlab
from kvlab.vault.operation import Move
from tests.vault.make import OutsideCA, ec_key, ec_policy, finish, pfx_file


def begin(vault):
    return vault.create_certificate("shop", ec_policy("CN=shop", issuer="Unknown"))


def test_another_request_takes_the_place_of_one_that_was_given_up(vault):
    begin(vault)
    form = kvlab.merge(vault, "shop")
    shown = form.side["text"]
    vault.delete_certificate_operation("shop")
    begin(vault)

    assert form.side["text"] != shown
    form.sign()
    assert form.inputs["certificate"].refusal is None
    form.submit()
    assert form.status == ("ok", "shop: completed")


def test_a_form_that_has_merged_goes_on_with_the_next_version(vault):
    begin(vault)
    form = kvlab.merge(vault, "shop")
    form.sign()
    form.submit()
    vault.create_certificate("shop")

    assert (form.state, form.status) == ("idle", ("now", "shop: another request is pending now"))
    form.sign()
    form.submit()
    assert len(vault.get_certificate_versions("shop")) == 2


def test_contacts_that_are_typed_outlive_those_that_somebody_else_keeps(vault):
    form = kvlab.contacts(vault)
    form.fields["contacts"].value = [{"email": "typed@contoso.com"}]
    vault.set_certificate_contacts([{"email": "other@contoso.com"}])

    assert form.document() == [{"email": "typed@contoso.com"}]
    assert "what you typed is kept" in form.status[1]
    form.submit()
    assert [one.email for one in vault.get_certificate_contacts().contacts] == ["typed@contoso.com"]
    # What is as it was kept follows the vault.
    vault.set_certificate_contacts([{"email": "other@contoso.com"}])
    assert form.document() == [{"email": "other@contoso.com"}]


def test_contacts_that_are_removed_are_gone_from_the_form_with_what_was_typed(vault):
    vault.set_certificate_contacts([{"email": "ann@contoso.com"}])
    form = kvlab.contacts(vault)
    form.fields["contacts"].value = [{"email": "typed@contoso.com"}]
    form.press("delete")

    assert form.document() == []
    assert form.status == ("ok", "Removed: nobody is told any more.")


def test_permissions_that_are_chosen_outlive_those_that_somebody_else_sets(vault):
    form = kvlab.access(vault)
    form.fields["principal"].value = "bob"
    form.fields["certificates"].value = ["get"]
    vault.set_principal("bob", certificates=["list"])

    assert form.fields["certificates"].value == ["get"]
    assert "what you chose is kept" in form.status[1]
    form.submit()
    assert vault.principals()["bob"]["certificates"] == ["get"]
    vault.set_principal("bob", certificates=["list"])
    assert form.fields["certificates"].value == ["list"]


def test_who_may_create_and_no_more_sees_that_it_is_done(vault, caplog):
    form = kvlab.create(vault.set_principal("bob", certificates=["create"]))
    form.fields["name"].value, form.fields["subject"].value = "shop", "CN=shop"
    form.fields["kty"].value = "EC"
    form.submit()
    vault.process_due()

    assert form.status == ("ok", "shop: completed")
    assert caplog.records == []
    assert not any(event.kind == "refused" for event in vault.events)


def test_an_imported_certificate_that_is_deleted_elsewhere_is_shown_as_deleted(vault, caplog):
    key = ec_key()
    form = kvlab.create(vault)
    form.fields["method"].value = "import"
    form.fields["name"].value = "shop"
    form.fields["file"].value = pfx_file(key, OutsideCA(vault.clock.now()).leaf(key.public_key()))
    form.submit()
    assert form.status == ("ok", "shop: imported")
    vault.delete_certificate("shop")

    assert form.status[1] == "shop: deleted"
    assert caplog.records == []


def test_a_closed_vault_refuses_every_move_and_is_still_drawn(vault):
    finish(vault, "shop")
    view = kvlab.operation(vault, "shop")
    vault.close()

    view.draw()
    assert view.legal == ()
    assert {refusal.code for refusal in view.refused.values()} == {"VaultClosed"}
    assert Move.IMPORT in view.refused
    assert "The vault is closed" in repr(view)


WRONG = [b"x", {"a": 1}, [[["a"]]], object()]


@pytest.mark.parametrize("make", [kvlab.create, kvlab.issuer, kvlab.contacts, kvlab.access, kvlab.import_form])
def test_what_no_field_can_hold_is_refused_with_what_it_can_and_the_form_goes_on(vault, make):
    form = make(vault)
    for name, field in form.inputs.items():
        for wrong in WRONG:
            before = field.value
            if field.kind in ("secretarea", "file") and isinstance(wrong, bytes):
                continue
            with pytest.raises(TraitError, match=f"^{name} can not be .+; allowed is "):
                field.value = wrong
            assert field.value == before
        for odd in (None, -1, 1.5, True, "\ud800", "web"):
            with suppress(TraitError):
                field.value = odd
    form.submit()
    form._repr_mimebundle_()


def test_to_ask_what_the_owner_alone_may_leaves_no_trace_and_no_complaint(vault, caplog):
    bob = vault.set_principal("bob", certificates=["get"])
    seen = len(vault.events)

    assert bob.rehearse("set_principal", "ann", certificates=["get"]).status == 403
    assert len(vault.events) == seen
    assert caplog.records == []


def test_an_issuer_that_was_removed_or_may_not_be_seen_is_refused_in_the_form(vault):
    vault.set_certificate_issuer(
        "digi", provider="DigiCert", credentials={"account_id": "1", "pwd": "k"}, org_details={"id": "7"}
    )
    bob = vault.set_principal("bob", certificates=["listissuers", "setissuers"])
    form = kvlab.issuer(bob)
    form.hear({"do": "set", "name": "existing", "value": "digi"})

    assert form.inputs["existing"].value == ""
    assert "does not have certificates getissuers permission" in form.outcome
