"""The flow of a device certificate: a function of the events, from the first key to the last message."""

from xml.etree import ElementTree as ET

import pytest

import kvlab
from kvlab import Iot
from kvlab.render.device import DeviceReading
from kvlab.render.flow import flow_svg
from tests.iot.make import POLICY, OwnCA, der, request


@pytest.fixture
def iot(vault):
    return Iot(vault)


def story(iot, arn):
    reading = DeviceReading(arn)
    return reading.story([event for event in iot.events if reading.hears(event)], ())


def states(told):
    return [step.state for step in told.steps]


def test_a_request_of_ones_own_goes_from_step_to_step(iot):
    made = iot.create_certificate_from_csr(request())
    arn = made.certificate_arn
    assert states(story(iot, arn)) == ["done"] * 3 + ["now"] + ["to come"] * 3
    assert story(iot, arn).status == "INACTIVE"

    iot.update_certificate(made.certificate_id, "ACTIVE")
    assert states(story(iot, arn)) == ["done"] * 4 + ["now"] + ["to come"] * 2

    iot.create_policy("all", POLICY)
    iot.attach_policy("all", arn)
    iot.record("connect", arn, client_id="lamp")
    iot.record("publish", arn, client_id="lamp", topic="a", octets=1)
    told = story(iot, arn)
    assert states(told) == ["done"] * 7
    assert [step.remark for step in told.steps[5:]] == ["as lamp", "1 message"]
    assert told.holders == ("device",)
    assert "no step carries it" in told.key_sentence


def test_a_revoked_one_is_over_and_says_why_it_was_cut(iot):
    made = iot.create_certificate_from_csr(request(), set_as_active=True)
    iot.record("connect", made.certificate_arn, client_id="lamp")
    iot.update_certificate(made.certificate_id, "REVOKED")
    iot.record("disconnect", made.certificate_arn, client_id="lamp", reason="the certificate is REVOKED")

    told = story(iot, made.certificate_arn)

    assert (told.status, told.look) == ("REVOKED", "over")
    assert [(step.number, step.remark) for step in told.steps if step.refused] == [
        (4, "REVOKED"),
        (6, "the certificate is REVOKED"),
    ]


def test_one_click_hands_the_key_out(iot):
    made = iot.create_keys_and_certificate()

    told = story(iot, made.certificate_arn)

    assert told.lane("AWS IoT").key == "gone"
    assert told.holders == ("device",)


def test_with_a_ca_of_ones_own_what_happened_in_the_factory_is_unseen(iot):
    factory = OwnCA()
    factory.register(iot)
    made = iot.register_certificate(factory.leaf())

    told = story(iot, made.certificate_arn)

    assert states(told)[:4] == ["unseen", "unseen", "done", "now"]
    assert told.lane("CA").title == "Your CA"


def test_each_way_in_is_drawn_and_told(iot):
    factory = OwnCA()
    ca_id = factory.register(iot)
    ways = [
        iot.create_keys_and_certificate().certificate_arn,
        iot.create_certificate_from_csr(request()).certificate_arn,
        iot.register_certificate(factory.leaf("a")).certificate_arn,
        iot.register_certificate_without_ca(factory.leaf("b")).certificate_arn,
    ]
    leaf = der(factory.leaf("c"))
    iot.register_by_ca(leaf, ca_id)
    ways.append(ways[0].rpartition("/")[0] + "/" + iot.list_certificates(page_size=1).certificates[0].certificate_id)

    titles = set()
    for arn in ways:
        told = story(iot, arn)
        ET.fromstring(flow_svg(told, seeded=False))
        titles.add(told.title)
    assert len(titles) == 5


def test_the_past_is_the_story_of_the_events_up_to_then(iot):
    made = iot.create_certificate_from_csr(request())
    iot.update_certificate(made.certificate_id, "ACTIVE")
    view = kvlab.flow(iot, made.certificate_id)
    try:
        assert [moment.words for moment in view.moments] == ["request signed", "INACTIVE → ACTIVE"]
        view.at = 0
        assert view.story.status == "INACTIVE"
    finally:
        view.close()


def test_of_nothing_there_is_an_empty_flow(iot):
    view = kvlab.flow(iot, "0" * 64)
    try:
        assert view.story.kind == "none"
        assert "No flow" in view.sentence()
    finally:
        view.close()
