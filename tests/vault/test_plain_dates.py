"""A plain key or secret never ends before it begins, whether it is made so or changed so."""

import pytest

from kvlab.errors import InvalidProperty


@pytest.mark.parametrize("change", [{"exp": 1000}, {"nbf": 3000}, {"nbf": 5, "exp": 5}], ids=str)
def test_a_change_that_would_end_a_version_before_it_begins_is_refused(vault, change):
    vault.set_secret("s", "x", attributes={"nbf": 1000, "exp": 3000})
    vault.create_key("k", "EC", attributes={"nbf": 1000, "exp": 3000})

    for update in (vault.update_secret, vault.update_key):
        with pytest.raises(InvalidProperty, match=r"attributes\.exp"):
            update("s" if update == vault.update_secret else "k", attributes=change)
    assert vault.get_secret("s").attributes.exp == 3000
    assert vault.get_key("k").attributes.nbf == 1000


def test_dates_move_together(vault):
    vault.set_secret("s", "x", attributes={"nbf": 1000, "exp": 3000})

    moved = vault.update_secret("s", attributes={"nbf": 5000, "exp": 6000})

    assert (moved.attributes.nbf, moved.attributes.exp) == (5000, 6000)
