"""The service's API over HTTPS: statuses, headers, errors and pages, as raw as they come."""

import base64
import json
import uuid

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

EC = {
    "key_props": {"kty": "EC", "crv": "P-256"},
    "issuer": {"name": "Self"},
    "x509_props": {"subject": "CN=contoso.com"},
}
MANUAL = EC | {"issuer": {"name": "Unknown"}}


def created(served, name, policy=EC):
    """Create a certificate and see it completed."""
    assert served.call("POST", f"/certificates/{name}/create", {"policy": policy}).status == 202
    assert served.call("GET", f"/certificates/{name}/pending").json["status"] == "completed"
    return served.call("GET", f"/certificates/{name}").json


@pytest.mark.parity("create_certificate", "http-create", "http-retry-after")
def test_create_is_202_with_location_and_retry_after(served):
    answer = served.call("POST", "/certificates/first/create", {"policy": MANUAL}, version="7.4")

    operation = answer.json
    assert answer.status == 202
    assert answer.headers["Retry-After"] == "10"
    assert answer.headers["Location"] == (
        f"{served.url}/certificates/first/pending?api-version=7.4&request_id={operation['request_id']}"
    )
    assert operation["status"] == "inProgress"
    assert x509.load_der_x509_csr(base64.b64decode(operation["csr"])).is_signature_valid
    assert served.call("GET", "/certificates/first/pending").headers["Retry-After"] == "10"


@pytest.mark.parity("get_certificate_operation", "get_certificate", "http-host", "http-retry-after")
def test_a_completed_operation_asks_for_no_further_poll(served):
    bundle = created(served, "done")

    answer = served.call("GET", "/certificates/done/pending")
    assert "Retry-After" not in answer.headers
    assert answer.json["target"] == f"{served.url}/certificates/done"
    leaf = x509.load_der_x509_certificate(base64.b64decode(bundle["cer"]))
    assert leaf.subject.rfc4514_string() == "CN=contoso.com"
    assert bundle["sid"].startswith(f"{served.url}/secrets/done/")


@pytest.mark.parity("http-empty-version")
@pytest.mark.parametrize(
    "path",
    ["/certificates/latest", "/certificates/latest/", "//certificates/latest", "/keys/latest/", "/secrets/latest//"],
)
def test_an_empty_version_is_the_latest(served, path):
    if served.call("GET", "/certificates/latest").status == 404:
        created(served, "latest")

    assert served.call("GET", path).status == 200


@pytest.mark.parity("http-headers", "http-request-id", "http-content-type")
def test_the_headers_of_every_answer(served):
    given = "my-own-id"
    for answer in (
        served.call("GET", "/certificates", headers={"x-ms-client-request-id": given}),
        served.call("GET", "/certificates/nothing-here", headers={"x-ms-client-request-id": given}),
        served.raw("GET", "/certificates", headers={"x-ms-client-request-id": given}),
    ):
        assert uuid.UUID(answer.headers["x-ms-request-id"])
        assert answer.headers["x-ms-client-request-id"] == given
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["Pragma"] == "no-cache"
        assert answer.headers["Expires"] == "-1"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000;includeSubDomains"
        for name in ("region", "service-version", "network-info"):
            assert answer.headers[f"x-ms-keyvault-{name}"]


@pytest.mark.parity("http-challenge")
def test_without_a_token_the_challenge_comes_before_anything_else(served):
    for method, path in (
        ("GET", "/certificates"),
        ("POST", "/certificates/%00/create"),
        ("PATCH", "/nothing"),
        ("PUT", "/"),
    ):
        answer = served.raw(method, path, b"{ no json")

        assert answer.status == 401
        assert answer.code == "Unauthorized"
        assert answer.headers["www-authenticate"] == (
            f'Bearer authorization="{served.url}/{served.facts["tenant_id"]}", resource="{served.url}"'
        )


