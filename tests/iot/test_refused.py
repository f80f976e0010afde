"""What AWS refuses is refused in its words, and nothing has changed afterwards."""

import base64
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kvlab import IotError
from tests.iot.make import NOW, POLICY, OwnCA, certificate, ec_key, name_of, pem, request, rsa_key, state_of

UNKNOWN = "0" * 64
ARN = "arn:aws:iot:us-east-1:{account}:cert/" + UNKNOWN
GARBAGE = {
    "a word": "junk",
    "empty block": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    "no base64": "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
    "no DER": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "a request": request(),
    "half": pem(certificate(ec_key(), name_of("x")))[:300],
    "not Unicode": "\ud800",
}


def forged_request():
    """A request that is signed with a key that is not the one in it."""
    mine, theirs = ec_key(), ec_key()
    built = x509.CertificateSigningRequestBuilder().subject_name(name_of("x")).sign(mine, hashes.SHA256())
    spki = [key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for key in (mine, theirs)]
    der = built.public_bytes(Encoding.DER).replace(*spki)
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n"


def refused(iot, code, call, *arguments, **options):
    """The refusal of a call, after which nothing is other than it was."""
    before = state_of(iot)
    with pytest.raises(IotError) as caught:
        call(*arguments, **options)
    assert caught.value.code == code
    assert state_of(iot) == before
    return caught.value


WEAK_REQUESTS = {
    "RSA 1024": lambda: request(rsa_key(1024)),
    "P-224": lambda: request(ec_key(ec.SECP224R1())),
    "secp256k1": lambda: request(ec_key(ec.SECP256K1())),
    "DSA": lambda: request(dsa.generate_private_key(2048)),
    "Ed25519": lambda: pem(
        x509.CertificateSigningRequestBuilder().subject_name(name_of("x")).sign(ed25519.Ed25519PrivateKey.generate(), None)
    ),
    "another's signature": forged_request,
    "a certificate": lambda: pem(certificate(ec_key(), name_of("x"))),
    **{name: (lambda text=text: text.replace("CERTIFICATE", "CERTIFICATE REQUEST", 2)) for name, text in GARBAGE.items()
       if name != "a request"},
}  # fmt: skip


@pytest.mark.parity("iot-csr")
@pytest.mark.parametrize("kind", WEAK_REQUESTS)
def test_a_request_that_is_not_signed_for(iot, kind):
    error = refused(iot, "InvalidRequestException", iot.create_certificate_from_csr, WEAK_REQUESTS[kind]())

    assert "CSR violates constraints" in error.message or "certificateSigningRequest" in error.message


@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_a_request_signed_with_an_old_hash_is_not_called_forged(iot, openssl, tmp_path, digest):
    made = openssl(
        "req", "-new", f"-{digest}", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=sensor", "-keyout", tmp_path / "key"
    )

    error = refused(iot, "InvalidRequestException", iot.create_certificate_from_csr, made.decode())

    assert error.message == "CSR violates constraints: it is not signed with SHA-256, SHA-384 or SHA-512."


@pytest.mark.parametrize("kind", GARBAGE)
@pytest.mark.parametrize("what", ["device", "device without CA", "named CA", "CA", "verification"])
def test_garbage_is_no_certificate(iot, what, kind):
    ca, text = OwnCA(), GARBAGE[kind]
    ca.register(iot)
    code = iot.get_registration_code().registration_code
    other = OwnCA("Another")
    call, arguments = {
        "device": (iot.register_certificate, (text,)),
        "device without CA": (iot.register_certificate_without_ca, (text,)),
        "named CA": (iot.register_certificate, (ca.leaf(), text)),
        "CA": (iot.register_ca_certificate, (text, other.leaf(code))),
        "verification": (iot.register_ca_certificate, (other.pem, text)),
    }[what]

    expected = "InvalidRequestException" if kind == "not Unicode" else "CertificateValidationException"
    refused(iot, expected, call, *arguments)


@pytest.mark.parametrize(
    "leaf",
    [
        lambda ca: ca.leaf(key=rsa_key(1024)),
        lambda ca: ca.leaf(key=ec_key(ec.SECP224R1())),
    ],
    ids=["RSA 1024", "P-224"],
)
@pytest.mark.parametrize("with_ca", [True, False])
def test_a_weak_certificate(iot, leaf, with_ca):
    ca = OwnCA(key=rsa_key())
    ca.register(iot)
    call = iot.register_certificate if with_ca else iot.register_certificate_without_ca

    refused(iot, "CertificateValidationException", call, leaf(ca))


def test_a_certificate_signed_with_sha1(iot, openssl, tmp_path):
    made = openssl(
        "req", "-x509", "-sha1", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=sensor", "-keyout", tmp_path / "key"
    )

    error = refused(iot, "CertificateValidationException", iot.register_certificate_without_ca, made.decode())
    assert "SHA-256" in error.message


