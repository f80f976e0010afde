"""What MQTT promises: sessions that last, messages that arrive, wills, retained messages, and AWS's quotas."""

import time

import pytest

from tests.iot.mqtt import raw
from tests.iot.mqtt.conftest import allow

CLEAN, LASTING = 2, 0
EXPIRY = b"\x05\x11\x00\x00\x0e\x10"  # session expiry interval: an hour
PING = raw.packet(0xC0)
GOODBYE = raw.packet(0xE0)


@pytest.fixture
def dial(broker, tls, identity):
    """Open a connection that is accepted: `dial("lamp", flags=…)`; all are of one certificate."""
    context = tls(identity())
    opened = []

    def open_(client_id="lamp", flags=CLEAN, present=0, version=4, **more):
        line = raw.dial(broker, context)
        opened.append(line)
        found = line.__enter__()
        first, body = found.send(raw.connect(client_id, version, flags, **more)).receive()
        assert (first, body[0], body[1]) == (0x20, present, 0)
        return found

    yield open_
    for line in opened:
        line.__exit__(None, None, None)


def settled(line):
    """Everything the broker had to say until it answered a ping."""
    line.send(PING)
    found = []
    while (packet := line.receive()) != (0xD0, b""):
        found.append(packet)
    return found


@pytest.mark.parametrize(("version", "more"), [(4, {}), (5, {"properties": EXPIRY})], ids=["3.1.1", "5"])
def test_a_lasting_session_keeps_subscriptions_and_messages(dial, version, more):
    lamp = dial("lamp", LASTING, version=version, **more)
    lamp.send(raw.subscribe(("news", 1), version=version)).receive()
    lamp.send(GOODBYE)
    assert lamp.receive() is None
    talker = dial("talker")
    settled(talker.send(raw.publish("news", b"1", 1) + raw.publish("news", b"lost", 0)))

    again = dial("lamp", LASTING, present=1, version=version, **more)

    (message,) = settled(again)
    assert message[0] == 0x32
    assert message[1].endswith(b"1")


@pytest.mark.parity("iot-connect")
def test_who_gives_no_client_id_in_version_5_is_assigned_one(broker, tls, identity, said):
    nameless = tls(identity(allow(("iot:Connect", "client/$GEN/*"))))
    assigned = set()
    for _ in range(2):
        with raw.dial(broker, nameless) as line:
            first, body = line.send(raw.connect("", 5)).receive()
            assert (first, body[1]) == (0x20, 0)
            found = body.partition(b"\x12\0")[2]
            assigned.add(found[1 : 1 + found[0]].decode())
    assert len(assigned) == 2
    assert all(name.startswith("$GEN/") for name in assigned)
    assert {fact["client_id"] for fact in said("connect")} == assigned
    named = tls(identity(allow(("iot:Connect", "client/lamp"))))
    with raw.dial(broker, named) as line:
        assert line.send(raw.connect("", 5)).receive()[1][1] == 0x87


def test_a_clean_session_forgets_what_lasted(dial):
    lamp = dial("lamp", LASTING)
    lamp.send(raw.subscribe(("news", 1))).receive()
    lamp.send(GOODBYE)
    assert lamp.receive() is None

    dial("lamp", CLEAN)
    assert settled(dial("lamp", LASTING, present=0)) == []


def test_a_message_that_was_not_acknowledged_is_sent_again(dial):
    lamp = dial("lamp", LASTING)
    lamp.send(raw.subscribe(("news", 1)))
    settled(lamp)
    settled(dial("talker").send(raw.publish("news", b"1", 1)))
    first, body = lamp.receive()
    lamp.close()
    time.sleep(0.1)

    again = dial("lamp", LASTING, present=1)
    (found,) = settled(again)
    assert (found[0], found[1][-1:]) == (first, body[-1:])

    again.send(raw.packet(0x40, found[1][6:8]))
    settled(again)
    again.close()
    time.sleep(0.1)
    assert settled(dial("lamp", LASTING, present=1)) == []


def test_no_more_messages_are_under_way_than_the_client_takes(dial):
    two = b"\x03\x21\x00\x02"
    lamp = dial("lamp", version=5, properties=two)
    lamp.send(raw.subscribe(("news", 1), version=5))
    settled(lamp)
    settled(dial("talker").send(b"".join(raw.publish("news", b"%d" % n, 1, number=n) for n in range(1, 6))))

    under_way = settled(lamp)
    assert [body[-1:] for _, body in under_way] == [b"1", b"2"]

    for _, body in under_way:
        lamp.send(raw.packet(0x40, body[6:8]))
    assert [body[-1:] for _, body in settled(lamp)] == [b"3", b"4"]


def test_the_lower_qos_counts(dial):
    lamp = dial("lamp")
    lamp.send(raw.subscribe(("a", 0)) + raw.subscribe(("b", 1)))
    lamp.send(raw.publish("a", b"x", 1) + raw.publish("b", b"y", 0))

    assert [first & 6 for first, _ in settled(lamp) if first >> 4 == 3] == [0, 0]


