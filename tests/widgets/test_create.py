"""The form that creates certificates, without a browser."""

import asyncio
import base64
import html
import json
import threading

import pytest

import kvlab
from kvlab import Vault
from kvlab.errors import InvalidName, InvalidSubject, OperationInProgress
from kvlab.vault import policy as policies
from tests.vault.make import finish

DIGICERT = {"provider": "DigiCert", "credentials": {"account_id": "1", "pwd": "k"}, "org_details": {"id": "7"}}


def filled(vault, **values):
    form = kvlab.create(vault)
    for name, value in {"name": "web", "subject": "CN=web.contoso.com", **values}.items():
        form.fields[name].value = value
    return form


def wrong(form):
    """What the browser is told to mark: field -> sentence."""
    return {spec["name"]: spec["refusal"]["sentence"] for spec in form.view.view["fields"] if spec["refusal"]}


def typed(form, name, value, edit="a:1"):
    form.hear({"do": "set", "name": name, "value": value, "edit": edit})


def test_submit_creates_what_the_fields_say(vault):
    form = filled(
        vault, dns_names="a.contoso.com, b.contoso.com c.contoso.com", crv="P-384", validity_months=7,
        content_type="application/x-pem-file", exportable=False, emails=["a@contoso.com"], upns=["ann@contoso.com"],
        uris=["https://contoso.com/"], ip_addresses=["10.0.0.1"], key_usage=["keyAgreement"], ekus=[], reuse_key=True,
        action="EmailContacts", trigger="days_before_expiry", when=30,
        tags=[{"name": "team", "value": "shop"}, {"name": "", "value": ""}], enabled=False,
    )  # fmt: skip

    operation = form.submit()
    vault.clock.advance(0)

    policy = vault.get_certificate_policy("web").model_dump(mode="json")
    made = vault.get_certificate("web")
    assert (operation.status, form.state) == ("inProgress", "done")
    assert policy["x509_props"] == {
        "subject": "CN=web.contoso.com", "ekus": [], "key_usage": ["keyAgreement"], "validity_months": 7,
        "basic_constraints": {"ca": False},
        "sans": {
            "dns_names": ["a.contoso.com", "b.contoso.com", "c.contoso.com"], "emails": ["a@contoso.com"],
            "upns": ["ann@contoso.com"], "uris": ["https://contoso.com/"], "ipAddresses": ["10.0.0.1"],
        },
    }  # fmt: skip
    assert policy["key_props"] == {
        "kty": "EC", "crv": "P-384", "key_size": 384, "exportable": False, "reuse_key": True
    }  # fmt: skip
    assert policy["secret_props"] == {"contentType": "application/x-pem-file"}
    assert policy["lifetime_actions"] == [
        {"trigger": {"days_before_expiry": 30}, "action": {"action_type": "EmailContacts"}}
    ]
    assert (made.attributes.enabled, made.tags) == (False, {"team": "shop"})


def test_every_member_that_can_be_asked_for_has_a_field(vault):
    members = {field.member for field in kvlab.create(vault).inputs.values()}

    def leaves(model, prefix=""):
        for name, field in model.model_fields.items():
            inner = next(
                (kind for kind in (*getattr(field.annotation, "__args__", ()),) if hasattr(kind, "model_fields")), None
            )
            path = f"{prefix}{field.alias or name}"
            yield from leaves(inner, f"{path}.") if inner else [path]

    wire = {path for path in leaves(kvlab.CertificatePolicy) if not path.startswith(("attributes", "lifetime", "id"))}
    assert wire - members == {"x509_props.basic_constraints.ca"}  # only ever read


@pytest.mark.parametrize("kty", ["RSA", "EC", "RSA-HSM", "EC-HSM"])
def test_every_key_that_is_offered_is_allowed(vault, kty):
    form = filled(vault, kty=kty)
    name = "crv" if kty.startswith("EC") else "key_size"

    for option in form.fields[name].options:
        form.fields[name].value = option.value
        assert form.problems() == []


def test_what_is_left_out_shows_the_vaults_default_and_is_not_sent(vault):
    form = filled(vault, kty="RSA")

    assert (form.fields["key_size"].value, form.fields["key_size"].shown) == (None, 2048)
    assert form.fields["ekus"].shown == [*policies.DEFAULT_EKUS]
    assert form.fields["action"].shown == "AutoRenew"
    assert form.document() == {
        "x509_props": {"subject": "CN=web.contoso.com"}, "key_props": {"kty": "RSA"}, "issuer": {"name": "Self"}
    }  # fmt: skip
    form.fields["method"].value = "Unknown"
    assert form.fields["action"].shown == "EmailContacts"