@pytest.mark.parity("iot-ca-match")
class TestSignedByTheCA:
    def test_no_ca_is_registered(self, iot):
        error = refused(iot, "CertificateStateException", iot.register_certificate, OwnCA().leaf())
        assert error.message == "No CA certificate exists for the given certificate"

    def test_the_named_ca_is_not_registered(self, iot):
        ca = OwnCA()
        refused(iot, "CertificateStateException", iot.register_certificate, ca.leaf(), ca.pem)

    def test_another_ca_is_named(self, iot):
        first, second = OwnCA("First"), OwnCA("Second")
        for ca in (first, second):
            ca.register(iot)
        error = refused(iot, "CertificateValidationException", iot.register_certificate, first.leaf(), second.pem)
        assert "issuer" in error.message

    def test_a_ca_of_the_same_name_with_another_key(self, iot):
        real, impostor = OwnCA(), OwnCA()
        real.register(iot)
        refused(iot, "CertificateValidationException", iot.register_certificate, impostor.leaf())
        refused(iot, "CertificateValidationException", iot.register_certificate, impostor.leaf(), real.pem)

    def test_two_cas_of_the_same_name_are_told_apart_by_their_keys(self, iot):
        first, second = OwnCA(), OwnCA()
        ids = [ca.register(iot) for ca in (first, second)]
        made = iot.register_certificate(second.leaf())
        found = iot.describe_certificate(made.certificate_id).certificate_description
        assert found.ca_certificate_id == ids[1]

    def test_two_cas_of_the_same_name_and_key_must_be_named(self, iot):
        first = OwnCA()
        second = OwnCA(key=first.key)
        for ca in (first, second):
            ca.register(iot)
        leaf = first.leaf()
        refused(iot, "CertificateConflictException", iot.register_certificate, leaf)
        assert iot.register_certificate(leaf, second.pem).certificate_id

    def test_the_ca_is_inactive(self, iot):
        ca = OwnCA()
        ca.register(iot, active=False)
        refused(iot, "CertificateStateException", iot.register_certificate, ca.leaf())

    def test_the_ca_is_another_accounts(self, iot, other):
        ca = OwnCA()
        ca.register(other)
        refused(iot, "CertificateStateException", iot.register_certificate, ca.leaf())
        refused(iot, "CertificateStateException", iot.register_certificate, ca.leaf(), ca.pem)

    def test_it_is_registered(self, iot):
        ca = OwnCA()
        ca.register(iot)
        leaf = ca.leaf()
        made = iot.register_certificate(leaf)
        error = refused(iot, "ResourceAlreadyExistsException", iot.register_certificate, leaf)
        assert (error.resource_id, error.resource_arn) == (made.certificate_id, made.certificate_arn)
        refused(iot, "ResourceAlreadyExistsException", iot.register_certificate_without_ca, leaf)


