"""The form that creates certificates, without a browser."""

import asyncio
import html
import json
import re

import pytest

import kvlab
from kvlab import Vault
from kvlab.errors import InvalidName, InvalidSubject, OperationInProgress
from kvlab.widgets.create import KEYS


def filled(vault, **values):
    form = kvlab.create(vault)
    for name, value in {"name": "web", "subject": "CN=web.contoso.com", **values}.items():
        form.fields[name].value = value
    return form


def note(form, field):
    return form.rows[field].children[1].value


def test_submit_creates_what_the_fields_say(vault):
    form = filled(
        vault, dns_names="a.contoso.com, b.contoso.com c.contoso.com", key=("EC", "P-384"), validity_months=7,
        content_type="application/x-pem-file", exportable=False,
    )  # fmt: skip

    operation = form.submit()
    vault.clock.advance(0)

    policy = vault.get_certificate_policy("web")
    assert (operation.status, form.state) == ("inProgress", "done")
    assert policy.x509_props.sans.dns_names == ["a.contoso.com", "b.contoso.com", "c.contoso.com"]
    assert (policy.key_props.crv, policy.key_props.exportable) == ("P-384", False)
    assert (policy.x509_props.validity_months, policy.secret_props.content_type) == (7, "application/x-pem-file")
    assert policy.issuer.name == "Self"


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_every_key_that_is_offered_is_allowed(vault, key):
    assert filled(vault, key=key).problems() == []


def test_manual_waits_and_names_the_next_call(vault):
    form = filled(vault, method="Unknown")

    form.submit()

    assert vault.get_certificate_operation("web").issuer.name == "Unknown"
    assert "kvlab.merge(vault, &quot;web&quot;)" in form.outcome.value


def test_a_mistake_is_shown_beside_its_field_in_the_vaults_words(vault):
    form = filled(vault, subject="CN=web, O=Contoso, Ltd", name="web_1")

    assert "Invalid X.500 distinguished name" in note(form, "subject")
    assert "At character" in note(form, "subject")
    assert "invalid name: web_1" in note(form, "name")
    assert "2 fields to correct" in form.status.value


def test_correcting_a_mistake_takes_it_back(vault):
    form = filled(vault, subject="O=a, b")
    form.fields["subject"].value = "CN=web"

    assert "kvw-error" not in note(form, "subject")
    assert form.status.value == ""


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
    assert "A new key vault certificate can not be created" in form.outcome.value


def test_the_preview_is_the_policy_that_will_be_sent(vault):
    form = filled(vault, dns_names="web.contoso.com")

    shown = html.unescape(re.sub("<[^>]+>", "", form._preview.value))
    assert form.policy().model_dump(mode="json") == json.loads(shown)


def test_an_empty_form_complains_of_nothing(vault):
    form = kvlab.create(vault)

    assert form.status.value == ""
    assert form.state == "idle"
    assert form.submit() != []


def test_the_name_says_whether_it_is_free(vault):
    form = filled(vault)
    assert "free" in note(form, "name")
    form.submit()
    vault.clock.advance(0)

    assert "web has 1" in note(filled(vault), "name")


def test_to_fill_in_a_form_leaves_no_event(vault):
    filled(vault, subject="O=a, b", dns_names="a b c")

    assert list(vault.events) == []


def test_the_form_follows_the_clock(vault):
    form = filled(vault)
    form.submit()
    assert "the clock stands still" in form.outcome.value
    assert form.advance in form.foot.children

    form.advance.click()

    assert "completed" in form.status.value
    assert form.advance not in form.foot.children
    assert vault.get_certificate("web").x5t.hex().upper() in form.outcome.value


def test_click_creates_and_a_busy_form_ignores_it(vault):
    form = filled(vault)
    form.state = "busy"
    form.button.click()
    assert list(vault.events) == []

    form.state = "idle"
    form.button.click()
    assert form.state == "done"


def test_a_click_leaves_the_loop_free_and_polls_on_a_running_clock():
    async def scenario():
        with Vault() as vault:
            form = filled(vault)
            form.button.click()
            assert form.state == "busy"
            for _ in range(100):
                await asyncio.sleep(0.05)
                if "completed" in form.status.value:
                    return form.state
        return "never"

    assert asyncio.run(scenario()) == "done"


def test_a_seeded_vault_says_so_in_head_and_picture(seeded_vault, vault):
    for opened, seeded in ((seeded_vault, True), (vault, False)):
        form = kvlab.create(opened)
        assert ("its keys are not secret" in form.head.value) is seeded


def test_a_page_without_a_kernel_gets_a_picture(vault):
    data, _ = filled(vault)._repr_mimebundle_()

    assert data["text/html"].startswith("<img ")
    assert "web.contoso.com" in data["text/html"]
    assert data["text/plain"] == "<CreateForm on vault 'kvlab': idle>"
    assert "application/vnd.jupyter.widget-view+json" in data


def test_import_is_one_of_the_methods(vault):
    form = kvlab.create(vault)
    form.fields["method"].value = "import"

    assert {"method", "name", "file", "pem", "password", "exportable"} == set(form.fields)
    assert form.submit() != []
    assert form.state == "failed"


def test_hostile_names_are_only_text(vault):
    form = filled(vault, subject="CN=<img src=x onerror=alert(1)>", name="<b>")

    shown = form._preview.value + note(form, "name") + note(form, "subject")

    assert "<img src=x" not in shown


DIGICERT = {"provider": "DigiCert", "credentials": {"account_id": "1", "pwd": "k"}, "org_details": {"id": "7"}}


def test_a_known_issuer_is_asked_and_followed(vault):
    vault.set_certificate_issuer("trusty", DIGICERT)
    form = kvlab.create(vault)
    form.fields["method"].value = "known"
    assert form.fields["issuer"].options == ("trusty",)
    filled_in = {"name": "web", "subject": "CN=web.contoso.com", "dns_names": "web.contoso.com", "cty": "EV-SSL"}
    for name, value in filled_in.items():
        form.fields[name].value = value

    operation = form.submit()
    assert (operation.issuer.name, form.state) == ("trusty", "done")
    assert form.advance in form.foot.children
    form.advance.click()

    policy = vault.get_certificate_policy("web")
    assert (policy.issuer.name, policy.issuer.cty) == ("trusty", "EV-SSL")
    assert "completed" in form.status.value
    assert "DigiCert" in html.unescape(form.outcome.value)


def test_without_an_issuer_object_nothing_is_created(vault):
    form = filled(vault, method="known")

    refused = form.submit()

    assert [error.message for error in refused] == ["Property policy.issuer.name is required."]
    assert "no issuer object" in note(form, "issuer")
    assert vault.get_certificates(include_pending=True) == []


def test_the_two_fields_of_a_known_issuer_are_shown_for_it_only(vault):
    form = filled(vault)
    assert {"issuer", "cty"}.isdisjoint(form.fields)
    form.fields["method"].value = "known"
    assert {"issuer", "cty"} <= set(form.fields)
    assert form.rows["issuer"] in form.left.children
    form.fields["method"].value = "Unknown"
    assert form.rows["issuer"] not in form.left.children


def test_somebody_who_may_not_list_issuers_can_still_make_other_certificates(vault):
    assert filled(vault.set_principal("maker", certificates=["create"])).submit().status == "inProgress"
