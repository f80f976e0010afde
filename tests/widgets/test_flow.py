"""The live flow without a browser: what its traits say as a vault's events arrive, in whatever order."""

import asyncio
import base64
import json
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from traitlets import TraitError

import kvlab
from kvlab import Vault
from kvlab.errors import VaultError
from kvlab.render.story import read_story
from kvlab.render.timeline import NEWEST
from tests.vault.make import ec_policy, finish

DIGICERT = {"provider": "DigiCert", "credentials": {"account_id": "1", "pwd": "k"}, "org_details": {"id": "7"}}
EVIL = "</text><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\u200b"


@pytest.fixture
def ordered(vault):
    """A vault in which `shop` is ordered from a CA that takes 30 s."""
    vault.set_certificate_issuer("digi", DIGICERT)
    vault.ca("DigiCert").configure(delay_seconds=30)
    vault.create_certificate("shop", ec_policy("CN=shop.contoso.com", issuer="digi", validity_months=24))
    return vault


def signs(view):
    return "".join(step["sign"] for step in view.view["steps"])


def begin(vault, name="shop"):
    return vault.create_certificate(name, ec_policy("CN=shop", issuer="Unknown"))


def test_a_picture_follows_the_vault(vault):
    view = kvlab.flow(vault, "SHOP")
    assert view.story.kind == "none"

    operation = begin(vault)
    assert signs(view) == "✓✓◐○○"
    vault.merge_certificate("shop", vault.practice_ca().sign(operation))

    assert signs(view) == "✓✓✓✓✓"
    assert view.view["progress"] == "5 steps, completed"


def test_two_views_of_one_vault_both_stay_true(vault):
    first, second = kvlab.flow(vault, "shop"), kvlab.flow(vault, "shop")
    begin(vault)
    first.at = 0

    assert (signs(first), signs(second)) == ("✓◐○○○", "✓✓◐○○")


@pytest.mark.parametrize("view", ["flow", "operation", "merge"])
def test_to_open_one_reads_what_happened_to_it_and_nothing_else(vault, monkeypatch, view):
    for number in range(3):
        finish(vault, f"other{number}")
    vault.create_certificate("Web", ec_policy(issuer="Unknown"))
    read = []
    log = vault.events
    for way in ("since", "about"):
        asked = getattr(log, way)
        monkeypatch.setattr(log, way, lambda *given, asked=asked: [read.append(one) or one for one in asked(*given)])

    getattr(kvlab, view)(vault, "wEB")

    assert {event.object for event in read} == {"certificates/Web"}


def test_a_closed_view_hears_nothing_more(vault):
    view = kvlab.flow(vault, "shop")
    view.close()
    begin(vault)

    assert view.view["steps"] == []


def test_events_may_come_twice_and_in_any_order(vault):
    operation = begin(vault)
    vault.merge_certificate("shop", vault.practice_ca().sign(operation))
    events = list(vault.events)

    assert read_story([*reversed(events), *events], "shop") == read_story(events, "shop")


def test_a_name_that_is_purged_and_made_anew_has_a_new_key(vault):
    view = kvlab.flow(vault, "shop")
    finish(vault, "shop")
    vault.delete_certificate("shop")
    assert view.story.status == "deleted"
    assert view.story.holders == ("vault",)

    vault.purge_deleted_certificate("shop")
    assert view.story.holders == ()
    assert "destroyed" in view.story.key_sentence
    assert 'class="key"' not in view.svg

    begin(vault)
    assert (view.story.kind, view.story.holders) == ("manual", ("vault",))
    assert [holding.words for holding in view.story.lane("vault").holds] == ["pending", "certificate", "secret"]


def test_a_deleted_pending_object_takes_its_key_along_but_not_that_of_the_version(vault):
    begin(vault)
    vault.delete_certificate_operation("shop")
    view = kvlab.flow(vault, "shop")
    assert view.story.holders == ()

    finish(vault, "shop")
    begin(vault)
    vault.delete_certificate_operation("shop")
    assert view.story.holders == ("vault",)


@pytest.mark.parametrize(("exportable", "key"), [(True, "may"), (False, "none")], ids=["exportable", "kept"])
def test_who_can_get_at_the_key(vault, exportable, key):
    policy = ec_policy(exportable=exportable)
    vault.create_certificate("web", policy)
    view = kvlab.flow(vault, "web")
    assert view.story.lane("application").key == "none"

    vault.process_due()
    assert view.story.lane("application").key == key
    assert view.story.lane("vault").key == "here"


