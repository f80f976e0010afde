"""The table of a chain: each link by each of its checks, and OpenSSL beside it."""

import subprocess
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import pandas as pd
import pytest
from cryptography import x509

from kvlab import tables
from kvlab.errors import UnreadableContainer, VaultError
from kvlab.tables.chain import DTYPES
from kvlab.x509.container import write_p7b
from tests.tool import tool
from tests.vault.make import OutsideCA, ec_key, ec_policy, finish, name_of, pem_of, pfx_file, self_signed, sign

START = datetime(2026, 6, 1, tzinfo=UTC)
AT = START + timedelta(days=10)
CHECKS = ["signature", "names", "key_identifier", "ca", "path_length", "valid"]


def authority(key, *, path_length=None, usage=None, ca=True):
    extensions = [
        (x509.BasicConstraints(ca=ca, path_length=path_length), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    ]
    if usage is not None:
        extensions.append((x509.KeyUsage(True, False, False, False, False, usage, False, False, False), True))
    return extensions


def issued_by(key):
    return [(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False)]


class Family:
    """Root -> middle -> low -> leaf; a keyword makes one of them wrong."""

    def __init__(self, *, root=None, middle=None, low=None, days=365):
        self.keys = [ec_key() for _ in range(4)]
        root_key, middle_key, low_key, leaf_key = self.keys
        self.root = self_signed(root_key, "Root", start=START, extensions=authority(root_key, **(root or {})))
        self.middle = self.sign(middle_key, "Middle", "Root", root_key, authority(middle_key, **(middle or {})), 365)
        self.low = self.sign(low_key, "Low", "Middle", middle_key, authority(low_key, **(low or {})), 365)
        self.leaf = self.sign(leaf_key, "leaf", "Low", low_key, [], days)
        self.all = [self.leaf, self.low, self.middle, self.root]

    @staticmethod
    def sign(key, subject, issuer, issuer_key, extensions, days):
        return sign(key.public_key(), name_of(subject), name_of(issuer), issuer_key, start=START, days=days,
                    extensions=[*extensions, *issued_by(issuer_key)])  # fmt: skip


def openssl_verifies(folder, family, at=AT):
    (folder / "root.pem").write_text(pem_of(family.root))
    (folder / "between.pem").write_text(pem_of(family.low) + pem_of(family.middle))
    (folder / "leaf.pem").write_text(pem_of(family.leaf))
    answer = subprocess.run(
        [tool("openssl"), "verify", "-attime", str(int(at.timestamp())), "-CAfile", folder / "root.pem",
         "-untrusted", folder / "between.pem", folder / "leaf.pem"],
        check=False, capture_output=True, timeout=30, text=True,
    )  # fmt: skip
    return answer.returncode == 0


def test_a_sound_chain_verifies_in_any_order(tmp_path):
    family = Family(middle={"usage": True, "path_length": 1}, low={"path_length": 0})

    table = tables.chain(family.all[::-1], at=AT)

    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == DTYPES
    assert all(f"``{name}``" in tables.chain.__doc__ for name in DTYPES)
    assert list(table["role"]) == ["leaf", "intermediate", "intermediate", "root"]
    assert list(table["issued_by"]) == [2, 3, 4, 4]
    assert set(table["link"]) == {"verifies"}
    assert table["why"].isna().all()
    assert list(table["path_length"]) == [True, True, pd.NA, pd.NA]
    assert openssl_verifies(tmp_path, family)


@pytest.mark.parametrize(
    ("wrong", "at", "row", "check", "why"),
    [
        ({"low": {"ca": False}}, AT, 0, "ca", "Number 2 is no CA"),
        ({"middle": {"usage": False}}, AT, 1, "ca", "lacks keyCertSign"),
        ({"middle": {"path_length": 0}}, AT, 1, None, None),
        ({"root": {"path_length": 0}}, AT, 2, "path_length", "Number 4 allows 0 CAs between it and the leaf; there are 2"),
        ({"days": 5}, AT, 0, "valid", "It was valid until 2026-06-06 00:00:00 UTC only"),
        ({}, START - timedelta(days=1), 0, "valid", "It is not valid before 2026-06-01"),
    ],
    ids=["no CA", "no keyCertSign", "path length of the middle", "path length of the root", "over", "not begun"],
)  # fmt: skip
def test_what_is_wrong_fails_at_its_link_and_openssl_refuses_it(tmp_path, wrong, at, row, check, why):
    family = Family(**wrong)

    table = tables.chain(family.all, at=at)

    assert not openssl_verifies(tmp_path, family, at)
    if check is None:
        row, check, why = 1, "path_length", "Number 3 allows 0 CAs between it and the leaf; there are 1"
    assert table.loc[row, "link"] == "fails"
    assert not table.loc[row, check]
    assert why in table.loc[row, "why"]
    assert all(table.loc[row, other] is not False for other in CHECKS if other != check)


def test_a_forged_signature_fails(tmp_path):
    family = Family()
    forger = ec_key()
    family.leaf = sign(
        family.keys[3].public_key(),
        name_of("leaf"),
        name_of("Low"),
        forger,
        start=START,
        extensions=issued_by(family.keys[2]),
    )

    table = tables.chain([family.leaf, *family.all[1:]], at=AT)

    assert not openssl_verifies(tmp_path, family)
    assert (table.loc[0, "link"], bool(table.loc[0, "signature"]), bool(table.loc[0, "names"])) == (
        "fails",
        False,
        True,
    )
    assert "does not verify" in table.loc[0, "why"]
    assert list(table["link"][1:]) == ["verifies"] * 3


def test_another_ca_of_the_same_name_fails_at_its_key():
    family, other = Family(), Family()

    table = tables.chain([family.leaf, other.low, other.middle, other.root], at=AT)

    assert list(table["link"]) == ["fails", "verifies", "verifies", "verifies"]
    assert not table.loc[0, "key_identifier"]
    assert not table.loc[0, "signature"]
    assert "signed by the key" in table.loc[0, "why"]


def test_a_gap_is_missing_and_what_stands_apart_is_told():
    family = Family()

    table = tables.chain([family.leaf, family.root, self_signed(ec_key(), "stranger", start=START)], at=AT)

    assert list(table["link"]) == ["missing", "verifies", "verifies"]
    assert table.loc[0, "why"] == "None of the certificates has the name of its issuer, CN=Low."
    assert list(table["role"]) == ["leaf", "root", "root"]


def test_what_can_not_be_read_is_a_row():
    family = Family()

    table = tables.chain([b"rubbish!", family.leaf, 7, family.low], at=AT)

    assert list(table["role"]) == ["leaf", "intermediate", "unreadable", "unreadable"]
    assert "int is not taken" in table.loc[3, "why"]
    with pytest.raises(UnreadableContainer):
        tables.chain(b"rubbish!")
    with pytest.raises(TypeError, match="allowed is"):
        tables.chain(7)


def test_a_chain_comes_from_a_pfx_a_p7b_and_the_vaults_secret(vault, tmp_path):
    outside = OutsideCA(start=vault.clock.now() - timedelta(days=1))
    operation = vault.create_certificate("web", ec_policy("CN=web", issuer="Unknown"))
    leaf = outside.leaf_of_request(operation.csr)
    vault.merge_certificate("web", [leaf, outside.intermediate, outside.root])
    (tmp_path / "a.p7b").write_bytes(write_p7b([outside.root, leaf, outside.intermediate]))
    key = ec_key()
    (tmp_path / "b.pfx").write_bytes(pfx_file(key, outside.leaf(key.public_key()), outside.intermediate, outside.root))
    at = vault.clock.now()

    table = tables.chain(vault, "WEB")

    assert list(table["link"]) == ["verifies"] * 3
    pd.testing.assert_frame_equal(table, tables.chain(vault.get_secret("web"), at=at))
    pd.testing.assert_frame_equal(table, tables.chain(tmp_path / "a.p7b", at=at))
    assert list(tables.chain(tmp_path / "b.pfx", at=at)["link"]) == ["verifies"] * 3


def test_the_vaults_clock_decides_and_a_version_can_be_named(vault):
    first = finish(vault, policy=ec_policy("CN=a", validity_months=1, lifetime_actions=[])).id.rsplit("/", 1)[1]
    vault.clock.advance(days=40)
    finish(vault, policy=ec_policy("CN=a"))

    assert list(tables.chain(vault, "web", first)["link"]) == ["fails"]
    assert list(tables.chain(vault, "web")["link"]) == ["verifies"]
    assert list(tables.chain(vault, "web")["role"]) == ["leaf"]
    with pytest.raises(VaultError, match="certificates get"):
        tables.chain(vault.as_principal("nobody"), "web")
    with pytest.raises(TypeError, match="of which certificate"):
        tables.chain(vault)


def test_a_pending_version_has_an_empty_chain_and_reading_writes_no_event(vault):
    vault.create_certificate("shop", ec_policy(issuer="Unknown"))
    before = len(list(vault.events))

    assert len(tables.chain(vault, "shop")) == 0
    assert vault.request("shop") == vault.get_certificate_operation("shop").csr
    assert len(list(vault.events)) == before + 1


def test_a_serial_number_that_rfc_5280_forbids_is_no_warning_beside_the_table(recwarn):
    key = ec_key()
    der = self_signed(key, "Root", start=START, extensions=authority(key))
    number = x509.load_der_x509_certificate(der).serial_number
    octets = number.to_bytes(number.bit_length() // 8 + 1)
    negative = der.replace(octets, bytes([octets[0] | 0x80]) + octets[1:], 1)

    assert list(tables.chain(negative, at=AT)["link"]) == ["fails"]
    assert not recwarn.list


HOST, ADDRESS = x509.DNSName, x509.IPAddress
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")


@pytest.mark.parametrize(
    ("permitted", "excluded", "name", "told"),
    [
        ([HOST("contoso.com")], None, HOST("www.contoso.com"), ""),
        ([HOST("contoso.com")], None, HOST("CONTOSO.com"), ""),
        ([HOST("contoso.com")], None, HOST("www.notcontoso.com"), "dNSName www.notcontoso.com"),
        ([HOST("a.com"), HOST("b.com")], None, HOST("*.b.com"), ""),
        (None, [HOST("bad.contoso.com")], HOST("x.bad.contoso.com"), "dNSName x.bad.contoso.com"),
        (None, [HOST("")], HOST("x"), "dNSName x"),
        ([HOST("contoso.com")], None, ADDRESS(ip_address("10.0.0.1")), ""),
        ([ADDRESS(ip_network("10.0.0.0/8"))], None, ADDRESS(ip_address("10.1.2.3")), ""),
        ([ADDRESS(ip_network("10.0.0.0/8"))], None, ADDRESS(ip_address("2001:db8::1")), "iPAddress 2001:db8::1"),
        ([x509.RFC822Name("contoso.com")], None, x509.RFC822Name("a@contoso.com"), ""),
        ([x509.RFC822Name("a@contoso.com")], None, x509.RFC822Name("b@contoso.com"), "rfc822Name b@contoso.com"),
        ([x509.RFC822Name(".contoso.com")], None, x509.RFC822Name("a@contoso.com"), "rfc822Name a@contoso.com"),
        ([x509.UniformResourceIdentifier(".contoso.com")], None,
         x509.UniformResourceIdentifier("https://www.contoso.com:8443/x"), ""),
        ([x509.UniformResourceIdentifier("contoso.com")], None, x509.UniformResourceIdentifier("https://b.com/"),
         "uniformResourceIdentifier https://b.com/"),
        ([x509.DirectoryName(name_of("LEAF"))], None, HOST("a"), ""),
        ([x509.DirectoryName(name_of("other"))], None, HOST("a"), "directoryName CN=leaf"),
        (None, [x509.DirectoryName(name_of("leaf"))], HOST("a"), "directoryName CN=leaf"),
    ],
)  # fmt: skip
def test_names_outside_the_constraints_of_a_ca_above_make_the_link_fail(permitted, excluded, name, told, tmp_path):
    constraints = (x509.NameConstraints(permitted, excluded), True)
    family = constrained(constraints, (x509.SubjectAlternativeName([name]), False))

    table = tables.chain(family.all, at=AT)

    assert list(table["link"]) == ["fails" if told else "verifies", "verifies", "verifies", "verifies"]
    assert (
        pd.isna(table.loc[0, "why"])
        if not told
        else table.loc[0, "why"] == (f"The name constraints of number 2 do not allow {told}.")
    )
    assert openssl_verifies(tmp_path, family) == (not told)


def test_a_critical_extension_that_nobody_knows_makes_the_link_fail(tmp_path):
    family = constrained((x509.SubjectInformationAccess([]), False), (UNKNOWN, True))

    row = tables.chain(family.all, at=AT).iloc[0]

    assert row["link"] == "fails"
    assert row["why"] == (
        "Its critical extension 1.2.3.4 is none that a verifier of chains knows, so it must be refused."
    )
    assert not openssl_verifies(tmp_path, family)


@pytest.mark.parametrize(
    "octets",
    ["300aa10830068704c0000201", "3000", "ff", "3006a0043002a000"],
    ids=["an address without its mask", "empty", "no DER", "no such name"],
)
def test_name_constraints_that_can_not_be_read_are_no_exception(octets):
    constraints = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.30"), bytes.fromhex(octets))
    family = constrained((constraints, True), (x509.SubjectAlternativeName([HOST("a")]), False))

    assert len(tables.chain(family.all, at=AT)) == 4


def test_name_constraints_hold_for_all_below(tmp_path):
    family = Family()
    root_key, middle_key, _, _ = family.keys
    limit = x509.NameConstraints([x509.DirectoryName(name_of("Low"))], None)
    family.middle = Family.sign(middle_key, "Middle", "Root", root_key, [*authority(middle_key), (limit, True)], 365)

    table = tables.chain([family.leaf, family.low, family.middle, family.root], at=AT)

    assert list(table["link"]) == ["fails", "verifies", "verifies", "verifies"]
    assert table.loc[0, "why"] == "The name constraints of number 3 do not allow directoryName CN=leaf."
    assert not openssl_verifies(tmp_path, family)


def constrained(of_low, of_leaf):
    """A family whose last CA and whose leaf have one extension more."""
    family = Family()
    _, middle_key, low_key, leaf_key = family.keys
    family.low = Family.sign(low_key, "Low", "Middle", middle_key, [*authority(low_key), of_low], 365)
    family.leaf = Family.sign(leaf_key, "leaf", "Low", low_key, [of_leaf], 365)
    family.all = [family.leaf, family.low, family.middle, family.root]
    return family
