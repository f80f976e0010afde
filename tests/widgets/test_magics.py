"""`%kv` and `%%kvpolicy` in a real IPython shell."""

import json
from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import kvlab
from kvlab import CertificatePolicy, Vault
from kvlab.widgets.magics.command import COMMANDS
from kvlab.widgets.magics.completion import complete
from kvlab.widgets.magics.line import WrongUse, read_span
from tests.vault.make import OutsideCA, ec_key, ec_policy, pem_of, pfx_file

PASSWORD = "hush hush"


class Shell:
    """A shell of its own, with the magics."""

    def __init__(self, capsys):
        self._capsys = capsys
        self.ip = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
        self.ip.extension_manager.load_extension("kvlab")

    def __call__(self, cell):
        """Run a cell; returns what it gives, and checks that nothing is printed."""
        result = self.ip.run_cell(cell, store_history=False)
        assert result.success, self.printed()
        printed = self.printed()
        assert result.result is None or printed == f"Out: {result.result!r}\n" or printed.startswith("Out")
        return result.result

    def printed(self):
        out, err = self._capsys.readouterr()
        return out + err

    def refused(self, cell):
        """Run a cell that is wrong; returns the one line that it prints."""
        self.printed()
        self.ip.run_cell(cell, store_history=False)
        lines = self.printed().splitlines()
        assert len(lines) == 1, lines
        assert lines[0].startswith("UsageError: ")
        return lines[0].removeprefix("UsageError: ")

    def offered(self, line):
        """What kvlab offers at the end of a line."""
        magics = self.ip.magics_manager.magics["line"]["kv"].__self__
        return complete(line.removeprefix("%kv"), magics.session)

    def complete(self, line):
        """Ask as the kernel does; others (Python's words, other magics) may stand beside ours."""
        with provisionalcompleter():
            return [found.text for found in self.ip.Completer.completions(line, len(line))]


@pytest.fixture
def shell(capsys):
    return Shell(capsys)


@pytest.fixture
def vault(shell):
    shell.ip.user_ns["vault"] = Vault(clock="simulated", seed=1)
    return shell.ip.user_ns["vault"]


def test_from_creation_to_purge(shell, vault):
    made = shell(
        "%kv create web --subject 'CN=contoso.com, O=\"Contoso, Ltd.\"' --kty EC --dns contoso.com --dns www.contoso.com --tag a=b"
    )
    assert (made.status, made.issuer.name) == ("inProgress", "Self")
    happened = shell("%kv advance 1s")
    assert [*happened["kind"]] == ["transition"]

    shown = shell("%kv show web")
    assert shown == vault.get_certificate("web")
    assert shown.policy.x509_props.sans.dns_names == ["contoso.com", "www.contoso.com"]
    assert shown.tags == {"a": "b"}
    assert shell("%kv poll web").status == "completed"
    assert [*shell("%kv list")["name"]] == ["web"]
    assert len(shell("%kv versions web")) == 1
    assert "subject" in {*shell("%kv fields web")["field"]} | {*shell("%kv fields web")["section"]}
    assert shell("%kv policy web") == vault.get_certificate_policy("web")
    assert shell("%kv disable web").attributes.enabled is False
    assert shell("%kv enable web").attributes.enabled is True
    assert shell("%kv tag web --tag c=d").tags == {"c": "d"}
    assert shell("%kv delete web").recovery_id.endswith("/web")
    assert [item.subject for item in shell("%kv deleted")] == [None]
    assert shell("%kv deleted web") == vault.get_deleted_certificate("web")
    assert shell("%kv recover web").id == shown.id
    shell("%kv delete web")
    assert shell("%kv purge web") is vault
    assert vault.get_deleted_certificates() == []