def test_the_challenge_of_a_named_vault_has_the_parent_domain_with_its_port(served):
    served.call("PUT", "/kvlab/vaults/second")
    port = served.url.rpartition(":")[2]

    for host, resource in (
        (f"second.localhost:{port}", f"https://localhost:{port}"),
        (f"second.vault.localhost:{port}", f"https://vault.localhost:{port}"),
        ("second.vault.azure.net", "https://vault.azure.net"),
    ):
        answer = served.raw("GET", "/certificates", headers={"Host": host})
        assert f'resource="{resource}"' in answer.headers["www-authenticate"]


def test_a_foreign_host_is_misdirected(served):
    for host in ("example.com", "unknown.vault.azure.net", "nobody.localhost", "169.254.169.254"):
        assert served.raw("GET", "/certificates", headers={"Host": host}).status == 421


@pytest.mark.parity("http-token", "http-audience")
def test_a_token_that_does_not_hold_is_refused_with_the_challenge(served):
    key = ec.generate_private_key(ec.SECP256R1())
    good = jwt.decode(served.token(), options={"verify_signature": False})
    forged = jwt.encode(good, key, "ES256")
    unsigned = jwt.encode(good, None, "none")
    elsewhere = served.token(scope="https://management.azure.com/.default")

    for token in (forged, unsigned, elsewhere, "nonsense", served.token()[:-6] + "AAAAAA"):
        answer = served.call("GET", "/certificates", token=token)
        assert answer.status == 401
        assert answer.code == "Unauthorized"
        assert "www-authenticate" in answer.headers
    slashed = served.call("GET", "/certificates", token=served.token(scope="https://vault.azure.net//.default"))
    assert slashed.json["error"]["message"].endswith(
        "Expected https://vault.azure.net, found: https://vault.azure.net/."
    )
    wrong = served.call("GET", "/certificates", token=elsewhere).json["error"]["message"]
    assert wrong == "AKV10022: Invalid audience. Expected https://vault.azure.net, found: https://management.azure.com."


def test_the_token_endpoint_refuses_as_the_authority_does(served):
    path = f"/{served.facts['tenant_id']}/oauth2/v2.0/token"
    good = {
        "grant_type": "client_credentials",
        "client_id": served.facts["client_id"],
        "scope": "https://vault.azure.net/.default",
    }

    def ask(**form):
        from urllib.parse import urlencode

        answer = served.raw("POST", path, urlencode(good | form).encode())
        return answer.status, answer.json["error"]

    assert ask(client_secret="wrong") == (401, "invalid_client")
    assert ask(client_id="nobody", client_secret="x")[1] == "unauthorized_client"
    assert ask(grant_type="password")[1] == "unsupported_grant_type"
    assert ask(client_secret=served.facts["client_secret"], scope="")[1] == "invalid_scope"
    assert served.raw("GET", path).status == 405


@pytest.mark.parity("http-api-version")
@pytest.mark.parametrize(
    "version",
    ["2016-10-01", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "7.6-preview.2", "2025-07-01", "2026-04-01"],
)
def test_every_known_api_version_is_taken(served, version):
    assert served.call("GET", "/certificates", version=version).status == 200


@pytest.mark.parity("http-api-version")
def test_an_unknown_or_missing_api_version_is_refused(served):
    unknown = served.call("GET", "/certificates", version="6.9")
    missing = served.call("GET", "/certificates?api-version=")

    assert (unknown.status, unknown.code) == (400, "BadParameter")
    assert "6.9" in unknown.json["error"]["message"]
    assert missing.json["error"]["message"] == "api-version must be specified"


@pytest.mark.parity("http-older-versions")
def test_members_of_newer_versions_are_left_out_of_older_ones(served):
    served.call("POST", "/certificates/ordered/create", {"policy": MANUAL, "preserveCertOrder": True})

    assert served.call("GET", "/certificates/ordered/pending", version="7.6").json["preserveCertOrder"] is True
    assert "preserveCertOrder" not in served.call("GET", "/certificates/ordered/pending", version="7.5").json


