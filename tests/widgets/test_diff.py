"""Policy, request and certificate side by side: what the page says, and that it needs no kernel and trusts no text."""

import re

import pandas as pd
import pytest
from cryptography import x509

import kvlab
from kvlab import calls
from kvlab.errors import VaultError
from kvlab.render.diff import Heading, diff_html
from kvlab.render.markup import compact_json
from kvlab.vault.comparison import Compared
from tests.vault.make import OutsideCA, ec_key, ec_policy, finish, name_of, sign, version_of

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


def test_what_was_issued_is_copied_into_the_policy(ordered):
    shown = kvlab.diff(ordered, "shop")
    form = shown.copying

    assert form.document() == {
        "x509_props": {
            "subject": 'CN=shop.contoso.com, O="Contoso, Ltd", L=Redmond, S=Washington, C=US',
            "ekus": ["1.3.6.1.5.5.7.3.1"], "key_usage": ["digitalSignature"], "validity_months": 6,
        }
    }  # fmt: skip
    assert form.side["text"] == compact_json(form.document())
    assert "update_certificate_policy" in calls(form.call()).texts["kvlab"]

    form.submit()

    props = ordered.get_certificate_policy("shop").model_dump(mode="json")["x509_props"]
    assert form.document()["x509_props"] == {}
    assert (props["validity_months"], props["key_usage"], props["ekus"]) == (
        6,
        ["digitalSignature"],
        ["1.3.6.1.5.5.7.3.1"],
    )
    assert props["sans"] == {"dns_names": ["shop.contoso.com"]}
    assert form.status == ("ok", "Copied: the next version asks for it.")
    assert [button.key for button in form.buttons()] == ["call"]
    assert "validity_months" in calls(form.call()).texts["rest"]
    assert ordered.events.about("certificates/shop")[-1].kind == "update_certificate_policy"


def test_what_is_copied_is_granted_as_asked_the_next_time(ordered):
    kvlab.diff(ordered, "shop").copying.submit()
    ordered.create_certificate("shop")
    ordered.process_due()

    assert kvlab.diff(ordered, "shop").props == {}
    changes = {row.field: row.change for row in kvlab.diff(ordered, "shop").rows}
    assert (changes["validity"], changes["keyUsage"], changes["subject O"]) == ("as asked",) * 3


def test_only_what_is_ticked_is_copied_and_the_rest_can_be_copied_later(ordered):
    shown = kvlab.diff(ordered, "shop")
    page_of(shown)
    form = shown.copying
    form.fields["members"].value = ["validity_months"]
    form.submit()

    assert ordered.get_certificate_policy("shop").x509_props.subject == "CN=shop.contoso.com, OU=Web team, O=Contoso"
    assert [option.value for option in form.fields["members"].options] == ["subject", "ekus", "key_usage"]
    assert form.fields["members"].value == []
    assert "6 months" in words_of(shown._table.html)
    assert form.submit()[0].code == "BadParameter"

    ordered.update_certificate_policy("shop", {"x509_props": {"validity_months": 36}})
    assert "36 months" in words_of(shown._table.html)
    assert form.fields["members"].value == ["validity_months"]


def test_a_refused_copy_is_shown_in_the_vaults_words_and_changes_nothing(ordered):
    reader = ordered.set_principal("reader", certificates=["get"])
    form = kvlab.diff(reader, "shop").copying
    assert form.status[0] == "bad"

    refused = form.submit()

    assert [error.status for error in refused] == [403]
    assert "certificates update" in words_of(form.outcome)
    assert ordered.get_certificate_policy("shop").x509_props.validity_months == 24


def test_a_copy_that_the_policy_can_not_hold_is_refused_beside_it(vault):
    operation = vault.create_certificate("web", ec_policy("CN=web", issuer="Unknown"))
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "o" * 60) for _ in range(4)])
    public_key = x509.load_der_x509_csr(operation.csr).public_key()
    vault.merge_certificate("web", sign(public_key, name, name_of("Outside CA"), ec_key(), start=vault.clock.now()))

    form = kvlab.diff(vault, "web").copying

    assert "at most 200 are allowed" in form.fields["members"].spec()["refusal"]["sentence"]


def test_where_all_is_as_asked_there_is_nothing_to_copy_and_no_widget(vault):
    finish(vault)
    vault.create_certificate("pending", ec_policy(issuer="Unknown"))

    for name in ("web", "pending"):
        shown = kvlab.diff(vault, name)
        assert shown.props == {}
        assert set(shown._repr_mimebundle_()) == {"text/plain", "text/html"}


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
