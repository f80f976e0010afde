"""The manual flow: the vault makes key and request, somebody else signs, and the certificate comes home by merge."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from kvlab import CertificatePolicy
from kvlab.errors import (
    ExpiredCertificate,
    InvalidProperty,
    NotACertificate,
    PendingCertificateNotFound,
    PublicKeyMismatch,
    VaultError,
    X509Error,
)
from tests.vault.make import OutsideCA, ec_key, ec_policy, opened_pfx, pem_of, self_signed, version_of

MISMATCH = (
    "The public key of the end-entity certificate in the specified X.509 certificate content does not match the public "
    "part of the specified private key. Please check if certificate is valid."
)


@pytest.fixture
def ca():
    return OutsideCA()


@pytest.fixture
def pending(vault):
    """A pending operation of issuer Unknown, on the name `web`."""
    return vault.create_certificate("web", ec_policy(issuer="Unknown", dns_names=["contoso.com"]))


def chain_of(vault, name="web"):
    """The certificates in the secret's PFX as DER, leaf first."""
    _, leaf, others = opened_pfx(vault.get_secret(name))
    return [certificate.public_bytes(Encoding.DER) for certificate in (leaf, *others)]


@pytest.mark.parity("manual", "merge_certificate")
def test_openssl_signs_the_request_and_verifies_what_the_vault_holds_after_merge(vault, openssl, tmp_path):
    operation = vault.create_certificate("web", CertificatePolicy.manual("CN=contoso.com", dns_names=["contoso.com"]))
    at = {name: tmp_path / name for name in ("ca.key", "ca.pem", "web.csr", "web.pem", "web.pfx", "out.pem")}
    at["web.csr"].write_bytes(operation.csr)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", at["ca.key"],
            "-out", at["ca.pem"], "-subj", "/CN=OpenSSL CA", "-days", "3650", "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    openssl("x509", "-req", "-inform", "DER", "-in", at["web.csr"], "-CA", at["ca.pem"], "-CAkey", at["ca.key"],
            "-days", "825", "-copy_extensions", "copyall", "-out", at["web.pem"])  # fmt: skip

    bundle = vault.merge_certificate("web", at["web.pem"].read_text() + at["ca.pem"].read_text())

    at["web.pfx"].write_bytes(base64.b64decode(vault.get_secret("web").value))
    openssl("pkcs12", "-in", at["web.pfx"], "-passin", "pass:", "-nodes", "-out", at["out.pem"])
    assert b"OK" in openssl("verify", "-x509_strict", "-CAfile", at["ca.pem"], at["web.pem"])
    public_of_key = openssl("pkey", "-in", at["out.pem"], "-pubout")
    assert public_of_key == openssl("x509", "-in", at["web.pem"], "-noout", "-pubkey")
    assert bundle.cer == x509.load_pem_x509_certificate(at["web.pem"].read_bytes()).public_bytes(Encoding.DER)


def test_the_practice_ca_signs_and_openssl_verifies_to_its_root(vault, openssl, tmp_path, pending):
    ca = vault.practice_ca()
    vault.merge_certificate("web", ca.sign(pending))

    root, issuing, leaf = (tmp_path / name for name in ("root.pem", "issuing.pem", "leaf.pem"))
    root.write_text(ca.root_pem)
    issuing.write_text(ca.issuing_pem)
    leaf.write_text(pem_of(vault.get_certificate("web").cer))
    moment = int(vault.clock.now().timestamp())
    answer = openssl("verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "contoso.com", "-attime", moment,
                     "-CAfile", root, "-untrusted", issuing, leaf)  # fmt: skip
    assert b"OK" in answer


def test_the_practice_ca_never_makes_another_ca_and_its_forgetful_clerk_drops_names(vault):
    asked = vault.create_certificate("web", ec_policy(issuer="Unknown", key_usage=["keyCertSign"], dns_names=["a.b"]))

    leaf = x509.load_der_x509_certificate(vault.practice_ca().sign(asked)[0])
    bare = x509.load_der_x509_certificate(vault.practice_ca().sign(asked.csr, copy_extensions=False, months=1)[0])

    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    for kind in (x509.SubjectAlternativeName, x509.KeyUsage, x509.ExtendedKeyUsage):
        with pytest.raises(x509.ExtensionNotFound):
            bare.extensions.get_extension_for_class(kind)


@pytest.mark.parametrize("months", [0, 121, -1])
def test_the_practice_ca_refuses_an_absurd_validity(vault, pending, months):
    with pytest.raises(InvalidProperty, match="months"):
        vault.practice_ca().sign(pending, months=months)


def test_the_practice_ca_refuses_a_request_whose_signature_does_not_hold(vault, pending):
    broken = pending.csr[:-1] + bytes([pending.csr[-1] ^ 1])

    with pytest.raises(X509Error, match="signature"):
        vault.practice_ca().sign(broken)
    assert [event.kind for event in vault.events][-2:] == ["ca.request", "ca.refusal"]


