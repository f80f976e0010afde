"""The story that the events tell, and its picture."""

import base64
from xml.etree import ElementTree as ET

import pytest

from kvlab import Vault
from kvlab.errors import PublicKeyMismatch
from kvlab.render.flow import flow_sentence, flow_svg, flow_text
from kvlab.render.form import Drawn, Shown, form_svg
from kvlab.render.pictogram import PICTOGRAMS, pictogram
from kvlab.render.start import LESSONS, Check, checks_html, lessons_html
from kvlab.render.story import read_story
from tests.vault.make import ec_policy, finish

SVG = "{http://www.w3.org/2000/svg}"


def states(vault, name="shop"):
    return [step.state for step in read_story(vault.events, name).steps]


def drawn(vault, name="shop"):
    """Draw a flow; it must be well-formed XML with exactly one private key on it. Returns its texts."""
    svg = flow_svg(read_story(vault.events, name, vault_name=vault.name), seeded=vault.seeded)
    root = ET.fromstring(svg)
    assert [shape.get("class") for shape in root.iter() if shape.get("class") == "key"] == ["key"]
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]


def begin(vault):
    return vault.create_certificate("shop", ec_policy("CN=shop", issuer="Unknown"))


def test_manual_flow_step_by_step(vault):
    operation = begin(vault)
    assert states(vault) == ["done", "done", "now", "to come", "to come"]

    signed = vault.practice_ca().sign(operation)
    assert states(vault) == ["done", "done", "done", "done", "now"]

    vault.merge_certificate("shop", signed)
    assert states(vault) == ["done"] * 5
    assert "private key is here · EC" in drawn(vault)


def test_steps_that_the_vault_can_not_see_are_drawn_as_such(vault):
    operation = begin(vault)
    elsewhere = type(vault)(clock=vault.clock)
    vault.merge_certificate("shop", elsewhere.practice_ca().sign(operation.csr))

    assert states(vault) == ["done", "done", "unseen", "unseen", "done"]
    assert any("not seen by it" in words for words in drawn(vault))


def test_a_refused_merge_is_marked_and_can_be_mended(vault):
    operation = begin(vault)
    with pytest.raises(PublicKeyMismatch):
        vault.merge_certificate("shop", finish(vault).cer)

    assert "✕ refused; it can still be merged" in drawn(vault)
    vault.merge_certificate("shop", vault.practice_ca().sign(operation))
    assert not any("✕" in words for words in drawn(vault))


def test_self_signed_waits_for_the_clock(vault):
    vault.create_certificate("web", ec_policy())
    before = states(vault, "web")
    vault.clock.advance(0)

    assert before == ["done", "done", "now"]
    assert states(vault, "WEB") == ["done"] * 3
    assert "✓ completed" in drawn(vault, "web")


def test_import_says_who_may_have_a_copy(vault):
    secret = base64.b64decode(vault.get_secret(finish(vault).sid.rsplit("/", 2)[1]).value)
    vault.import_certificate("moved", secret)

    story = read_story(vault.events, "moved")
    assert (story.kind, story.status) == ("import", "completed")
    assert any("may have a copy" in words for words in drawn(vault, "moved"))


def test_the_newest_flow_counts(vault):
    finish(vault, "shop")
    begin(vault)

    assert read_story(vault.events, "shop").kind == "manual"
    vault.delete_certificate_operation("shop")
    assert read_story(vault.events, "shop").status == "deleted"
    assert "○ to come" in flow_text(read_story(vault.events, "shop"))


def test_nothing_yet_is_a_picture_too(seeded_vault):
    story = read_story(seeded_vault.events, "<nobody>")
    svg = flow_svg(story, seeded=True)

    assert ET.fromstring(svg).get("aria-label") == flow_sentence(story)
    assert "its keys are not secret" in svg


def test_the_picture_of_a_form_hides_what_is_secret():
    rows = [
        Shown("Name", "<web>"),
        Shown("Key", "EC", "choice"),
        Shown("Leaves", "yes", "check"),
        Shown("P", "", "secret"),
    ]

    svg = form_svg(Drawn("Import", "in kvlab", rows, ["Key", "Usage"], "Key", "Import"), seeded=True)

    assert "<web>" in "".join(ET.fromstring(svg).itertext())


