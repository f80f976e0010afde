"""Bad TLS, bad packets and bad manners: the connection ends, the broker and its other devices go on."""

import random
import socket
import ssl
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.iot.make import OwnCA, certificate, ec_key, name_of, pem
from tests.iot.mqtt import raw
from tests.iot.mqtt.conftest import Identity, key_pem


@pytest.fixture
def witness(device, identity):
    """A device that is connected all the while."""
    lamp = device(identity(), "witness").connect()
    lamp.subscribe("alive")
    yield lamp
    lamp.publish("alive", "yes")
    assert lamp.wait_for_messages() == [("alive", "yes")]


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_both_modern_versions_of_tls_connect(broker, tls, identity, version):
    only = ssl.TLSVersion[version]
    with raw.dial(broker, tls(identity(), minimum_version=only, maximum_version=only)) as line:
        assert line.send(raw.connect()).receive() == (0x20, b"\0\0")
        assert line.socket.version() == version.replace("_", ".")


@pytest.mark.usefixtures("witness")
def test_tls_1_1_is_refused(broker, tls, identity, said):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old = tls(identity(), minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises(ssl.SSLError), raw.dial(broker, old):
            pass

    assert said("refuse_connection") == [{"reason": "TLS: unsupported protocol", "address": "127.0.0.1"}]


@pytest.mark.usefixtures("witness")
@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_device_without_a_certificate_is_refused(broker, tls, said, version):
    only = ssl.TLSVersion[version]

    assert raw.is_refused(broker, tls(minimum_version=only, maximum_version=only))
    assert said("refuse_connection") == [{"reason": "TLS: peer did not return a certificate", "address": "127.0.0.1"}]


@pytest.mark.usefixtures("witness")
@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_certificate_of_another_ca_with_the_same_subject_is_refused(broker, iot, tls, said, version):
    factory, forger, key = OwnCA(), OwnCA(), ec_key()
    factory.register(iot)
    real = iot.register_certificate(factory.leaf("lamp", ec_key()), status="ACTIVE")
    forged = Identity("", "", forger.leaf("lamp", key), key_pem(key))
    only = ssl.TLSVersion[version]

    assert factory.name == forger.name
    assert raw.is_refused(broker, tls(forged, minimum_version=only, maximum_version=only))
    assert said("refuse_connection")[0]["reason"] == "the certificate is not registered"
    assert iot.describe_certificate(real.certificate_id).certificate_description.status == "ACTIVE"


def test_a_certificate_is_no_use_without_its_key(broker, tls, identity):
    held = identity()
    with pytest.raises(ssl.SSLError):
        tls(held._replace(key_pem=key_pem(ec_key())))  # not even a client of one's own gets to the handshake


def test_a_certificate_registered_without_ca_needs_sni(broker, iot, tls, said):
    key = ec_key()
    own = pem(certificate(key, name_of("lamp")))
    made = iot.register_certificate_without_ca(own, status="ACTIVE")

    assert raw.is_refused(broker, tls(Identity(made.certificate_arn, "", own, key_pem(key))), server_name=None)
    assert "SNI" in said("refuse_connection")[0]["reason"]


def test_a_session_is_never_resumed_without_a_look_at_the_registry(broker, tls, identity, iot):
    held = identity()
    context = tls(held, maximum_version=ssl.TLSVersion.TLSv1_2)
    with raw.dial(broker, context) as first:
        session = first.socket.session
    with raw.dial(broker, context, session=session) as second:
        assert not second.socket.session_reused


BROKEN = {
    "a PINGREQ with more in it": raw.packet(0xC0, b"\0"),
    "an unknown type": b"\xf0\x00",
    "the reserved type 0": b"\x00\x00",
    "a server's packet": b"\x20\x02\x00\x00",
    "a length that does not end": b"\x30\xff\xff\xff\xff\x7f",
    "a length of 256 MB": b"\x30\xff\xff\xff\x7f",
    "a PUBLISH without a topic": raw.packet(0x30),
    "a PUBLISH with half a topic": raw.packet(0x30, b"\x00\x10ab"),
    "a PUBLISH of QoS 3": raw.packet(0x36, raw.text("a") + b"\0\1"),
    "a PUBLISH of QoS 2": raw.packet(0x34, raw.text("a") + b"\0\1"),
    "a PUBLISH of QoS 1 with id 0": raw.packet(0x32, raw.text("a") + b"\0\0"),
    "a PUBLISH on a wildcard": raw.publish("a/#"),
    "a PUBLISH on no topic": raw.publish(""),
    "a PUBLISH on a reserved topic": raw.publish("$aws/events/certificates/registered/x"),
    "a PUBLISH on a topic that is no UTF-8": raw.publish(b"\xff\xfe"),
    "a PUBLISH on a topic with NUL": raw.publish("a\0b"),
    "a PUBLISH with nine levels": raw.publish("a/b/c/d/e/f/g/h/i"),
    "a PUBLISH on a topic of 257 octets": raw.publish("x" * 257),
    "a PUBLISH of more than 128 KB": raw.publish("a", bytes(128 * 1024 + 1)),
    "a SUBSCRIBE to nothing": raw.packet(0x82, b"\0\1"),
    "a SUBSCRIBE with wrong flags": raw.packet(0x80, b"\0\1" + raw.text("a") + b"\0"),
    "a SUBSCRIBE of QoS 2": raw.subscribe(("a", 2)),
    "a SUBSCRIBE of QoS 3": raw.subscribe(("a", 3)),
    "a SUBSCRIBE with nine filters": raw.subscribe(*((f"a{n}", 0) for n in range(9))),
    "a SUBSCRIBE without a QoS": raw.packet(0x82, b"\0\1" + raw.text("a")),
    "an UNSUBSCRIBE from nothing": raw.packet(0xA2, b"\0\1"),
    "a PUBACK without an id": raw.packet(0x40),
    "a PUBREL": raw.packet(0x62, b"\0\1"),
    "a second CONNECT": raw.connect("lamp"),
    "a PINGREQ with flags": raw.packet(0xC1),
}


@pytest.mark.usefixtures("witness")
@pytest.mark.parametrize("octets", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_packet_ends_its_connection_and_nothing_else(broker, tls, identity, octets, said):
    with raw.dial(broker, tls(identity())) as line:
        assert line.send(raw.connect()).receive() == (0x20, b"\0\0")
        line.send(octets)

        assert line.receive() is None
    assert said("disconnect")[-1]["reason"]


FIRST = {
    "a PUBLISH": raw.publish("a", b"b"),
    "a PINGREQ": raw.packet(0xC0),
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "MQTT 3.1": raw.packet(0x10, raw.text("MQIsdp") + b"\x03\x02\0\x3c" + raw.text("lamp")),
    "MQTT 6": raw.connect(version=6),
    "another protocol": raw.packet(0x10, raw.text("AMQP") + b"\x04\x02\0\x3c" + raw.text("lamp")),
    "a reserved flag": raw.connect(flags=3),
    "a will of QoS 3": raw.connect(flags=0x1E, rest=raw.text("t") + raw.text("m")),
    "a will's QoS without a will": raw.connect(flags=0x0A),
    "a will that is not there": raw.connect(flags=6),
    "a will on a wildcard": raw.connect(flags=6, rest=raw.text("a/#") + raw.text("m")),
    "no client id": raw.connect(""),
    "a client id of 129 octets": raw.connect("x" * 129),
    "a client id that is no UTF-8": raw.connect(b"\xff"),
    "too much": raw.connect(rest=b"more"),
    "an empty CONNECT": raw.packet(0x10),
    "properties without end": raw.connect(version=5, properties=b"\xff\xff\xff\xff"),
    "properties past the end": raw.connect(version=5, properties=b"\x70"),
    "an unknown property": raw.connect(version=5, properties=b"\x02\x7f\x00"),
    "a property twice": raw.connect(version=5, properties=b"\x0a\x11\0\0\0\1\x11\0\0\0\1"),
    "a method of enhanced authentication": raw.connect(version=5, properties=b"\x06\x15\0\3abc"),
    "data of enhanced authentication": raw.connect(version=5, properties=b"\x06\x16\0\3abc"),
    "a receive maximum of 0": raw.connect(version=5, properties=b"\x03\x21\0\0"),
}


@pytest.mark.usefixtures("witness")
@pytest.mark.parametrize("octets", FIRST.values(), ids=FIRST.keys())
def test_a_connection_that_begins_wrong_is_closed(broker, tls, identity, octets, said):
    with raw.dial(broker, tls(identity())) as line:
        line.send(octets)

        answer = line.receive()
        assert answer is None or (answer[0] == 0x20 and answer[1][1] >= 0x80)
        assert answer is None or line.receive() is None
    assert said("refuse_connection")[-1]["reason"]


def test_octets_may_come_one_by_one_and_many_packets_at_once(broker, tls, identity):
    everything = raw.connect() + raw.subscribe(("a", 0)) + raw.publish("a", b"1") + raw.packet(0xC0)
    wanted = [(0x20, b"\0\0"), (0x90, b"\0\1\0"), (0x30, raw.text("a") + b"1"), (0xD0, b"")]
    with raw.dial(broker, tls(identity())) as line:
        for octet in everything:
            line.send(bytes([octet]))
        assert [line.receive() for _ in wanted] == wanted
    with raw.dial(broker, tls(identity())) as line:
        line.send(everything)
        assert [line.receive() for _ in wanted] == wanted


@pytest.mark.usefixtures("witness")
def test_noise_in_place_of_tls_does_no_harm(broker):
    noise = random.Random(8)
    for length in [0, 1, 5, 6, 50, 500, 5000] * 4:
        with socket.create_connection(("127.0.0.1", broker.port), timeout=5) as bare:
            bare.sendall(noise.randbytes(length))
    with socket.create_connection(("127.0.0.1", broker.port), timeout=5) as bare:
        bare.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert b"MQTT" not in bare.recv(1000)


@pytest.mark.usefixtures("witness")
def test_a_handshake_that_is_cut_anywhere_does_no_harm(broker, tls, identity):
    context = tls(identity())
    for cut in range(0, 400, 23):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        hello = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        with pytest.raises(ssl.SSLWantReadError):
            hello.do_handshake()
        with socket.create_connection(("127.0.0.1", broker.port), timeout=5) as bare:
            bare.sendall(outgoing.read()[:cut])


@pytest.mark.usefixtures("witness")
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    version=st.sampled_from([4, 5]),
    packets=st.lists(
        st.tuples(st.integers(0, 255), st.binary(max_size=40)).map(lambda found: raw.packet(*found))
        | st.binary(max_size=20)
        | st.sampled_from(list(BROKEN.values())[:20])
        | st.sampled_from([raw.subscribe(("#", 1)), raw.publish("x", b"y", 1), raw.publish("x", b"z", retain=True)]),
        max_size=6,
    ),
)
def test_any_octets_end_at_worst_their_own_connection(broker, fuzzed, version, packets):
    with raw.dial(broker, fuzzed) as line:
        line.send(raw.connect("fuzz", version))
        assert line.receive()[0] == 0x20
        try:
            for octets in packets:
                line.send(octets)
            line.send(raw.packet(0xC0))
            while (found := line.receive()) is not None and found[0] != 0xD0:
                pass
        except (OSError, AssertionError):
            pass  # it was closed, or waits for the rest of a packet


@pytest.fixture
def fuzzed(tls, identity, monkeypatch):
    """A TLS context, and a short patience: octets that begin a packet are never answered."""
    monkeypatch.setattr(raw.Raw.receive, "__defaults__", (0.2,))
    return tls(identity())


def test_a_device_that_does_not_read_is_not_waited_for(broker, tls, identity, device, witness):
    held = identity()
    with raw.dial(broker, tls(held)) as line:
        line.send(raw.connect("sleeper") + raw.subscribe(("flood", 0)))
        assert line.receive()[0] == 0x20
        assert line.receive()[0] == 0x90
        talker = device(identity(), "talker").connect()
        for _ in range(60):
            talker.publish("flood", "x" * 100_000)
        assert talker.connected
        waiting = [channel._transport.get_write_buffer_size() for channel in broker._broker._channels]
        assert max(waiting) < 1_000_000


def test_a_silent_device_is_let_go_after_one_and_a_half_of_its_keep_alive(broker, tls, identity, said):
    with raw.dial(broker, tls(identity())) as line:
        line.send(raw.connect("quiet", keep_alive=1))
        assert line.receive() == (0x20, b"\0\0")

        assert line.receive(seconds=4) is None
    assert said("disconnect")[-1]["reason"] == "the device was silent for too long"
