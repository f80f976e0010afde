"""`kvlab certificate`: what it makes, what it refuses, and that the openssl command it prints makes the same."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from kvlab.cli import main
from kvlab.render.openssl import openssl_command
from kvlab.x509.attribute import ATTRIBUTES, Kind
from kvlab.x509.extension import Profile, dns_name
from kvlab.x509.key import keys_match, private_key_from_scalar, private_key_pem
from kvlab.x509.name import parse_name
from tests.command import COMMAND, kvlab, kvlab_on_terminal
from tests.tool import tool

KEY = private_key_from_scalar("P-256", 0xBEE)
RSA_KEY = rsa.generate_private_key(65537, 2048)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with keys in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ec.pem").write_text(private_key_pem(KEY))
    (tmp_path / "rsa.pem").write_text(private_key_pem(RSA_KEY))
    encrypted = RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"geheim"))
    (tmp_path / "encrypted.pem").write_bytes(encrypted)
    (tmp_path / "password").write_text("geheim\n")
    return tmp_path


@pytest.fixture
def make(folder, capsys):
    """Run the command: `make("--csr")` returns status, output and errors."""

    def run(*options, key="ec.pem", subject="CN=contoso.com"):
        status = main(["certificate", "--key", key, "--subject", subject, *options])
        return status, *capsys.readouterr()

    return run


def refused(capsys, *options):
    with pytest.raises(SystemExit) as end:
        main(["certificate", *options])
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    return err


def load(text):
    load_one = x509.load_pem_x509_csr if "REQUEST" in text else x509.load_pem_x509_certificate
    return load_one(text.encode())


def extensions(thing):
    return {entry.oid: (entry.critical, entry.value) for entry in thing.extensions}


def test_a_certificate_has_the_policy_s_profile(make, openssl):
    status, out, err = make("--dns", "contoso.com", "--dns", "www.contoso.com", "--months", "6", key="rsa.pem")
    certificate = load(out)

    assert (status, err) == (0, "")
    assert keys_match(certificate, RSA_KEY)
    assert certificate.issuer == certificate.subject == parse_name("CN=contoso.com")
    assert 180 < (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days < 185
    text = openssl("x509", "-noout", "-text", stdin=out.encode()).decode()
    assert "X509v3 Key Usage: critical\n                Digital Signature, Key Encipherment\n" in text
    assert "CA:FALSE" in text
    assert "TLS Web Server Authentication, TLS Web Client Authentication" in text
    assert "DNS:contoso.com, DNS:www.contoso.com" in text


def test_an_ec_key_signs_only(make):
    usage = extensions(load(make()[1]))[x509.KeyUsage.oid][1]

    assert usage.digital_signature
    assert not usage.key_encipherment


def test_a_request_verifies(make, openssl):
    names = ["--dns", "a.b", "--email", "ada@a.b", "--upn", "ada@a.b", "--uri", "https://a.b/", "--ip", "10.0.0.1"]
    status, out, _ = make("--csr", *names)

    assert status == 0
    text = openssl("req", "-noout", "-verify", "-text", stdin=out.encode()).decode()
    assert "email:ada@a.b, DNS:a.b, othername: UPN::ada@a.b, URI:https://a.b/, IP Address:10.0.0.1" in text


def test_serial_numbers_differ_and_are_positive(make):
    serials = {load(make()[1]).serial_number for _ in range(5)}

    assert len(serials) == 5
    assert all(0 < serial < 1 << 127 for serial in serials)


def test_a_password_file_opens_the_key(make):
    status, out, _ = make("--password-file", "password", key="encrypted.pem")

    assert status == 0
    assert keys_match(load(out), RSA_KEY)


def test_a_password_is_asked_for_on_the_terminal(folder):
    arguments = ["certificate", "--key", "encrypted.pem", "--subject", "CN=x", "--out", "made.pem"]
    status, seen = kvlab_on_terminal(*arguments, typed=b"geheim")

    assert status == 0
    assert "Password of encrypted.pem: " in seen
    assert "geheim" not in seen
    assert keys_match(load((folder / "made.pem").read_text()), RSA_KEY)


def test_without_terminal_and_password_file_there_is_a_hint(folder):
    done = kvlab("certificate", "--key", "encrypted.pem", "--subject", "CN=x")

    line = "kvlab: encrypted.pem: It is protected by a password (put that into a file and use --password-file).\n"
    assert done == (1, "", line)


def test_the_key_may_come_on_standard_input(folder):
    done = kvlab("certificate", "--key", "-", "--subject", "CN=x", "--csr", stdin=(folder / "ec.pem").read_bytes())

    assert done.status == 0
    assert keys_match(load(done.out), KEY)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (b"", "The file is empty."),
        (b"hello", "The bytes are no private key of a known format."),
        (b"-" * 5_000_001, "The file has more than 5,000,000 octets."),
    ],
)
def test_a_bad_key_file_is_one_line(make, folder, content, reason):
    if content is not None:
        (folder / "bad").write_bytes(content)

    assert make(key="bad") == (1, "", f"kvlab: bad: {reason}\n")


def test_a_wrong_password_is_one_line_without_it(make, folder):
    (folder / "wrong").write_text("hunter2")
    status, out, err = make("--password-file", "wrong", key="encrypted.pem")

    assert (status, out) == (1, "")
    assert re.fullmatch("kvlab: encrypted.pem: The password does not open .*\n", err)
    assert "hunter2" not in err


def test_out_is_written_whole_and_never_over_a_file(make, folder):
    assert make("--out", "made.pem") == (0, "", "")
    first = (folder / "made.pem").read_text()
    assert keys_match(load(first), KEY)

    status, out, err = make("--out", "made.pem")
    assert (status, out) == (1, "")
    assert err == "kvlab: made.pem: The file exists already (--force replaces it).\n"
    assert (folder / "made.pem").read_text() == first

    assert make("--out", "made.pem", "--force") == (0, "", "")
    assert (folder / "made.pem").read_text() != first
    assert not list(folder.glob(".*"))


def test_out_needs_its_folder(make):
    status, out, err = make("--out", "nowhere/made.pem")

    assert (status, out) == (1, "")
    assert err.endswith("No such file or directory\n")
    assert len(err.splitlines()) == 1


def test_out_has_the_rights_of_an_ordinary_file(make, folder):
    before = os.umask(0o022)
    make("--out", "made.pem")
    os.umask(before)

    assert (folder / "made.pem").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("out", ["ec.pem", "./ec.pem", "symbolic", "hard"])
def test_out_is_never_the_key_itself(folder, capsys, out):
    (folder / "symbolic").symlink_to("ec.pem")
    (folder / "hard").hardlink_to(folder / "ec.pem")
    err = refused(capsys, "--key", "ec.pem", "--subject", "CN=x", "--force", "--out", out)

    assert err.startswith("kvlab: error: --out and --key are the same file (see kvlab certificate")
    assert (folder / "ec.pem").read_text() == private_key_pem(KEY)


def test_out_is_never_the_password_file(folder, capsys):
    options = [
        "--key",
        "encrypted.pem",
        "--subject",
        "CN=x",
        "--force",
        "--password-file",
        "password",
        "--out",
        "password",
    ]
    err = refused(capsys, *options)

    assert "--out and --password-file are the same file" in err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--subject", "contoso.com"], "argument --subject: At character 1: 'contoso.com' has no attribute before it."),
        (["--subject", "CN=x", "--dns", "a b"], "argument --dns: 'a b': a DNS name is"),
        (["--subject", "CN=x", "--email", "ada"], "argument --email: 'ada'"),
        (["--subject", "CN=x", "--ip", "10.0.0"], "argument --ip: '10.0.0': no IPv4 or IPv6 address"),
        (["--subject", "CN=x", "--uri", "x"], "argument --uri: 'x': a URI is absolute"),
        (["--subject", "CN=x", "--upn", ""], "argument --upn: '': a user principal name has"),
        (["--subject", "CN=x", "--months", "0"], "argument --months: it is a whole number from 1 to 120, not '0'"),
        (["--subject", "CN=x", "--months", "121"], "argument --months: it is a whole number from 1 to 120, not '121'"),
        (["--subject", "CN=x", "--months", "x"], "argument --months: it is a whole number from 1 to 120, not 'x'"),
        (
            ["--subject", ""],
            "Property policy.x509_props has invalid value. A subject or a subject alternative name is needed.",
        ),
        (["--subject", f"CN={'x' * 64}, O={'y' * 64}, OU={'z' * 64}, L=here"], "at most 200 are allowed."),
        ([], "the following arguments are required: --subject"),
        (["--subject", "CN=x", "geheim"], "1 argument more than it takes"),
    ],
)
def test_wrong_use_is_one_line_with_a_hint(folder, capsys, options, sentence):
    err = refused(capsys, "--key", "ec.pem", *options)

    assert sentence in err
    assert err.endswith("(see kvlab certificate --help)\n")
    assert "geheim" not in err


SUBJECTS = [
    "CN=contoso.com, O=Contoso, C=US",
    r'CN=a/b\+c\=d, O="Quote "" and, comma", OU=back\\slash, L=\#5',
    "CN=$HOME `id` \\\"quoted\\\" 'single'",
    r"CN=Zürich 日本, O=-subj\+",
    "CN=web + OU=Sales + UID=7, DC=contoso, DC=com",
    r"CN=\ spaces\ , E=ada@contoso.com, S=Some-State",
    "1.2.3.4=unknown + CN=x, 2.5.4.3=second",
    "SERIALNUMBER=1, CN=END, T=Dr",
    "",
]
NAMES = [
    "--dns",
    "contoso.com",
    "--dns",
    "*.contoso.com",
    "--email",
    "o'hara$#@contoso.com",
    "--ip",
    "::1",
    "--ip",
    "10.0.0.1",
]
URIS = ["--uri", r"https://contoso.com/a?b=c&d=$e#f`g'h\i", "--upn", "ada@contoso.com"]
AWKWARD = ["--uri", "https://contoso.com/a,b", "--upn", 'zoë,x"y@contoso.com', "--dns", "a.b"]


@pytest.mark.parametrize("names", [["--dns", "a.b"], NAMES + URIS, AWKWARD], ids=["one name", "names", "awkward names"])
@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("kind", [[], ["--csr"]], ids=["certificate", "request"])
def test_the_openssl_command_makes_the_same(make, subject, names, kind):
    openssl = tool("openssl")
    status, out, err = make("--show-openssl", "--months", "7", *kind, *names, subject=subject)
    surroundings = {"PATH": str(Path(openssl).parent), "OPENSSL_CONF": "/nonexistent"}
    done = subprocess.run(["/bin/sh", "-eu"], input=err.encode(), capture_output=True, check=False, env=surroundings)

    assert (status, done.returncode) == (0, 0), done.stderr.decode()
    ours, theirs = load(out), load(done.stdout.decode())
    assert keys_match(ours, theirs, KEY)
    assert theirs.subject == ours.subject
    assert extensions(theirs) == extensions(ours)
    if not kind:
        assert theirs.issuer == ours.issuer
        assert abs((theirs.not_valid_after_utc - ours.not_valid_after_utc).total_seconds()) < 60


def test_the_openssl_command_reads_the_password_file(make):
    options = ["--show-openssl", "--password-file", "password"]
    status, out, err = make(*options, key="encrypted.pem")
    done = subprocess.run([tool("sh")], input=err.encode(), capture_output=True, check=False)

    assert (status, done.returncode) == (0, 0), done.stderr.decode()
    assert keys_match(load(out), load(done.stdout.decode()))
    assert "geheim" not in err


@pytest.mark.parametrize("name", ["-key.pem", "my key's.pem"])
def test_the_openssl_command_reads_a_key_of_any_name(make, folder, name):
    (folder / name).write_text(private_key_pem(KEY))
    status = main(["certificate", f"--key={name}", "--subject", "CN=x"])
    assert status == 0
    command = openssl_command(Profile(parse_name("CN=x")), name, days=3)
    done = subprocess.run([tool("sh")], input=command.encode(), capture_output=True, check=False)

    assert keys_match(load(done.stdout.decode()), KEY), done.stderr.decode()


def test_the_openssl_command_of_a_piped_key_names_a_file(folder):
    arguments = ["certificate", "--key", "-", "--subject", "CN=x", "--show-openssl"]
    done = kvlab(*arguments, stdin=(folder / "ec.pem").read_bytes())

    assert done.status == 0
    assert done.err.startswith("# KEY.pem stands for the file with your key.\n")
    assert "-key KEY.pem" in done.err


def test_what_openssl_can_not_do_is_a_comment(make):
    _, out, err = make("--show-openssl", subject="2.5.4.45=#03020101, CN=x")

    assert load(out).subject == parse_name("2.5.4.45=#03020101, CN=x")
    assert err == "# openssl req can not make this: it writes no attribute that is a BIT STRING.\n"


def test_openssl_knows_every_attribute_by_the_name_we_give_it(folder):
    values = {Kind.COUNTRY: "US"}
    text = ", ".join(f"{entry.keywords.split()[0]}={values.get(entry.kind, '5')}" for entry in ATTRIBUTES)
    command = openssl_command(Profile(parse_name(text)), "ec.pem")
    done = subprocess.run([tool("sh")], input=command.encode(), capture_output=True, check=False)

    assert "-config -" not in command
    assert load(done.stdout.decode()).subject == parse_name(text), done.stderr.decode()


def test_a_ca_profile_can_be_written_too(folder):
    profile = Profile(parse_name("CN=CA"), key_usage=("keyCertSign", "cRLSign"), ca=True, path_length=0)
    command = openssl_command(profile, "ec.pem", days=9)
    done = subprocess.run([tool("sh")], input=command.encode(), capture_output=True, check=False)

    constraints = extensions(load(done.stdout.decode()))[x509.BasicConstraints.oid]
    assert constraints == (True, x509.BasicConstraints(True, 0))


def test_a_very_long_upn_is_read_again(folder):
    from kvlab.x509.extension import upn

    profile = Profile(parse_name("CN=x"), san=(upn("é" * 250), dns_name("a.b")))
    command = openssl_command(profile, "ec.pem")
    done = subprocess.run([tool("sh")], input=command.encode(), capture_output=True, check=False)

    names = extensions(load(done.stdout.decode()))[x509.SubjectAlternativeName.oid][1]
    assert list(names) == list(profile.san)


def test_the_module_runs_as_the_command(folder):
    done = subprocess.run(
        [*COMMAND, "certificate", "--key", "ec.pem", "--subject", "CN=x"], capture_output=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, b"")