@pytest.mark.parametrize("way", PICTOGRAMS)
def test_pictograms_are_well_formed(way):
    svg, words = pictogram(way)

    assert ET.fromstring(svg).tag == f"{SVG}svg"
    assert words


def test_the_first_page_names_each_lesson_and_remedy():
    page = lessons_html()
    checks = checks_html([Check(passed=False, what="a thing", remedy="get it")])

    assert all(f'href="{lesson.file}"' in page for lesson in LESSONS)
    assert "get it" in checks
    assert "missing" in checks


DIGICERT = {"provider": "DigiCert", "credentials": {"account_id": "1", "pwd": "k"}, "org_details": {"id": "7"}}


@pytest.fixture
def ordered(vault):
    """A vault with an issuer object; the function returned orders `shop` from it."""
    vault.set_certificate_issuer("trusty", DIGICERT)

    def order(**behaviour):
        vault.ca("DigiCert").configure(**behaviour)
        return vault.create_certificate("shop", ec_policy("CN=shop.contoso.com", issuer="trusty"))

    return order


def remarks(vault):
    return [step.remark for step in read_story(vault.events, "shop").steps]


def test_known_issuer_step_by_step(vault, ordered):
    ordered(delay_seconds=60)
    assert states(vault) == ["done", "now", "to come", "to come", "to come"]

    vault.process_due()
    assert states(vault) == ["done", "done", "now", "to come", "to come"]
    for _ in range(3):
        vault.clock.advance(10)
        vault.get_certificate_operation("shop")
    assert "◐ now: asked 3 times" in drawn(vault)
    assert "DigiCert" in drawn(vault)

    vault.clock.advance(60)
    assert states(vault) == ["done"] * 5
    count = len(vault.overrides("shop"))
    assert f"≠ {count} things decided by the CA" in drawn(vault)


def test_nobody_who_polls_has_not_polled(vault, ordered):
    ordered()
    vault.process_due()

    assert states(vault) == ["done", "done", "to come", "done", "done"]


def test_a_ca_that_is_down_is_asked_again(vault, ordered):
    ordered(fail_first=2)
    vault.clock.advance(5)
    assert states(vault) == ["done", "now", "to come", "to come", "to come"]
    assert "✕ no answer once" in drawn(vault)

    vault.clock.advance(hours=1)
    assert states(vault)[1:] == ["done", "to come", "done", "done"]
    assert "no answer 2 times" in drawn(vault)


@pytest.mark.parametrize(("decision", "code"), [("reject", "Request rejected"), ("fail", "Certificate issuer error")])
def test_how_a_known_issuer_refuses_is_said_where_its_answer_would_be(vault, ordered, decision, code):
    ordered(decision=decision)
    vault.process_due()

    assert states(vault) == ["done", "done", "to come", "to come", "to come"]
    assert f"✕ {code}" in drawn(vault)
    assert "✕ failed" in drawn(vault)


def test_after_a_refusal_a_merge_by_hand_is_drawn_as_one(vault, ordered):
    operation = ordered(decision="reject")
    vault.process_due()
    vault.merge_certificate("shop", vault.practice_ca().sign(operation.csr))

    story = read_story(vault.events, "shop")
    assert story.status == "completed"
    assert (story.steps[4].source, story.steps[4].title, story.steps[4].state) == (
        "application",
        "Merge by hand",
        "done",
    )
    assert story.steps[3].refused


def test_a_cancelled_order_says_so(vault, ordered):
    ordered(delay_seconds=3600)
    vault.process_due()
    vault.update_certificate_operation("shop")
    vault.clock.advance(1)

    assert "✕ cancelled" in drawn(vault)


def test_a_renewal_is_begun_by_the_vault_and_the_current_version_stays(clock):
    with Vault(clock=clock, self_delay_seconds=60) as vault:
        vault.create_certificate("shop", ec_policy("CN=shop"))
        clock.advance(60)
        assert "pending" not in drawn(vault)
        begun = max(0, vault._core._next_due() - clock.now().timestamp())
        clock.advance(begun)
        story = read_story(vault.events, "shop")
        assert (story.steps[0].source, story.steps[0].title) == ("vault", "Renew the certificate")
        assert {"certificate", "secret", "pending"} <= set(drawn(vault))
