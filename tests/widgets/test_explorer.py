"""The explorer without a browser: its traits are set as the browser sets them, and what goes out is looked at."""

import base64
import json
from hashlib import sha256

import pytest

from kvlab import Vault, explore
from kvlab.widgets.explorer.detail import TABS
from kvlab.widgets.explorer.inventory import PAGE_ROWS
from kvlab.x509.key import private_key_from_scalar, private_key_pkcs8_der
from tests.browser.shop import SHOP

MOST_OCTETS = 200_000


def policy(host, **more):
    return {"issuer": {"name": "Self"}, "key_props": {"kty": "EC"}, "x509_props": {"subject": f"CN={host}"}, **more}


@pytest.fixture(scope="module")
def shop():
    names = {}
    exec(SHOP, names)
    yield names["vault"]
    names["vault"].close()


@pytest.fixture
def panel(shop):
    explorer = explore(shop)
    yield explorer.panel
    explorer.close()


def names(panel):
    return [row["name"] for row in panel.view["rows"]]


def test_the_list_shows_every_state_with_its_sign_and_counts_them(panel):
    states = {row["name"]: row["state"] for row in panel.view["rows"]}
    counts = {state["label"]: state["count"] for state in panel.view["states"]}

    assert states == {
        "api": "valid", "billing": "failed", "evil": "valid", "legacy-vpn": "expired", "mail": "expires soon",
        "orders": "pending", "partner": "valid", "sensor-0017": "valid", "shop": "valid", "staging": "disabled",
        "wiki": "valid",
    }  # fmt: skip
    assert counts == {
        "All": 11,
        "Valid": 6,
        "Soon": 1,
        "Expired": 1,
        "Disabled": 1,
        "Pending": 1,
        "Failed": 1,
        "Deleted": 1,
    }
    assert all(row["sign"] for row in panel.view["rows"])
    assert panel.head["words"] == "11 certificates · 1 expires soon · 2 have a problem"
    assert panel.head["seed"] == "seeded vault · its keys are not secret"


@pytest.mark.parametrize("query", ["contoso", "intranet", "mail", "nothing", ""])
def test_a_page_that_shows_all_that_is_found_is_counted_as_the_vault_counts(shop, panel, query):
    panel.query = query
    counts = {state["state"]: state["count"] for state in panel.view["states"]}
    everything = counts.pop("")

    assert counts == shop.count_certificates(query)
    assert everything == len(shop.find_certificates(query)) == panel.view["total"]


def test_a_row_says_key_names_and_days(panel):
    rows = {row["name"]: row for row in panel.view["rows"]}

    assert (rows["shop"]["kind"], rows["shop"]["names"], rows["shop"]["left"]) == (
        "EC P-256",
        "shop.contoso.com +1",
        "364 days",
    )
    assert (rows["legacy-vpn"]["left"], rows["legacy-vpn"]["remark"]) == ("expired", "11 days ago")
    assert 0.3 < rows["mail"]["part"] < 0.4
    assert rows["orders"]["names"] == "waits for Unknown"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("SHOP", ["shop"]),
        ("imap.contoso", ["mail"]),
        ("contoso orders", ["orders"]),
        ("100%", []),
        ("_", []),
        ("<script>", ["evil"]),
        ("abc", []),
    ],
)
def test_a_search_finds_names_in_any_case(panel, query, found):
    panel.query = query

    assert names(panel) == found


@pytest.mark.parametrize(
    "written", [str, str.lower, lambda text: ":".join(text[at : at + 2] for at in range(0, len(text), 2))]
)
def test_a_search_finds_serial_numbers_and_thumbprints(panel, shop, written):
    bundle = shop.get_certificate("wiki")
    panel.query = written(bundle.x5t.hex().upper())

    assert names(panel) == ["wiki"]


