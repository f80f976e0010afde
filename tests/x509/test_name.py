"""Subjects: text to Name and back, checked against OpenSSL and against cryptography's own RFC 4514 reader."""

from __future__ import annotations

import datetime as dt
import re
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID, ObjectIdentifier
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kvlab.errors import NameSyntaxError
from kvlab.x509.attribute import ATTRIBUTES, Attribute, Kind
from kvlab.x509.name import format_name, parse_name
from tests.tool import tool

CN, ORG, OU, C, DC = (
    NameOID.COMMON_NAME,
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.COUNTRY_NAME,
    NameOID.DOMAIN_COMPONENT,
)
UNKNOWN = ObjectIdentifier("1.3.6.1.4.1.99999.1")


def pairs(text):
    """The attributes in text order, as (OID, value)."""
    return [(attribute.oid, attribute.value) for rdn in reversed(parse_name(text).rdns) for attribute in rdn]


def refusal(text) -> NameSyntaxError:
    with pytest.raises(NameSyntaxError) as caught:
        parse_name(text)
    return caught.value


# --- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("CN=contoso.com", [(CN, "contoso.com")], id="one"),
        pytest.param(
            'CN=contoso.com, O="Contoso, Ltd", C=US',
            [(CN, "contoso.com"), (ORG, "Contoso, Ltd"), (C, "US")],
            id="quoted-comma",
        ),
        pytest.param(r"CN=a, O=Contoso\, Ltd", [(CN, "a"), (ORG, "Contoso, Ltd")], id="escaped-comma"),
        pytest.param(r"O=Contoso\2C Ltd", [(ORG, "Contoso, Ltd")], id="hex-comma"),
        pytest.param(r"CN=Lu\C4\8Di\C4\87", [(CN, "Lučić")], id="hex-utf8"),
        pytest.param("CN=Lučić", [(CN, "Lučić")], id="utf8"),
        pytest.param("CN=日本語", [(CN, "日本語")], id="beyond-latin"),
        pytest.param("CN=a;O=b", [(CN, "a"), (ORG, "b")], id="semicolon"),
        pytest.param("  cn =  a b  ;\r\n o\t= c ", [(CN, "a b"), (ORG, "c")], id="white-space"),
        pytest.param("CN=a+OU=b, O=c", [(CN, "a"), (OU, "b"), (ORG, "c")], id="multi-valued"),
        pytest.param("CN=a + OU=b", [(CN, "a"), (OU, "b")], id="multi-valued-spaced"),
        pytest.param("CN=a+CN=b", [(CN, "a"), (CN, "b")], id="multi-valued-same-type"),
        pytest.param("2.5.4.3=x", [(CN, "x")], id="oid"),
        pytest.param("OID.2.5.4.3=x", [(CN, "x")], id="oid-prefix"),
        pytest.param("oid.1.3.6.1.4.1.99999.1=x", [(UNKNOWN, "x")], id="oid-prefix-lower"),
        pytest.param('CN="say ""hi"""', [(CN, 'say "hi"')], id="doubled-quote"),
        pytest.param(r'CN="say \"hi\" \\ \2C"', [(CN, r'say "hi" \ ,')], id="backslash-in-quotes"),
        pytest.param('CN="  a  " , O=b', [(CN, "  a  "), (ORG, "b")], id="quotes-keep-spaces"),
        pytest.param('O="a=b, c+d; <e> #f"', [(ORG, "a=b, c+d; <e> #f")], id="quotes-keep-all"),
        pytest.param(r"CN=\ a\ ", [(CN, " a ")], id="escaped-spaces"),
        pytest.param(r"CN=\ a\   , O=b", [(CN, " a "), (ORG, "b")], id="escaped-space-then-space"),
        pytest.param(r"CN=\20a", [(CN, " a")], id="hex-space"),
        pytest.param(r"CN=\#a", [(CN, "#a")], id="escaped-number-sign"),
        pytest.param("CN=a#b=c", [(CN, "a#b=c")], id="number-and-equals-sign-inside"),
        pytest.param(r"O=\<\>\;\+\"\\\=", [(ORG, '<>;+"\\=')], id="every-special"),
        pytest.param("CN=#0C0161", [(CN, "a")], id="ber"),
        pytest.param("CN=#0c810161 , O=b", [(CN, "a"), (ORG, "b")], id="ber-long-length"),
        pytest.param("DC=contoso,DC=com", [(DC, "contoso"), (DC, "com")], id="domain-components"),
        pytest.param("OU=b, CN=a, C=US, O=c", [(OU, "b"), (CN, "a"), (C, "US"), (ORG, "c")], id="any-order"),
        pytest.param("", [], id="empty"),
        pytest.param("  \n", [], id="blank"),
    ],
)
def test_reads(text, expected):
    assert pairs(text) == expected


