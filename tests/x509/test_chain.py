"""Chains: order, links and leaves, checked against `openssl verify`."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import itertools
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from kvlab.errors import BrokenChain, ExcessiveWork, KeyMismatch, UnreadableContainer
from kvlab.x509.chain import IssuerState, Link, find_leaf, links, order_chain, order_from_leaf
from kvlab.x509.element import encode
from tests.tool import tool

DER = serialization.Encoding.DER
BEGIN = dt.datetime(2020, 1, 1)
BAD_SIGNATURE = "The signature does not verify with the public key of the issuer."
NO_ISSUER = "None of the certificates has the name of the issuer."


@functools.cache
def key(label: str) -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(label.encode()).digest())


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@functools.cache
def certificate(
    subject: str, issuer: str, subject_key="", issuer_key="", *, identifiers=True, ca=True, serial=1
) -> bytes:
    """One certificate; a key goes by the name of its owner unless another is said."""
    public_key = key(subject_key or subject).public_key()
    signer = key(issuer_key or issuer)
    builder = x509.CertificateBuilder(name(issuer), name(subject), public_key, serial)
    builder = builder.not_valid_before(BEGIN).not_valid_after(BEGIN.replace(year=2120))
    builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
    if identifiers:
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        builder = builder.add_extension(authority, critical=False)
    return builder.sign(signer, None).public_bytes(DER)


def line(length: int, *, identifiers=True, serial=1) -> list[bytes]:
    """A chain of certificates C1 (leaf) to Cn (root), in order."""
    issuers = [f"C{number}" for number in range(2, length + 1)]
    return [
        certificate(f"C{number}", issuer, identifiers=identifiers, ca=number > 1, serial=serial)
        for number, issuer in enumerate([*issuers, f"C{length}"], start=1)
    ]


LEAF, ISSUING, ROOT = line(3)
OTHER = certificate("other", "other")

# One authority key with two certificates: its own root, and one that an older root signed.
NEW_ROOT = certificate("new", "new")
CROSS = certificate("new", "old", serial=2)
OLD_ROOT = certificate("old", "old")
CROSSED_LEAF = certificate("leaf", "new", ca=False)

# Ed25519's OID 1.3.101.112 becomes 1.3.101.99, an algorithm nobody knows; names and identifiers stay.
EXOTIC = [der.replace(bytes.fromhex("06032b6570"), bytes.fromhex("06032b6563")) for der in line(3)]


# --- order_chain ------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.data())
def test_order_does_not_depend_on_the_order_given(data):
    expected = line(data.draw(st.integers(1, 5)), identifiers=data.draw(st.booleans()))
    if data.draw(st.booleans()):
        expected = expected[:-1] or expected

    assert order_chain(data.draw(st.permutations(expected))) == expected


def test_duplicates_collapse():
    assert order_chain([ROOT, LEAF, ISSUING, LEAF, ROOT]) == [LEAF, ISSUING, ROOT]


def test_one_certificate_is_a_chain():
    assert order_chain([LEAF]) == [LEAF]
    assert order_chain([ROOT, ROOT]) == [ROOT]


def test_an_unknown_algorithm_is_ordered_by_names():
    for bag in itertools.permutations(EXOTIC):
        assert order_chain(bag) == EXOTIC


def test_among_issuers_of_one_name_the_key_identifier_decides():
    impostor = certificate("C2", "C3", "another key", serial=9)

    assert [link.issuer_index for link in links([LEAF, impostor, ISSUING])] == [2, None, None]


def test_among_issuers_of_one_name_without_identifiers_the_signature_decides():
    leaf, issuing, root = line(3, identifiers=False)
    impostor = certificate("C2", "C3", "another key", identifiers=False, serial=9)

    assert [link.issuer_index for link in links([leaf, impostor, issuing, root])] == [2, 3, 3, 3]


def test_a_key_rollover_certificate_is_not_its_own_issuer():
    """RFC 4210 section 4.4: newWithOld has one name as subject and issuer, and two keys."""
    old = certificate("ca", "ca", "old key", "old key", identifiers=False)
    new_with_old = certificate("ca", "ca", "new key", "old key", identifiers=False, serial=2)
    leaf = certificate("leaf", "ca", "leaf", "new key", identifiers=False, ca=False)

    for bag in itertools.permutations([leaf, new_with_old, old]):
        assert order_chain(bag) == [leaf, new_with_old, old]


def test_a_cross_certificate_finds_its_place():
    """leaf -> new (self-signed) -> new (by old) -> old: the self-signed one verifies with the key of the cross one."""
    for bag in itertools.permutations([CROSSED_LEAF, NEW_ROOT, CROSS, OLD_ROOT]):
        assert order_chain(bag) == [CROSSED_LEAF, NEW_ROOT, CROSS, OLD_ROOT]
    for bag in itertools.permutations([CROSSED_LEAF, CROSS, OLD_ROOT]):
        assert order_chain(bag) == [CROSSED_LEAF, CROSS, OLD_ROOT]


def test_renewed_roots_of_one_key_stand_in_a_fixed_order():
    renewed = certificate("new", "new", serial=7)

    orders = {tuple(order_chain(bag)) for bag in itertools.permutations([CROSSED_LEAF, NEW_ROOT, renewed])}

    assert len(orders) == 1
    assert orders.pop()[0] == CROSSED_LEAF


@pytest.mark.parametrize(
    ("bag", "reason"),
    [
        pytest.param([], "There is no certificate", id="empty"),
        pytest.param(
            [LEAF, certificate("D1", "C2", ca=False), ISSUING, ROOT], "2 of the certificates", id="two-leaves"
        ),
        pytest.param([LEAF, ISSUING, ROOT, OTHER], "2 of the certificates", id="stranger"),
        pytest.param([LEAF, ROOT], "one between them is missing", id="gap"),
        pytest.param([certificate("A", "B"), certificate("B", "A")], "none of them is the leaf", id="loop"),
        pytest.param(
            [certificate("x", "A"), certificate("A", "B"), certificate("B", "A")],
            "none of them is a root",
            id="loop-above",
        ),
        pytest.param(
            [certificate("x", "x"), certificate("A", "B"), certificate("B", "A")], "are not one line", id="loop-apart"
        ),
        pytest.param(
            [
                certificate("x", "A"),
                certificate("A", "B"),
                certificate("A", "C"),
                certificate("B", "B"),
                certificate("C", "C"),
            ],
            "are not one line",
            id="two-ways",
        ),
    ],
)
def test_what_is_no_chain_is_refused(bag, reason):
    for order in (bag, bag[::-1]):
        with pytest.raises(BrokenChain, match=reason):
            order_chain(order)


def test_an_issuer_with_another_key_identifier_is_no_issuer():
    """RFC 5280 section 4.2.1.1: the identifier tells apart the keys of one issuer."""
    reissued = certificate("C2", "C3", "another key", serial=9)

    with pytest.raises(BrokenChain):
        order_chain([LEAF, reissued, ROOT])


def test_many_certificates_of_one_key_take_no_long_time():
    roots = [certificate("new", "new", serial=number) for number in range(1, 100)]

    assert order_chain([*roots, CROSSED_LEAF])[0] == CROSSED_LEAF
    with pytest.raises(BrokenChain, match="not one line"):
        order_chain([*roots[:60], CROSSED_LEAF, certificate("A", "B"), certificate("B", "A")])
    with pytest.raises(ExcessiveWork, match="101 certificates"):
        order_chain([*roots, CROSSED_LEAF, OTHER])


@pytest.mark.parametrize(
    "der",
    [b"", b"0", b"\x30\x82", LEAF[:-1], LEAF + b"\0", LEAF.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09")],
)
def test_what_is_no_certificate_is_refused(der):
    calls = [
        lambda: order_chain([LEAF, der]),
        lambda: order_from_leaf(LEAF, [der]),
        lambda: find_leaf([der], b""),
        lambda: links([der]),
    ]
    for call in calls:
        with pytest.raises(UnreadableContainer, match="Not a DER certificate"):
            call()


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@settings(deadline=None)
@given(st.integers(0, len(LEAF) - 1), st.binary(min_size=1, max_size=3))
def test_a_damaged_certificate_is_a_certificate_or_refused(position, octets):
    damaged = LEAF[:position] + octets + LEAF[position + len(octets) :]
    try:
        (*_, last) = links([ISSUING, ROOT, damaged])
    except UnreadableContainer:
        return
    assert isinstance(last, Link)


# --- order_from_leaf --------------------------------------------------------------------------------------------------


def test_the_known_leaf_comes_first_and_strangers_last_in_their_order():
    strangers = [OTHER, certificate("B", "A"), CROSSED_LEAF]

    ordered = order_from_leaf(LEAF, [strangers[0], ROOT, strangers[1], LEAF, ISSUING, ROOT, strangers[2]])

    assert ordered == [LEAF, ISSUING, ROOT, *strangers]


def test_a_gap_keeps_the_certificates_behind_it():
    assert order_from_leaf(LEAF, [ROOT, OTHER]) == [LEAF, ROOT, OTHER]


def test_a_leaf_alone_is_itself():
    assert order_from_leaf(ROOT, []) == [ROOT]


def test_a_loop_ends_where_it_began():
    first, second = certificate("A", "B"), certificate("B", "A")

    assert order_from_leaf(first, [second, OTHER]) == [first, second, OTHER]


def test_cross_certificates_are_all_kept():
    for others in itertools.permutations([NEW_ROOT, CROSS, OLD_ROOT]):
        ordered = order_from_leaf(CROSSED_LEAF, others)

        assert ordered[0] == CROSSED_LEAF
        assert sorted(ordered[1:]) == sorted(others)
        assert ordered.index(CROSS) < ordered.index(OLD_ROOT)


@settings(deadline=None)
@given(st.permutations(line(5)))
def test_a_whole_chain_is_ordered_as_order_chain_does(bag):
    assert order_from_leaf(line(5)[0], bag) == order_chain(bag)


# --- find_leaf --------------------------------------------------------------------------------------------------------


def spki(label: str) -> bytes:
    return key(label).public_key().public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def test_finds_the_certificate_of_a_key():
    assert find_leaf([ROOT, LEAF, ISSUING], spki("C1")) == 1
    assert find_leaf([CROSS, NEW_ROOT], spki("new")) == 0


@pytest.mark.parametrize("bag", [[], [ROOT, ISSUING]], ids=["empty", "others"])
def test_no_certificate_of_a_key_is_a_mismatch(bag):
    with pytest.raises(KeyMismatch):
        find_leaf(bag, spki("C1"))


# --- links ------------------------------------------------------------------------------------------------------------


def test_links_of_a_chain():
    assert links([ROOT, LEAF, ISSUING, LEAF]) == [
        Link(IssuerState.SELF_SIGNED, 0, True),
        Link(IssuerState.FOUND, 2, True),
        Link(IssuerState.FOUND, 0, True),
        Link(IssuerState.FOUND, 2, True),
    ]


def test_links_say_what_is_missing():
    reissued = certificate("C2", "C3", "another key", serial=9)
    other_key = "A certificate has the name of the issuer, but not the key identifier that is asked for."

    assert links([]) == []
    assert links([LEAF]) == [Link(IssuerState.MISSING, None, None, NO_ISSUER)]
    assert links([LEAF, reissued])[0] == Link(IssuerState.MISSING, None, None, other_key)


def test_links_say_that_a_signature_does_not_verify():
    forged_root = ROOT[:-1] + bytes([ROOT[-1] ^ 1])
    forged_leaf = certificate("C1", "C2", issuer_key="forger", identifiers=False)

    assert links([forged_leaf, ISSUING, forged_root]) == [
        Link(IssuerState.FOUND, 1, False, BAD_SIGNATURE),
        Link(IssuerState.FOUND, 2, True),
        Link(IssuerState.SELF_SIGNED, 2, False, BAD_SIGNATURE),
    ]


def test_links_say_that_a_signature_can_not_be_checked():
    for link, state in zip(links(EXOTIC), [IssuerState.FOUND, IssuerState.FOUND, IssuerState.SELF_SIGNED], strict=True):
        assert (link.issuer, link.signature_verifies) == (state, None)
        assert link.reason.startswith("The signature can not be checked: ")


def test_malformed_key_identifiers_say_nothing():
    """An extension that is no AuthorityKeyIdentifier is as good as none; the name still links."""
    identifier = hashlib.sha1(key("C2").public_key().public_bytes_raw()).digest()
    assert LEAF.count(b"\x30\x16\x80\x14" + identifier) == 1

    for broken in (b"\x31\x16\x80\x14", b"\x30\x16\x81\x14", b"\x30\x16\x80\x24", b"\x30\x16\x80\x13"):
        damaged = LEAF.replace(b"\x30\x16\x80\x14" + identifier, broken + identifier)
        assert links([damaged, ISSUING])[0].issuer_index == 1


def test_a_name_that_breaks_the_rules_still_links(recwarn):
    """cryptography warns of a country of three letters when it reads the name; chains compare octets."""
    common_name, country = bytes.fromhex("0603550403"), bytes.fromhex("0603550406")
    weird = [der.replace(common_name, country) for der in (certificate("abc", "USA"), certificate("USA", "USA"))]

    assert [link.issuer_index for link in links(weird)] == [1, 1]
    assert order_chain(weird[::-1]) == weird
    assert len(recwarn) == 0


def test_a_version_1_certificate_has_its_fields_elsewhere(tmp_path):
    """RFC 5280 section 4.1.2.1: version 1 is the default and so is left out of the DER."""
    openssl = tool("openssl")
    config = tmp_path / "empty.cnf"
    config.write_text("[req]\ndistinguished_name=dn\n[dn]\n")
    request = [
        "req",
        "-new",
        "-newkey",
        "ed25519",
        "-nodes",
        "-keyout",
        "key.pem",
        "-subj",
        "/CN=v1",
        "-out",
        "csr.pem",
    ]
    subprocess.run([openssl, *request, "-config", str(config)], cwd=tmp_path, check=True, capture_output=True)
    sign = ["x509", "-req", "-in", "csr.pem", "-signkey", "key.pem", "-outform", "DER", "-out", "v1.der"]
    subprocess.run([openssl, *sign], cwd=tmp_path, check=True, capture_output=True)
    der = (tmp_path / "v1.der").read_bytes()

    assert x509.load_der_x509_certificate(der).version is x509.Version.v1
    assert links([der]) == [Link(IssuerState.SELF_SIGNED, 0, True)]


# --- OpenSSL ----------------------------------------------------------------------------------------------------------


def pem(*certificates: bytes) -> str:
    return "".join(
        x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM).decode() for der in certificates
    )


def openssl_verifies(directory, leaf, between, trusted, *options) -> bool:
    for file, certificates in (("leaf", [leaf]), ("between", between), ("trusted", [trusted])):
        (directory / file).write_text(pem(*certificates))
    untrusted = ["-untrusted", "between"] if between else []
    arguments = [tool("openssl"), "verify", *options, "-no-CApath", "-CAfile", "trusted", *untrusted, "leaf"]
    return subprocess.run(arguments, cwd=directory, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    "bag",
    [
        pytest.param([ROOT, ISSUING, LEAF], id="three"),
        pytest.param(line(5)[::-1], id="five"),
        pytest.param([OLD_ROOT, CROSS, CROSSED_LEAF], id="cross"),
    ],
)
def test_openssl_verifies_what_was_put_in_order(tmp_path, bag):
    leaf, *between, root = ordered = order_chain(bag)

    assert openssl_verifies(tmp_path, leaf, between, root)
    for issued, issuer in itertools.pairwise(ordered):
        assert openssl_verifies(tmp_path, issued, [], issuer, "-partial_chain")
    assert not openssl_verifies(tmp_path, leaf, [], root, "-partial_chain")
    assert all(link.signature_verifies for link in links(bag))


def test_openssl_and_links_agree_on_a_forged_signature(tmp_path):
    forged = certificate("C1", "C2", issuer_key="forger", ca=False, identifiers=False)

    ordered = order_chain([ROOT, forged, ISSUING])

    assert ordered == [forged, ISSUING, ROOT]
    assert not openssl_verifies(tmp_path, forged, [ISSUING], ROOT)
    assert links(ordered)[0].signature_verifies is False


def test_find_leaf_knows_a_compressed_point():
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    algorithm = encode(0x30, bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06082a8648ce3d030107"))
    point = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    signature = encode(0x30, bytes.fromhex("06082a8648ce3d040302"))
    times = encode(0x30, encode(0x17, b"260101000000Z"), encode(0x17, b"270101000000Z"))
    name = encode(0x30)
    body = encode(
        0x30, b"\x02\x01\x07", signature, name, times, name, encode(0x30, algorithm, encode(3, b"\x00", point))
    )
    certificate = encode(0x30, body, signature, encode(3, b"\x00", encode(0x30, b"\x02\x01\x01", b"\x02\x01\x01")))

    assert (
        find_leaf(
            [certificate], key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
        == 0
    )
