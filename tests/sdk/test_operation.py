"""The pending operation: cancelled, deleted, merged by a CA of one's own."""

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from cryptography import x509

from tests.sdk.policy import ec_policy, leaf_of, outside_ca, pending, rsa_policy
from tests.vault.make import rsa_key


@pytest.mark.parity("create_certificate", "get_certificate_operation", "merge_certificate", "manual", "sdk-unknown")
@pytest.mark.parametrize("policy", [ec_policy("Unknown"), rsa_policy("Unknown")], ids=("EC", "RSA"))
def test_a_request_is_signed_by_a_ca_of_ones_own_and_merged(way, name, policy):
    authority = outside_ca()
    operation = pending(way, name, policy)
    assert (operation.name, operation.status, operation.issuer_name) == (name, "inProgress", "Unknown")
    csr = bytes(operation.csr)
    assert x509.load_der_x509_csr(csr).is_signature_valid
    signed = authority.leaf_of_request(csr)

    merged = way.certificates.merge_certificate(name, [signed, authority.intermediate, authority.root], tags={"a": "b"})

    assert bytes(merged.cer) == signed
    assert merged.properties.tags == {"a": "b"}
    assert leaf_of(way.certificates.get_certificate(name)).issuer.rfc4514_string() == "CN=Outside CA"
    operation = way.certificates.get_certificate_operation(name)
    assert (operation.status, operation.target) == ("completed", f"{way.vault_url}/certificates/{name}")


@pytest.mark.parity("merge_certificate", "merge-mismatch", "create-pending")
def test_a_pending_operation_takes_no_other_key_and_no_second_beside_it(way, name):
    pending(way, name)

    with pytest.raises(HttpResponseError, match="does not match") as mismatch:
        way.certificates.merge_certificate(name, [outside_ca().leaf(rsa_key().public_key())])
    with pytest.raises(ResourceExistsError) as second:
        way.certificates.begin_create_certificate(name, ec_policy("Unknown"))

    assert (mismatch.value.status_code, mismatch.value.error.code) == (400, "BadParameter")
    assert (second.value.status_code, second.value.error.code) == (409, "Forbidden")
    assert way.certificates.get_certificate_operation(name).status == "inProgress"


@pytest.mark.parity("update_certificate_operation", "delete_certificate_operation", "cancel")
def test_cancel_and_delete_of_an_operation(way, name):
    pending(way, name)

    cancelled = way.certificates.cancel_certificate_operation(name)

    assert cancelled.cancellation_requested
    assert way.certificates.get_certificate_operation(name).cancellation_requested
    deleted = way.certificates.delete_certificate_operation(name)
    assert (deleted.name, deleted.cancellation_requested) == (name, True)
    with pytest.raises(ResourceNotFoundError) as missing:
        way.certificates.get_certificate_operation(name)
    assert missing.value.error.code == "PendingCertificateNotFound"
    assert way.certificates.get_certificate(name).cer is None