@pytest.mark.parametrize(
    ("keywords", "oid"),
    [
        ("CN", "2.5.4.3"),
        ("SN SURNAME", "2.5.4.4"),
        ("SERIALNUMBER", "2.5.4.5"),
        ("C", "2.5.4.6"),
        ("L", "2.5.4.7"),
        ("S ST", "2.5.4.8"),
        ("STREET", "2.5.4.9"),
        ("O", "2.5.4.10"),
        ("OU", "2.5.4.11"),
        ("T TITLE", "2.5.4.12"),
        ("BUSINESSCATEGORY", "2.5.4.15"),
        ("POSTALCODE", "2.5.4.17"),
        ("G GN GIVENNAME", "2.5.4.42"),
        ("I INITIALS", "2.5.4.43"),
        ("GENERATIONQUALIFIER", "2.5.4.44"),
        ("DNQUALIFIER", "2.5.4.46"),
        ("PSEUDONYM", "2.5.4.65"),
        ("ORGANIZATIONIDENTIFIER", "2.5.4.97"),
        ("UID", "0.9.2342.19200300.100.1.1"),
        ("DC", "0.9.2342.19200300.100.1.25"),
        ("E EMAIL EMAILADDRESS", "1.2.840.113549.1.9.1"),
        ("JURISDICTIONL", "1.3.6.1.4.1.311.60.2.1.1"),
        ("JURISDICTIONST JURISDICTIONS", "1.3.6.1.4.1.311.60.2.1.2"),
        ("JURISDICTIONC", "1.3.6.1.4.1.311.60.2.1.3"),
    ],
)
def test_reads_every_keyword_in_any_case(keywords, oid):
    for keyword in keywords.split():
        for spelling in (keyword, keyword.lower(), keyword.title()):
            assert pairs(f"{spelling}=US") == [(ObjectIdentifier(oid), "US")]


def test_text_order_is_the_reverse_of_der_order():
    """RFC 4514 section 2.1: the output starts with the last RDN of the sequence."""
    assert [rdn.rfc4514_string() for rdn in parse_name("CN=a, O=b, C=US").rdns] == ["C=US", "O=b", "CN=a"]


def test_hexadecimal_value_keeps_its_string_type():
    """RFC 4514 section 2.4: the octets are the BER of the value itself."""
    name = parse_name("CN=#1E0200E9, O=#16026162, OU=#1C0400000061, L=#140161, S=#130161")

    types = [attribute._type.name for attribute in name]

    assert types == ["PrintableString", "T61String", "UniversalString", "IA5String", "BMPString"]
    assert pairs("CN=#1E0200E9") == [(CN, "é")]


def test_reads_a_unique_identifier_which_is_a_bit_string():
    name = parse_name("2.5.4.45=#030207AB")

    assert next(iter(name))._type is _ASN1Type.BitString
    assert name.public_bytes().hex() == "300d310b3009060355042d030207ab"


