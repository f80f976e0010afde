"""What the vault refuses although the state machine's table has it: because of the name, or for want of a permission."""

from xml.etree import ElementTree as ET

import pytest

import kvlab
from kvlab.errors import VaultError
from kvlab.vault.operation import CALLS, Move
from tests.vault.make import OutsideCA, ec_key, ec_policy, finish, pfx_file


def deleted(vault):
    finish(vault, "shop")
    vault.delete_certificate("shop")


def beside_a_plain_secret(vault):
    vault.set_secret("shop", "a value")


def beside_a_plain_key(vault):
    vault.create_key("shop", "EC")


def beside_a_deleted_secret(vault):
    vault.set_secret("shop", "a value")
    vault.delete_secret("shop")


def made(vault):
    finish(vault, "shop")


def bring(vault, name):
    key = ec_key()
    vault.import_certificate(name, pfx_file(key, OutsideCA(vault.clock.now()).leaf(key.public_key())))


@pytest.mark.parametrize(
    "prepare",
    [deleted, beside_a_plain_secret, beside_a_plain_key, beside_a_deleted_secret, made],
    ids=lambda x: x.__name__,
)
def test_an_import_is_offered_where_the_vault_takes_one(vault, prepare):
    prepare(vault)
    view = kvlab.operation(vault, "shop")

    try:
        bring(vault, "shop")
    except VaultError as refusal:
        assert view.refused[Move.IMPORT].message == refusal.message
    else:
        assert Move.IMPORT in view.legal


def test_a_name_that_can_not_be_is_refused_for_every_move(vault):
    view = kvlab.operation(vault, "no_name")

    assert view.legal == ()
    for move in (Move.IMPORT, Move.MERGE):
        with pytest.raises(VaultError) as refusal:
            getattr(vault, CALLS[move])("no_name", b"")
        assert view.refused[move].message == refusal.value.message


def test_picture_sentence_and_text_without_a_kernel_say_what_the_buttons_say(vault):
    deleted(vault)
    view = kvlab.operation(vault, "shop")
    sentence = "currently in a deleted but recoverable state"

    assert Move.CREATE in view.refused
    assert "✓" not in repr(view)
    assert f"✕ create: 409 Certificate shop is {sentence}" in repr(view)
    assert "From here" not in view.sentence()
    page = view.page()
    assert page.count(sentence) >= 2
    loud = ET.fromstring(view.picture()).findall(".//{http://www.w3.org/2000/svg}text[@class='w']")
    assert loud == []


def test_who_may_not_reads_so_in_the_text_too(vault):
    vault.create_certificate("shop", ec_policy("CN=shop", issuer="Unknown"))
    bob = vault.set_principal("bob", certificates=["get"])
    view = kvlab.operation(bob, "shop")

    assert [line[:20] for line in repr(view).splitlines() if line.startswith("✓")] == ["✓ poll: inProgress"]
    # The other signer's table is the table's: what is refused by it is no want of a permission.
    owner = kvlab.operation(vault, "shop")
    owner.signer = "issuer"
    assert owner.barred == {}
