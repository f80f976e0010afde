"""Policy, request and certificate side by side: what the page says, and that it needs no kernel and trusts no text."""

import re

import pandas as pd
import pytest

import kvlab
from kvlab.errors import VaultError
from kvlab.render.diff import Heading, diff_html
from kvlab.vault.comparison import Compared
from tests.vault.make import OutsideCA, ec_policy, finish, version_of

ACCOUNT = {"account_id": "1", "pwd": "k"}


@pytest.fixture
def ordered(vault):
    vault.set_certificate_issuer("ca", provider="DigiCert", credentials=ACCOUNT, org_details={"id": "7"})
    vault.ca("DigiCert").configure(delay_seconds=0, decision="issue")
    policy = ec_policy(
        "CN=shop.contoso.com, OU=Web team, O=Contoso", "ca", dns_names=["shop.contoso.com"], validity_months=24, cty="OV-SSL",
        key_usage=["digitalSignature", "keyEncipherment"],
    )  # fmt: skip
    vault.create_certificate("shop", policy)
    vault.process_due()
    return vault


def page_of(shown):
    return shown._repr_mimebundle_()["text/html"]


def words_of(page):
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL).split())


def test_each_change_has_its_sign_its_word_and_its_reason(ordered):
    shown = kvlab.diff(ordered, "SHOP")

    words = words_of(page_of(shown))

    assert "certificate shop · issuer ca OV-SSL · signed by Simulated DigiCert OV TLS CA 1 · version" in words
    assert "All 19 ≠ 4 overridden \N{MINUS SIGN} 1 dropped + 10 added = 4 as asked" in words
    assert (
        "\N{MINUS SIGN} dropped Organizational unit Web team same dropped Forbidden in public TLS certificates since"
        in words
    )
    assert "≠ overridden Length 24 months not in a CSR 199 days" in words
    assert "The policy is not rewritten." in words
    assert "<s>keyEncipherment</s>" in page_of(shown)
    assert "<s>digitalSignature</s>" not in page_of(shown)
    assert words.count("Every public TLS certificate has them") == 1


def test_the_frame_is_that_of_compare_and_text_tells_what_differs(ordered):
    shown = kvlab.diff(ordered, "shop")

    pd.testing.assert_frame_equal(shown.table, kvlab.tables.compare(ordered, "shop"))
    lines = repr(shown).splitlines()
    assert "  ≠ Length: 24 months → 199 days  (overridden)" in lines
    assert lines[-1] == "  = 4 as asked"


def test_what_was_not_signed_yet_and_what_came_as_asked(vault):
    operation = vault.create_certificate("web", ec_policy("CN=web", issuer="Unknown"))
    before = page_of(kvlab.diff(vault, "web"))
    vault.merge_certificate("web", OutsideCA(start=vault.clock.now()).leaf_of_request(operation.csr))
    own = page_of(kvlab.diff(vault, "own")) if finish(vault, "own") else ""

    assert "◌" in before
    assert "not signed yet" in words_of(before)
    assert "signed by Outside CA" in words_of(page_of(kvlab.diff(vault, "web")))
    assert "signed with its own key" in words_of(own)
    assert "overridden" not in words_of(own)
    assert "The policy is not rewritten" not in own


def test_a_policy_that_was_changed_since_says_so(vault):
    first = version_of(finish(vault))
    vault.clock.advance(days=1)
    assert "has been changed since" not in page_of(kvlab.diff(vault, "web", first))

    vault.update_certificate_policy("web", {"x509_props": {"validity_months": 3}})

    assert "has been changed since" in page_of(kvlab.diff(vault, "web", first))


def test_hostile_text_stays_text():
    evil = "<script>alert(1)</script>\u202e<img src=x onerror=alert(1)>"
    rows = [Compared("subject and names", evil, "overridden", (evil,), (evil + "2",), (evil + "3",), evil)]

    page = diff_html(rows, Heading(evil, [evil], True, evil))

    assert "<script" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert page.count("&lt;script&gt;") >= 8


def test_it_is_repeated_byte_for_byte_and_makes_no_event(ordered):
    before = len(list(ordered.events))

    assert page_of(kvlab.diff(ordered, "shop")) == page_of(kvlab.diff(ordered, "shop"))
    assert len(list(ordered.events)) == before


def test_an_unknown_name_and_a_missing_permission_are_the_vaults_refusals(vault):
    with pytest.raises(VaultError, match="not found"):
        kvlab.diff(vault, "nothing")
    with pytest.raises(VaultError, match="certificates get"):
        kvlab.diff(vault.as_principal("nobody"), "nothing")