def test_manual_waits_and_names_the_next_call(vault):
    form = filled(vault, method="Unknown")

    form.submit()

    assert vault.get_certificate_operation("web").issuer.name == "Unknown"
    assert "kvlab.merge(vault, &quot;web&quot;)" in form.outcome


def test_a_mistake_is_shown_beside_its_field_in_the_vaults_words_and_counted_on_its_tab(vault):
    form = filled(
        vault, subject="CN=web, O=Contoso, Ltd", name="web_1", validity_months=0, kty="RSA-HSM", exportable=True
    )

    shown = wrong(form)
    assert "Invalid X.500 distinguished name" in shown["subject"]
    assert shown["name"].endswith("invalid name: web_1")
    assert shown["exportable"].endswith("exportable must be false.")
    assert {tab["key"]: tab["wrong"] for tab in form.view.view["tabs"]} == {
        "names": 1, "key": 1, "usage": 0, "renewal": 1, "issuer": 0, "tags": 0
    }  # fmt: skip
    assert ["subject", "Subject"] in form.view.view["wrong"]


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("dns_names", ["a b", "ok.contoso.com", "c d", "e f"]),
        ("emails", ["ann", "ok@contoso.com", "bob", "@"]),
        ("upns", ["x" * 257, "ok@contoso.com", "y" * 257, "z" * 300]),
        ("uris", ["here", "urn:ok", "there", "a b:c"]),
        ("ip_addresses", ["1", "10.0.0.1", "10.0.0.256", "::g"]),
        ("ekus", ["tls", "1.3.6.1.5.5.7.3.1", "9.9", "mail"]),
    ],
)
def test_all_entries_of_a_list_that_are_refused_are_told_and_marked(vault, field, given):
    form = filled(vault, **{field: given})

    refusal = next(spec["refusal"] for spec in form.view.view["fields"] if spec["name"] == field)
    told = [refusal["sentence"], *refusal["more"]]
    assert refusal["entries"] == [0, 2, 3]
    for place, sentence in zip((0, 2, 3), told, strict=True):
        assert f"[{place}] has invalid value. '{given[place]}': " in sentence
    assert len([error for error in form.problems() if error.facts["field"].startswith("policy")]) == 1


def test_of_very_many_entries_some_are_told_and_all_are_marked(vault):
    refusal = (
        filled(vault, dns_names=[f"a {number}" for number in range(90)][:1] + ["b c"] * 89).fields["dns_names"].spec()
    )

    assert refusal["refusal"]["entries"] == [*range(90)]
    assert refusal["refusal"]["more"][-1] == "… and 69 more"


def test_a_mistake_is_repaired_by_one_click(vault):
    form = filled(vault, subject="CN=web, O=Contoso, Ltd", validity_months=1000)

    form.hear({"do": "repair", "name": "subject"})
    form.hear({"do": "repair", "name": "validity_months"})
    form.hear({"do": "repair", "name": "kty"})

    assert form.fields["subject"].value == "CN=web, O=Contoso\\, Ltd"
    assert form.fields["validity_months"].value == 120
    assert wrong(form) == {}


def test_correcting_a_mistake_takes_it_back(vault):
    form = filled(vault, subject="O=a, b")
    assert wrong(form)
    form.fields["subject"].value = "CN=web"

    assert wrong(form) == {}
    assert form.status == ("ok", "Ready.")


def test_submit_returns_what_is_refused_and_changes_nothing(vault):
    form = filled(vault, name="no name", subject="a")

    refused = form.submit()

    assert [InvalidName, InvalidSubject] == [type(error) for error in refused]
    assert form.state == "failed"
    assert list(vault.events) == []


def test_a_refusal_without_a_field_stands_below(vault):
    filled(vault, method="Unknown").submit()

    form = filled(vault, method="Unknown")
    refused = form.submit()

    assert [type(error) for error in refused] == [OperationInProgress]
    assert "A new key vault certificate can not be created" in form.outcome