@pytest.mark.parity("iot-ca")
class TestRegistrationOfACA:
    def code(self, iot):
        return iot.get_registration_code().registration_code

    @pytest.mark.parametrize("name", ["another", "0" * 64, "", None])
    def test_a_wrong_code(self, iot, name):
        self.code(iot)
        ca = OwnCA()
        subject = x509.Name([]) if name in (None, "") else name_of(name)
        text = pem(certificate(ec_key(), subject, ca.key, ca.name))
        refused(iot, "RegistrationCodeValidationException", iot.register_ca_certificate, ca.pem, text)

    def test_an_account_without_a_code(self, iot, other):
        ca = OwnCA()
        verification = ca.leaf(self.code(other))
        refused(iot, "RegistrationCodeValidationException", iot.register_ca_certificate, ca.pem, verification)

    def test_a_code_that_was_deleted(self, iot):
        ca = OwnCA()
        verification = ca.leaf(self.code(iot))
        iot.delete_registration_code()
        refused(iot, "RegistrationCodeValidationException", iot.register_ca_certificate, ca.pem, verification)

    def test_a_verification_certificate_of_another_ca(self, iot):
        ca = OwnCA()
        refused(
            iot, "CertificateValidationException", iot.register_ca_certificate, ca.pem, OwnCA().leaf(self.code(iot))
        )
        stranger = OwnCA("Stranger").leaf(self.code(iot))
        refused(iot, "CertificateValidationException", iot.register_ca_certificate, ca.pem, stranger)

    @pytest.mark.parametrize(
        "options",
        [
            {"ca": False},
            {"ca": None},
            {"usage": ["digital_signature"]},
            {"start": NOW - timedelta(days=60), "days": 30},
        ],
        ids=["CA:FALSE", "no basic constraints", "may not sign", "expired"],
    )
    def test_what_is_no_ca(self, iot, options):
        ca = OwnCA(**options)
        error = refused(
            iot, "CertificateValidationException", iot.register_ca_certificate, ca.pem, ca.leaf(self.code(iot))
        )
        assert "CA" in error.message

    def test_modes_and_the_verification_certificate(self, iot, other):
        ca = OwnCA()
        verification = ca.leaf(self.code(iot))
        refused(iot, "InvalidRequestException", iot.register_ca_certificate, ca.pem)
        refused(
            iot,
            "InvalidRequestException",
            iot.register_ca_certificate,
            ca.pem,
            verification,
            certificate_mode="SNI_ONLY",
        )
        refused(iot, "InvalidRequestException", iot.register_ca_certificate, ca.pem, certificate_mode="OTHER")
        for registry in (iot, other):
            registry.register_ca_certificate(ca.pem, certificate_mode="SNI_ONLY", set_as_active=True)
        made = iot.register_certificate(ca.leaf())
        assert iot.describe_certificate(made.certificate_id).certificate_description.certificate_mode == "SNI_ONLY"

    def test_a_ca_is_in_default_mode_once(self, iot, other):
        ca = OwnCA()
        ca.register(iot)
        verification = ca.leaf(self.code(other))
        refused(iot, "ResourceAlreadyExistsException", ca.register, iot)
        error = refused(other, "ResourceAlreadyExistsException", other.register_ca_certificate, ca.pem, verification)
        assert error.resource_arn is None
        elsewhere = iot.as_account(iot.account, region="eu-central-1")
        assert ca.register(elsewhere)

    def test_ten_cas_of_one_subject(self, iot):
        for _ in range(10):
            OwnCA("Same").register(iot)
        ca = OwnCA("Same")
        verification = ca.leaf(self.code(iot))
        refused(iot, "LimitExceededException", iot.register_ca_certificate, ca.pem, verification)
        assert OwnCA("Other").register(iot)

    def test_the_configuration(self, iot):
        role = "arn:aws:iam::123456789012:role/jitp"
        ca = OwnCA()
        for config in ({"roleArn": "short"}, {"unknown": "x"}, {"templateBody": 5}, {"templateBody": "x" * 10241},
                       {"templateBody": "{}", "templateName": "t", "roleArn": role}):  # fmt: skip
            verification = ca.leaf(self.code(iot))
            refused(
                iot,
                "InvalidRequestException",
                iot.register_ca_certificate,
                ca.pem,
                verification,
                registration_config=config,
            )


UNKNOWN_CALLS = {
    "describe_certificate": lambda iot: iot.describe_certificate(UNKNOWN),
    "update_certificate": lambda iot: iot.update_certificate(UNKNOWN, "ACTIVE"),
    "delete_certificate": lambda iot: iot.delete_certificate(UNKNOWN),
    "describe_ca_certificate": lambda iot: iot.describe_ca_certificate(UNKNOWN),
    "update_ca_certificate": lambda iot: iot.update_ca_certificate(UNKNOWN, "ACTIVE"),
    "delete_ca_certificate": lambda iot: iot.delete_ca_certificate(UNKNOWN),
    "transfer_certificate": lambda iot: iot.transfer_certificate(UNKNOWN, "0" * 12),
    "accept_certificate_transfer": lambda iot: iot.accept_certificate_transfer(UNKNOWN),
    "reject_certificate_transfer": lambda iot: iot.reject_certificate_transfer(UNKNOWN),
    "cancel_certificate_transfer": lambda iot: iot.cancel_certificate_transfer(UNKNOWN),
    "get_policy": lambda iot: iot.get_policy("no"),
    "delete_policy": lambda iot: iot.delete_policy("no"),
    "create_policy_version": lambda iot: iot.create_policy_version("no", POLICY),
    "list_policy_versions": lambda iot: iot.list_policy_versions("no"),
    "get_policy_version": lambda iot: iot.get_policy_version("p", "7"),
    "get_policy_version, huge": lambda iot: iot.get_policy_version("p", "9" * 19),
    "delete_policy_version": lambda iot: iot.delete_policy_version("p", "7"),
    "set_default_policy_version": lambda iot: iot.set_default_policy_version("p", "0"),
    "attach_policy, policy": lambda iot: iot.attach_policy("no", ARN.format(account=iot.account)),
    "attach_policy, certificate": lambda iot: iot.attach_policy("p", ARN.format(account=iot.account)),
    "list_attached_policies": lambda iot: iot.list_attached_policies(ARN.format(account=iot.account)),
    "get_effective_policies": lambda iot: iot.get_effective_policies(ARN.format(account=iot.account)),
    "describe_thing": lambda iot: iot.describe_thing("no"),
    "update_thing": lambda iot: iot.update_thing("no"),
    "attach_thing_principal, thing": lambda iot: iot.attach_thing_principal("no", ARN.format(account=iot.account)),
    "attach_thing_principal, certificate": lambda iot: iot.attach_thing_principal("t", ARN.format(account=iot.account)),
    "list_thing_principals": lambda iot: iot.list_thing_principals("no"),
    "list_principal_things": lambda iot: iot.list_principal_things(ARN.format(account=iot.account)),
}