@pytest.mark.parity("http-older-versions")
@pytest.mark.parametrize(
    ("version", "absent"),
    [
        ("7.0", {"recoverableDays", "exportable", "hsmPlatform"}), ("7.2", {"exportable", "hsmPlatform"}),
        ("7.3", {"hsmPlatform"}), ("7.4", {"hsmPlatform"}), ("7.5", set()),
    ],
)  # fmt: skip
def test_a_keys_attributes_grew_with_the_versions(served, version, absent):
    served.call("POST", "/keys/grown/create", {"kty": "EC"})

    own = served.call("GET", "/keys/grown", version=version).json["attributes"]
    listed = served.call("GET", "/keys", version=version).json["value"][0]["attributes"]
    every = {"recoverableDays", "exportable", "hsmPlatform"}
    assert every - set(own) == every - set(listed) == absent


@pytest.mark.parity("http-method")
def test_wrong_methods_and_unknown_paths(served):
    for method, path, allowed in (
        ("POST", "/certificates//create", "GET"),
        ("PUT", "/certificates/issuers/", "GET"),
        ("DELETE", "/certificates", "GET"),
        ("OPTIONS", "/certificates", "GET"),
        ("PUT", "/certificates/web/pending", "GET, PATCH, DELETE"),
    ):
        answer = served.call(method, path)
        assert (answer.status, answer.code) == (405, "MethodNotAllowed")
        assert answer.json["error"]["message"] == f"HTTP {method} not allowed"
        assert allowed in answer.headers["Allow"]
    head = served.call("HEAD", "/certificates")
    assert (head.status, head.body) == (405, b"")
    assert served.call("GET", "/nothing/of/the/kind").status == 404


def test_what_the_service_does_with_keys_and_kvlab_not_is_no_version_of_the_key(served):
    served.call("POST", "/keys/turning/create", {"kty": "EC"})

    for method, path in (
        ("POST", "/keys/turning/rotate"), ("GET", "/keys/turning/rotationpolicy"),
        ("PUT", "/Keys/turning/RotationPolicy"), ("POST", "/keys/turning/release"), ("GET", "/keys/turning/attestation"),
    ):  # fmt: skip
        answer = served.call(method, path, {} if method != "GET" else None)
        assert (answer.status, answer.code) == (404, "NotFound")
        assert answer.json["error"]["message"] == f"The resource {path} is not part of this API."
    served.call("POST", "/keys/rotate/create", {"kty": "EC"})
    assert served.call("GET", "/keys/rotate").status == 200


@pytest.mark.parity("http-verb-override", "update_certificate")
def test_a_post_may_stand_for_another_method(served):
    created(served, "overridden")

    answer = served.call("POST", "/certificates/overridden", {"tags": {"a": "b"}}, headers={"X-HTTP-Method": "PATCH"})

    assert answer.json["tags"] == {"a": "b"}
    assert served.call("POST", "/certificates/overridden", headers={"X-HTTP-Request": "DELETE"}).status == 200
    assert served.call("GET", "/certificates/overridden").status == 404


@pytest.mark.parity("http-paging", "set_secret", "get_secrets")
def test_pages_link_to_the_next_with_the_port_spelled_out(served):
    names = [f"page-{number:03}" for number in range(60)]
    for name in names:
        assert served.call("PUT", f"/secrets/{name}", {"value": "x"}).status == 200

    found, sizes, path = [], [], "/secrets?maxresults=20&api-version=7.4"
    while path:
        page = served.call("GET", path).json
        sizes.append(len(page["value"]))
        found += [item["id"].rsplit("/", 1)[1] for item in page["value"] if "page-" in item["id"]]
        link = page["nextLink"]
        assert link is None or link.startswith(f"{served.url}/secrets?")
        path = link and link.removeprefix(served.url)
    assert found == names
    assert max(sizes) == 20


@pytest.mark.parity("paging")
def test_a_page_holds_25_unless_told_otherwise(served):
    for number in range(26):
        served.call("PUT", f"/secrets/full-{number}", {"value": "x"})

    assert len(served.call("GET", "/secrets").json["value"]) == 25