def test_the_preview_is_the_policy_that_will_be_sent(vault):
    form = filled(vault, dns_names="web.contoso.com")

    lines = [text for text, _ in form.view.view["side"]["lines"]]
    assert form.policy().model_dump(mode="json") == json.loads("\n".join(lines)) == json.loads(form.side["text"])


def test_lines_of_the_policy_are_marked(vault):
    form = filled(vault, subject="O=a, b", validity_months=7)
    form.hear({"do": "tab", "name": "renewal"})

    marks = {text.strip(): mark for text, mark in form.view.view["side"]["lines"] if mark}
    assert marks == {'"subject": "O=a, b",': "bad", '"validity_months": 7': "hot"}


def test_a_pasted_policy_fills_the_form(vault):
    form = filled(vault)
    policy = {
        "key_props": {"kty": "RSA", "key_size": 3072, "exportable": False}, "issuer": {"name": "Unknown"},
        "x509_props": {"subject": "CN=b", "sans": {"dns_names": ["b.contoso.com"]}, "ekus": ["1.3.6.1.5.5.7.3.1"]},
        "lifetime_actions": [{"trigger": {"days_before_expiry": 9}, "action": {"action_type": "EmailContacts"}}],
    }  # fmt: skip

    form.hear({"do": "paste", "value": json.dumps(policy)})

    values = {name: field.value for name, field in form.fields.items()}
    assert (values["method"], values["kty"], values["key_size"], values["when"]) == ("Unknown", "RSA", 3072, 9)
    assert (values["dns_names"], values["exportable"]) == (["b.contoso.com"], False)
    assert form.document() == policy
    assert form.side["refusal"] is None


def test_a_pasted_policy_with_two_actions_and_one_without_any_come_back_whole(vault):
    form = filled(vault)
    one = {"trigger": {"lifetime_percentage": 50}, "action": {"action_type": "EmailContacts"}}
    for actions in ([one, {**one, "trigger": {"days_before_expiry": 3}}], []):
        form.hear({"do": "paste", "value": json.dumps({"lifetime_actions": actions})})
        assert form.document()["lifetime_actions"] == actions


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "Property policy has invalid value."),
        ("[1]", "Property policy has invalid value."),
        ('{"key_props": {"kty": "DSA"}}', "Property policy.key_props.kty has invalid value."),
        ('{"x509": {}}', "Property policy.x509 has invalid value. The service knows no such member"),
    ],
)
def test_pasted_text_that_is_no_policy_is_refused_beside_it(vault, text, sentence):
    form = filled(vault)

    form.hear({"do": "paste", "value": text})

    assert form.view.view["side"]["refusal"]["sentence"].startswith(sentence)
    typed(form, "subject", "CN=c")
    assert form.view.view["side"]["refusal"] is None


def test_an_empty_form_complains_of_nothing(vault):
    form = kvlab.create(vault)

    assert (form.status, form.state, wrong(form)) == (("", ""), "idle", {})
    assert form.submit() != []
    assert set(wrong(form)) == {"name", "subject"}


def test_the_name_says_whether_it_is_free(vault):
    form = filled(vault)
    assert form.fields["name"].note == ("ok", "free")
    form.submit()
    vault.clock.advance(0)

    assert filled(vault).fields["name"].note == ("ok", "a new version: web has 1")


def test_a_name_whose_first_version_is_under_way_is_not_free(vault):
    form = filled(vault)
    form.submit()
    taken = ("now", "taken: its first version is not there yet")

    assert form.view.view["fields"][1]["note"] == (taken[0], taken[1])
    form.press("advance")
    assert form.fields["name"].note == ("ok", "a new version: web has 1")
    filled(vault, name="manual", method="Unknown").submit()
    vault.delete_certificate_operation("manual")
    assert filled(vault, name="manual").fields["name"].note == ("ok", "free")


def test_the_main_button_says_what_it_does(vault):
    form = filled(vault)
    assert form.buttons()[0].label == "Create certificate"
    form.fields["method"].value = "import"
    assert form.view.view["buttons"][0]["label"] == "Import certificate"


def test_the_number_of_a_trigger_is_explained_by_what_it_counts(vault):
    form = filled(vault)
    assert form.fields["when"].help.startswith("Percent of the lifetime")
    form.fields["trigger"].value = "days_before_expiry"
    assert form.fields["when"].help.startswith("Days, ")


