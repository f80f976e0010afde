"""The flow of a certificate in the odd turns of its life: aged, deleted, restored, with a key that is taken again."""

import pytest

import kvlab
from kvlab import Vault
from kvlab.errors import VaultError
from tests.vault.make import MAIL_ONLY, OutsideCA, ec_key, ec_policy, finish, pfx_file

DIGICERT = {"provider": "DigiCert", "credentials": {"account_id": "1", "pwd": "k"}, "org_details": {"id": "7"}}


def begin(vault, issuer="Unknown"):
    return vault.create_certificate("shop", ec_policy("CN=shop", issuer=issuer))


def merge(vault):
    vault.merge_certificate("shop", vault.practice_ca().sign(vault.glance("shop").operation))


def short_lived(vault):
    """Make a version that lives for a month and is not renewed."""
    finish(vault, "shop", ec_policy("CN=shop", validity_months=1, lifetime_actions=MAIL_ONLY))


def bring(vault):
    key = ec_key()
    vault.import_certificate("shop", pfx_file(key, OutsideCA(vault.clock.now()).leaf(key.public_key())))


def held(view, lane=1):
    return [(one.words, one.note, one.look) for one in view.story.lanes[lane].holds]


def state(view):
    return [step.state for step in view.story.steps]


def test_a_new_version_after_the_expired_one_is_not_expired(vault):
    short_lived(vault)
    begin(vault)
    vault.clock.advance(days=40)
    view = kvlab.flow(vault, "shop")
    assert view.story.status == "inProgress"
    assert ("certificate", "expired", "over") in held(view)

    merge(vault)
    assert view.story.status == "completed"
    assert ("certificate", "", "exists") in held(view)


def test_a_version_that_had_expired_before_the_next_was_asked_for_is_still_shown_so(vault):
    short_lived(vault)
    vault.clock.advance(days=40)
    begin(vault)

    view = kvlab.flow(vault, "shop")
    assert view.story.status == "inProgress"
    assert ("certificate", "expired", "over") in held(view)


def test_to_delete_and_recover_makes_no_certificate_younger(vault):
    short_lived(vault)
    vault.clock.advance(days=40)
    view = kvlab.flow(vault, "shop")
    vault.delete_certificate("shop")
    assert view.story.status == "deleted"
    vault.recover_deleted_certificate("shop")

    assert view.story.status == "expired"
    assert ("certificate", "expired", "over") in held(view)


@pytest.mark.parametrize("issuer", ["Unknown", "digi"])
def test_what_is_pending_on_a_deleted_certificate_stands_still_until_it_is_recovered(vault, issuer):
    vault.set_certificate_issuer("digi", DIGICERT)
    begin(vault, issuer)
    view = kvlab.flow(vault, "shop")
    assert "now" in state(view)

    vault.delete_certificate("shop")
    assert "now" not in state(view)
    assert not any(step.asks for step in view.story.steps)
    assert ("pending", "deleted", "over") in held(view)
    vault.recover_deleted_certificate("shop")
    assert "now" in state(view)
    vault.delete_certificate("shop")
    vault.purge_deleted_certificate("shop")
    assert "now" not in state(view)


def test_a_merge_that_is_tried_again_was_not_preceded_by_a_refusal(vault):
    begin(vault)
    signed = vault.practice_ca().sign(vault.glance("shop").operation)
    vault.merge_certificate("shop", signed)
    with pytest.raises(VaultError):
        vault.merge_certificate("shop", signed)

    assert kvlab.flow(vault, "shop").story.steps[4].remark == ""


def test_what_was_refused_can_not_be_merged_once_the_pending_object_is_gone(vault):
    begin(vault)
    with pytest.raises(VaultError):
        vault.merge_certificate("shop", b"no certificate")
    view = kvlab.flow(vault, "shop")
    assert view.story.steps[4].remark == "refused; it can still be merged"

    vault.delete_certificate_operation("shop")
    assert view.story.steps[4].remark == "refused"


def test_a_ca_that_was_never_asked_has_not_answered_though_another_one_did_by_hand(vault):
    vault.set_certificate_issuer("digi", DIGICERT)
    begin(vault, "digi")
    vault.update_certificate_operation("shop")
    vault.process_due()
    merge(vault)

    view = kvlab.flow(vault, "shop")
    assert (state(view)[1], state(view)[3], state(view)[4]) == ("to come", "to come", "done")
    assert view.story.steps[3].remark == "cancelled"
    assert held(view, 2) == []


@pytest.mark.parametrize("exportable", [True, False])
def test_a_restored_key_was_not_made_now_and_its_life_lies_ahead(vault, exportable):
    finish(vault, "shop", ec_policy("CN=shop", exportable=exportable))
    blob = vault.backup_certificate("shop").value
    vault.delete_certificate("shop")
    vault.purge_deleted_certificate("shop")
    vault.restore_certificate(blob)

    view = kvlab.flow(vault, "shop")
    assert "came back inside the backup" in view.story.key_sentence
    assert view.story.lanes[0].key == ("may" if exportable else "none")
    ahead = [stop.words.split()[0] for stop in view.drawn.track.stops if stop.kind == "future"]
    assert ahead == ["renewal", "expiry"]


def test_an_imported_key_that_is_taken_again_stays_with_whoever_had_it(vault):
    bring(vault)
    view = kvlab.flow(vault, "shop")
    finish(vault, "shop", ec_policy("CN=shop", reuse_key=True))

    assert view.story.kind == "self-signed"
    assert view.story.lanes[0].key == "copy"
    assert view.story.key_sentence.startswith("The private key is the imported one, taken again")
    assert "none is made" in view.story.steps[0].about
    # The key of a version that was made anew is nobody else's.
    finish(vault, "shop", ec_policy("CN=shop", reuse_key=False))
    assert view.story.key_sentence.startswith("The private key was made in the vault")
    assert view.story.lanes[0].key == "may"


def test_who_may_look_later_sees_the_life_that_was_hidden():
    vault = Vault(clock="simulated")
    finish(vault, "shop")
    vault.set_principal("bob", certificates=["list"])
    view = kvlab.flow(vault.as_principal("bob"), "shop")
    assert view.drawn.track.life is None

    vault.set_principal("bob", certificates=["get"])
    view.draw()
    assert view.drawn.track.life is not None
