"""`kvlab inspect`: every kind of file, its three outputs, and what it refuses."""

import base64
import csv
import io
import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

import kvlab as package
from kvlab import SimulatedClock
from kvlab.cli import main
from kvlab.errors import X509Error
from kvlab.vault.own_key import certificate_from_key, request_from_key
from kvlab.x509.certificate import self_sign
from kvlab.x509.container import pem_certificate, pem_p7b, pem_request, write_p7b
from kvlab.x509.extension import Profile
from kvlab.x509.file import read_objects
from kvlab.x509.key import private_key_from_scalar, private_key_pem, private_key_pkcs8_der
from kvlab.x509.pfx import read_pfx, write_pfx, write_protected_pfx
from tests.command import COMMAND, kvlab, kvlab_on_terminal

NOW = SimulatedClock().now()
KEY = private_key_from_scalar("P-256", 0xC0FFEE << 200 | 7)
OTHER_KEY = private_key_from_scalar("P-384", 11)
POLICY = {"x509_props": {"subject": "CN=contoso.com, O=Zürich", "sans": {"dns_names": ["contoso.com"]}}}
CERTIFICATE = certificate_from_key(KEY, POLICY, now=NOW, serial_number=0x7B, deterministic=True)
OTHER = certificate_from_key(OTHER_KEY, POLICY, now=NOW, serial_number=0x7C, deterministic=True)
REQUEST = request_from_key(KEY, POLICY, deterministic=True)
KEY_PEM = private_key_pem(KEY)
CERTIFICATE_PEM = pem_certificate(CERTIFICATE)
SECRET = format(KEY.private_numbers().private_value, "064x")
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")