def forms(leaf, chain):
    """The same certificates as every form that merge takes."""
    load = x509.load_der_x509_certificate
    p7b = pkcs7.serialize_certificates([load(der) for der in (*chain, leaf)], Encoding.DER)
    body = base64.b64encode(leaf)
    return {
        "DER list": [leaf, *chain],
        "base64 list": [base64.b64encode(der).decode() for der in (leaf, *chain)],
        "objects": [load(der) for der in (leaf, *chain)],
        "PEM text": "".join(map(pem_of, (leaf, *chain))),
        "PEM octets": "".join(map(pem_of, (leaf, *chain))).encode(),
        "PEM with CRLF": "".join(map(pem_of, (leaf, *chain))).replace("\n", "\r\n"),
        "PEM list": [pem_of(der) for der in (leaf, *chain)],
        "base64 of PEM": [base64.b64encode(pem_of(der).encode()).decode() for der in (leaf, *chain)],
        "P7B DER": p7b,
        "P7B base64": base64.b64encode(p7b).decode(),
        "P7B PEM": pkcs7.serialize_certificates([load(der) for der in (leaf, *chain)], Encoding.PEM),
        "chain the wrong way round": [leaf, *reversed(chain)],
        "twice": [leaf, leaf, *chain, *chain],
        "base64 of base64 with the end marker": [
            base64.b64encode(body + b"\n-----END CERTIFICATE-----\n").decode(), *map(pem_of, chain),
        ],
    }  # fmt: skip


@pytest.mark.parity("merge-forms", "merge-p7b", "merge-chain")
@pytest.mark.parametrize("form", [
    "DER list", "base64 list", "objects", "PEM text", "PEM octets", "PEM with CRLF", "PEM list", "base64 of PEM", "P7B DER",
    "P7B base64", "P7B PEM", "chain the wrong way round", "twice", "base64 of base64 with the end marker",
])  # fmt: skip
def test_merge_takes_every_form_and_orders_the_chain(vault, ca, pending, form):
    leaf = ca.leaf_of_request(pending.csr)

    bundle = vault.merge_certificate("web", forms(leaf, [ca.intermediate, ca.root])[form])

    assert bundle.cer == leaf
    assert chain_of(vault) == [leaf, ca.intermediate, ca.root]


@pytest.mark.parity("merge-order")
def test_preserve_cert_order_keeps_the_callers_order(vault, ca):
    pending = vault.create_certificate("web", ec_policy(issuer="Unknown"), preserve_cert_order=True)
    assert pending.preserve_cert_order is True
    leaf = ca.leaf_of_request(pending.csr)

    bundle = vault.merge_certificate("web", [leaf, ca.root, ca.intermediate])

    _, _, others = opened_pfx(vault.get_secret("web"))
    assert [other.public_bytes(Encoding.DER) for other in others] == [ca.root, ca.intermediate]
    assert bundle.cer == leaf
    assert list(bundle.model_dump(mode="json"))[-1] == "preserveCertOrder"


@pytest.mark.parity("merge-mismatch")
def test_merge_refuses_a_certificate_for_another_key_and_stays_mergeable(vault, ca, pending):
    with pytest.raises(PublicKeyMismatch) as refusal:
        vault.merge_certificate("web", ca.leaf(ec_key().public_key()))

    assert (refusal.value.status, refusal.value.code, refusal.value.message) == (400, "BadParameter", MISMATCH)
    assert vault.get_certificate_operation("web").status == "inProgress"
    assert vault.get_certificate_versions("web") == []
    assert vault.merge_certificate("web", ca.leaf_of_request(pending.csr)).kid


@pytest.mark.parity("merge-first-entry")
def test_merge_refuses_a_list_whose_first_entry_is_not_the_leaf(vault, ca, pending):
    with pytest.raises(PublicKeyMismatch):
        vault.merge_certificate("web", [ca.intermediate, ca.leaf_of_request(pending.csr)])


@pytest.mark.parity("merge-garbage")
@pytest.mark.parametrize("garbage", [
    b"", "", b"\x00" * 100, "hello", b"0\x82", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    b"\x30" + b"A" * 5_000_000, ["AAAA", "BBBB"], "=" * 9, "\ud800", [b"0\x03\x02\x01\x05"],
], ids=range(11))  # fmt: skip
def test_merge_of_garbage_gets_the_parsers_words_and_changes_nothing(vault, pending, garbage):
    with pytest.raises(NotACertificate) as refusal:
        vault.merge_certificate("web", garbage)

    assert (refusal.value.status, refusal.value.code, refusal.value.message) == (
        400, "BadParameter", "ASN1 bad tag value met.",
    )  # fmt: skip
    assert vault.get_certificate_operation("web").status == "inProgress"
    assert [event.kind for event in vault.events][-2] == "refused"


