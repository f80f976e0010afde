"""Rules of the service that are small enough to be proved one by one; see docs/parity.toml."""

import pytest

from kvlab.errors import DeletedItemNotFound
from tests.vault.make import ec_policy, finish


@pytest.mark.parity("purge_deleted_key", "purge_deleted_secret")
def test_a_purged_plain_key_or_secret_is_gone_and_its_name_is_free(vault):
    vault.create_key("web", "EC")
    vault.set_secret("web", "value")
    vault.delete_key("web")
    vault.delete_secret("web")

    assert vault.purge_deleted_key("web") is vault.purge_deleted_secret("web") is None

    for read in (vault.get_deleted_key, vault.get_deleted_secret):
        with pytest.raises(DeletedItemNotFound):
            read("web")
    assert vault.get_deleted_keys() == vault.get_deleted_secrets() == []
    assert finish(vault, "web", ec_policy()).cer