def test_an_importer_may_keep_a_copy(vault):
    pfx = base64.b64decode(vault.get_secret(finish(vault).sid.rsplit("/", 2)[1]).value)
    vault.import_certificate("moved", pfx)

    assert kvlab.flow(vault, "moved").story.holders == ("application", "vault")


def test_each_moment_can_be_looked_at_again(ordered):
    view = kvlab.flow(ordered, "shop")
    for _ in range(5):
        ordered.clock.advance(10)
        ordered.get_certificate_operation("shop")
    told = []
    for moment in range(len(view.moments)):
        view.at = moment
        told.append(signs(view))

    assert told[0] == "✓◐○○○"
    assert told[-1] == "✓✓✓✓✓"
    # No step is taken back on the way.
    assert all(
        later != "○" or earlier == "○"
        for before, after in pairwise(told)
        for earlier, later in zip(before, after, strict=True)
    )
    view.at = NEWEST
    assert view.story == read_story(ordered.events, "shop", vault_name=ordered.name)


def test_steps_back_and_forward_end_with_the_time(vault):
    begin(vault)
    view = kvlab.flow(vault, "shop")

    view.go(-1)
    assert view.at == 0
    view.go(-1)
    assert view.at == 0
    view.go(1)
    assert view.at == NEWEST


@pytest.mark.parametrize("at", [99, -7], ids=["too far", "before the beginning"])
def test_a_moment_that_there_is_not_is_the_newest(vault, at):
    begin(vault)
    view = kvlab.flow(vault, "shop")
    view.at = at

    assert signs(view) == "✓✓◐○○"


def test_what_the_reader_did_outside_is_taken_on_trust_until_the_merge(vault):
    operation = begin(vault)
    view = kvlab.flow(vault, "shop")
    view.told = [3]
    assert [step["state"] for step in view.view["steps"]] == ["done", "done", "told", "now", "to come"]
    assert view.view["steps"][3]["asks"] == "Did your CA answer?"

    elsewhere = Vault(clock=vault.clock)
    vault.merge_certificate("shop", elsewhere.practice_ca().sign(operation.csr))
    assert [step["state"] for step in view.view["steps"]] == ["done", "done", "unseen", "unseen", "done"]
    assert not any(step["asks"] for step in view.view["steps"])


def test_polls_are_ticks_and_no_news(ordered):
    view = kvlab.flow(ordered, "shop")
    ordered.clock.advance(0)
    news = view.view["news"]
    for _ in range(8):
        ordered.clock.advance(1)
        ordered.get_certificate_operation("shop")

    assert news.startswith("Step 3")
    assert view.view["news"] == news
    assert view.svg.count('class="tick"') == 5
    assert view.story.steps[2].loop == 8


def test_what_the_ca_decided_is_on_its_arrow_and_beside_it(ordered):
    ordered.clock.advance(60)
    view = kvlab.flow(ordered, "shop")
    view.selected = 4

    assert "validity: 24 months → 199 days" in view.svg
    assert "BR 6.3.2" in view.view["panel"]
    assert "asked: 24 months, never issued" in view.view["track"]


def test_the_clock_is_moved_to_renewal_and_to_expiry(ordered):
    view = kvlab.flow(ordered, "shop")
    view.advance(60)
    assert signs(view) == "✓✓○✓✓"
    ends = ordered.get_certificate("shop").attributes.exp

    view.advance(to="renewal")
    assert view.story.title == "Renewal: the vault asks the CA again"
    assert ordered.clock.now().timestamp() < ends
    view.advance(60)
    assert (view.story.status, view.busy) == ("completed", False)

    ordered.update_certificate("shop", attributes={"enabled": False})
    view.advance(to="expiry")
    assert view.story.status == "expired"
    assert [holding.look for holding in view.story.lane("vault").holds] == ["over", "over"]


def test_the_line_of_time_offers_the_future_only_where_the_clock_can_be_moved(ordered):
    ordered.clock.advance(60)
    stops = kvlab.flow(ordered, "shop").view["stops"]
    assert [stop["to"] for stop in stops if stop["to"]] == ["renewal", "expiry"]

    with Vault() as running:
        finish(running)
        view = kvlab.flow(running, "web")
        assert not any(stop["to"] for stop in view.view["stops"])
        assert view.view["clock"]["moves"] == []
        view.advance(10)
        assert "passes by itself" in view.view["trouble"]


def test_there_is_no_renewal_ahead_of_what_does_not_exist(vault):
    view = kvlab.flow(vault, "shop")
    view.advance(to="renewal")

    assert view.view["trouble"] == "There is no renewal ahead."
    assert not view.busy


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {"do": "dance"},
        {"do": "advance", "seconds": -1},
        {"do": "advance", "seconds": "1"},
        {"do": "advance", "to": {}},
    ],
    ids=str,
)
def test_what_the_page_sends_in_error_changes_nothing(vault, content):
    view = kvlab.flow(vault, "shop")
    before = vault.clock.now()
    view._handle_custom_msg(content, [])

    assert vault.clock.now() == before


