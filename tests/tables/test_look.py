"""The styled look of a table, and the plain one."""

import pandas as pd

from kvlab import tables
from tests.vault.make import ec_policy, finish


def test_a_state_has_its_sign_its_word_and_its_colour(vault):
    finish(vault, policy=ec_policy("CN=web", validity_months=1, lifetime_actions=[]))
    vault.clock.advance(days=40)
    finish(vault, "fresh")

    page = tables.style(tables.certificates(vault)).to_html()

    assert "<i>✕</i> expired" in page
    assert "<i>✓</i> valid" in page
    assert "kvs-bad" in page
    assert "var(--jp-error-color1" in page
    assert ">yes<" in page
    assert "<NA>" not in page
    assert " UTC<" in page


def test_the_same_table_is_the_same_page_and_outside_text_stays_text(vault):
    evil = r"CN=\<script\>alert(1)\</script\>, O=\<img src\=x onerror\=alert(1)\>"
    finish(vault, policy=ec_policy(evil))

    pages = {tables.style(make(vault)).to_html() for make in (tables.certificates, tables.certificates)}

    assert len(pages) == 1
    assert "<script" not in pages.copy().pop()
    assert "<img" not in pages.pop()


def test_every_table_has_both_looks(vault):
    finish(vault)
    for table in (
        tables.certificates(vault), tables.fields(vault.get_certificate("web")), tables.chain(vault, "web"),
        tables.compare(vault, "web"), tables.operations(vault), tables.events(vault), tables.versions(vault, "web"),
        tables.mails(vault), tables.overrides(vault, "web"), tables.certificates(vault).sort_values("not_after"),
    ):  # fmt: skip
        assert tables.style(table).to_html().count("<tr>") == len(table) + 1
        plain = tables.plain(table)
        assert type(plain) is pd.DataFrame
        assert plain.equals(pd.DataFrame(table))