def test_to_fill_in_a_form_leaves_no_event(vault):
    filled(vault, subject="O=a, b", dns_names="a b c", method="known")
    filled(vault.as_principal("nobody"), method="known", name="web")

    assert list(vault.events) == []


def test_the_form_follows_the_clock(vault):
    form = filled(vault)
    form.submit()
    assert "the clock stands still" in form.outcome

    form.press("advance")

    assert form.status == ("ok", "web: completed")
    assert "advance" not in [button.key for button in form.buttons()]
    assert vault.get_certificate("web").x5t.hex().upper() in form.outcome


def test_click_creates_and_a_busy_form_ignores_it(vault):
    form = filled(vault)
    form.state = "busy"
    form.button.click()
    assert list(vault.events) == []

    form.state = "idle"
    form.hear({"do": "press", "name": "submit"})
    assert form.state == "done"


def test_a_click_leaves_the_loop_free_and_polls_on_a_running_clock():
    async def scenario():
        with Vault() as vault:
            form = filled(vault)
            form.button.click()
            form.button.click()
            assert form.state == "busy"
            for _ in range(100):
                await asyncio.sleep(0.05)
                if "completed" in form.status[1]:
                    return len(vault.get_certificate_versions("web"))
        return "never"

    assert asyncio.run(scenario()) == 1


def test_a_long_creation_is_given_up_and_changes_nothing(monkeypatch):
    free = threading.Event()

    async def scenario():
        with Vault() as vault:
            slow = vault._core.entropy.ec_key
            monkeypatch.setattr(vault._core.entropy, "ec_key", lambda *given: free.wait(10) and slow(*given))
            form = filled(vault)
            form.button.click()
            await asyncio.sleep(0.05)
            assert [button.key for button in form.buttons()] == ["submit", "cancel"]
            form.press("cancel")
            assert (form.state, form.status[1]) == ("idle", "Cancelled: nothing was changed.")
            free.set()
            await asyncio.wait_for(form._task, 10)
            return vault.get_certificates(include_pending=True), list(vault.events), form.state

    assert asyncio.run(scenario()) == ([], [], "idle")


def test_two_forms_of_one_vault_both_stay_true(vault):
    first, second = filled(vault), filled(vault)

    first.submit()
    assert "A new key vault certificate can not be created" in second.status[1]
    vault.clock.advance(0)
    assert second.fields["name"].note == ("ok", "a new version: web has 1")

    second.close()
    before = second.status
    vault.delete_certificate("web")
    assert second.status == before
    assert "deleted but recoverable" in first.status[1] or first.state == "done"


def test_messages_that_make_no_sense_are_not_heard(vault):
    form = filled(vault)
    before = form.document()

    for message in (
        None, 7, [], {}, {"do": "fly"}, {"do": "set"}, {"do": "set", "name": "nothing", "value": 1},
        {"do": "set", "name": "kty", "value": "DSA"}, {"do": "set", "name": "method", "value": 3},
        {"do": "set", "name": "dns_names", "value": "a"}, {"do": "set", "name": "dns_names", "value": [1]},
        {"do": "set", "name": "exportable", "value": "yes"}, {"do": "set", "name": "tags", "value": [{"evil": "x"}]},
        {"do": "set", "name": "subject", "value": {"a": 1}}, {"do": "tab", "name": "no"}, {"do": "press", "name": "no"},
        {"do": "repair", "name": "subject"}, {"do": "file", "name": "file", "value": "a"}, {"do": "paste", "value": 3},
        {"do": "secret", "name": "password", "value": "early"}, {"do": "press", "name": "advance"},
    ):  # fmt: skip
        form.hear(message)

    assert form.document() == before
    assert form.submit().status == "inProgress"


def test_a_number_that_is_none_is_the_vaults_to_refuse(vault):
    form = filled(vault)

    typed(form, "validity_months", "soon")
    assert wrong(form)["validity_months"].startswith("Property policy.x509_props.validity_months has invalid value.")
    typed(form, "validity_months", "9")
    assert form.document()["x509_props"]["validity_months"] == 9


def test_the_browser_learns_which_of_its_edits_is_answered(vault):
    form = kvlab.create(vault)

    typed(form, "subject", "CN=a", edit="kvf-1:7")

    assert next(spec["edit"] for spec in form.view.view["fields"] if spec["name"] == "subject") == "kvf-1:7"


