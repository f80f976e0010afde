"""The state machine of an operation, drawn and acted on: what it says is what the vault does."""

import asyncio
import json
from xml.etree import ElementTree as ET

import pytest

import kvlab
from kvlab.errors import ForbiddenByPolicy, MergeForbidden, OperationInProgress, VaultError
from kvlab.render.machine import Where, cell, machine_svg, machine_table, move_words
from kvlab.vault.operation import CALLS, Move, Status, Worker, outcome
from tests.vault.make import ec_policy, finish

DIGICERT = {"provider": "DigiCert", "credentials": {"account_id": "1", "pwd": "k"}, "org_details": {"id": "7"}}


def begin(vault, issuer="Unknown"):
    return vault.create_certificate("shop", ec_policy("CN=shop.contoso.com", issuer=issuer))


@pytest.fixture
def ordered(vault):
    """A vault in which `shop` is ordered from a CA that does as it is told."""
    vault.set_certificate_issuer("digi", DIGICERT)

    def order(**behaviour):
        vault.ca("DigiCert").configure(**behaviour)
        begin(vault, "digi")
        return kvlab.operation(vault, "shop")

    return order


def reach(vault, status):
    """Bring the operation of `shop` into a state."""
    vault.set_certificate_issuer("digi", DIGICERT)
    behaviour = {"delay_seconds": 60} if status in ("inProgress", "cancelled") else {}
    decision = "reject" if status == "failed" else "issue"
    vault.ca("DigiCert").configure(decision=decision, **behaviour)
    if status == "none":
        return
    begin(vault, "digi")
    if status == "cancelled":
        vault.update_certificate_operation("shop")
    if status != "inProgress":
        vault.process_due()
        vault.clock.advance(1)


@pytest.mark.parametrize("worker", Worker)
@pytest.mark.parametrize("status", Status)
def test_every_cell_is_the_tables(worker, status):
    where = Where("shop", status, worker, "digi")
    for move in Move:
        found, wanted = cell(where, status, move), outcome(status, move, worker)
        if wanted is None:
            assert found.kind == "none"
        elif isinstance(wanted, Status):
            assert (found.kind, found.words) == ("legal", wanted.value)
        else:
            assert (found.kind, found.words) == ("refused", str(wanted.status))
            assert found.sentence


@pytest.mark.parametrize("worker", Worker)
@pytest.mark.parametrize("status", Status)
def test_each_line_of_the_table_that_leads_elsewhere_is_drawn(worker, status):
    svg = machine_svg(Where("shop", status, worker, "digi"), seeded=True)
    words = [" ".join(element.itertext()) for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]

    assert "its keys are not secret" in svg
    for state in Status:
        assert any(text.endswith(state.value) for text in words)
    leads = [move for move in Move if isinstance(outcome(status, move, worker), Status)]
    loud = ET.fromstring(svg).findall(".//{http://www.w3.org/2000/svg}text[@class='w']")
    told = " ".join(text.text or "" for text in loud)
    assert [
        move for move in leads if outcome(status, move, worker) is not status and move_words(move) not in told
    ] == []


@pytest.mark.parametrize("status", ["none", "inProgress", "completed", "cancelled", "failed"])
def test_what_it_says_is_what_the_vault_does(vault, status):
    reach(vault, status)
    view = kvlab.operation(vault, "shop")
    assert view.where.status == status
    for move in (Move.CREATE, Move.ASK_CANCEL, Move.POLL, Move.DELETE):
        again = kvlab.Vault(clock="simulated")
        reach(again, status)
        try:
            getattr(again, CALLS[move])("shop")
        except VaultError as error:
            assert view.refused[move].message == error.message
            assert move not in view.legal
        else:
            assert move in view.legal


def test_a_button_makes_its_move_and_is_followed(vault):
    begin(vault)
    view = kvlab.operation(vault, "shop")
    assert set(view.legal) == {Move.POLL, Move.MERGE, Move.ASK_CANCEL, Move.DELETE}
    assert isinstance(view.refused[Move.CREATE], OperationInProgress)

    view.do("poll")
    assert list(vault.events)[-1].kind == "poll"
    assert view.call.texts["kvlab"].strip() == 'vault.get_certificate_operation("shop")'
    view.do("merge")
    assert vault.get_certificate("shop").cer
    assert view.where.status == "completed"
    assert not view.busy


def test_an_illegal_move_can_be_tried_and_its_answer_is_shown(ordered, vault):
    view = ordered(delay_seconds=60)
    assert isinstance(view.refused[Move.MERGE], MergeForbidden)
    view.do("create")

    refusal = list(vault.events)[-1]
    assert (refusal.kind, refusal.detail["status"]) == ("refused", 409)
    assert "pending key vault certificate" in view.view["outcome"]
    assert "create_certificate refused" in view.view["past"]


