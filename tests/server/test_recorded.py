"""Requests and answers as the recordings have them, where no other test looks."""

import base64
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from tests.vault.make import OutsideCA

MANUAL = {
    "key_props": {"kty": "EC", "crv": "P-256"}, "issuer": {"name": "Unknown"}, "x509_props": {"subject": "CN=a.example"},
}  # fmt: skip


@pytest.mark.parity("http-merge", "merge_certificate")
def test_merge_is_201_with_the_location_of_the_certificate(served):
    operation = served.call("POST", "/certificates/merged/create", {"policy": MANUAL}).json
    leaf = OutsideCA().leaf_of_request(base64.b64decode(operation["csr"]))

    answer = served.call(
        "POST", "/certificates/merged/pending/merge", {"x5c": [base64.b64encode(leaf).decode()]}, version="7.4"
    )

    assert answer.status == 201
    assert answer.headers["Location"] == f"{served.url}/certificates/merged?api-version=7.4"
    assert base64.b64decode(answer.json["cer"]) == leaf


@pytest.mark.parity("http-next-page")
def test_the_next_page_may_be_asked_for_in_any_order_and_encoding(served):
    for number in range(3):
        served.call("PUT", f"/secrets/next-{number}", {"value": "x"})
    first = served.call("GET", "/secrets?maxresults=1").json
    parts = urlsplit(first["nextLink"])
    query = "&".join(
        f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in reversed(parse_qsl(parts.query))
    )

    expected = served.call("GET", f"{parts.path}?{parts.query}").json
    assert "%24skiptoken" in query
    assert served.call("GET", f"{parts.path}?{query}", headers={"Accept": "*/*"}).json["value"] == expected["value"]
    assert expected["value"] != first["value"]


@pytest.mark.parity("http-no-body", "backup_certificate", "recover_deleted_certificate")
def test_backup_and_recover_have_no_body_and_create_needs_one(served):
    served.call("POST", "/certificates/bodyless/create", {"policy": MANUAL | {"issuer": {"name": "Self"}}})
    served.call("GET", "/certificates/bodyless/pending")

    assert served.call("POST", "/certificates/bodyless/backup").json["value"]
    assert served.call("DELETE", "/certificates/bodyless").status == 200
    assert served.call("POST", "/deletedcertificates/bodyless/recover").status == 200
    refused = served.call("POST", "/certificates/nobody/create")
    assert (refused.status, refused.code) == (400, "BadParameter")