def test_the_browser_learns_which_turn_of_the_tabs_is_answered(vault):
    form = kvlab.create(vault)

    form.hear({"do": "tab", "name": "key", "edit": "kvf-1:2"})

    assert (form.view.view["tab"], form.view.view["turned"]) == ("key", "kvf-1:2")


def test_what_only_another_try_can_tell_does_not_block_it(vault):
    form = filled(vault, subject="O=a, b")
    assert form.view.view["blocked"]

    form.fields["method"].value = "import"
    form.submit()
    assert "file" in wrong(form)
    assert not form.view.view["blocked"]


def test_reset_empties_the_form(vault):
    form = filled(vault, kty="RSA", dns_names="a", method="known")

    form.press("reset")

    assert (form.fields["name"].value, form.fields["kty"].value, form.fields["method"].value) == ("", "EC", "Self")


def test_a_seeded_vault_says_so_in_head_and_picture(seeded_vault, vault):
    for opened, seeded in ((seeded_vault, True), (vault, False)):
        form = kvlab.create(opened)
        assert form.view.view["seeded"] is seeded


def test_a_page_without_a_kernel_gets_a_picture(vault):
    data, _ = filled(vault)._repr_mimebundle_()

    assert data["text/html"].startswith("<img ")
    assert "web.contoso.com" in data["text/html"]
    assert data["text/plain"] == "<CreateForm on vault 'kvlab': idle>"
    assert "application/vnd.jupyter.widget-view+json" in data


def test_import_is_one_of_the_methods(vault):
    made = finish(vault, "source")
    secret = vault.get_secret("source").value
    form = kvlab.create(vault)
    form.fields["method"].value = "import"

    assert {"method", "name", "file", "pem", "password", "exportable"} <= set(form.fields)
    assert form.submit() != []
    assert form.state == "failed"

    form.fields["name"].value = "moved"
    form.hear({"do": "file", "name": "file", "value": "a.pfx"}, [memoryview(base64.b64decode(secret))])
    assert form.submit().cer == made.cer


def test_hostile_text_is_only_text(vault):
    evil = "CN=\\<img src=x onerror=alert(1)\\>\u202egnp.exe\u200b"
    form = filled(vault, subject=evil, name="web", tags=[{"name": "<script>alert(1)</script>", "value": "\u202e"}])
    form.submit()
    form.press("advance")

    assert "<img src=x" not in form.outcome
    assert "\u202e" not in form.outcome + form.side["text"]
    assert "\\u202E" in html.unescape(form.outcome)
    form = filled(vault, name="<b>\u202e")
    assert "\\u202E" in wrong(form)["name"]


def test_the_whole_form_is_a_small_message(vault):
    assert len(json.dumps(filled(vault).view.get_state(), default=str)) < 200_000
    assert len(json.dumps(filled(vault).view.view)) < 20_000


def test_a_known_issuer_is_asked_and_followed(vault):
    vault.set_certificate_issuer("trusty", DIGICERT)
    form = kvlab.create(vault)
    form.fields["method"].value = "known"
    assert [option.value for option in form.fields["issuer"].options] == ["trusty"]
    filled_in = {"name": "web", "subject": "CN=web.contoso.com", "dns_names": "web.contoso.com", "cty": "EV-SSL"}
    for name, value in filled_in.items():
        form.fields[name].value = value

    operation = form.submit()
    assert (operation.issuer.name, form.state) == ("trusty", "done")
    form.press("advance")

    policy = vault.get_certificate_policy("web")
    assert (policy.issuer.name, policy.issuer.cty) == ("trusty", "EV-SSL")
    assert "completed" in form.status[1]
    assert "DigiCert" in html.unescape(form.outcome)


def test_a_waiting_ca_can_be_asked_to_cancel(vault):
    vault.set_certificate_issuer("trusty", DIGICERT)
    vault.ca("DigiCert").configure(delay_seconds=3600)
    form = filled(vault, method="known", dns_names="web.contoso.com")
    form.submit()

    form.press("ask_cancel")
    form.press("advance")

    assert vault.get_certificate_operation("web").status == "cancelled"
    assert form.status[1] == "web: cancelled"