# --- what is refused, and where ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marked", "reason"),
    [
        pytest.param("§contoso.com", "'contoso.com' has no attribute before it", id="no-attribute"),
        pytest.param("CN=a, O=Contoso, §Ltd", r"'Ltd' has no attribute before it. A comma", id="comma-in-value"),
        pytest.param("CN=a, O=Contoso, §Ltd, C=US", r"written \,, or the value is put in quotes", id="comma-mid"),
        pytest.param("O=a; §b", "A semicolon inside a value", id="semicolon-in-value"),
        pytest.param("O=You + §me", "A plus sign inside a value", id="plus-in-value"),
        pytest.param("CN=C+§+", "missing before this +", id="plus-plus"),
        pytest.param("CN=a,§,O=b", "missing before this ,", id="two-commas"),
        pytest.param("§=a", "missing before this =", id="only-equals"),
        pytest.param("§Foo=a", "'Foo' is not an attribute known here", id="unknown"),
        pytest.param("O=a, §My key=b", "'My key' is not an attribute", id="unknown-with-space"),
        pytest.param("§\u017f=a", "not an attribute", id="not-ascii-keyword"),
        pytest.param("O=a, §1=b", "not an attribute", id="one-arc"),
        pytest.param("O=a, §2.5.4.03=b", "not an attribute", id="leading-zero-in-oid"),
        pytest.param("O=a, §3.1.2=b", "'3.1.2' is not an object identifier", id="no-such-oid"),
        pytest.param(r"CN=ab§\qc", "After a backslash", id="bad-escape"),
        pytest.param(r"CN=ab§\4", "After a backslash", id="half-a-hex-pair"),
        pytest.param(r"CN=ab§\C3\28", "are not UTF-8", id="hex-not-utf8"),
        pytest.param('CN=a, O=§"b', "not closed", id="open-quote"),
        pytest.param('CN="a"§b', "After a closing quote", id="after-quote"),
        pytest.param('CN=a §"b" c', 'A " inside a value', id="quote-inside"),
        pytest.param("CN=a§<b", r"is written \<", id="less-than"),
        pytest.param("CN=a§>b", r"is written \>", id="greater-than"),
        pytest.param("O=§#1 Shop", r"write \#", id="number-sign"),
        pytest.param("O=§#", "BER", id="number-sign-alone"),
        pytest.param("O=§#0C026", "BER", id="odd-hex"),
        pytest.param("O=§#0C0261", "length does not fit", id="ber-short"),
        pytest.param("O=§#0C", "length does not fit", id="ber-tag-only"),
        pytest.param("O=§#0C80610000", "length does not fit", id="ber-indefinite"),
        pytest.param("O=§#0C8461", "length does not fit", id="ber-length-of-length"),
        pytest.param("O=§#020101", "BER tag 0x02", id="ber-integer"),
        pytest.param("O=§#0C01FF", "no UTF8String", id="ber-not-utf8"),
        pytest.param("O=§#130140", "no PrintableString", id="ber-not-printable"),
        pytest.param("O=§#1E04D83DDE00", "no BMPString", id="ber-surrogates"),
        pytest.param("O=§#0C00", "no UTF8String", id="ber-empty"),
        pytest.param("C=§#0C025553", "countryName (C) is a PrintableString", id="ber-of-another-type"),
        pytest.param("CN=a§\nO=b", "line break", id="line-break"),
        pytest.param("CN=a§\x00b", "U+0000", id="nul"),
        pytest.param("CN=ab§\\00", "U+0000", id="nul-in-hex"),
        pytest.param('CN="a§\x1bb"', "U+001B", id="escape-in-quotes"),
        pytest.param("CN=a§\x85b", "U+0085", id="c1-control"),
        pytest.param("CN=a§\ud800", "U+D800", id="surrogate"),
        pytest.param("CN=a+§CN=a", "same RDN already", id="twice-in-an-rdn"),
        pytest.param("C=US§A", "countryName (C) takes at most 2", id="country-of-three"),
        pytest.param("C=§U", "exactly two letters", id="country-of-one"),
        pytest.param("C=U§1", "exactly two letters", id="country-with-digit"),
        pytest.param("jurisdictionC=§u", "exactly two letters", id="jurisdiction-of-one"),
        pytest.param("serialNumber=a§_b", "PrintableString, which can not hold '_'", id="serial-number"),
        pytest.param("dnQualifier=a§@b", "PrintableString", id="dn-qualifier"),
        pytest.param("DC=a§é", "ASCII only, not 'é'", id="domain-component"),
        pytest.param("E=a§é@contoso.com", "emailAddress (E) holds ASCII only", id="e-mail"),
        pytest.param("O=b, CN=" + 64 * "a" + "§!", "commonName (CN) takes at most 64", id="common-name-of-65"),
        pytest.param(r"O=a, CN=\41" + 63 * "a" + "§!", "takes at most 64", id="common-name-of-65-escaped"),
        pytest.param("CN=" + 32 * "é" + "§!", "64 octets of UTF-8; this value has 65", id="common-name-octets"),
    ],
)
def test_refuses_at_the_offending_character(marked, reason):
    """The sign § stands before the character that the position is to point at."""
    position, text = marked.index("§"), marked.replace("§", "")

    error = refusal(text)

    assert error.position == position
    assert reason in error.reason
    assert error.text == text
    assert str(error) == f"At character {error.position + 1}: {error.reason}"


