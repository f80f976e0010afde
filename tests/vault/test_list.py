"""Lists come in pages, each from the database as it is asked for."""

from functools import partial

import pytest

from kvlab.errors import InvalidProperty
from tests.vault.make import finish


@pytest.mark.parametrize("maxresults", [0, -1, 26, "5", 2.5, True], ids=repr)
def test_a_page_has_1_to_25_entries(vault, maxresults):
    for listing in (vault.get_certificates, vault.get_keys, vault.get_certificate_issuers, vault.get_deleted_secrets):
        with pytest.raises(InvalidProperty, match="maxresults"):
            listing(maxresults=maxresults)


@pytest.mark.parity("paging")
def test_every_list_pages_and_the_pages_are_the_whole(vault):
    for number in range(7):
        finish(vault, f"c{number}")
        vault.create_key(f"K{number}", "EC")
        vault.set_secret(f"s{number}", "x")
        vault.set_certificate_issuer(f"i{number}", provider="Test")
        finish(vault, "many")
        vault.create_key("k", "EC")
        vault.set_secret("s", "x")

    def last(item):
        return (getattr(item, "kid", None) or item.id).rsplit("/", 1)[1]

    def pages(listing, size):
        found, after = [], ""
        while page := listing(maxresults=size, after=after):
            assert len(page) <= size
            found, after = [*found, *page], last(page[-1])
        return found

    lists = [
        vault.get_certificates, vault.get_keys, vault.get_secrets, vault.get_certificate_issuers,
        partial(vault.get_certificate_versions, "many"), partial(vault.get_key_versions, "many"),
        partial(vault.get_secret_versions, "many"), partial(vault.get_key_versions, "k"),
        partial(vault.get_secret_versions, "s"),
    ]  # fmt: skip
    for listing in lists:
        assert len(listing()) >= 7
        assert pages(listing, 3) == listing()
    for number in range(7):
        vault.delete_certificate(f"c{number}")
        vault.delete_key(f"K{number}")
        vault.delete_secret(f"s{number}")
    for listing, count in (
        (vault.get_deleted_certificates, 7),
        (vault.get_deleted_keys, 14),
        (vault.get_deleted_secrets, 14),
    ):
        assert len(listing()) == count
        assert pages(listing, 3) == listing()


@pytest.mark.parametrize("after", ["x", "z" * 32, 5], ids=repr)
def test_a_page_of_versions_begins_after_a_version_id(vault, after):
    for listing in (vault.get_certificate_versions, vault.get_key_versions, vault.get_secret_versions):
        with pytest.raises(InvalidProperty, match="after"):
            listing("web", after=after)


def statements(vault, call):
    """The SQL that a call runs."""
    seen = []
    driver = vault._core.store._shared.connection.dbapi_connection
    driver.set_trace_callback(seen.append)
    try:
        call()
    finally:
        driver.set_trace_callback(None)
    return [text for text in seen if text.startswith("SELECT")]


def test_a_page_is_found_by_an_index_and_cut_in_the_query(vault):
    """No scan and no sort: what a page costs does not grow with what is in the vault."""
    calls = [
        vault.get_certificates, vault.get_keys, vault.get_secrets, vault.get_certificate_issuers,
        vault.get_deleted_certificates, vault.get_deleted_keys, vault.get_deleted_secrets,
        partial(vault.get_certificate_versions, "web"), partial(vault.get_key_versions, "web"),
        partial(vault.get_secret_versions, "web"),
    ]  # fmt: skip
    driver = vault._core.store._shared.connection.dbapi_connection
    for call in calls:
        for sql in statements(vault, partial(call, maxresults=5)):
            assert "LIMIT 5" in " ".join(sql.split()), sql
            plan = [row[-1] for row in driver.execute(f"EXPLAIN QUERY PLAN {sql}")]
            assert all(step.startswith("SEARCH") for step in plan), (sql, plan)


def test_the_deleted_alone_are_counted_without_reading_the_others(vault):
    driver = vault._core.store._shared.connection.dbapi_connection
    [sql] = [
        text
        for text in statements(vault, partial(vault.count_certificates, "x", only_deleted=True))
        if "count(*)" in text
    ]
    plan = [row[-1] for row in driver.execute(f"EXPLAIN QUERY PLAN {sql}")]

    assert any("certificate_purge" in step for step in plan), plan
    assert not any("certificate_listing" in step for step in plan), plan
