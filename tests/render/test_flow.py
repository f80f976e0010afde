"""The story that the events tell, and its picture."""

import base64
from xml.etree import ElementTree as ET

import pytest

from kvlab.errors import PublicKeyMismatch
from kvlab.render.flow import flow_sentence, flow_svg, flow_text
from kvlab.render.form import Shown, form_svg
from kvlab.render.pictogram import PICTOGRAMS, pictogram
from kvlab.render.start import LESSONS, Check, checks_html, lessons_html
from kvlab.render.story import read_story
from tests.vault.make import ec_policy, finish

SVG = "{http://www.w3.org/2000/svg}"


def states(vault, name="shop"):
    return [step.state for step in read_story(vault.events, name).steps]


def drawn(vault, name="shop"):
    """Draw a flow; it must be well-formed XML with exactly one private key on it. Returns its texts."""
    svg = flow_svg(read_story(vault.events, name), vault_name=vault.name, seeded=vault.seeded)
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
    svg = flow_svg(story, vault_name=seeded_vault.name, seeded=True)

    assert ET.fromstring(svg).get("aria-label") == flow_sentence(story)
    assert "its keys are not secret" in svg


def test_the_picture_of_a_form_hides_what_is_secret():
    rows = [
        Shown("Name", "<web>"),
        Shown("Key", "EC", "choice"),
        Shown("Leaves", "yes", "check"),
        Shown("P", "", "secret"),
    ]

    svg = form_svg("Import", "in kvlab", rows, "Import", seeded=True)

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