def test_where_a_merge_is_refused_no_ca_is_troubled(ordered, vault):
    view = ordered(delay_seconds=60)
    view.do("merge")

    refusal = list(vault.events)[-1]
    assert (refusal.kind, refusal.detail["operation"]) == ("refused", "merge_certificate")
    assert not any(event.kind.startswith("ca.") for event in vault.events)


def test_time_passes_by_a_button(ordered):
    view = ordered(delay_seconds=10)
    view.advance()
    view.advance()

    assert view.where.status == "completed"


def test_who_may_not_is_told_so_and_leaves_no_trace(vault):
    begin(vault)
    bob = vault.set_principal("bob", certificates=["get"])
    count = len(vault.events)
    view = kvlab.operation(bob, "shop")

    assert view.legal == (Move.POLL,)
    assert isinstance(view.refused[Move.DELETE], ForbiddenByPolicy)
    assert isinstance(view.refused[Move.MERGE], ForbiddenByPolicy)
    assert len(vault.events) == count


def test_to_draw_changes_nothing(vault):
    begin(vault)
    count = len(vault.events)
    for _ in range(3):
        view = kvlab.operation(vault, "shop")
        view.draw()
        repr(view)
        view._repr_mimebundle_()

    assert len(vault.events) == count
    assert vault.glance("shop").status == "inProgress"


def test_the_other_signers_table_can_be_looked_at(vault):
    begin(vault)
    view = kvlab.operation(vault, "shop")
    view.signer = "issuer"

    assert "the issuer issues" in view.view["svg"]
    assert "Merge is forbidden on pending object created with issuer : Self" in view.view["table"]
    # What can be done is that of the operation, whatever is looked at.
    assert Move.MERGE in view.legal


def test_a_deleted_certificate_has_no_operation_that_can_be_reached(vault):
    begin(vault)
    vault.merge_certificate("shop", vault.practice_ca().sign(vault.glance("shop").operation))
    vault.delete_certificate("shop")
    view = kvlab.operation(vault, "shop")

    assert view.where.status == "none"
    assert Move.POLL in view.refused


@pytest.mark.parametrize(
    "content",
    [
        None,
        {"do": "move", "move": "issue"},
        {"do": "move", "move": "import"},
        {"do": "move"},
        {"do": "call", "move": 7},
    ],
    ids=str,
)
def test_what_the_page_sends_in_error_changes_nothing(vault, content):
    begin(vault)
    view = kvlab.operation(vault, "shop")
    count = len(vault.events)
    view._handle_custom_msg(content, [])

    assert len(vault.events) == count


def test_a_second_click_while_busy_does_nothing(vault):
    begin(vault)

    async def cell():
        view = kvlab.operation(vault, "shop")
        view.do("delete")
        view.do("create")
        busy = view.busy
        for _ in range(100):
            await asyncio.sleep(0.01)
            if not view.busy:
                break
        return busy, view.where.status

    assert asyncio.run(cell()) == (True, "none")
    assert not any(event.kind == "refused" for event in vault.events)


def test_two_views_of_one_vault_both_stay_true(vault):
    begin(vault)
    first, second = kvlab.operation(vault, "shop"), kvlab.operation(vault, "SHOP")
    first.do("delete")

    assert first.where.status == second.where.status == "none"
    first.close()
    begin(vault)
    assert (first.where.status, second.where.status) == ("none", "inProgress")


def test_text_from_outside_stays_text(ordered, vault):
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\u202e"
    view = ordered(decision="reject", reason=evil)
    vault.process_due()
    for shown in (view, kvlab.operation(vault, evil)):
        sent = {key: shown.view[key] for key in ("svg", "table", "past", "outcome", "status")}
        assert "<script" not in json.dumps(sent)
        assert "<img" not in json.dumps(sent)
        assert "\u202e" not in json.dumps(sent, ensure_ascii=False)
        assert "<script" not in shown.page()
        ET.fromstring(shown.view["svg"])


def test_a_page_without_a_kernel_shows_picture_table_and_past(vault):
    finish(vault, "shop")
    data, _ = kvlab.operation(vault, "shop")._repr_mimebundle_()

    assert "data:image/svg+xml" in data["text/html"]
    assert machine_table(kvlab.operation(vault, "shop").where) in data["text/html"]
    assert data["text/plain"].startswith("operation on shop · ✓ completed")