@pytest.fixture
def inspect(tmp_path, capsys, monkeypatch):
    """Write files and inspect them: `inspect({"a.pem": text}, "--json")` returns status, output and errors."""

    def run(files, *options, columns=80):
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.chdir(tmp_path)
        for name, content in files.items():
            (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        status = main(["inspect", *files, *options])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def openssl_key(openssl, *arguments):
    return openssl(*arguments, stdin=KEY_PEM.encode())


def announced(out):
    return [line for line in out.splitlines() if "private key" in line and "problem" not in line]


FORMS = {
    "certificate.pem": CERTIFICATE_PEM,
    "certificate.der": CERTIFICATE,
    "certificate.txt": base64.b64encode(CERTIFICATE),
    "chain.p7b": write_p7b([CERTIFICATE]),
    "chain-pem.p7b": pem_p7b([CERTIFICATE]),
    "labelled-certificate.pem": pem_p7b([CERTIFICATE]).replace("PKCS7", "CERTIFICATE"),
    "secret.pfx": write_pfx(KEY, [CERTIFICATE], salt=bytes(16)),
    "secret.txt": base64.b64encode(write_pfx(KEY, [CERTIFICATE], salt=bytes(16))),
    "certificates-only.pfx": write_pfx(None, [CERTIFICATE], salt=bytes(16)),
    "secret.pem": KEY_PEM + CERTIFICATE_PEM,
    "text around.pem": f"Subject: somebody\n{CERTIFICATE_PEM}\nthat was it\n",
    "crlf.pem": CERTIFICATE_PEM.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_certificate_is_shown_from_every_kind_of_file(inspect, name):
    status, out, err = inspect({name: FORMS[name]})

    assert (status, err) == (0, "")
    assert f"{name}: certificate 1\n" in out
    assert re.search(r"^  subject +CN=contoso.com, O=Zürich$", out, re.MULTILINE)
    assert re.search(r"^    dNSName +contoso.com$", out, re.MULTILINE)


@pytest.mark.parametrize(
    "content", [pem_request(REQUEST), REQUEST, base64.b64encode(REQUEST)], ids=["PEM", "DER", "base64"]
)
def test_a_request_is_shown(inspect, content):
    status, out, _ = inspect({"web.csr": content})

    assert status == 0
    assert "web.csr: request 1\n" in out
    assert "extensionRequest" in out


def test_criticality_is_a_word(inspect):
    _, out, _ = inspect({"a.der": CERTIFICATE})

    assert re.search(r"^  keyUsage +critical +digitalSignature", out, re.MULTILINE)
    assert re.search(r"^  basicConstraints +not critical +CA: false", out, re.MULTILINE)


@pytest.mark.parametrize("columns", [40, 80, 132, 250])
def test_lines_keep_within_the_terminal(inspect, columns):
    _, out, _ = inspect({"a.der": CERTIFICATE}, columns=columns)

    widest = max(map(len, out.splitlines()))
    assert widest <= max(columns, 75)
    assert columns > 75 or widest <= 75, "a narrow terminal still gets 24 columns of value"


def test_private_keys_are_announced_and_never_shown(inspect, tmp_path):
    files = {"all.pem": CERTIFICATE_PEM + KEY_PEM + pem_request(REQUEST) + pem_certificate(OTHER)}
    outputs = [inspect(files, *options)[1] for options in ([], ["--json"], ["--csv"])]

    assert announced(outputs[0]) == ["all.pem: private key: EC P-256, matches certificate 1, request 1"]
    for out in outputs:
        assert SECRET not in out.lower()
        assert KEY_PEM.splitlines()[1][:40] not in out


def test_a_key_joined_to_a_certificate_in_der_is_not_shown(inspect):
    status, out, _ = inspect({"joined.der": CERTIFICATE + private_key_pkcs8_der(KEY)}, "--json")

    assert status == 0
    assert SECRET not in out
    assert "octets follow the outer SEQUENCE" in out


def test_keys_are_matched_across_files(inspect):
    files = {"web.key": KEY_PEM, "web.pem": CERTIFICATE_PEM, "other.key": private_key_pem(OTHER_KEY)}
    _, out, _ = inspect(files)

    assert announced(out) == [
        "web.key: private key: EC P-256, matches certificate 1 of web.pem",
        "other.key: private key: EC P-384, matches nothing else shown here",
    ]


def test_a_key_matches_a_certificate_whose_point_is_compressed(inspect, openssl, tmp_path):
    (tmp_path / "k.pem").write_text(KEY_PEM)
    compressed = openssl("ec", "-in", tmp_path / "k.pem", "-conv_form", "compressed")
    (tmp_path / "c.pem").write_bytes(compressed)
    certificate = openssl("req", "-x509", "-key", tmp_path / "c.pem", "-config", "/dev/null", "-subj", "/CN=x")
    _, out, _ = inspect({"all.pem": certificate + KEY_PEM.encode()})

    assert announced(out) == ["all.pem: private key: EC P-256, matches certificate 1"]


def test_public_keys_are_shown(inspect, openssl):
    der = openssl_key(openssl, "pkey", "-pubout", "-outform", "DER")
    pem = openssl_key(openssl, "pkey", "-pubout").decode()
    _, out, _ = inspect({"a.der": der, "b.pem": pem + KEY_PEM})

    assert "a.der: public key 1\n" in out
    assert "b.pem: private key: EC P-256, matches public key 1 of a.der, public key 1\n" in out


KEY_FORMS = {
    "SEC1 PEM": ("ec",),
    "SEC1 DER": ("ec", "-outform", "DER"),
    "PKCS#8 DER": ("pkcs8", "-topk8", "-nocrypt", "-outform", "DER"),
}
ENCRYPTED_FORMS = {
    "PKCS#8 PEM": ("pkcs8", "-topk8", "-passout", "pass:geheim"),
    "PKCS#8 DER": ("pkcs8", "-topk8", "-passout", "pass:geheim", "-outform", "DER"),
    "legacy PEM": ("ec", "-aes128", "-passout", "pass:geheim"),
}


@pytest.mark.parametrize("form", KEY_FORMS)
def test_keys_of_every_format_are_announced(inspect, openssl, form):
    _, out, _ = inspect({"key": openssl_key(openssl, *KEY_FORMS[form])})

    assert out == "key: private key: EC P-256, matches nothing else shown here\n"


@pytest.mark.parametrize("form", ENCRYPTED_FORMS)
def test_encrypted_keys_say_so_and_open_with_a_password_file(inspect, openssl, tmp_path, form):
    key = openssl_key(openssl, *ENCRYPTED_FORMS[form])
    (tmp_path / "right").write_bytes(b"geheim\r\nsecond line\n")
    (tmp_path / "wrong").write_text("wrong")

    assert inspect({"key": key}) == (0, "key: private key: encrypted, not opened\n", "")
    status, out, _ = inspect({"key": key}, "--password-file", "right")
    assert (status, announced(out)) == (0, ["key: private key: EC P-256, matches nothing else shown here"])
    status, out, err = inspect({"key": key}, "--password-file", "wrong")
    assert (status, announced(out)) == (1, ["key: private key: encrypted, not opened"])
    assert re.fullmatch("kvlab: key: private key 1: The password does not open .*\n", err)
    assert "wrong" not in out


def test_a_key_the_vault_does_not_take_is_named(inspect, openssl):
    status, out, _ = inspect({"key": openssl("genpkey", "-algorithm", "ed25519")})

    assert status == 0
    assert "private key: not opened\n" in out
    assert "! problem: A key of the type Ed25519 is not supported." in out


PROTECTED = write_protected_pfx(KEY, [CERTIFICATE, OTHER], b"geheim")


def test_a_pfx_opens_with_a_password_file(inspect, tmp_path):
    (tmp_path / "right").write_text("geheim\n")
    status, out, err = inspect({"web.pfx": PROTECTED}, "--password-file", "right")

    assert (status, err) == (0, "")
    assert announced(out) == ["web.pfx: private key: EC P-256, matches certificate 1"]
    assert "web.pfx: certificate 2\n" in out


def test_a_pfx_without_its_password_is_one_line_and_a_hint():
    done = kvlab("inspect", "-", stdin=PROTECTED)

    assert done == (
        1, "", "kvlab: -: It is protected by a password (put that into a file and use --password-file).\n"
    )  # fmt: skip


@pytest.mark.parametrize(("typed", "status"), [(b"geheim", 0), (b"wrong", 1)])
def test_a_pfx_asks_on_the_terminal(tmp_path, typed, status):
    (tmp_path / "web.pfx").write_bytes(PROTECTED)
    seen = kvlab_on_terminal("inspect", tmp_path / "web.pfx", typed=typed)

    assert seen[0] == status
    assert "Password of " in seen[1]
    assert typed.decode() not in seen[1]
    assert ("matches certificate 1" if status == 0 else "The password does not open the PKCS#12 file.") in seen[1]


def test_a_password_file_that_is_missing_fails(inspect):
    status, out, err = inspect({"a.pem": CERTIFICATE_PEM}, "--password-file", "nowhere")

    assert (status, out) == (1, "")
    assert err == "kvlab: nowhere: No such file or directory\n"


def test_json_is_one_document_whose_offsets_hold(inspect):
    files = {"a.pem": CERTIFICATE_PEM + KEY_PEM, "b.csr": pem_request(REQUEST)}
    _, out, _ = inspect(files, "--json")
    document = json.loads(out)

    assert [sheet["file"] for sheet in document] == ["a.pem", "b.csr"]
    assert [thing["kind"] for sheet in document for thing in sheet["objects"]] == [
        "certificate",
        "private key",
        "request",
    ]
    columns = ["section", "name", "value", "oid", "critical", "offset", "length", "problem"]
    fields = document[0]["objects"][0]["fields"]
    assert all(list(field) == columns for field in fields)
    (serial,) = (field for field in fields if field["name"] == "serialNumber")
    assert CERTIFICATE[serial["offset"] : serial["offset"] + serial["length"]] == bytes.fromhex("02017b")
    assert {field["critical"] for field in fields} == {True, False, None}
    assert document[0]["objects"][1]["fields"][1]["value"] == "certificate 1, request 1 of b.csr"


def test_csv_says_the_same_as_json(inspect):
    files = {"a.pem": CERTIFICATE_PEM, "b.csr": pem_request(REQUEST)}
    rows = list(csv.DictReader(io.StringIO(inspect(files, "--csv")[1])))
    document = json.loads(inspect(files, "--json")[1])

    fields = [
        {"file": sheet["file"], "object": f"{thing['kind']} 1"} | field
        for sheet in document
        for thing in sheet["objects"]
        for field in thing["fields"]
    ]
    text = {None: "", True: "true", False: "false"}
    assert rows == [
        {
            name: text[value] if value is None or value is True or value is False else str(value)
            for name, value in field.items()
        }
        for field in fields
    ]


def hostile(value):
    """A certificate whose common name is anything at all."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, value)])
    ends = {"not_before": NOW, "not_after": NOW.replace(year=2027)}
    return pem_certificate(self_sign(Profile(subject), KEY, serial_number=5, **ends))


@pytest.mark.parametrize("options", [[], ["--csv"], ["--json"]], ids=["text", "CSV", "JSON"])
def test_what_a_certificate_says_can_not_move_the_cursor(inspect, options):
    _, out, _ = inspect({"evil\x1b[2J\u202e.pem": hostile('\x1b]0;x\x07"\r\n\u202e,=cmd')}, *options)

    assert not CONTROL.search(out)
    assert r"\x1b" in out


@pytest.mark.parametrize("value", ["=1+1", "+A1", "-A1", "@SUM(1)"])
def test_csv_holds_no_formula(inspect, value):
    _, out, _ = inspect({"a.pem": hostile(value)}, "--csv")

    values = [row["value"] for row in csv.DictReader(io.StringIO(out)) if row["name"] == "commonName"]
    assert values == [f"'{value}"] * 2


def test_a_file_name_that_is_no_text_is_shown(tmp_path):
    path = bytes(tmp_path) + b"/\xff.pem"
    Path(path.decode("utf-8", "surrogateescape")).write_text(CERTIFICATE_PEM)
    done = subprocess.run([*COMMAND, "inspect", path], capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\udcff.pem: certificate 1" in done.stdout


def test_a_terminal_without_unicode_gets_escapes(tmp_path):
    (tmp_path / "a.pem").write_text(CERTIFICATE_PEM)
    done = kvlab("inspect", tmp_path / "a.pem", PYTHONIOENCODING="ascii")

    assert (done.status, done.err) == (0, "")
    assert r"O=Z\xfcrich" in done.out


def test_problems_have_a_sign_and_a_word(inspect):
    # Version 3 becomes version 6, which there is not.
    damaged = CERTIFICATE.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020105"))
    status, out, _ = inspect({"a.der": damaged})

    assert status == 0
    assert re.search(r"^ +! problem: There is no such version\.", out, re.MULTILINE)


BAD = {
    "empty": (b"", "The file is empty."),
    "text": (b"hello world", "The file is neither PEM nor DER, nor base64 of them."),
    "cut": (CERTIFICATE_PEM[:-20].encode(), "The line '-----END CERTIFICATE-----' is missing."),
    "no block": (b"-----BEGIN -----\n", "The file has a line that begins a PEM block, but no block."),
    "large": (b"-" * 5_000_001, "The file has more than 5,000,000 octets."),
    "number": (b"\x02\x01\x05", "The file is neither PEM nor DER, nor base64 of them."),
}


@pytest.mark.parametrize("name", BAD)
def test_one_bad_file_is_one_line_and_the_others_are_shown(inspect, name):
    content, reason = BAD[name]
    status, out, err = inspect({"bad": content, "good.pem": CERTIFICATE_PEM})

    assert (status, err) == (1, f"kvlab: bad: {reason}\n")
    assert out.startswith("good.pem: certificate 1\n")


def test_a_bad_file_is_not_in_the_json(inspect):
    status, out, _ = inspect({"bad": b"x", "good.pem": CERTIFICATE_PEM}, "--json")

    assert status == 1
    assert [sheet["file"] for sheet in json.loads(out)] == ["good.pem"]
    assert inspect({"bad": b"x"}, "--json")[1] == inspect({"bad": b"x"}, "--json")[1]


def test_a_bad_block_is_named_and_the_others_are_shown(inspect):
    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    status, out, err = inspect({"a.pem": broken + CERTIFICATE_PEM})

    assert status == 1
    assert err.startswith("kvlab: a.pem: certificate 1: This")
    assert len(err.splitlines()) == 1
    assert "a.pem: certificate 2\n" in out


def test_a_folder_and_a_missing_file_are_reasons(inspect, tmp_path):
    (tmp_path / "folder").mkdir()
    status = main(["inspect", str(tmp_path / "folder"), str(tmp_path / "nowhere")])

    assert status == 1


def test_an_endless_file_is_refused():
    done = kvlab("inspect", "/dev/zero")

    assert done == (1, "", "kvlab: /dev/zero: The file has more than 5,000,000 octets.\n")


def test_a_dash_is_standard_input():
    done = kvlab("inspect", "-", stdin=CERTIFICATE)

    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("-: certificate 1\n")


def test_colour_is_for_terminals_and_can_be_refused(tmp_path):
    (tmp_path / "a.pem").write_text(CERTIFICATE_PEM)

    coloured = kvlab_on_terminal("inspect", tmp_path / "a.pem")
    plain = kvlab_on_terminal("inspect", tmp_path / "a.pem", NO_COLOR="1")
    piped = kvlab("inspect", tmp_path / "a.pem", COLUMNS="100")
    assert "\x1b[1m" in coloured[1]
    assert "\x1b" not in plain[1]
    assert re.sub(r"\x1b\[\d*m", "", coloured[1]) == plain[1]
    assert plain[1].replace("\r\n", "\n") == piped.out


@pytest.mark.parametrize("arguments", [["inspect", "a.pem"], ["inspect", "a.pem", "--json"]], ids=" ".join)
def test_a_closed_pipe_is_quiet(tmp_path, arguments):
    (tmp_path / "a.pem").write_text(CERTIFICATE_PEM * 20)
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*COMMAND, *arguments], cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)

    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line(tmp_path):
    (tmp_path / "a.pem").write_text(CERTIFICATE_PEM)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "inspect", tmp_path / "a.pem"], stdout=full, stderr=subprocess.PIPE, check=False
        )

    assert (done.returncode, done.stderr) == (1, b"kvlab: No space left on device\n")


NOT_HERE = "a password does not belong on the command line: put it into a file and use --password-file"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "the following arguments are required: COMMAND (see kvlab --help)"),
        (["inspect"], "the following arguments are required: FILE (see kvlab inspect --help)"),
        (["inspect", "a", "--json", "--csv"], "argument --csv: not allowed with argument --json (see kvlab inspect --help)"),
        (["inspect", "a", "--yaml", "geheim"], "unknown option --yaml (see kvlab inspect --help)"),
        (
            ["inspect", "a", "--password", "geheim"],
            f"{NOT_HERE} (see kvlab inspect --help)",
        ),
        (["inspect", "a", "-pgeheim"], "unknown option -p (see kvlab inspect --help)"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line_that_repeats_no_stray_argument(capsys, arguments, line):
    with pytest.raises(SystemExit) as end:
        main(arguments)

    assert end.value.code == 2
    assert capsys.readouterr() == ("", f"kvlab: error: {line}\n")


def test_an_unknown_command_is_one_line(capsys):
    with pytest.raises(SystemExit) as end:
        main(["inspekt", "x"])

    assert end.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_version_and_the_help(capsys):
    for arguments, expected in (
        (["--version"], f"kvlab {package.__version__}\n"),
        (["inspect", "--help"], "usage: kvlab inspect"),
    ):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        assert end.value.code == 0
        assert capsys.readouterr().out.startswith(expected)


def test_inspecting_loads_nothing_heavy(tmp_path):
    (tmp_path / "a.pem").write_text(CERTIFICATE_PEM)
    (tmp_path / "key.pem").write_text(KEY_PEM)
    code = (
        "import sys; from kvlab.cli import main; assert main(sys.argv[1:]) == 0; "
        "heavy = {'pandas', 'sqlalchemy', 'ipywidgets', 'jupyterlab', 'jupyter_server', 'IPython', 'starlette'}; "
        "sys.exit(repr(heavy & {*sys.modules}) if heavy & {*sys.modules} else 0)"
    )
    for command in (
        ["inspect", tmp_path / "a.pem"],
        ["certificate", "--key", tmp_path / "key.pem", "--subject", "CN=x", "--show-openssl"],
    ):
        done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, check=False)
        assert (done.returncode, done.stdout[:1] != b"") == (0, True), done.stderr


def test_every_vector_is_shown_or_refused():
    vectors = pytest.importorskip("cryptography_vectors")
    shown = 0
    for path in sorted(Path(vectors.__file__).parent.joinpath("x509").rglob("*")):
        if path.suffix not in (".pem", ".der", ".crt", ".p7b", ".p12") or "crl" in path.name.lower():
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                objects = read_objects(path.read_bytes(), None, read_pfx)
            except X509Error:
                continue
        assert all(thing.fields for thing in objects)
        shown += 1

    assert shown > 450


SPECIMENS = [
    CERTIFICATE, REQUEST, CERTIFICATE_PEM.encode(), KEY_PEM.encode(), write_p7b([CERTIFICATE]),
    write_pfx(KEY, [CERTIFICATE], salt=bytes(16)), private_key_pkcs8_der(KEY),
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_files_are_shown_or_refused(data):
    octets = bytearray(data.draw(st.sampled_from(SPECIMENS)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(octets) - 1))
        octets[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            objects = read_objects(bytes(octets), None, read_pfx)
            keys = [thing.public_key() for thing in objects]
        except X509Error:
            return
    assert len(keys) >= 1


def test_any_curve_of_a_certificate_matches_its_key(inspect):
    key = ec.generate_private_key(ec.SECP521R1())
    der = certificate_from_key(key, {"x509_props": {"subject": "CN=x"}}, now=NOW, serial_number=1)
    _, out, _ = inspect({"a.pem": private_key_pem(key) + pem_certificate(der)})

    assert announced(out) == ["a.pem: private key: EC P-521, matches certificate 1"]