def test_a_page_may_ask_for_time(vault):
    view = kvlab.flow(vault, "shop")
    before = vault.clock.now()
    view._handle_custom_msg({"do": "advance", "seconds": 10, "to": ""}, [])

    assert (vault.clock.now() - before).total_seconds() == 10


def test_in_a_kernel_it_is_drawn_on_the_loop_and_once_for_what_comes_together(vault):
    async def cell():
        view = kvlab.flow(vault, "shop")
        draws = []
        view.observe(draws.append, "view")
        begin(vault)
        assert draws == []
        await asyncio.to_thread(vault.update_certificate_operation, "shop")
        await asyncio.sleep(0.05)
        return len(draws), signs(view)

    drawn, told = asyncio.run(cell())
    assert told == "✓✓◐○○"
    assert drawn <= 2


def test_to_look_is_not_to_poll(ordered):
    view = kvlab.flow(ordered, "shop")
    count = len(ordered.events)
    view.draw()
    repr(view)
    view._repr_mimebundle_()

    assert len(ordered.events) == count


def test_who_may_nothing_sees_the_log_and_leaves_no_trace(vault):
    finish(vault)
    nobody = vault.as_principal("nobody")
    count = len(vault.events)
    view = kvlab.flow(nobody, "web")

    assert view.story.status == "completed"
    assert len(vault.events) == count
    with pytest.raises(VaultError):
        nobody.glance("web")


def test_text_from_outside_stays_text(vault):
    operation = vault.create_certificate("shop", ec_policy(f"CN={'x'}", issuer="Unknown"), tags={EVIL[:50]: EVIL})
    name = "<img src=x onerror=alert(1)>"
    vault.practice_ca(name).sign(operation)
    for view in (kvlab.flow(vault, "shop"), kvlab.flow(vault, EVIL)):
        for step in range(6):
            view.selected = step
            sent = {key: view.view[key] for key in ("svg", "panel", "lanes", "track")}
            assert "<script" not in json.dumps(sent)
            assert "<img" not in json.dumps(sent)
            assert "\u202e" not in json.dumps(sent, ensure_ascii=False)
            ET.fromstring(view.svg)
            ET.fromstring(f"<div>{view.view['panel'].replace(' open>', '>')}</div>")


def test_a_cas_words_stay_text(vault):
    vault.set_certificate_issuer("digi", DIGICERT)
    vault.ca("DigiCert").configure(decision="reject", reason=EVIL)
    vault.create_certificate("shop", ec_policy("CN=shop.contoso.com", issuer="digi"))
    vault.process_due()
    view = kvlab.flow(vault, "shop")
    view.selected = 4

    assert "Request rejected" in view.svg
    assert "<script" not in json.dumps(view.view["panel"])
    assert "\u202e" not in view.view["panel"]


def test_a_message_is_small_whatever_happened(ordered):
    for _ in range(300):
        ordered.clock.advance(2)
        ordered.get_certificate_operation("shop")
        with pytest.raises(VaultError):
            ordered.merge_certificate("shop", b"no certificate")

    assert len(json.dumps(kvlab.flow(ordered, "shop").view)) < 100_000


def test_a_page_without_a_kernel_shows_the_same_picture(ordered):
    view = kvlab.flow(ordered, "shop")
    data, _ = view._repr_mimebundle_()

    assert data["text/plain"] == repr(view)
    assert data["text/html"].startswith("<img")
    assert "application/vnd.jupyter.widget-view+json" in data


def test_what_is_no_panel_can_not_take_the_place_of_one(ordered):
    view = kvlab.flow(ordered, "shop")
    with pytest.raises(TraitError):
        view.set_state({"call": "<script>"})
    view.draw()
    assert view.call is None or view.call.call.name == "shop"


@pytest.mark.parametrize("width", ["track", "narrow"])
def test_what_was_asked_is_not_written_over_what_was_issued(ordered, width):
    ordered.clock.advance(60)
    view = kvlab.flow(ordered, "shop")

    texts = [text for text in ET.fromstring(view.view[width]).iter() if text.tag.endswith("text")]
    issued, asked = (next(text for text in texts if words in (text.text or "")) for words in ("valid for", "asked: 24"))
    begins = float(asked.get("x")) - 6.4 * len(asked.text)
    ends = float(issued.get("x")) + 6.4 * len(issued.text)
    assert asked.get("y") != issued.get("y") or begins > ends