def test_a_retained_message_comes_with_the_subscription_that_names_its_topic(dial):
    settled(dial("talker").send(raw.publish("state", b"on", retain=True)))

    by_name = settled(dial("one").send(raw.subscribe(("state", 0))))
    by_wildcard = settled(dial("two").send(raw.subscribe(("+", 0), ("#", 0))))

    assert by_name == [(0x90, b"\0\1\0"), (0x31, raw.text("state") + b"on")]
    assert by_wildcard == [(0x90, b"\0\1\0\0")]  # as in AWS IoT, unlike MQTT


def test_an_empty_retained_message_takes_the_last_one_away(dial):
    talker = dial("talker")
    settled(talker.send(raw.publish("state", b"on", retain=True) + raw.publish("state", b"", retain=True)))

    assert settled(dial("one").send(raw.subscribe(("state", 0)))) == [(0x90, b"\0\1\0")]


WILL = {"flags": 0x06, "rest": raw.text("wills") + raw.text("gone")}


def watcher(dial):
    line = dial("watcher")
    line.send(raw.subscribe(("wills", 0)))
    settled(line)
    return line


def test_a_will_is_published_for_who_goes_without_a_word(dial):
    watching, lamp = watcher(dial), dial("lamp", **WILL)
    lamp.close()

    assert watching.receive() == (0x30, raw.text("wills") + b"gone")


def test_no_will_is_published_for_who_says_goodbye(dial):
    watching, lamp = watcher(dial), dial("lamp", **WILL)
    lamp.send(GOODBYE)
    assert lamp.receive() is None

    assert settled(watching) == []


def test_a_goodbye_of_version_5_may_ask_for_the_will(dial):
    watching = watcher(dial)
    rest = b"\0" + raw.text("wills") + raw.text("gone")
    lamp = dial("lamp", version=5, flags=0x06, rest=rest)
    lamp.send(raw.packet(0xE0, b"\x04\x00"))

    assert watching.receive() == (0x30, raw.text("wills") + b"gone")


def test_a_will_that_may_not_be_published_is_not(dial, broker, tls, identity):
    watching = watcher(dial)
    with raw.dial(broker, tls(identity(allow(("iot:Connect", "*"))))) as lamp:
        assert lamp.send(raw.connect("lamp", **WILL)).receive() == (0x20, b"\0\0")
    time.sleep(0.2)

    assert settled(watching) == []


def test_properties_of_version_5_travel_to_version_5_only(dial):
    new, old = dial("new", version=5), dial("old")
    new.send(raw.subscribe(("a", 0), version=5))
    old.send(raw.subscribe(("a", 0)))
    settled(new), settled(old)
    content_type = b"\x03" + raw.text("json")
    body = raw.text("a") + bytes([len(content_type)]) + content_type + b"{}"
    assert settled(new.send(raw.packet(0x30, body))) == [(0x30, body)]

    assert settled(old) == [(0x30, raw.text("a") + b"{}")]


def test_a_client_has_fifty_subscriptions_and_no_more(dial):
    lamp = dial("lamp")
    for start in range(0, 48, 8):
        lamp.send(raw.subscribe(*((f"t/{n}", 0) for n in range(start, start + 8))))
    settled(lamp)

    (answer,) = settled(lamp.send(raw.subscribe(("t/48", 0), ("t/49", 0), ("t/50", 0), ("t/1", 1))))
    assert answer == (0x90, b"\0\1" + b"\0\0\x80\1")


def test_unsubscribing_ends_it(dial):
    lamp = dial("lamp")
    settled(lamp.send(raw.subscribe(("a", 0), ("b", 0))))
    gone = raw.packet(0xA2, b"\0\2" + raw.text("a") + raw.text("never"))

    assert settled(lamp.send(gone + raw.publish("a") + raw.publish("b", b"!"))) == [
        (0xB0, b"\0\2"),
        (0x30, raw.text("b") + b"!"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [("a/#/b", 0x8F), ("a#", 0x8F), ("a+/b", 0x8F), ("", 0x8F), ("a/b/c/d/e/f/g/h/i", 0x8F), ("$share/g/t", 0x8F)],
)
def test_a_filter_that_is_none_is_refused_by_itself(dial, text, code):
    lamp = dial("lamp", version=5)

    (answer,) = settled(lamp.send(raw.subscribe((text, 0), ("fine", 1), version=5)))
    assert answer == (0x90, b"\0\1\0" + bytes([code, 1]))


def test_a_keep_alive_is_twenty_minutes_at_most_and_version_5_is_told(broker, tls, identity):
    with raw.dial(broker, tls(identity())) as line:
        _, body = line.send(raw.connect("lamp", 5, keep_alive=5000)).receive()

    assert b"\x13\x04\xb0" in body