def test_merge_import_backup_and_restore(shell, vault, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    authority = OutsideCA(vault.clock.now())
    shell("%kv create manual --issuer Unknown --subject CN=contoso.com --kty EC")
    leaf = authority.leaf_of_request(vault.get_certificate_operation("manual").csr)
    Path("chain.pem").write_text(pem_of(leaf) + pem_of(authority.intermediate))
    assert shell("%kv merge manual chain.pem").cer == leaf

    key = ec_key()
    Path("brought file.pfx").write_bytes(pfx_file(key, authority.leaf(key.public_key()), password=PASSWORD.encode()))
    Path("password").write_text(f"{PASSWORD}\n")
    brought = shell("%kv import brought 'brought file.pfx' --password-file password")
    assert brought.policy.key_props.kty == "EC"
    monkeypatch.setattr("getpass.getpass", lambda prompt: PASSWORD)
    assert shell("%kv import again 'brought file.pfx' --ask-password").cer == brought.cer

    assert shell("%kv backup brought kept").read_bytes() == Path("kept").read_bytes()
    assert "is there already" in shell.refused("%kv backup brought kept")
    shell("%kv delete brought")
    shell("%kv purge brought")
    assert shell("%kv restore kept").cer == brought.cer


def test_pending_operations_are_cancelled_and_forgotten(shell, vault):
    shell("%kv create web --issuer Unknown --subject CN=contoso.com --kty EC")

    assert shell("%kv cancel web").cancellation_requested is True
    assert [*shell("%kv list --pending")["name"]] == ["web"]
    assert shell("%kv forget web").status == "inProgress"


def test_issuers_and_contacts(shell, vault):
    vault.set_certificate_issuer(
        "digi", provider="DigiCert", credentials={"account_id": "1", "pwd": "k"}, org_details={"id": "7"}
    )
    assert shell("%kv issuer digi").provider == "DigiCert"
    assert [item.provider for item in shell("%kv issuer")] == ["DigiCert"]
    assert shell("%kv contacts --email a@b.c --email d@e.f").contacts[1].email == "d@e.f"
    assert len(shell("%kv contacts").contacts) == 2


def test_a_line_gives_its_object_to_a_variable_and_shows_the_vault_without_a_name(shell, vault):
    shell("operation = %kv create web --subject CN=contoso.com --kty EC")

    assert shell.ip.user_ns["operation"].status == "inProgress"
    assert shell("%kv show") is vault
    assert "web" in repr(shell("%kv flow web"))
    shell("%kv advance 1s")
    assert "web" in repr(shell("%kv diff web"))
    assert "xplorer" in repr(shell("%kv explore"))
    assert "web" in repr(shell("%kv operation web"))
    assert shell("%kv events web")["kind"].iloc[0] == "create_certificate"


def test_the_last_call_is_shown(shell, vault):
    shell("%kv create web --subject CN=contoso.com --kty EC")
    shell("%kv create shop --subject CN=shop --kty EC")

    assert '"shop"' in shell("%kv calls").texts["kvlab"]
    assert '"web"' in shell("%kv calls web").texts["kvlab"]
    assert '"web"' in shell("%kv calls 1").texts["kvlab"]
    assert shell.refused("%kv calls nobody") == "Nobody has called with nobody yet: %kv events shows what happened."


def test_a_policy_is_made_in_a_cell_and_used(shell, vault):
    document = ec_policy("CN=contoso.com", validity_months=3).model_dump(mode="json")

    policy = shell(f"%%kvpolicy tls\n{json.dumps(document, indent=1)}\n")
    shell("%kv create web --policy tls")

    assert policy == CertificatePolicy.read(document, "policy")
    assert vault.get_certificate_policy("web").x509_props.validity_months == 3
    shell('%%kvpolicy longer\n{"x509_props": {"validity_months": 6}}')
    assert shell("%kv policy web --policy longer").x509_props.validity_months == 6
    assert shell("%%kvpolicy\n{}") == CertificatePolicy()


def test_the_vault_is_the_only_one_or_the_one_that_was_chosen(shell):
    assert shell.refused("%kv list") == "No variable holds a vault: write vault = kvlab.Vault() first."
    one = shell.ip.user_ns["one"] = Vault("one-vault")
    assert shell("%kv show") is one
    shell.ip.user_ns["same"] = one
    assert shell("%kv show") is one

    two = shell.ip.user_ns["two"] = Vault("two-vault")
    assert shell.refused("%kv show") == "Several variables hold a vault (one, same, two): %kv use one chooses."
    assert shell("%kv use two") is two
    assert shell("%kv show") is two
    assert shell.refused("%kv use three") == "No variable three holds a vault."
    del shell.ip.user_ns["two"]
    assert "no vault any more" in shell.refused("%kv show")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%kv crate web", "Did you mean create?"),
        ("%kv \u202e", "There is no %kv \\u202e."),
        ("%kv create", "are required: name. %kv create --help shows what it takes."),
        ("%kv create web --subjct x", "--subjct"),
        ("%kv create web --subject 'CN=x", "A quote is not closed"),
        ("%kv create web --key-size many", "invalid int value"),
        ("%kv create web --content txt", "invalid choice"),
        ("%kv create web --policy nothing", "holds no policy: %%kvpolicy nothing makes one."),
        ("%kv create web --subject CN=x --tag a", "--tag NAME=VALUE"),
        ("%kv create web --subject CN=x --policy vault", "one or the other"),
        ("%kv merge web nowhere.pem", "nowhere.pem can not be read: No such file or directory."),
        ("%kv merge web .", "Is a directory"),
        ("%kv advance", "required: span"),
        ("%kv advance -5d", "'-5d' is no length of time"),
        ("%kv advance soon", "write 30d, 12h, 90m, 45s, 2w, or 1d12h"),
        ("%kv advance 9999999999999d", "year 9999"),
        ("%kv advance 9000000d", "year 9999"),
        ("%%kvpolicy x y\n{}", "no name of a variable"),
        ("%%kvpolicy\n{", "has invalid value"),
        ('%%kvpolicy\n{"x509_props": 7}', "policy.x509_props"),
    ],
)
def test_wrong_use_is_one_line_with_a_hint(shell, vault, line, words):
    assert words in shell.refused(line)


