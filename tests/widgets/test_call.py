"""The panel that shows a call: what it holds, and that it holds no secret."""

import pytest

from kvlab import Iot, Vault, calls
from kvlab.render.call.call import Call
from kvlab.widgets.call import CallPanel

POLICY = {"issuer": {"name": "Self"}, "key_props": {"kty": "EC"}, "x509_props": {"subject": "CN=contoso.com"}}


def test_every_language_is_a_tab_and_the_answer_stands_beside_the_request():
    vault = Vault()
    panel = CallPanel(Call.of("create_certificate", "web", policy=POLICY), vault.create_certificate("web", POLICY))

    assert [tab["key"] for tab in panel.view["tabs"]] == ["kvlab", "sdk", "az", "rest", "powershell", "openssl"]
    request, response = (part["text"] for part in panel.view["tabs"][3]["parts"])
    assert request.startswith("POST /certificates/web/create?api-version=")
    assert response.startswith("HTTP/1.1 202 Accepted\n")
    assert '"status": "inProgress"' in response


def test_another_call_takes_the_place_of_the_first():
    panel = CallPanel(Call.of("create_certificate", "web", policy=POLICY))

    panel.show(Call.of("delete_certificate", "shop"))

    assert panel.texts["kvlab"] == 'vault.delete_certificate("shop")\n'
    assert repr(panel) == "<CallPanel delete_certificate shop>"


def test_a_page_and_a_terminal_show_the_same_texts():
    panel = CallPanel(Call.of("delete_certificate", "shop"))
    data, _ = panel._repr_mimebundle_()

    for text in panel.texts.values():
        assert text in data["text/plain"]
    assert data["text/html"].count("<details") == len(panel.texts)


def test_a_password_reaches_neither_the_widget_nor_the_page():
    credentials = {"account_id": "1", "pwd": "hush-hush"}
    imported = Call.of("import_certificate", "web", value=b"the octets", pwd="hush-hush")
    issuer = Call.of("set_certificate_issuer", "digi", provider="DigiCert", credentials=credentials)

    for call in (imported, issuer):
        panel = CallPanel(call)
        shown = f"{panel.view} {panel._repr_mimebundle_()} {call!r}"
        assert "hush" not in shown
        assert "the octets" not in shown


@pytest.mark.parametrize("nonsense", [None, 5, "web", {"do": "call"}])
def test_what_is_no_call_is_refused_with_what_is(nonsense):
    with pytest.raises(TypeError, match=r"^what is .+; allowed is an event"):
        calls(nonsense)


def test_an_event_of_aws_iot_is_not_shown_as_a_call_of_the_vaults_of_the_same_name():
    vault = Vault()
    iot = Iot(vault)
    made = iot.create_keys_and_certificate()
    iot.update_certificate(made.certificate_id, "ACTIVE")

    with pytest.raises(ValueError, match=r"^Event \d+ \(update_certificate\) is of AWS IoT: the log keeps what came"):
        calls(vault.events.since(0)[-1], vault)