@pytest.mark.parametrize("text", ["CN=", "CN= ", 'CN=""', "CN=,O=b", "CN=+O=b", "CN=\n"])
def test_refuses_an_empty_value(text):
    """RFC 5280 appendix A.1: every string of a name has a size of at least 1."""
    assert refusal(text).reason == "commonName (CN) has no value."


@pytest.mark.parametrize("text", ["CN=a,", "CN=a; ", "CN=a+", ",", ";", "+"])
def test_refuses_a_separator_without_an_attribute(text):
    assert "An attribute such as CN is missing" in refusal(text).reason


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda attribute: attribute.title)
def test_limits_hold_exactly(attribute: Attribute):
    keyword = attribute.keywords.split()[-1]
    limit = attribute.limit or 1000

    assert len(next(iter(parse_name(f"{keyword}={'a' * limit}"))).value) == limit
    if attribute.limit:
        error = refusal(f"{keyword}={'a' * (limit + 1)}")
        assert error.position == len(keyword) + 1 + limit
        assert attribute.title in error.reason
        assert str(limit) in error.reason


def test_a_refusal_of_cryptography_is_a_syntax_error(monkeypatch):
    """Should cryptography one day know a rule that kvlab does not, the caller still gets the exception it expects."""

    def refuse(*_):
        raise ValueError("a new rule")

    monkeypatch.setattr(x509, "NameAttribute", refuse)

    assert refusal("CN=a").reason == "commonName (CN) can not hold this value: a new rule."


@pytest.mark.parametrize(
    "text",
    [
        "O=" + "\\," * 100_000,
        "+".join(f"1.2.{number}=a" for number in range(20_000)),
        'O="' + '""' * 100_000,
        "," * 100_000,
        "O=" + " " * 100_000 + "x",
        "1." * 100_000 + "1=a",
        "O=#" + "0C" * 100_000,
    ],
    ids=["escapes", "rdn", "quotes", "commas", "spaces", "oid", "hex"],
)
def test_long_subjects_take_no_long_time(text):
    try:
        assert len(parse_name(text)) > 0
    except NameSyntaxError as error:
        assert len(error.reason) < 400


# --- string types -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "types"),
    [
        pytest.param("CN=contoso.com", ["PRINTABLESTRING"], id="printable"),
        pytest.param(r"CN=Az 09 '()\+\,-./:\=?", ["PRINTABLESTRING"], id="every-printable-sign"),
        pytest.param("CN=*.contoso.com", ["UTF8STRING"], id="star"),
        pytest.param("CN=a@b", ["UTF8STRING"], id="at"),
        pytest.param("CN=a & b", ["UTF8STRING"], id="ampersand"),
        pytest.param("CN=a_b", ["UTF8STRING"], id="underscore"),
        pytest.param("CN=é", ["UTF8STRING"], id="accent"),
        pytest.param("C=US, serialNumber=12-34, dnQualifier=q", 3 * ["PRINTABLESTRING"], id="always-printable"),
        pytest.param("DC=contoso, E=a@b.c", 2 * ["IA5STRING"], id="always-ia5"),
        pytest.param("1.3.6.1.4.1.99999.1=a*", ["UTF8STRING"], id="unknown-attribute"),
        pytest.param("CN=#1E020061, O=#0C0161", ["UTF8STRING", "BMPSTRING"], id="hexadecimal"),
    ],
)
def test_string_types_as_openssl_reads_them(text, types):
    """Key Vault takes PrintableString where the value fits and UTF8String otherwise."""
    listing = run("asn1parse", "-inform", "DER", stdin=parse_name(text).public_bytes())

    assert re.findall(r"prim: (\w+STRING)", listing.decode()) == types


