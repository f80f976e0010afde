"""The forms that merge and import, without a browser."""

import base64
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12

import kvlab
from kvlab.errors import NotACertificate, PendingCertificateNotFound, PublicKeyMismatch, UnreadablePfx, VaultError
from tests.vault.make import ec_policy, finish

PASSWORD = "Pflanzen und Erde"


def drop(form, filename, content):
    """Drop a file on the form, as the browser tells of it."""
    form.hear({"do": "file", "name": "file", "value": filename}, [memoryview(content)])


def shown(form, name):
    """What the browser draws of a field."""
    return next(spec for spec in form.view.view["fields"] if spec["name"] == name)


@pytest.fixture
def shop(vault):
    """A vault with a manual certificate pending."""
    vault.create_certificate("shop", ec_policy("CN=shop.contoso.com", issuer="Unknown", dns_names=["shop.contoso.com"]))
    return vault


@pytest.fixture
def pfx(vault):
    """A PFX with a password, made by cryptography."""
    secret = base64.b64decode(vault.get_secret(finish(vault, "source").id.rsplit("/", 2)[1]).value)
    key, leaf, _ = pkcs12.load_key_and_certificates(secret, b"")
    return pkcs12.serialize_key_and_certificates(b"x", key, leaf, None, BestAvailableEncryption(PASSWORD.encode()))


def test_who_signed_stays_said_when_the_vault_is_heard(shop):
    form = kvlab.merge(shop, "shop")
    form.sign()

    for event in shop.events:
        form.heard(event)

    assert "signed by the practice CA" in form.fields["certificate"].note[1]


def test_the_practice_ca_signs_and_the_form_merges(shop):
    form = kvlab.merge(shop, "shop")

    form.sign_button.click()
    made = form.submit()

    leaf = x509.load_der_x509_certificate(made.cer)
    assert "Contoso Issuing CA 1" in leaf.issuer.rfc4514_string()
    assert (form.state, shop.get_certificate_operation("shop").status) == ("done", "completed")


def test_the_request_is_shown_for_the_ca(shop):
    form = kvlab.merge(shop, "shop")

    lines = [line for line, _ in form.view.view["side"]["lines"]]
    assert x509.load_pem_x509_csr("\n".join(lines).encode()).is_signature_valid


def test_an_uploaded_answer_is_merged(shop):
    signed = shop.practice_ca().sign(shop.get_certificate_operation("shop"))
    form = kvlab.merge(shop, "shop")

    drop(form, "shop.cer", signed[0])
    assert form.submit().cer == signed[0]


def test_a_refused_merge_can_be_repeated(shop):
    form = kvlab.merge(shop, "shop")
    form.fields["certificate"].value = shop.practice_ca().root_pem

    refused = form.submit()
    assert [type(error) for error in refused] == [PublicKeyMismatch]
    assert "does not match the public part" in shown(form, "certificate")["refusal"]["sentence"]

    form.sign()
    assert form.submit().cer is not None


def test_what_came_last_counts(shop):
    form = kvlab.merge(shop, "shop")
    drop(form, "wrong.cer", shop.practice_ca().root_der)
    assert [type(error) for error in form.submit()] == [PublicKeyMismatch]

    form.sign()
    assert form.submit().cer is not None


def test_text_that_is_no_certificate_is_refused(shop):
    form = kvlab.merge(shop, "shop")
    form.fields["certificate"].value = "good morning"

    assert [type(error) for error in form.submit()] == [NotACertificate]


def test_what_is_at_hand_is_judged_before_it_is_merged(shop):
    form = kvlab.merge(shop, "shop")
    before = list(shop.events)

    form.fields["certificate"].value = "good morning"
    assert shown(form, "certificate")["refusal"]["codes"] == ["400", "BadParameter"]
    drop(form, "shop.p7b", b"\x00" * 64)
    assert shown(form, "certificate")["refusal"] is not None
    assert list(shop.events) == before

    form.sign()
    assert shown(form, "certificate")["refusal"] is None


def test_a_merge_elsewhere_is_seen(shop):
    form = kvlab.merge(shop, "shop")
    form.sign()

    shop.merge_certificate("shop", form.fields["certificate"].value)

    assert shown(form, "certificate")["refusal"]["codes"][:2] == ["404", "PendingCertificateNotFound"]


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG\r\n", b"\x00" * 4096, "Grüße\u202e".encode(), b"-----BEGIN CERTIFICATE-----"]
)
def test_a_file_of_any_kind_gets_a_clear_refusal(shop, content):
    merging, importing = kvlab.merge(shop, "shop"), kvlab.import_form(shop)
    importing.fields["name"].value = "moved"

    for form in (merging, importing):
        drop(form, "evil\u202egnp.exe", content)
        refused = form.submit()
        assert [error.status for error in refused] == [400]
        assert "\u202e" not in json.dumps(form.view.view, ensure_ascii=False)