@pytest.mark.parity("merge-no-certificate")
@pytest.mark.parametrize("x5c", [[], (), None, 5, {}, [5], [None], [[]]], ids=repr)
def test_merge_without_certificates_names_the_member(vault, pending, x5c):
    with pytest.raises(InvalidProperty, match="x5c"):
        vault.merge_certificate("web", x5c)


def test_garbage_in_the_chain_is_refused_too(vault, ca, pending):
    with pytest.raises(NotACertificate, match="entry 1"):
        vault.merge_certificate("web", [ca.leaf_of_request(pending.csr), b"garbage"])


@pytest.mark.parity("merge-expired")
def test_an_expired_leaf_is_refused(vault, ca, pending, clock):
    leaf = ca.leaf_of_request(pending.csr, days=1)
    clock.advance(days=2)

    with pytest.raises(ExpiredCertificate):
        vault.merge_certificate("web", leaf)
    assert vault.get_certificate_operation("web").status == "inProgress"


@pytest.mark.parity("merge-only-key")
def test_nothing_but_the_key_has_to_match_the_policy_which_stays_as_it_was(vault, ca, pending, clock):
    before = vault.get_certificate_policy("web")
    clock.advance(60)

    leaf = ca.leaf_of_request(pending.csr, common_name="other.example", days=30)
    bundle = vault.merge_certificate("web", leaf, tags={"from": "outside"}, attributes={"enabled": False})

    assert bundle.policy == before
    assert bundle.pending is not None
    assert bundle.tags == {"from": "outside"}
    assert (bundle.attributes.enabled, bundle.attributes.exp - bundle.attributes.nbf) == (False, 30 * 86400)


def test_a_self_signed_certificate_of_the_pending_key_can_be_merged_and_a_stranger_in_the_chain_is_kept_last(
    vault, ca, pending
):
    leaf, stranger = ca.leaf_of_request(pending.csr), self_signed(ec_key(), "stranger")

    vault.merge_certificate("web", [leaf, stranger, ca.intermediate])

    assert chain_of(vault) == [leaf, ca.intermediate, stranger]


@pytest.mark.parity("merge-completed", "new-version-id")
def test_the_placeholder_version_goes_and_a_completed_operation_can_not_be_merged_again(vault, ca, pending):
    placeholder = version_of(vault.get_certificate("web"))
    bundle = vault.merge_certificate("web", ca.leaf_of_request(pending.csr))

    assert version_of(bundle) != placeholder
    with pytest.raises(VaultError) as refusal:
        vault.get_certificate("web", placeholder)
    assert refusal.value.status == 404
    with pytest.raises(PendingCertificateNotFound, match="Pending Certificate not found: web"):
        vault.merge_certificate("web", ca.leaf_of_request(pending.csr))


def test_the_practice_ca_signs_nothing_that_outlives_it(vault, clock):
    ca = vault.practice_ca()
    end = x509.load_der_x509_certificate(ca.issuing_der).not_valid_after_utc
    clock.advance(days=9 * 365)
    leaf = ca.sign(vault.create_certificate("web", ec_policy(issuer="Unknown")), months=120)[0]

    assert x509.load_der_x509_certificate(leaf).not_valid_after_utc == end

    clock.advance(days=2 * 365)
    with pytest.raises(X509Error, match="expired"):
        ca.sign(vault.get_certificate_operation("web"))


@pytest.mark.parametrize("mistake", ["drops extensions", "makes a fresh key", "mixes requests"])
def test_the_practice_ca_errs_as_a_clerk_would_when_it_is_told_to(vault, mistake):
    policy = CertificatePolicy.manual("CN=stall", dns_names=["stall.contoso.com"], kty="EC")
    stall = vault.create_certificate("stall", policy)
    shop = vault.create_certificate(
        "shop", CertificatePolicy.manual("CN=shop", dns_names=["shop.contoso.com"], kty="EC")
    )
    clerk = vault.practice_ca()
    clerk.sign(stall)

    leaf = x509.load_der_x509_certificate(clerk.sign(shop, mistake=mistake)[0])

    request = x509.load_der_x509_csr(shop.csr)
    assert (
        leaf.public_key() == request.public_key()
        if mistake == "drops extensions"
        else leaf.public_key() != request.public_key()
    )
    assert (leaf.subject == request.subject) is (mistake != "mixes requests")
    names = [extension.oid for extension in leaf.extensions]
    assert (x509.SubjectAlternativeName.oid in names) is (mistake != "drops extensions")


def test_the_practice_ca_knows_its_mistakes_and_needs_two_requests_to_mix(vault):
    request = vault.create_certificate("shop", CertificatePolicy.manual("CN=shop", kty="EC"))

    with pytest.raises(InvalidProperty, match="mixes requests"):
        vault.practice_ca().sign(request, mistake="sleeps")
    with pytest.raises(InvalidProperty, match="no other request"):
        vault.practice_ca().sign(request, mistake="mixes requests")
