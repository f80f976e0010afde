"""Views of certificates, operations, policies, vaults and refusals."""

import json
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from kvlab import CertificatePolicy, VaultError
from kvlab.errors import InvalidProperty, KeyMismatch
from kvlab.render.certificate import bundle_html, bundle_text
from kvlab.render.error import error_html, error_lines
from kvlab.render.issuer import issuer_html, issuer_text
from kvlab.render.markup import compact_json, json_code, text
from kvlab.render.operation import operation_html, operation_text
from kvlab.render.policy import policy_html, policy_text
from kvlab.render.vault import vault_html
from tests.vault.make import ec_policy, finish


class Words(HTMLParser):
    """The text of a page, and whether every element is closed."""

    def __init__(self, page):
        super().__init__()
        self.open, self.words, self.tags = [], [], set()
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in ("img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    def __str__(self):
        return " ".join(" ".join(self.words).split())


def test_a_certificate_shows_its_three_objects(seeded_vault):
    bundle = finish(seeded_vault, policy=ec_policy("CN=web", dns_names=["web.contoso.com"]))

    shown = str(Words(bundle_html(bundle)))

    for part in (bundle.kid, bundle.sid, bundle.x5t.hex().upper(), "dNSName: web.contoso.com", "✓ enabled"):
        assert part in shown
    assert "it vouches for itself" in shown
    assert bundle_text(bundle).startswith("<CertificateBundle 'web'")


@pytest.mark.parametrize(("exportable", "words"), [(True, "and private key"), (False, "the certificate only")])
def test_a_certificate_says_what_its_secret_holds(vault, exportable, words):
    assert words in bundle_html(finish(vault, policy=ec_policy(exportable=exportable)))


def test_a_pending_certificate_says_so(vault):
    vault.create_certificate("shop", ec_policy(issuer="Unknown"))

    bundle = vault.get_certificate("shop")

    assert "no version yet" in str(Words(bundle_html(bundle)))
    assert "no version yet" in bundle_text(bundle)


def test_an_operation_shows_the_vaults_words(vault):
    operation = vault.create_certificate("shop", ec_policy(issuer="Unknown"))

    shown = str(Words(operation_html(operation)))

    assert operation.status_details in shown
    assert "◐ inProgress" in shown
    assert "'shop': inProgress" in operation_text(operation)


def test_a_policy_is_shown_in_words_and_as_json(vault):
    finish(vault)
    policy = vault.get_certificate_policy("web")

    shown = str(Words(policy_html(policy)))

    assert "Self the vault, with the certificate's own key" in shown
    assert '"kty"' in shown
    assert "issuer Unknown" in policy_text(CertificatePolicy())
    assert Words(policy_html(CertificatePolicy()))


def test_a_refusal_begins_with_the_services_sentence():
    error = InvalidProperty("policy.x509_props.subject", "It is <b>wrong</b>.", hint="Try\u202eCN=a")

    shown = error_html(error)
    words = str(Words(shown))

    assert words.startswith("✕ Property policy.x509_props.subject has invalid value.")
    assert "<b>wrong" not in shown
    assert r"\u202E" in words
    assert words.index("Try") < words.index("400")
    assert error_lines(error)[0] == "✕ 400 BadParameter"


def test_a_fact_about_a_file_has_no_code():
    assert error_lines(KeyMismatch())[0] == "✕ KeyMismatch"
    assert "belong" in str(Words(error_html(KeyMismatch())))


def test_a_vault_is_shown_and_nothing_noted(seeded_vault):
    finish(seeded_vault)
    before = len(seeded_vault.events)

    own, other = vault_html(seeded_vault), vault_html(seeded_vault.as_principal("nobody"))

    assert "web" in str(Words(own))
    assert "its keys are not secret" in own
    assert "Certificates" not in other
    assert before == len(seeded_vault.events)


@pytest.mark.parametrize("hostile", ["<img src=x>", '" onload="x', "\u200bzero", "\u202eright", "\x1b[2J", "\x00"])
def test_outside_text_stays_text(hostile):
    shown = text(hostile)

    assert "<" not in shown
    assert '"' not in shown
    assert shown.isprintable()


def test_json_keeps_its_meaning_on_fewer_lines():
    value = {"a": {"b": 1, "c": [1, 2]}, "d": {}, "e": [{"f": "x" * 80}], "g": None, "h": [], "i": "</pre>"}

    assert value == json.loads(compact_json(value))
    assert "</pre></pre>" not in json_code(value)
    assert Words(json_code(value))


SCRIPT = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("import sys, kvlab; light = 'sqlalchemy' not in sys.modules")
assert shell.user_ns["light"]
shell.run_cell('''
vault = kvlab.Vault(clock="simulated", seed=1)
operation = vault.create_certificate("web", kvlab.CertificatePolicy.self_signed("CN=web", kty="EC"))
vault.clock.advance(0)
bundle = vault.get_certificate("web")
''').raise_error()
for name in ("vault", "operation", "bundle"):
    data, _ = shell.display_formatter.format(shell.user_ns[name])
    assert "kvr-card" in data["text/html"], name
    assert data["text/plain"].startswith("<"), name
result = shell.run_cell('vault.create_certificate("x", {"x509_props": {"subject": "CN=a, b"}})')
print(type(result.error_in_exec).__name__)
"""


def test_a_running_shell_shows_kvlabs_objects_and_short_refusals():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stderr
    assert "InvalidSubject" in done.stdout
    assert "line 1:" in done.stdout
    assert "Traceback" not in done.stdout
    assert __file__.split("tests")[0] not in done.stdout


def test_a_refusal_without_a_shell_keeps_its_ordinary_traceback():
    assert isinstance(InvalidProperty("a"), VaultError)


def test_an_issuer_object_shows_its_account_and_never_its_password(vault):
    admin = {"first_name": "Ann", "last_name": "<b>", "email": "ann@contoso.com", "phone": "+1 425"}
    issuer = vault.set_certificate_issuer(
        "ca", provider="GlobalSign", credentials={"account_id": "contoso", "pwd": "hidden-word"},
        org_details={"id": "7", "admin_details": [admin]}, attributes={"enabled": False},
    )  # fmt: skip

    shown = str(Words(issuer_html(issuer)))

    for part in ("ca", "GlobalSign", "contoso", "7", "Ann <b>, ann@contoso.com, +1 425", "✕ disabled", "never shown"):
        assert part in shown
    assert "hidden-word" not in issuer_html(issuer)
    assert issuer_text(issuer) == "<IssuerBundle 'ca': provider GlobalSign>"


def test_an_issuer_object_with_only_a_provider_can_be_shown(vault):
    assert "Test" in str(Words(issuer_html(vault.set_certificate_issuer("ca", provider="Test"))))
