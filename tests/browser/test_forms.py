"""The forms in a real JupyterLab: the happy path of each and a refusal, hostile text, files, restarts. One page for all."""

import os
from pathlib import Path

import nbformat
import pytest

from tests.browser.lab import browser_page, open_notebook, run_all, running_lab
from tests.tool import tool

CELLS = {
    "setup": """\
import kvlab
live = kvlab.Vault("live-lab")
vault = kvlab.Vault("contoso-lab", clock="simulated", seed="forms")
policy = {"issuer": {"name": "Self"}, "key_props": {"kty": "EC"}, "x509_props": {"subject": "CN=life.contoso.com"}}
vault.create_certificate("life", policy)
vault.create_certificate("manual", policy | {"issuer": {"name": "Unknown"}})
vault.clock.advance(1)
import base64
pfx = base64.b64decode(vault.get_secret("life").value)
iot = kvlab.Iot(live)
allowed = '{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}'
iot.create_policy("lamps", f'{{"Version": "2012-10-17", "Statement": {allowed}}}')
iot.create_thing("lamp-1")
kept = iot.create_keys_and_certificate(set_as_active=True)
iot.attach_policy("lamps", kept.certificate_arn)
""",
    "live": "made = kvlab.create(live); made",
    "create": "form = kvlab.create(vault); form",
    "merge": "merging = kvlab.merge(vault, 'manual'); merging",
    "import": "importing = kvlab.import_form(vault); importing",
    "issuer": "kvlab.issuer(vault)",
    "contacts": "kvlab.contacts(vault)",
    "access": "kvlab.access(vault)",
    "lifecycle": "kvlab.lifecycle(vault, 'life')",
    "device": "kvlab.device(iot)",
    "device_life": "kvlab.device_life(iot, kept.certificate_id)",
}
NAMES = [name for name in CELLS if name != "setup"]
EVIL = "CN=\\<img src=x onerror=window.__xss=1\\>"
CLICK = """async (view) => {
    const status = view.querySelector(".kvf-status");
    const shown = new Promise((done) => {
        const look = () => status.textContent.includes("completed") && view.querySelector(".kvf-outcome table") && done();
        new MutationObserver(look).observe(view, { childList: true, subtree: true, characterData: true });
    });
    const start = performance.now();
    view.querySelector(".kvf-buttons .primary").click();
    await shown;
    await new Promise(requestAnimationFrame);
    return performance.now() - start;
}"""
DROP = """(zone, octets) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(octets)], "evil\\u202egnp<script>.pfx"));
    zone.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def notebook():
    hidden = {"jupyter": {"source_hidden": True}}
    cells = [nbformat.v4.new_code_cell(source, metadata=hidden) for source in CELLS.values()]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """One page for all: to open a notebook takes longer than to try everything on it."""
    pytest.importorskip("playwright")
    pytest.importorskip("jupyterlab")
    chromium = tool("chromium")
    folder = tmp_path_factory.mktemp("lab")
    with running_lab(folder, windowing="none") as url, browser_page(chromium, url) as (opened, errors, outside):
        opened.sent = []
        opened.on("websocket", lambda socket: socket.on("framesent", lambda frame: opened.sent.append(len(frame))))
        nbformat.write(notebook(), folder / "lessons" / "forms.ipynb")
        open_notebook(opened, url, "forms.ipynb")
        opened.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
        run_all(opened)
        yield opened
    assert errors == []
    assert outside == []


def form(page, name):
    view = page.locator(".jp-OutputArea .kvl-form").nth(NAMES.index(name))
    view.scroll_into_view_if_needed()
    return view


def run(page, code):
    """Run code in the kernel, as another cell would; returns what it printed."""
    return page.evaluate(
        """async (code) => {
            const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
            const future = kernel.requestExecute({ code });
            let printed = "";
            future.onIOPub = ({ content }) => { printed += content.text ?? content.evalue ?? ""; };
            await future.done;
            return printed;
        }""",
        code,
    )


def shot(view, name):
    folder = os.environ.get("KVLAB_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        view.screenshot(path=Path(folder) / f"{name}.png")


def fill(view, **values):
    for label, value in values.items():
        view.get_by_label(label.replace("_", " "), exact=True).fill(value)


def press(view, name):
    view.get_by_role("button", name=name, exact=True).click()


def test_a_click_makes_a_certificate_at_once_and_two_clicks_make_one(page):
    view = form(page, "live")
    fill(view, Certificate_name="warm", Subject="CN=warm.contoso.com")
    view.get_by_text("Ready.").wait_for()
    press(view, "Create certificate")
    view.get_by_text("warm: completed").wait_for()
    times = []
    for number in range(3):
        fill(view, Certificate_name=f"web{number}")
        view.get_by_text("Ready.").wait_for()
        times.append(view.evaluate(CLICK))
    print(f"\nclick to visible EC certificate: {', '.join(f'{each:.0f}' for each in times)} ms")

    fill(view, Certificate_name="twice")
    view.get_by_text("Ready.").wait_for()
    view.get_by_role("button", name="Create certificate").dblclick()
    view.get_by_text("twice: completed").wait_for()
    assert run(page, "print(len(live.get_certificate_versions('twice')))").strip() == "1"


def test_a_long_creation_can_be_cancelled_while_the_kernel_works_on(page):
    view = form(page, "live")
    view.get_by_role("tab", name="Key", exact=True).click()
    view.get_by_role("radio", name="RSA", exact=True).click()
    view.get_by_role("radio", name="4096 bits").click()
    fill(view, Certificate_name="slow")
    run(page, "slow = live._core.entropy.rsa_key; import time")
    run(page, "live._core.entropy.rsa_key = lambda *given: (time.sleep(2), slow(*given))[1]")
    press(view, "Create certificate")
    view.get_by_text("making the RSA 4096 key and the request").wait_for()
    assert run(page, "print(6 * 7)").strip() == "42"
    press(view, "Cancel")
    view.get_by_text("Cancelled: nothing was changed.").wait_for()
    assert run(page, "print(live.get_certificates(include_pending=True)[-1].id)").strip().endswith("web2")


def test_a_mistake_stands_beside_its_field_and_one_click_repairs_it(page):
    view = form(page, "create")
    fill(view, Certificate_name="shop", Subject="CN=shop.contoso.com, O=Contoso, Ltd")
    view.get_by_role("alert").get_by_text("Invalid X.500 distinguished name").wait_for()
    subject = view.get_by_label("Subject", exact=True)
    assert subject.get_attribute("aria-invalid") == "true"
    assert view.get_by_role("button", name="Create certificate").get_attribute("aria-disabled") == "true"
    view.get_by_role("tab", name="Subject & names 1 to correct").wait_for()
    shot(view, "form-create-refused-light")

    view.get_by_role("button", name="Use CN=shop.contoso.com, O=Contoso\\, Ltd").click()
    view.get_by_role("alert").wait_for(state="detached")
    assert subject.input_value() == "CN=shop.contoso.com, O=Contoso\\, Ltd"
    names = view.get_by_label("DNS names", exact=True)
    names.fill("ä.contoso.com ok.contoso.com ö.contoso.com")
    names.press("Enter")
    view.get_by_role("alert").get_by_text("'ö.contoso.com': ").wait_for()
    marked = [text.split()[:2] for text in view.locator(".kvf-chip.wrong").all_inner_texts()]
    assert marked == [["✕", "ä.contoso.com"], ["✕", "ö.contoso.com"]]
    for name in ("ä", "ok", "ö"):
        view.get_by_role("button", name=f"Remove {name}.contoso.com").click()
    view.get_by_role("alert").wait_for(state="detached")
    names.fill("shop.contoso.com")
    names.press("Enter")
    view.get_by_role("button", name="Remove shop.contoso.com").wait_for()
    names.press("Backspace")
    view.get_by_role("button", name="Remove shop.contoso.com").wait_for(state="detached")


def test_what_is_typed_while_the_kernel_is_busy_is_not_lost(page):
    view = form(page, "create")
    subject = view.get_by_label("Subject", exact=True)
    subject.fill("")
    page.evaluate(
        "() => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute("
        "{ code: 'import time; time.sleep(1.5)' }) }"
    )
    subject.press_sequentially("CN=typed.contoso.com", delay=25)
    view.get_by_text('"CN=typed.contoso.com"').wait_for()
    assert subject.input_value() == "CN=typed.contoso.com"


def test_tabs_and_cards_work_by_keyboard(page):
    view = form(page, "create")
    tab = view.get_by_role("tab", name="Subject & names")
    tab.focus()
    for name in ("Key", "Usage", "Validity & renewal"):
        page.keyboard.press("ArrowRight")
        assert page.evaluate("() => document.activeElement.textContent") == name
    view.get_by_label("Validity", exact=True).fill("9")
    view.get_by_text('"validity_months"').wait_for()
    view.get_by_role("img", name="The vault makes version 2 on ").wait_for()
    card = view.get_by_role("radio", name="Self-signed")
    card.focus()
    page.keyboard.press("ArrowRight")
    view.get_by_role("radio", name="Manual CSR", checked=True).wait_for()
    view.get_by_text('"Unknown"').wait_for()
    page.keyboard.press("ArrowLeft")
    view.get_by_role("radio", name="Self-signed", checked=True).wait_for()
    view.get_by_role("tab", name="Subject & names").click()


def test_the_browser_is_heard_on_the_kernels_own_thread(page):
    run(page, "import threading; heard = set(); form.view.on_msg(lambda *_: heard.add(threading.get_ident()))")
    view = form(page, "create")
    view.get_by_role("tab", name="Validity & renewal").click()
    view.get_by_label("Validity", exact=True).fill("8")
    view.get_by_text('"validity_months": 8').wait_for()

    assert run(page, "print(heard == {threading.get_ident()})").strip() == "True"


def test_a_pasted_policy_fills_the_form_and_is_refused_beside_it(page):
    view = form(page, "create")
    view.get_by_role("tab", name="Subject & names").click()
    press(view, "Paste JSON")
    paste = view.get_by_label("Policy as JSON")
    paste.fill('{"key_props": {"kty": "DSA"}}')
    view.locator(".kvf-beside").get_by_text("Property policy.key_props.kty has invalid value").wait_for()
    paste.fill(
        '{"key_props": {"kty": "RSA", "key_size": 3072}, "x509_props": {"subject": "CN=pasted"}, "issuer": {"name": "Self"}}'
    )
    view.locator(".kvf-beside:empty").wait_for(state="attached")
    press(view, "Done")
    page.wait_for_function(
        "view => view.querySelector('input[id$=subject]').value === 'CN=pasted'", arg=view.element_handle()
    )
    view.get_by_role("tab", name="Key", exact=True).click()
    view.get_by_role("radio", name="3072 bits", checked=True).wait_for()
    view.get_by_role("radio", name="EC", exact=True).click()
    press(view, "Show me the call")
    page.locator(".kvl-call").first.get_by_text("create_certificate").first.wait_for()
    press(view, "Show me the call")
    view.get_by_role("tab", name="Subject & names").click()


def test_hostile_text_stays_text(page):
    view = form(page, "create")
    view.get_by_role("tab", name="Subject & names").click()
    fill(view, Certificate_name="evil", Subject=f"{EVIL}\u202egnp\u200b")
    view.get_by_role("tab", name="Tags & state").click()
    press(view, "+ Add")
    view.get_by_label("Tag of row 1").fill("<script>window.__xss=2</script>")
    view.get_by_label("Value of row 1").fill("\u202e<img src=x onerror=window.__xss=3>")
    view.get_by_text("Ready.").wait_for()
    press(view, "Create certificate")
    view.get_by_text("evil: inProgress").wait_for()
    press(view, "Advance the clock by 10 s")
    view.get_by_text("evil: completed").wait_for()

    assert page.evaluate("() => window.__xss") is None
    assert view.locator("img").count() == 0
    shown = view.locator(".kvf-outcome").inner_text()
    assert "<img src=x onerror=window.__xss=1>\\u202Egnp\\u200B" in shown
    assert "\u202e" not in shown


def test_a_request_is_signed_and_merged_and_nonsense_is_refused(page):
    view = form(page, "merge")
    fill(view, **{"CA's_answer": "good morning"})
    view.get_by_role("alert").get_by_text("ASN1 bad tag value met.").wait_for()
    shot(view, "form-merge-light")
    press(view, "Have the practice CA sign it")
    view.get_by_text("signed by the practice CA").wait_for()
    press(view, "Merge certificate")
    view.get_by_text("manual: completed").wait_for()


def test_a_large_file_is_refused_before_an_octet_is_sent(page, tmp_path):
    view = form(page, "import")
    large = tmp_path / "large.pfx"
    with large.open("wb") as file:
        file.truncate(50 * 2**20)
    before = sum(page.sent)

    view.locator("input[type=file]").set_input_files(large)
    view.get_by_text("large.pfx has 50.0 MB; at most 5.0 MB are taken. Nothing was sent.").wait_for()
    view.locator(".kvf-drop").evaluate(DROP, 6 * 2**20)
    view.get_by_text("evil\\u202Egnp<script>.pfx has 6.0 MB").wait_for()

    assert sum(page.sent) - before < 20_000
    shot(view, "form-import-large-light")


def test_a_file_with_its_key_is_imported_and_its_password_stays_nowhere(page, tmp_path):
    view = form(page, "import")
    run(page, f"_ = open({str(tmp_path / 'life.pfx')!r}, 'wb').write(pfx)")
    fill(view, Certificate_name="moved")
    view.locator("input[type=file]").set_input_files(tmp_path / "life.pfx")
    view.get_by_text("octets at hand").wait_for()
    password = view.get_by_label("Password", exact=True)
    password.fill("Pflanzen und Erde")
    password.press("Enter")
    view.get_by_text("at hand, for one try").wait_for()
    assert password.input_value() == ""
    press(view, "Import certificate")
    view.get_by_role("alert").first.wait_for()
    press(view, "Import certificate")
    view.get_by_text("moved: imported").wait_for()

    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    saved = run(page, "print(open('forms.ipynb').read())")
    assert "Pflanzen" not in saved + run(page, "print(importing.view.get_state(), importing.get_state())")


def test_an_issuer_is_set_up(page):
    view = form(page, "issuer")
    fill(view, Name="trusty", Account="12345")
    password = view.get_by_label("Password or API key", exact=True)
    password.fill("the API key")
    view.get_by_label("Organization id").focus()
    assert password.input_value() == ""
    view.get_by_role("alert").get_by_text("Id in organization details is not set").wait_for()
    shot(view, "form-issuer-light")
    fill(view, Organization_id="42")
    view.get_by_role("alert").wait_for(state="detached")
    press(view, "Set up issuer")
    view.get_by_text("trusty: kept.").wait_for()
    create = form(page, "create")
    create.get_by_role("radio", name="Known issuer").click()
    create.get_by_role("tab", name="Issuer").click()
    assert create.locator("select[id$=issuer]").input_value() == "trusty"


def test_contacts_are_kept(page):
    view = form(page, "contacts")
    press(view, "+ Add")
    view.get_by_label("Name of row 1").fill("Ann")
    view.get_by_role("alert").get_by_text("contacts[0].email").wait_for()
    view.get_by_label("E-mail of row 1").fill("ann@contoso.com")
    view.get_by_role("alert").wait_for(state="detached")
    press(view, "Keep contacts")
    view.get_by_text("Kept: 1 contact.").wait_for()
    shot(view, "form-contacts-light")


def test_somebody_is_permitted_little_and_refused_the_rest(page):
    view = form(page, "access")
    fill(view, Principal="alice")
    view.get_by_label("get", exact=True).check()
    press(view, "Set permissions")
    view.get_by_text("alice may do this now.").wait_for()
    view.get_by_role("tab", name="Act as").click()
    view.get_by_label("Operation", exact=True).select_option("delete_certificate")
    press(view, "Try it as this principal")
    view.get_by_text("does not have certificates delete permission").wait_for()
    shot(view, "form-access-light")


def test_moves_that_are_not_legal_say_what_they_would_get(page):
    view = form(page, "lifecycle")
    purge = view.get_by_role("button", name="Purge")
    assert purge.get_attribute("aria-disabled") == "true"
    assert "404 CertificateNotFound" in view.locator(f"[id='{purge.get_attribute('aria-describedby')}']").inner_text()
    purge.click(force=True)
    press(view, "Disable")
    view.get_by_text("It is disabled already.").wait_for()
    press(view, "Delete")
    view.get_by_text("it can be recovered or purged").wait_for()
    press(view, "Recover")
    view.get_by_text("life: completed, disabled").wait_for()
    shot(view, "form-lifecycle-light")


def test_a_device_certificate_is_made_for_a_thing_that_is_there_and_its_call_is_shown(page):
    view = form(page, "device")
    fill(view, Thing="lamp-9")
    view.get_by_label("Policy", exact=True).select_option("lamps")
    press(view, "Create certificate")
    view.get_by_role("alert").get_by_text("lamp-9").wait_for()
    assert view.get_by_label("Thing", exact=True).get_attribute("aria-invalid") == "true"
    shot(view, "form-device-refused-light")

    fill(view, Thing="lamp-1")
    press(view, "Show me the call")
    shown = page.locator(".kvl-call").last
    shown.get_by_role("tab", name="boto3").click()
    shown.get_by_text("iot.attach_thing_principal").first.wait_for()
    press(view, "Create certificate")
    view.get_by_text("form.answer.key_pair.private_key").wait_for()
    assert "BEGIN" not in view.inner_text()
    press(view, "Show me the call")
    shot(view, "form-device-light")


def test_a_device_certificate_is_deactivated_but_not_deleted_with_its_policy(page):
    view = form(page, "device_life")
    delete = view.get_by_role("button", name="Delete")
    assert delete.get_attribute("aria-disabled") == "true"
    assert "406" in view.locator(f"[id='{delete.get_attribute('aria-describedby')}']").inner_text()
    press(view, "Deactivate")
    view.get_by_text("It is INACTIVE already.").wait_for()
    press(view, "Delete")
    view.locator(".kvf-outcome").get_by_text("Certificate policies must be detached before deletion").wait_for()
    shot(view, "form-device-life-light")


def test_every_control_has_a_name_and_every_tab_fits(page):
    for name in NAMES:
        nameless = form(page, name).evaluate(
            """view => [...view.querySelectorAll("button, input:not([type=file]), select, textarea")].filter((control) =>
                !control.textContent.trim() && !control.getAttribute("aria-label") && !control.labels?.length &&
                !control.closest("[hidden]")).map((control) => control.outerHTML)"""
        )
        assert nameless == [], name


@pytest.mark.parametrize("width", [900, 700])
def test_nothing_is_cut_off_in_a_narrow_window(page, width):
    page.set_viewport_size({"width": width, "height": 1000})
    for name in NAMES:
        view = form(page, name)
        wide = view.evaluate(
            """view => [...view.querySelectorAll("*")].filter((part) => part.getBoundingClientRect().right >
                view.getBoundingClientRect().right + 1 && !part.closest("svg, .kvf-outcome")).map((part) => part.className)"""
        )
        assert wide == [], name
        shot(view, f"form-{name}-{width}-light")
    page.set_viewport_size({"width": 1400, "height": 1000})


def test_the_dark_theme(page):
    page.evaluate("() => window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    for name in NAMES:
        shot(form(page, name), f"form-{name}-dark")


def test_forms_say_so_when_the_kernel_is_gone(page):
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    view = form(page, "create")
    view.get_by_text(
        "The kernel has gone. Nothing that is on disk is lost. Run this cell again to reconnect."
    ).wait_for()
    shot(view, "form-kernel-gone-dark")
    assert view.get_by_role("button", name="Create certificate").is_disabled()
    assert view.get_by_label("Certificate name").input_value() == "evil"