@pytest.mark.parametrize("name", ["wiki", "partner"])
def test_a_search_finds_serial_numbers_of_what_the_vault_or_a_ca_signed(panel, shop, name):
    from cryptography import x509

    serial = x509.load_der_x509_certificate(shop.get_certificate(name).cer).serial_number
    panel.query = serial.to_bytes(serial.bit_length() // 8 + 1, "big").hex(":").removeprefix("00:")

    assert names(panel) == [name]


def test_what_the_browser_sends_in_odd_order_or_beyond_the_end_does_no_harm(panel):
    panel.page = 99
    panel.page = -3
    panel.state = "no such state"
    panel.order = "sideways"
    panel.tab = "no such tab"
    panel.version = "0" * 32

    assert panel.shown["key"] == ""

    panel.selected = "not there"

    assert (panel.shown["key"], len(panel.view["rows"])) == ("", 11)

    panel.selected = "../../etc"

    assert (panel.shown["key"], panel.shown["refusal"]) == ("", "")


def test_a_state_and_an_order_choose_what_is_listed(panel):
    panel.state = "deleted"

    assert names(panel) == ["old-intranet"]

    panel.state, panel.order = "", "-expires"

    assert names(panel)[-2:] == ["billing", "orders"] or names(panel)[-2:] == ["orders", "billing"]
    assert names(panel)[-3] == "legacy-vpn"


@pytest.mark.parametrize("name", ["shop", "orders", "billing", "evil", "old-intranet", "partner"])
def test_each_tab_of_each_kind_of_certificate_is_drawn_and_small(panel, name):
    panel.state = "deleted" if name == "old-intranet" else ""
    panel.selected = name
    for tab in [tab["id"] for tab in panel.shown["tabs"]]:
        panel.tab = tab

        assert (panel.pane["tab"], panel.pane["key"]) == (tab, name)
        assert len(json.dumps(panel.pane)) < MOST_OCTETS
        assert "layout" in panel.pane or panel.pane.get("html") or panel.pane.get("widget")


def test_the_bytes_are_those_that_the_fields_point_at(panel, shop):
    import base64

    panel.selected, panel.tab = "shop", "fields"
    der = base64.b64decode(panel.pane["der"])
    names = {field["name"]: field for field in panel.pane["fields"]}
    host = next(field for field in panel.pane["fields"] if field["name"] == "dNSName")

    assert der == shop.get_certificate("shop").cer
    assert der[host["offset"] : host["offset"] + host["length"]] == b"\x82\x10shop.contoso.com"
    assert names["subjectAltName"]["note"].startswith("The names the certificate is good for")


def test_markup_and_marks_of_direction_stay_text(panel):
    panel.selected, panel.tab = "evil", "overview"

    assert "<script" not in panel.pane["html"]
    assert "<img" not in panel.pane["html"]
    assert "&lt;script&gt;" in panel.pane["html"]
    assert "\u202e" not in json.dumps(panel.view, ensure_ascii=False)
    assert "con\\u200Btoso" in panel.pane["html"]


def test_an_open_explorer_stays_true_and_a_closed_one_lets_go():
    with Vault(clock="simulated") as vault:
        first, second = explore(vault), explore(vault)

        assert first.panel.view["empty"] == "No certificates yet."

        vault.create_certificate("web", policy("a.example"))

        assert names(first.panel) == names(second.panel) == ["web"]
        assert first.panel.view["rows"][0]["state"] == "pending"

        vault.clock.advance(days=1)

        assert first.panel.view["rows"][0]["state"] == "valid"

        first.panel.selected = "web"
        vault.update_certificate("web", attributes={"enabled": False})

        assert first.panel.shown["pill"]["words"] == "disabled"

        first.close()
        vault.delete_certificate("web")

        assert names(second.panel) == []
        assert second.panel.view["states"][-1] == {"state": "deleted", "label": "Deleted", "sign": "\u2212", "count": 1}
        assert names(first.panel) == ["web"]
        second.close()


def test_what_nobody_sees_is_not_drawn_until_somebody_does():
    with Vault(clock="simulated") as vault:
        explorer = explore(vault)
        explorer.panel._asked(None, {"do": "seen"}, [])
        explorer.panel._asked(None, {"do": "gone"}, [])
        vault.create_certificate("web", policy("a.example"))

        assert names(explorer.panel) == []

        explorer.panel._asked(None, {"do": "seen"}, [])

        assert names(explorer.panel) == ["web"]
        explorer.close()


def test_who_may_not_list_sees_the_refusal_in_the_vaults_words():
    with Vault() as vault:
        vault.create_certificate("web", policy("a.example"))
        vault.set_principal("alice", secrets=["get"])
        explorer = explore(vault.as_principal("alice"))

        assert "does not have certificates list permission" in explorer.panel.view["refusal"]
        assert explorer.panel.view["rows"] == []

        seen = len(vault.events)
        vault.create_certificate("api", policy("b.example"))

        # A refusal is an event too, and must not bring the next one about.
        assert len(vault.events) - seen < 20
        explorer.close()


def test_pages_follow_one_another(clock):
    with Vault(clock=clock) as vault:
        for number in range(PAGE_ROWS + 3):
            vault.create_certificate(f"web{number:02}", policy("a.example"))
        explorer = explore(vault)
        explorer.panel.page = 1

        assert names(explorer.panel) == ["web25", "web26", "web27"]
        assert (explorer.panel.view["first"], explorer.panel.view["total"], explorer.panel.view["pages"]) == (25, 28, 2)

        explorer.panel.query = "web01"

        assert (names(explorer.panel), explorer.panel.page) == (["web01"], 0)
        explorer.close()


def test_every_tab_is_for_a_vault_or_for_files_or_both():
    assert {tab.needs for tab in TABS.values()} <= {"", "vault", "der", "live", "signed"}


@pytest.fixture(scope="module")
def folder(shop, tmp_path_factory):
    """A folder with a leaf and its issuer, a self-signed one, a request, and a file of no kind."""
    from kvlab.x509.container import pem_certificate

    place = tmp_path_factory.mktemp("certificates")
    leaf, issuing = shop.get_certificate("partner").cer, shop.practice_ca("Contoso").issuing_der
    (place / "partner.der").write_bytes(leaf)
    (place / "ca.pem").write_text(pem_certificate(issuing) + shop.practice_ca("Contoso").root_pem)
    (place / "wiki.pem").write_text(pem_certificate(shop.get_certificate("wiki").cer))
    (place / "note.txt").write_text("no certificate <b>here</b>")
    (place / "sub").mkdir()
    (place / "sub" / "request.der").write_bytes(shop.get_certificate_operation("orders").csr)
    return place


def test_a_folder_is_looked_through_and_what_is_no_certificate_says_so(folder):
    explorer = explore(folder)
    states = {row["name"]: row["state"] for row in explorer.panel.view["rows"]}

    assert states["note.txt"] == states["sub/request.der"] == "unreadable"
    assert {"ca.pem#1", "ca.pem#2", "partner.der", "wiki.pem"} <= states.keys()

    explorer.panel.query = "wiki.contoso"

    assert names(explorer.panel) == ["wiki.pem"]
    assert "makes" in explorer.panel.head
    assert not explorer.panel.head["makes"]
    explorer.close()


def test_a_chain_is_found_among_the_files_that_were_read(folder):
    explorer = explore(folder)
    explorer.panel.selected = next(row["key"] for row in explorer.panel.view["rows"] if row["name"] == "partner.der")
    explorer.panel.tab = "chain"

    assert explorer.panel.pane["html"].count("kvx-node") == 3
    assert "fails" not in explorer.panel.pane["html"]
    assert [tab["id"] for tab in explorer.panel.shown["tabs"]] == ["overview", "fields", "chain", "bytes", "lint"]
    explorer.close()


def test_a_private_key_that_follows_a_certificate_in_its_file_is_not_shown(shop, tmp_path):
    key = private_key_pkcs8_der(private_key_from_scalar("P-256", 0xC0FFEE << 200 | 7))
    (tmp_path / "joined.der").write_bytes(shop.get_certificate("wiki").cer + key)
    explorer = explore(tmp_path)
    explorer.panel.selected = explorer.panel.view["rows"][0]["key"]

    panes = {}
    for tab in [tab["id"] for tab in explorer.panel.shown["tabs"]]:
        explorer.panel.tab = tab
        panes[tab] = explorer.panel.pane

    assert base64.b64decode(panes["bytes"]["der"]) == shop.get_certificate("wiki").cer
    assert key[-20:].hex() not in json.dumps(panes)
    assert f"{len(key)} octets follow" in panes["overview"]["html"]
    assert sha256(shop.get_certificate("wiki").cer).hexdigest().upper() in panes["overview"]["html"]
    explorer.close()


def test_octets_tables_and_parquet_are_looked_through_too(folder, shop, tmp_path):
    from kvlab import tables

    ders = [shop.get_certificate(name).cer for name in ("wiki", "shop", "mail")]
    of_octets, of_table = explore(ders), explore(tables.certificates(folder))

    assert [row["names"] for row in of_octets.panel.view["rows"]] == [
        "wiki.contoso.com",
        "shop.contoso.com +1",
        "mail.contoso.com +2",
    ]

    of_table.panel.query = "wiki"

    assert [row["names"] for row in of_table.panel.view["rows"]] == ["wiki.contoso.com"]
    assert [tab["id"] for tab in of_table.panel.shown["tabs"]] == ["overview"]
    with pytest.raises(TypeError, match="lacks"):
        explore(tables.certificates(folder)[["name"]])
    with pytest.raises(TypeError):
        explore(5)
    with pytest.raises(OSError):
        explore(tmp_path / "absent")


def test_a_page_without_a_kernel_has_the_list_and_what_is_opened(shop):
    explorer = explore(shop)
    explorer.panel.selected = "evil"
    data, _ = explorer._repr_mimebundle_()

    assert data["text/plain"] == "<Explorer of 'contoso-lab': 11 certificates · 1 expires soon · 2 have a problem>"
    assert "legacy-vpn" in data["text/html"]
    assert "con\\u200Btoso" in data["text/html"]
    assert "<script" not in data["text/html"]
    assert "<img" not in data["text/html"]
    explorer.close()


def test_a_wish_of_the_browser_shows_a_form_or_a_call(shop):
    explorer = explore(shop)
    explorer.panel._asked(None, {"do": "create"}, [])

    assert type(explorer.beside[0]).__name__ == "CreateForm"

    explorer.panel._asked(None, {"do": "create"}, [])

    assert explorer.beside == ()

    seq = next(event.seq for event in shop.events if event.kind == "create_certificate")
    explorer.panel._asked(None, {"do": "call", "seq": seq}, [])

    assert "create_certificate" in explorer.beside[0].texts["kvlab"]

    for nonsense in ({}, {"do": 5}, {"do": "call", "seq": "x"}, "no dict", None, {"do": "format the disk"}):
        explorer.panel._asked(None, nonsense, [])
    explorer.close()


def test_operation_and_actions_are_drawn_by_their_own_widgets_and_end_with_their_tab(shop):
    explorer = explore(shop)
    explorer.panel.selected, explorer.panel.tab = "orders", "operation"
    machine = explorer.beside[0]

    assert (type(machine).__name__, machine.name) == ("OperationView", "orders")

    explorer.panel.selected = "shop"

    assert explorer.beside[0].name == "shop"

    explorer.panel.tab = "actions"

    assert type(explorer.beside[0]).__name__ == "LifecycleForm"

    explorer.panel.tab = "overview"

    assert explorer.beside == ()
    explorer.close()


def test_no_tab_holds_a_private_key(shop):
    explorer = explore(shop)
    explorer.panel.selected = "shop"
    secret = shop.get_secret("shop").value
    for tab in [tab["id"] for tab in explorer.panel.shown["tabs"]]:
        explorer.panel.tab = tab

        assert secret[:40] not in json.dumps(explorer.panel.pane)
    explorer.close()


def test_half_a_character_finds_nothing_and_breaks_nothing(panel):
    panel.set_state({"query": "\ud800"})
    assert names(panel) == []
    panel.set_state({"query": ""})
    assert len(names(panel)) == 11