def run(*arguments: str, stdin: bytes) -> bytes:
    return subprocess.run([tool("openssl"), *arguments], input=stdin, capture_output=True, check=True).stdout


# --- what is shown ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(
            "O=Internet Widgits Pty Ltd,ST=Some-State,C=AU",
            "O=Internet Widgits Pty Ltd, S=Some-State, C=AU",
            id="state",
        ),
        pytest.param(
            "emailAddress=a@b.c,GN=Ann,SURNAME=Lee,title=Dr,initials=AL",
            "E=a@b.c, G=Ann, SN=Lee, T=Dr, I=AL",
            id="person",
        ),
        pytest.param("CN=a+OU=b;DC=com", "CN=a + OU=b, DC=com", id="multi-valued"),
        pytest.param(r"O=Contoso\, Ltd", 'O="Contoso, Ltd"', id="comma"),
        pytest.param(
            r"O=a\+b,OU=a\;b,L=a=b,S=a#b,STREET=\<a\>",
            'O="a+b", OU="a;b", L="a=b", S="a#b", STREET="<a>"',
            id="special",
        ),
        pytest.param(r"O=say \"hi\"", 'O="say ""hi"""', id="quote"),
        pytest.param(r"O=\ a", 'O=" a"', id="leading-space"),
        pytest.param(r"O=a\ ", 'O="a "', id="trailing-space"),
        pytest.param("O=a  b's", "O=a  b's", id="inner-spaces-and-apostrophe"),
        pytest.param(r"O=a\\b", r"O=a\\b", id="backslash"),
        pytest.param("CN=Lučić", "CN=Lučić", id="utf8"),
        pytest.param("1.3.6.1.4.1.99999.1=x", "OID.1.3.6.1.4.1.99999.1=x", id="unknown"),
        pytest.param(
            "businessCategory=Private Organization,jurisdictionST=Delaware,jurisdictionC=US,serialNumber=7571542",
            "OID.2.5.4.15=Private Organization, OID.1.3.6.1.4.1.311.60.2.1.2=Delaware, "
            "OID.1.3.6.1.4.1.311.60.2.1.3=US, SERIALNUMBER=7571542",
            id="extended-validation",
        ),
        pytest.param(
            "postalCode=12345,description=d,PHONE=1,POBox=2,dnQualifier=q",
            "PostalCode=12345, Description=d, Phone=1, POBox=2, dnQualifier=q",
            id="post",
        ),
        pytest.param("2.5.4.45=#030207AB", "OID.2.5.4.45=#030207ab", id="bit-string"),
        pytest.param("", "", id="empty"),
    ],
)
def test_shows_what_windows_shows(text, shown):
    assert format_name(parse_name(text)) == shown
    assert parse_name(shown) == parse_name(text)


def test_shows_names_that_it_would_not_read():
    name = x509.Name(
        [
            x509.NameAttribute(ORG, ""),
            x509.NameAttribute(CN, "a\nb\x00\x85"),
            x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, b"\x00" * 300, _ASN1Type.BitString),
        ]
    )

    assert format_name(name) == f'OID.2.5.4.45=#0382012c{"00" * 300}, CN=a\\0Ab\\00\\C2\\85, O=""'


# --- properties -------------------------------------------------------------------------------------------------------

LETTERS = st.text("abcXYZ", min_size=2, max_size=2)
PRINTABLE = st.text("azAZ09 '()+,-./:=?", min_size=1, max_size=20)
ASCII = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
UNICODE = st.characters(exclude_categories=["Cc", "Cs"])
SPECIAL = st.sampled_from(list(' "\\,;+<>#=0aC'))
DIRECTORY = st.text(st.one_of(UNICODE, SPECIAL), min_size=1, max_size=20).filter(lambda value: len(value.encode()) < 65)
VALUES = {
    Kind.COUNTRY: LETTERS,
    Kind.PRINTABLE: PRINTABLE,
    Kind.IA5: st.text(ASCII, min_size=1, max_size=20),
    Kind.DIRECTORY: DIRECTORY,
}