@pytest.mark.parity("paging")
@pytest.mark.parametrize(
    "query",
    [
        "maxresults=0",
        "maxresults=26",
        "maxresults=-1",
        "maxresults=two",
        "$skiptoken=nonsense",
        "includePending=perhaps",
    ],
)
def test_a_bad_page_is_refused(served, query):
    answer = served.call("GET", f"/certificates?{query}")

    assert (answer.status, answer.code) == (400, "BadParameter")


@pytest.mark.parity("paging")
def test_the_token_of_a_page_is_of_its_own_list(served):
    """One that is damaged, or another list's, is told to be so, and not what the caller never wrote."""
    version = base64.b64encode(json.dumps({"after": "0" * 32}).encode()).decode()
    name, space = (base64.b64encode(json.dumps({"after": text}).encode()).decode() for text in ("page-001", "a b"))

    for path, token in (("/secrets", space), ("/certificates/web/versions", name), ("/keys/web/versions", "")):
        answer = served.call("GET", f"{path}?$skiptoken={token}")
        assert (answer.status, answer.code) == (400, "BadParameter")
        assert answer.json["error"]["message"].startswith("Property $skiptoken has invalid value.")
    for path, token in (("/secrets", name), ("/certificates/web/versions", version), ("/certificates/issuers", name)):
        assert served.call("GET", f"{path}?$skiptoken={token}").status == 200


@pytest.mark.parity("http-paging", "get_certificate_versions")
def test_an_empty_list_ends_with_null(served):
    answer = served.call("GET", "/certificates/nobody-has-this/versions")

    assert answer.json == {"value": [], "nextLink": None}


@pytest.mark.parity("http-purge", "purge_deleted_certificate", "delete_certificate")
def test_purge_is_204_without_a_body(served):
    created(served, "gone")
    deleted = served.call("DELETE", "/certificates/gone").json

    answer = served.call("DELETE", "/deletedcertificates/gone")

    assert next(iter(deleted)) == "recoveryId"
    assert (answer.status, answer.body) == (204, b"")
    assert served.call("GET", "/certificates/gone").code == "CertificateNotFound"


@pytest.mark.parity("http-pkcs10")
def test_the_request_can_be_had_as_a_pkcs10(served):
    served.call("POST", "/certificates/csr/create", {"policy": MANUAL})

    answer = served.call("GET", "/certificates/csr/pending", headers={"Accept": "application/pkcs10"})

    assert answer.headers["Content-Type"] == "application/pkcs10"
    assert x509.load_der_x509_csr(base64.b64decode(answer.body)).is_signature_valid


def test_a_body_may_begin_with_the_mark_that_windows_puts_into_files(served):
    headers = {"Authorization": f"Bearer {served.token()}", "Content-Type": "application/json"}

    answer = served.raw("PUT", "/secrets/marked?api-version=7.6", b'\xef\xbb\xbf{"value": "x"}', headers)

    assert answer.json["value"] == "x"


def test_a_body_of_the_wrong_kind_is_refused_by_name(served):
    for body, member in (
        ({"policy": "{}"}, "policy"),
        ({"policy": EC, "tags": []}, "tags"),
        ({"policy": EC, "preserveCertOrder": "yes"}, "preserveCertOrder"),
        ({"policy": EC, "attributes": 1}, "attributes"),
    ):
        answer = served.call("POST", "/certificates/wrong/create", body)
        assert (answer.status, answer.code) == (400, "BadParameter")
        assert member in answer.json["error"]["message"]
    assert served.call("GET", "/certificates/wrong").status == 404


@pytest.mark.parity("http-large-body")
def test_a_long_body_is_refused(served):
    answer = served.call("POST", "/certificates/long/create", {"policy": {"x": "y" * 10_000_000}})

    assert (answer.status, answer.code) == (413, "RequestEntityTooLarge")