def test_what_the_ca_will_shorten_is_said(vault):
    vault.set_certificate_issuer("trusty", DIGICERT)
    form = filled(vault, method="known", validity_months=24)

    assert form.fields["validity_months"].note == (
        "warn", "The CA will issue 199 days at most; the vault takes the policy as it is."
    )  # fmt: skip
    form.fields["validity_months"].value = 6
    assert form.fields["validity_months"].note == ("", "")


def what_will_happen(form):
    """What the form says and draws of the versions to come; None where it does not."""
    field = next((spec for spec in form.view.view["fields"] if spec["name"] == "course"), None)
    return None if field is None else (field["default"]["words"], field["default"]["svg"].count("<rect "))


def test_it_says_when_the_vault_will_renew_and_when_it_will_tell_the_contacts(vault):
    form = filled(vault)
    assert what_will_happen(form) == (
        "The vault makes version 2 on 20 Mar 2027, after 292 of 365 days, and so on; version 1 ends on 1 Jun 2027.", 5
    )  # fmt: skip

    form.fields["trigger"].value = "days_before_expiry"
    form.fields["when"].value = 30
    assert "on 2 May 2027, after 335 of 365 days" in what_will_happen(form)[0]

    form.fields["method"].value = "Unknown"
    form.fields["action"].value = "EmailContacts"
    words, bars = what_will_happen(form)
    assert words.startswith("The contacts are told on 2 May 2027")
    assert words.endswith("Version 1 ends on 1 Jun 2027, unless you make another one.")
    assert bars == 1

    form.fields["action"].value = ""
    assert what_will_happen(form) == ("Nothing happens by itself: version 1 ends on 1 Jun 2027.", 1)


def test_it_says_when_there_is_nobody_to_tell(vault):
    form = filled(vault, method="Unknown")
    assert form.inputs["course"].note[1].startswith("This vault has no contacts, so nobody would be told")
    assert filled(vault).inputs["course"].note == ("", "")

    vault.set_certificate_contacts([{"email": "ann@contoso.com"}])

    assert form.inputs["course"].note == ("", "")
    assert filled(vault.as_principal("nobody"), method="Unknown").inputs["course"].note == ("", "")


def test_what_will_happen_goes_by_the_vaults_clock_and_by_what_the_ca_will_issue(vault):
    vault.set_certificate_issuer("trusty", DIGICERT)
    vault.clock.advance(days=30)

    form = filled(vault, method="known", validity_months=24)

    words, _ = what_will_happen(form)
    assert words.startswith("The vault makes version 2 on 7 Dec 2026, after 159 of 199 days")


@pytest.mark.parametrize(("field", "value"), [("validity_months", 0), ("when", 100)])
def test_what_will_happen_is_not_drawn_while_it_is_refused(vault, field, value):
    form = filled(vault, **{field: value})
    assert what_will_happen(form) is None
    assert wrong(form)

    form.fields[field].value = 7
    assert what_will_happen(form) is not None


def test_an_issuer_made_elsewhere_appears(vault):
    form = filled(vault, method="known")
    assert form.fields["issuer"].options == ()

    vault.set_certificate_issuer("trusty", DIGICERT)

    assert form.fields["issuer"].value == "trusty"


def test_without_an_issuer_object_nothing_is_created(vault):
    form = filled(vault, method="known")

    refused = form.submit()

    assert [error.message for error in refused] == ["Property policy.issuer.name is required."]
    assert (
        "no issuer object"
        in next(spec for spec in form.view.view["fields"] if spec["name"] == "issuer")["refusal"]["hint"]
    )
    assert vault.get_certificates(include_pending=True) == []


def test_the_fields_of_a_known_issuer_are_shown_for_it_only(vault):
    form = filled(vault)
    assert {"issuer", "cty"}.isdisjoint(form.fields)
    form.fields["method"].value = "known"
    assert {"issuer", "cty", "cert_transparency"} <= set(form.fields)
    form.fields["method"].value = "Unknown"
    assert "issuer" not in form.fields


def test_somebody_who_may_not_list_issuers_can_still_make_other_certificates(vault):
    assert filled(vault.set_principal("maker", certificates=["create"])).submit().status == "inProgress"


def test_the_call_is_shown_and_follows_the_form(vault):
    form = filled(vault)
    form.press("call")
    assert "web.contoso.com" in form.children[1].texts["kvlab"]

    form.fields["subject"].value = "CN=other"
    assert "CN=other" in form.children[1].texts["kvlab"]
    form.press("call")
    assert form.children == (form.view,)