def test_without_a_pending_request_there_is_no_form(vault):
    with pytest.raises(PendingCertificateNotFound):
        kvlab.merge(vault, "shop")


def test_a_pfx_is_imported_and_its_password_used_once(vault, pfx):
    form = kvlab.import_form(vault).load(pfx, PASSWORD)
    form.fields["name"].value = "moved"
    form.fields["exportable"].value = False

    made = form.submit()

    assert (form.state, made.policy.key_props.exportable) == ("done", False)
    assert vars(form._suitcase) == {"_source": None, "_password": None, "fields": form._suitcase.fields}


def test_a_wrong_password_is_refused_and_the_file_stays_at_hand(vault, pfx):
    form = kvlab.import_form(vault).load(pfx, "wrong")
    form.fields["name"].value = "moved"

    assert [type(error) for error in form.submit()] == [UnreadablePfx]
    form.fields["password"].value = PASSWORD
    assert form.submit().cer is not None


def test_a_path_is_loaded(vault, pfx, tmp_path):
    (tmp_path / "a.pfx").write_bytes(pfx)
    form = kvlab.import_form(vault).load(tmp_path / "a.pfx", PASSWORD)
    form.fields["name"].value = "moved"

    assert form.submit().cer is not None


@pytest.mark.parametrize("make", [kvlab.import_form, kvlab.create])
def test_nothing_secret_stays_in_a_field(vault, pfx, make):
    form = make(vault)
    if make is kvlab.create:
        form.fields["method"].value = "import"
    sent = []
    form.view.observe(lambda change: sent.append(repr(change["new"])))

    form.fields["password"].value = PASSWORD
    form.hear({"do": "secret", "name": "password", "value": PASSWORD})
    form.hear({"do": "secret", "name": "pem", "value": "-----BEGIN PRIVATE KEY-----"})
    drop(form, "a.pfx", pfx)

    saved = json.dumps([form.view.get_state(), form.get_state(), form._repr_mimebundle_()[0], sent], default=str)
    saved += (
        repr(form) + repr(form._suitcase) + repr(form.call()) + repr([field.value for field in form.inputs.values()])
    )
    for secret in (PASSWORD, "PRIVATE KEY", base64.b64encode(pfx).decode()[:40], repr(pfx)[2:40]):
        assert secret not in saved


def test_secrets_arrive_all_the_same(vault, pfx):
    form = kvlab.import_form(vault)
    form.fields["name"].value = "moved"
    form.fields["password"].value = PASSWORD
    drop(form, "a.pfx", pfx)

    form.button.click()

    assert form.state == "done"
    leaf = x509.load_der_x509_certificate(vault.get_certificate("moved").cer)
    assert leaf.public_bytes(Encoding.DER) == vault.get_certificate("source").cer


def test_an_empty_file_takes_the_place_of_the_one_before(vault, pfx):
    form = kvlab.import_form(vault)
    form.hear({"do": "set", "name": "name", "value": "mine"})
    drop(form, "good.pfx", pfx)
    drop(form, "empty.pfx", b"")
    form.hear({"do": "secret", "name": "password", "value": PASSWORD})

    assert form.submit()
    assert shown(form, "file")["refusal"] is not None
    with pytest.raises(VaultError):
        vault.get_certificate("mine")


def test_a_file_that_is_neither_pfx_nor_pem_is_not_called_one(vault):
    form = kvlab.import_form(vault)
    drop(form, "a.pfx", b"PK\x05\x06" + bytes(18))

    assert shown(form, "file")["note"] == ("warn", "a.pfx: 22 octets at hand, neither PFX nor PEM")


@pytest.mark.parametrize(
    "message",
    [
        {"do": "secret", "name": "name", "value": "x"},
        {"do": "file", "name": "password", "value": "a.pfx"},
        {"do": "secret", "name": "password", "value": "\ud800"},
        {"do": "set", "name": "name", "value": "\ud800"},
    ],
)
def test_a_message_that_fits_no_control_breaks_nothing(vault, message):
    form = kvlab.import_form(vault)
    form.show_call()

    form.hear(message, [memoryview(b"x")])
    assert (form.state, shown(form, "file")["note"]) == ("idle", ("", ""))


def test_an_import_of_nothing_says_what_to_do(vault):
    form = kvlab.import_form(vault)

    form.submit()

    assert form.state == "failed"
    assert "Choose a file or paste PEM" in shown(form, "file")["refusal"]["hint"]


def test_a_flow_is_a_picture_and_text(shop):
    picture = kvlab.flow(shop, "shop")

    data, _ = picture._repr_mimebundle_()

    assert data["text/html"].startswith("<img ")
    assert "3 ◐ now" in repr(picture)


def test_this_machine_is_ready():
    checks = kvlab.ready()

    assert checks
    assert "✕" not in repr(checks)
    assert "01_make_self_signed.ipynb" in kvlab.start().page()