@pytest.mark.parametrize("call", UNKNOWN_CALLS)
def test_what_is_not_there(iot, call):
    iot.create_policy("p", POLICY)
    iot.create_thing("t")

    refused(iot, "ResourceNotFoundException", UNKNOWN_CALLS[call], iot)


OUT_OF_RANGE = {
    "short id": lambda iot: iot.describe_certificate("abc"),
    "long id": lambda iot: iot.describe_certificate("a" * 65),
    "no hexadecimal": lambda iot: iot.describe_certificate("g" * 64),
    "not text": lambda iot: iot.describe_certificate(5),
    "page of 0": lambda iot: iot.list_certificates(page_size=0),
    "page of 251": lambda iot: iot.list_certificates(page_size=251),
    "page of true": lambda iot: iot.list_certificates(page_size=True),
    "marker": lambda iot: iot.list_certificates(marker="!"),
    "marker of another": lambda iot: iot.list_certificates(marker="aGVsbG8="),
    "marker beyond": lambda iot: iot.list_certificates(marker="OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"),
    "flag": lambda iot: iot.create_keys_and_certificate(set_as_active="yes"),
    "long CSR": lambda iot: iot.create_certificate_from_csr(request() + " " * 4096),
    "empty CSR": lambda iot: iot.create_certificate_from_csr(""),
    "no CSR": lambda iot: iot.create_certificate_from_csr(None),
    "account": lambda iot: iot.transfer_certificate(UNKNOWN, "12"),
    "policy name": lambda iot: iot.create_policy("a b", POLICY),
    "policy name with NUL": lambda iot: iot.create_policy("a\x00", POLICY),
    "long policy name": lambda iot: iot.create_policy("a" * 129, POLICY),
    "thing name": lambda iot: iot.create_thing("a b"),
    "not ASCII": lambda iot: iot.create_thing("sénsor"),
    "four attributes": lambda iot: iot.create_thing("t", attribute_payload={"attributes": dict.fromkeys("abcd", "1")}),
    "attribute name": lambda iot: iot.create_thing("t", attribute_payload={"attributes": {"a b": "1"}}),
    "attribute value": lambda iot: iot.create_thing("t", attribute_payload={"attributes": {"a": "1 2"}}),
    "attribute number": lambda iot: iot.create_thing("t", attribute_payload={"attributes": {"a": 1}}),
    "attribute without a name": lambda iot: iot.create_thing("t", attribute_payload={"attributes": {1: "1"}}),
    "attributes": lambda iot: iot.create_thing("t", attribute_payload={"attributes": ["a"]}),
    "merge": lambda iot: iot.create_thing("t", attribute_payload={"attributes": {"a": "1"}, "merge": "false"}),
    "no payload": lambda iot: iot.create_thing("t", attribute_payload="a"),
    "kind of action": lambda iot: iot.test_authorization([{"actionType": ["PUBLISH"], "resources": ["*"]}]),
    "target": lambda iot: iot.attach_policy("p", "nobody"),
    "principal": lambda iot: iot.list_principal_things(""),
    "kind of principal": lambda iot: iot.attach_thing_principal("t", UNKNOWN, "SOME"),
    "message": lambda iot: iot.transfer_certificate(UNKNOWN, "0" * 12, "x" * 129),
    "version": lambda iot: iot.get_policy_version("p", "one"),
}


@pytest.mark.parity("iot-validation")
@pytest.mark.parametrize("call", OUT_OF_RANGE)
def test_members_out_of_range(iot, call):
    iot.create_policy("p", POLICY)

    refused(iot, "InvalidRequestException", OUT_OF_RANGE[call], iot)


def test_all_that_is_wrong_is_named(iot):
    error = refused(iot, "InvalidRequestException", iot.register_certificate, None, status="BOGUS", set_as_active=1)

    assert error.message.startswith("3 validation errors detected: ")
    assert "'certificatePem'" in error.message
    assert "Value 'BOGUS' at 'status' failed to satisfy constraint: Member must satisfy enum value set" in error.message


def test_a_refusal_is_an_event_without_what_was_sent(iot):
    text = GARBAGE["half"]
    refused(iot, "CertificateValidationException", iot.register_certificate_without_ca, text)

    event = iot.events.since(len(iot.events) - 1)[0]
    assert (event.kind, event.actor) == ("refused", f"aws/{iot.account}")
    assert event.detail["operation"] == "register_certificate_without_ca"
    assert event.detail["code"] == "CertificateValidationException"