def test_what_is_no_http_gets_the_error_json_too(served):
    import socket

    name, _, port = served.host.rpartition(":")
    with (
        socket.create_connection((name, int(port))) as plain,
        served.context.wrap_socket(plain, server_hostname=name) as tls,
    ):
        tls.sendall(b"NONSENSE \x00\x01\r\n\r\n")
        answer = b""
        while piece := tls.recv(4096):
            answer += piece

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert json.loads(body)["error"]["code"] == "BadParameter"


@pytest.mark.parity("authorised-first", "http-error-body")
def test_a_missing_permission_is_403_for_unknown_names_too(served):
    token = served.principal("reader", certificates=["list"])

    assert served.call("GET", "/certificates", token=token).status == 200
    answer = served.call("GET", "/certificates/never-made", token=token)
    assert (answer.status, answer.code) == (403, "Forbidden")
    assert answer.json["error"]["innererror"] == {"code": "ForbiddenByPolicy"}


@pytest.mark.parity("out-content-type")
def test_a_pfx_secret_comes_as_pem_when_the_query_asks_for_it(served):
    created(served, "turned")

    pem = served.call("GET", "/secrets/turned?outContentType=application/x-pem-file", version="2025-07-01")
    refused = served.call("GET", "/secrets/turned?outContentType=text/plain", version="2025-07-01")

    assert pem.json["contentType"] == "application/x-pem-file"
    assert pem.json["value"].startswith("-----BEGIN PRIVATE KEY-----\n")
    assert (refused.status, refused.code) == (400, "BadParameter")
    version = pem.json["id"].rpartition("/")[2]
    assert served.call("GET", f"/secrets/turned/{version}?outContentType=application/x-pem-file").json == pem.json


@pytest.mark.parity("key-release")
def test_a_release_policy_is_refused_and_not_dropped(served):
    policy = {"contentType": "application/json", "data": "e30"}
    served.call("POST", "/keys/held/create", {"kty": "EC"})

    for method, path, body in (
        ("POST", "/keys/released/create", {"kty": "EC"}), ("PATCH", "/keys/held", {}),
        ("PUT", "/keys/released", {"key": {"kty": "EC"}}),
    ):  # fmt: skip
        answer = served.call(method, path, body | {"release_policy": policy})
        assert (answer.status, answer.code) == (400, "BadParameter")
    assert served.call("GET", "/keys/released").status == 404


@pytest.mark.parity("http-older-versions")
def test_addresses_among_the_names_are_newer_than_7_6(served):
    names = {"dns_names": ["contoso.com"], "ipAddresses": ["192.0.2.1"], "uris": ["https://contoso.com/"]}
    created(served, "named", EC | {"x509_props": {"subject": "CN=contoso.com", "sans": names}})

    def shown(version):
        bundle = served.call("GET", "/certificates/named", version=version).json
        policy = served.call("GET", "/certificates/named/policy", version=version).json
        assert bundle["policy"] == policy
        return policy["x509_props"]["sans"]

    assert shown("7.6") == {"dns_names": ["contoso.com"]}
    assert shown("2025-07-01") == shown("2026-04-01") == names


@pytest.mark.parity("authorised-first")
def test_who_may_not_is_not_told_what_is_wrong_with_the_request(served):
    reader = served.principal("reader-of-nothing-else", certificates=["get"])

    for method, path, body in (
        ("POST", "/certificates/web/import", {}), ("POST", "/certificates/web/create", {"policy": 5}),
        ("GET", "/certificates?maxresults=many", None), ("PUT", "/secrets/s", {"value": 1}),
    ):  # fmt: skip
        answer = served.call(method, path, body, token=reader)
        assert (answer.status, answer.code) == (403, "Forbidden"), path
    assert served.call("POST", "/certificates/web/import", {}).status == 400


@pytest.mark.parity("http-error-body")
def test_an_error_is_one_line_without_blanks(served):
    body = served.call("GET", "/certificates/contacts").body

    assert body == b'{"error":{"code":"ContactsNotFound","message":"Contacts not found"}}'