@st.composite
def attributes(draw):
    known = draw(st.sampled_from([*ATTRIBUTES, None]))
    if known is None:
        return x509.NameAttribute(UNKNOWN, draw(DIRECTORY))
    return x509.NameAttribute(known.oid, draw(VALUES[known.kind]))


RDNS = st.lists(attributes(), min_size=1, max_size=3, unique=True).map(x509.RelativeDistinguishedName)
NAMES = st.lists(RDNS, max_size=4).map(x509.Name)
GRAMMAR = st.text(st.one_of(st.sampled_from(list('CNOU=,;+"\\#<> .0123456789abcdeé\n\x00\ud800')), st.characters()))


@settings(deadline=None)
@given(NAMES)
def test_what_is_shown_reads_back(name):
    text = format_name(name)

    assert parse_name(text) == name
    assert format_name(parse_name(text)) == text


@settings(deadline=None)
@given(NAMES)
def test_reads_the_rfc_4514_text_of_cryptography(name):
    text = name.rfc4514_string()

    assert parse_name(text) == name == x509.Name.from_rfc4514_string(text)


@settings(deadline=None)
@given(NAMES)
def test_der_reads_back(name):
    """Every string type chosen can hold its value: cryptography reads the DER strictly."""
    parsed = parse_name(format_name(name))

    assert x509.Name.from_bytes(parsed.public_bytes()) == parsed


@settings(deadline=None, max_examples=300)
@given(st.one_of(GRAMMAR, GRAMMAR.map("CN=".__add__), GRAMMAR.map('CN=a,O="'.__add__)))
@example("CN=a\\")
@example('CN="')
@example("CN=#")
@example("1.2.3=#0382")
def test_any_text_is_read_or_refused_in_place(text):
    try:
        name = parse_name(text)
    except NameSyntaxError as error:
        assert 0 <= error.position <= len(text)
        assert error.reason.isprintable()
    else:
        assert parse_name(format_name(name)) == name
        assert x509.Name.from_bytes(name.public_bytes()) == name


# --- OpenSSL ----------------------------------------------------------------------------------------------------------


def certificate_pem(subject: x509.Name) -> bytes:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    begin = dt.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(begin).not_valid_after(begin + dt.timedelta(days=1))
    return builder.sign(key, None).public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize(
    ("text", "openssl_text"),
    [
        ('cn = contoso.com ; o = "Contoso, Ltd" ; c = US', r"CN=contoso.com,O=Contoso\, Ltd,C=US"),
        ("S=Bayern, L=München, STREET=Straße 1", "ST=Bayern,L=München,street=Straße 1"),
        (r'CN="a ""b"" + c; <d>", OU=\#e\ ', r"CN=a \"b\" \+ c\; \<d\>,OU=\#e\ "),
        ("CN=a+OU=b, E=a@b.c, DC=com", "OU=b+CN=a,emailAddress=a@b.c,DC=com"),
        ("UID=u, SN=s, G=g, I=i, T=t, SERIALNUMBER=1", "UID=u,SN=s,GN=g,initials=i,title=t,serialNumber=1"),
        (
            "BUSINESSCATEGORY=b, JURISDICTIONC=US, JURISDICTIONST=s, JURISDICTIONL=l",
            "businessCategory=b,jurisdictionC=US,jurisdictionST=s,jurisdictionL=l",
        ),
        (
            "POSTALCODE=p, DNQUALIFIER=d, GENERATIONQUALIFIER=g, PSEUDONYM=x, ORGANIZATIONIDENTIFIER=o",
            "postalCode=p,dnQualifier=d,generationQualifier=g,pseudonym=x,organizationIdentifier=o",
        ),
        ("Description=d, Phone=1, POBox=2", "description=d,telephoneNumber=1,postOfficeBox=2"),
        ("OID.1.3.6.1.4.1.99999.1=é", "1.3.6.1.4.1.99999.1=#0C02C3A9"),
    ],
)
def test_openssl_shows_the_same_subject(text, openssl_text):
    name = parse_name(text)

    subject = run(
        "x509", "-noout", "-subject", "-nameopt", "RFC2253,-esc_msb,utf8", stdin=certificate_pem(name)
    ).decode()

    assert subject == f"subject={openssl_text}\n"
    assert parse_name(openssl_text) == name