def test_a_system_clock_is_not_moved(shell):
    shell.ip.user_ns["vault"] = Vault()

    assert 'Vault(clock="simulated")' in shell.refused("%kv advance 1d")


def test_the_vault_refuses_in_its_own_words(shell, vault):
    shell.printed()
    result = shell.ip.run_cell("%kv show nobody", store_history=False)
    printed = shell.printed()

    assert result.error_in_exec.code == "CertificateNotFound"
    assert "404 CertificateNotFound" in printed
    assert "line 1:  %kv show nobody" in printed
    assert "Traceback" not in printed


def test_help(shell, vault):
    everything = shell("%kv")
    assert all(name in everything.words for name in COMMANDS)
    assert shell("%kv --help").words == everything.words
    assert "such as 30d, 12h" in shell("%kv advance --help").words
    assert "&lt;" not in everything._repr_html_()
    shell.ip.run_cell("%kv?", store_history=False)
    assert "%kv create web --subject CN=contoso.com --issuer Self" in shell.printed()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(shell, name):
    words = shell(f"%kv {name} --help").words

    assert words.startswith(f"usage: %kv {name}")
    assert COMMANDS[name].about in words
    assert all(option.about.split(";")[0].split(",")[0][:20] in words for option in COMMANDS[name].options)


def test_completion(shell, vault, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("chain.pem").touch()
    for name in ("web", "wiki", "old"):
        vault.create_certificate(name, ec_policy())
    vault.delete_certificate("old")
    shell.ip.user_ns["tls"] = ec_policy()

    for line, expected in {
        "%kv cr": ["create"],
        "%kv ": [*COMMANDS],
        "%kv show w": ["web", "wiki"],
        "%kv recover ": ["old"],
        "%kv create web --sub": ["--subject"],
        "%kv create web --policy t": ["tls"],
        "%kv create web --content ": ["pfx", "pem"],
        "%kv merge web ch": ["chain.pem"],
        "%kv merge web chain.pem ch": ["chain.pem"],
        "%kv use ": ["vault"],
        "%kv list --": ["--pending", "--help"],
        "%kv nothing ": [],
        "%kv create web --subject ": [],
    }.items():
        assert shell.offered(line) == expected, line
        assert {*expected} <= {*shell.complete(line)}, line


def test_completion_is_silent_where_there_is_nothing_to_offer(shell):
    assert shell.offered("%kv show w") == []
    shell.ip.user_ns["vault"] = Vault().as_principal("nobody")
    assert shell.offered("%kv show w") == []
    assert "web" not in shell.complete("%kv show w")
    assert shell.printed() == ""


def test_the_extension_is_loaded_twice_reloaded_and_unloaded(shell, vault):
    extensions = shell.ip.extension_manager
    shell("%kv use vault")
    assert extensions.load_extension("kvlab") == "already loaded"
    kvlab.load_ipython_extension(shell.ip)
    assert shell.ip.magics_manager.magics["line"]["kv"].__self__.session.chosen == "vault"

    extensions.reload_extension("kvlab")
    assert shell("%kv show") is vault
    assert "create" in shell.complete("%kv cr")

    extensions.unload_extension("kvlab")
    assert "not found" in shell.refused("%kv show")
    assert "not found" in shell.refused("%%kvpolicy\n{}")
    assert "create" not in shell.complete("%kv cr")
    assert extensions.load_extension("kvlab") is None
    assert shell("%kv show") is vault


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("30d", 2592000),
        ("1d12h", 129600),
        ("90 minutes", 5400),
        ("2w", 1209600),
        ("45s", 45),
        ("1.5h", 5400),
        ("1day 2hours", 93600),
        ("0s", 0),
    ],
)
def test_a_length_of_time(words, seconds):
    assert read_span(words.split()).total_seconds() == seconds


@pytest.mark.parametrize("words", ["", "d", "30", "30 moons", "-1d", "1d and", "3 months"])
def test_no_length_of_time(words):
    with pytest.raises(WrongUse):
        read_span(words.split())
