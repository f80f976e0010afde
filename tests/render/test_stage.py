"""Any flow becomes a picture and a live widget by being told as a story: here one of a device, with four lanes."""

from itertools import pairwise
from xml.etree import ElementTree as ET

from kvlab.render.flow import WIDTH, flow_svg
from kvlab.render.moment import Moment
from kvlab.render.stage import Holding, Lane, Step, Story
from kvlab.widgets.flow import FlowView

SVG = "{http://www.w3.org/2000/svg}"
KINDS = ("set_certificate_contacts", "delete_certificate_contacts")


class DeviceReading:
    """Tells of a device that is made known to a cloud; two events of the vault stand for what happens."""

    about = ""

    def hears(self, event):
        return event.kind in KINDS

    def story(self, events, told):
        done = [event.kind for event in events]
        lanes = (
            Lane("factory", "Factory", holds=(Holding("serial", "1234"),)),
            Lane("device", "Device", "thing-1", key="here", key_words="private key is here", home=True),
            Lane("cloud", "AWS IoT", holds=(Holding("certificate", "ACTIVE" if len(done) > 1 else "INACTIVE"),)),
            Lane("ca", "Your CA"),
        )
        states = ["done" if kind in done else "now" for kind in KINDS]
        steps = (
            Step(1, "factory", "ca", "Ask for a certificate", "PKCS#10", states[0], events=tuple(events[:1])),
            Step(2, "device", "cloud", "Connect", "mTLS", states[1], loop=len(done), events=tuple(events[1:])),
        )
        return Story(
            "device", "A device connects", "thing", "thing-1", "ok", "exists", lanes, steps, "It never leaves."
        )

    def moments(self, events):
        return [Moment(event.seq, event.time, event.kind, None, False, 0) for event in events]

    def made(self, events, chapter):
        return None


def test_four_lanes_stand_beside_each_other_within_the_width(vault):
    svg = flow_svg(DeviceReading().story([], ()), seeded=False)
    cards = [
        (float(box.get("x")), float(box.get("x")) + float(box.get("width")))
        for box in ET.fromstring(svg).iter(f"{SVG}rect")
        if box.get("class") in ("card", "vault")
    ]

    assert len(cards) == 4
    assert cards == sorted(cards)
    assert all(end < start for (_, end), (start, _) in pairwise(cards))
    assert cards[0][0] >= 0
    assert cards[-1][1] <= WIDTH


def test_a_flow_of_another_kind_is_live_and_can_be_gone_back_to(vault):
    view = FlowView(vault, "thing-1", DeviceReading())
    assert [step["state"] for step in view.view["steps"]] == ["now", "now"]

    vault.set_certificate_contacts([{"email": "ann@contoso.com"}])
    vault.delete_certificate_contacts()
    assert [step["state"] for step in view.view["steps"]] == ["done", "done"]
    assert view.view["lanes"].count("private key is here") == 1

    view.at = 0
    assert [step["state"] for step in view.view["steps"]] == ["done", "now"]
    assert "A device connects · thing thing-1 · ok" in repr(view)
