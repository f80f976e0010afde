"""Every operation of the registry with boto3, in process and over HTTPS; what it gives out is parsed and verified."""

import hashlib
import json
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, load_pem_public_key

from tests.iot.make import POLICY, OwnCA, certificate, ec_key, name_of, pem, request, rsa_key

DENY = POLICY.replace("Allow", "Deny")
NOW = datetime.now(UTC).replace(microsecond=0)


class Factory(OwnCA):
    """A CA of one's own that is valid now, with a certificate that proves its key to AWS."""

    def __init__(self, common_name="Factory CA", **options):
        super().__init__(common_name, start=NOW, **options)

    def leaf(self, common_name="sensor-1", **options):
        return super().leaf(common_name, start=NOW, **options)

    def register(self, iot, **options):
        code = iot.get_registration_code()["registrationCode"]
        return iot.register_ca_certificate(
            caCertificate=self.pem, verificationCertificate=self.leaf(code), **{"setAsActive": True, **options}
        )["certificateId"]


def csr_certificate(iot, *, active=True, key=None):
    return iot.create_certificate_from_csr(certificateSigningRequest=request(key), setAsActive=active)


def status(iot, certificate_id):
    return iot.describe_certificate(certificateId=certificate_id)["certificateDescription"]["status"]


def refused(call, **arguments):
    """The code and HTTP status of a refusal, and the exception's class."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parity("iot.CreateKeysAndCertificate", "iot-id", "iot-profile", "iot-key")
def test_one_click_gives_keys_that_belong_to_the_certificate(iot, account):
    made = iot.create_keys_and_certificate(setAsActive=True)

    leaf = x509.load_pem_x509_certificate(made["certificatePem"].encode())
    private = load_pem_private_key(made["keyPair"]["PrivateKey"].encode(), None)
    public = load_pem_public_key(made["keyPair"]["PublicKey"].encode())
    assert made["keyPair"]["PrivateKey"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert private.key_size == 2048
    assert private.public_key().public_numbers() == public.public_numbers() == leaf.public_key().public_numbers()
    assert made["certificateId"] == hashlib.sha256(leaf.public_bytes(Encoding.DER)).hexdigest()
    assert made["certificateArn"] == f"arn:aws:iot:us-east-1:{account}:cert/{made['certificateId']}"
    assert leaf.subject.rfc4514_string() == "CN=AWS IoT Certificate"
    assert status(iot, made["certificateId"]) == "ACTIVE"
    assert_device_profile(leaf)
    public.verify(private.sign(b"x", padding.PKCS1v15(), SHA256()), b"x", padding.PKCS1v15(), SHA256())


def assert_device_profile(leaf):
    """Issuer, end, signature and extensions as seen in certificates of the real service."""
    assert leaf.issuer.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)[0].value == (
        "Amazon Web Services O=Amazon.com Inc. L=Seattle ST=Washington C=US"
    )
    assert len(leaf.issuer.rdns) == 1
    assert leaf.not_valid_after_utc == datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert leaf.signature_algorithm_oid.dotted_string == "1.2.840.113549.1.1.11"
    assert [(type(each.value).__name__, each.critical) for each in leaf.extensions] == [
        ("AuthorityKeyIdentifier", False), ("SubjectKeyIdentifier", False), ("BasicConstraints", True), ("KeyUsage", True),
    ]  # fmt: skip
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not (usage.key_cert_sign or usage.key_encipherment)


@pytest.mark.parity("iot.CreateCertificateFromCsr", "iot-csr")
@pytest.mark.parametrize(
    "key", [rsa_key(), ec_key(), ec_key(ec.SECP384R1()), ec_key(ec.SECP521R1())], ids=["RSA", "P-256", "P-384", "P-521"]
)
def test_a_csr_is_certified_with_its_own_key_and_subject(iot, key):
    text = request(key, "sensor-7")
    first, second = (iot.create_certificate_from_csr(certificateSigningRequest=text) for _ in range(2))

    leaf = x509.load_pem_x509_certificate(first["certificatePem"].encode())
    assert leaf.public_key().public_numbers() == key.public_key().public_numbers()
    assert leaf.subject.rfc4514_string() == "CN=sensor-7"
    assert first["certificateId"] != second["certificateId"]
    assert status(iot, first["certificateId"]) == "INACTIVE"
    assert "keyPair" not in first
    assert_device_profile(leaf)


@pytest.mark.parity("iot.DescribeCertificate")
def test_describe_tells_all(iot, account):
    made = csr_certificate(iot)

    found = iot.describe_certificate(certificateId=made["certificateId"].upper())["certificateDescription"]

    leaf = x509.load_pem_x509_certificate(made["certificatePem"].encode())
    assert found["certificatePem"] == made["certificatePem"]
    assert (found["ownedBy"], found["customerVersion"], found["certificateMode"]) == (account, 1, "DEFAULT")
    assert found["validity"] == {"notBefore": leaf.not_valid_before_utc, "notAfter": leaf.not_valid_after_utc}
    assert abs((found["creationDate"] - datetime.now(UTC)).total_seconds()) < 600
    assert len(found["generationId"]) == 36
    assert found["transferData"] == {}


@pytest.mark.parity("iot.ListCertificates", "iot-pages")
def test_pages_in_both_orders(iot):
    made = [csr_certificate(iot)["certificateId"] for _ in range(7)]
    pages = iot.get_paginator("list_certificates")

    def listed(**options):
        return [row["certificateId"] for page in pages.paginate(PaginationConfig={"PageSize": 3}, **options)
                for row in page["certificates"]]  # fmt: skip

    assert listed(ascendingOrder=True) == made
    assert listed() == made[::-1]
    assert refused(iot.list_certificates, marker="AAAA") == ("InvalidRequestException", 400)


@pytest.mark.parity("iot.UpdateCertificate", "iot-status")
def test_deactivated_revoked_and_final(iot):
    found = csr_certificate(iot)["certificateId"]

    iot.update_certificate(certificateId=found, newStatus="INACTIVE")
    assert status(iot, found) == "INACTIVE"
    iot.update_certificate(certificateId=found, newStatus="INACTIVE")
    iot.update_certificate(certificateId=found, newStatus="REVOKED")
    iot.update_certificate(certificateId=found, newStatus="REVOKED")

    assert refused(iot.update_certificate, certificateId=found, newStatus="ACTIVE") == (
        "CertificateStateException",
        406,
    )
    assert status(iot, found) == "REVOKED"


@pytest.mark.parity("iot.DeleteCertificate", "iot-delete")
def test_deletion_wants_it_inactive_and_detached(iot):
    made = csr_certificate(iot)
    found, arn = made["certificateId"], made["certificateArn"]
    iot.create_policy(policyName="p", policyDocument=POLICY)
    iot.create_thing(thingName="t")
    iot.attach_policy(policyName="p", target=arn)
    iot.attach_thing_principal(thingName="t", principal=arn)

    with pytest.raises(iot.exceptions.CertificateStateException, match="must be deactivated"):
        iot.delete_certificate(certificateId=found)
    iot.update_certificate(certificateId=found, newStatus="INACTIVE")
    with pytest.raises(iot.exceptions.DeleteConflictException, match="Things must be detached"):
        iot.delete_certificate(certificateId=found, forceDelete=True)
    iot.detach_thing_principal(thingName="t", principal=arn)
    with pytest.raises(iot.exceptions.DeleteConflictException, match="policies must be detached"):
        iot.delete_certificate(certificateId=found)
    iot.delete_certificate(certificateId=found, forceDelete=True)

    assert refused(iot.describe_certificate, certificateId=found) == ("ResourceNotFoundException", 404)
    assert iot.list_targets_for_policy(policyName="p")["targets"] == []


@pytest.mark.parity(
    "iot.RegisterCACertificate", "iot.GetRegistrationCode", "iot.DescribeCACertificate",
    "iot.ListCACertificates", "iot.UpdateCACertificate", "iot.DeleteCACertificate",
    "iot.DeleteRegistrationCode", "iot-ca",
)  # fmt: skip
def test_the_life_of_a_ca(iot, account):
    factory = Factory()
    code = iot.get_registration_code()["registrationCode"]
    assert len(bytes.fromhex(code)) == 32
    assert iot.get_registration_code()["registrationCode"] == code

    ca_id = factory.register(iot, setAsActive=False, allowAutoRegistration=True)

    found = iot.describe_ca_certificate(certificateId=ca_id)["certificateDescription"]
    assert found["certificateArn"] == f"arn:aws:iot:us-east-1:{account}:cacert/{ca_id}"
    assert ca_id == hashlib.sha256(factory.certificate.public_bytes(Encoding.DER)).hexdigest()
    assert (found["status"], found["autoRegistrationStatus"]) == ("INACTIVE", "ENABLE")
    assert refused(iot.register_certificate, certificatePem=factory.leaf()) == ("CertificateStateException", 406)
    iot.update_ca_certificate(certificateId=ca_id, newStatus="ACTIVE", newAutoRegistrationStatus="DISABLE")
    assert [row["status"] for row in iot.list_ca_certificates()["certificates"]] == ["ACTIVE"]
    assert refused(iot.delete_ca_certificate, certificateId=ca_id) == ("CertificateStateException", 406)
    iot.update_ca_certificate(certificateId=ca_id, newStatus="INACTIVE")
    iot.delete_ca_certificate(certificateId=ca_id)
    assert refused(iot.describe_ca_certificate, certificateId=ca_id) == ("ResourceNotFoundException", 404)
    iot.delete_registration_code()
    assert iot.get_registration_code()["registrationCode"] != code
    iot.delete_registration_code()
    assert refused(iot.delete_registration_code) == ("ResourceNotFoundException", 404)


@pytest.mark.parity("iot.RegisterCertificate", "iot.ListCertificatesByCA")
def test_a_certificate_of_ones_own_ca(iot):
    factory = Factory()
    ca_id = factory.register(iot)
    leaf = factory.leaf("sensor-9")

    made = iot.register_certificate(certificatePem=leaf, status="ACTIVE")

    found = iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
    assert (found["caCertificateId"], found["status"], found["certificatePem"]) == (ca_id, "ACTIVE", leaf)
    listed = iot.list_certificates_by_ca(caCertificateId=ca_id)["certificates"]
    assert [row["certificateId"] for row in listed] == [made["certificateId"]]
    with pytest.raises(iot.exceptions.ResourceAlreadyExistsException) as again:
        iot.register_certificate(certificatePem=leaf)
    assert again.value.response["resourceId"] == made["certificateId"]
    assert again.value.response["resourceArn"] == made["certificateArn"]
    assert iot.list_certificates_by_ca(caCertificateId="0" * 64)["certificates"] == []


@pytest.mark.parity("iot.RegisterCertificateWithoutCA")
def test_a_certificate_of_nobodys_ca(iot):
    leaf = pem(certificate(ec_key(), name_of("sensor"), start=NOW))

    made = iot.register_certificate_without_ca(certificatePem=leaf)

    found = iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
    assert (found["status"], found["certificateMode"]) == ("INACTIVE", "SNI_ONLY")
    assert "caCertificateId" not in found


@pytest.mark.parity(
    "iot.TransferCertificate", "iot.AcceptCertificateTransfer", "iot.ListOutgoingCertificates", "iot-transfer"
)
@pytest.mark.parametrize("active", [None, True])
def test_a_transfer_that_is_accepted(iot, other, account, receiver, active):
    made = csr_certificate(iot, active=False)
    found = made["certificateId"]

    iot.transfer_certificate(certificateId=found, targetAwsAccount=receiver, transferMessage="yours")

    assert status(iot, found) == "PENDING_TRANSFER"
    (outgoing,) = iot.list_outgoing_certificates()["outgoingCertificates"]
    assert (outgoing["transferredTo"], outgoing["transferMessage"]) == (receiver, "yours")
    offered = other.describe_certificate(certificateId=found)["certificateDescription"]
    assert (offered["ownedBy"], offered["transferData"]["transferMessage"]) == (account, "yours")
    assert [row["certificateId"] for row in other.list_certificates()["certificates"]] == [found]
    other.accept_certificate_transfer(certificateId=found, **({} if active is None else {"setAsActive": active}))
    taken = other.describe_certificate(certificateId=found)["certificateDescription"]
    assert (taken["ownedBy"], taken["previousOwnedBy"]) == (receiver, account)
    assert taken["status"] == ("ACTIVE" if active else "INACTIVE")
    assert f":{receiver}:" in taken["certificateArn"]
    assert refused(iot.describe_certificate, certificateId=found) == ("ResourceNotFoundException", 404)
    assert iot.list_outgoing_certificates()["outgoingCertificates"] == []
    again = refused(other.accept_certificate_transfer, certificateId=found)
    assert again == ("TransferAlreadyCompletedException", 410)


@pytest.mark.parity("iot.RejectCertificateTransfer", "iot.CancelCertificateTransfer")
def test_a_transfer_that_is_rejected_and_one_that_is_cancelled(iot, other, receiver):
    found = csr_certificate(iot, active=False)["certificateId"]

    iot.transfer_certificate(certificateId=found, targetAwsAccount=receiver)
    other.reject_certificate_transfer(certificateId=found, rejectReason="no, thanks")
    shown = iot.describe_certificate(certificateId=found)["certificateDescription"]
    assert (shown["status"], shown["transferData"]["rejectReason"]) == ("INACTIVE", "no, thanks")
    iot.transfer_certificate(certificateId=found, targetAwsAccount=receiver)
    assert refused(iot.delete_certificate, certificateId=found) == ("CertificateStateException", 406)
    iot.cancel_certificate_transfer(certificateId=found)

    assert status(iot, found) == "INACTIVE"
    assert other.list_certificates()["certificates"] == []
    assert refused(iot.cancel_certificate_transfer, certificateId=found)[0] == "TransferAlreadyCompletedException"
    assert refused(other.accept_certificate_transfer, certificateId=found)[0] == "ResourceNotFoundException"


def test_what_is_attached_is_not_transferred(iot, receiver, account):
    made = csr_certificate(iot, active=False)
    found = {"certificateId": made["certificateId"], "targetAwsAccount": receiver}
    iot.create_policy(policyName="p", policyDocument=POLICY)
    iot.attach_policy(policyName="p", target=made["certificateArn"])

    assert refused(iot.transfer_certificate, **found) == ("TransferConflictException", 409)
    iot.detach_policy(policyName="p", target=made["certificateArn"])
    iot.create_thing(thingName="t")
    iot.attach_thing_principal(thingName="t", principal=made["certificateArn"])
    assert refused(iot.transfer_certificate, **found) == ("TransferConflictException", 409)
    mine = refused(iot.transfer_certificate, certificateId=made["certificateId"], targetAwsAccount=account)
    assert mine == ("InvalidRequestException", 400)


@pytest.mark.parity(
    "iot.CreatePolicy", "iot.GetPolicy", "iot.ListPolicies", "iot.DeletePolicy", "iot.CreatePolicyVersion",
    "iot.GetPolicyVersion", "iot.ListPolicyVersions", "iot.DeletePolicyVersion", "iot.SetDefaultPolicyVersion",
)  # fmt: skip
def test_the_life_of_a_policy(iot, account):
    made = iot.create_policy(policyName="connect", policyDocument=POLICY)
    assert made["policyArn"] == f"arn:aws:iot:us-east-1:{account}:policy/connect"
    assert (made["policyVersionId"], made["policyDocument"]) == ("1", POLICY)
    assert refused(iot.create_policy, policyName="connect", policyDocument=POLICY) == (
        "ResourceAlreadyExistsException", 409,
    )  # fmt: skip

    for number in range(2, 6):
        version = iot.create_policy_version(policyName="connect", policyDocument=DENY, setAsDefault=number == 5)
        assert (version["policyVersionId"], version["isDefaultVersion"]) == (str(number), number == 5)
    full = refused(iot.create_policy_version, policyName="connect", policyDocument=POLICY)
    assert full == ("VersionsLimitExceededException", 409)
    got = iot.get_policy(policyName="connect")
    assert (got["defaultVersionId"], got["policyDocument"]) == ("5", DENY)
    assert iot.get_policy_version(policyName="connect", policyVersionId="1")["policyDocument"] == POLICY
    iot.set_default_policy_version(policyName="connect", policyVersionId="1")
    assert refused(iot.delete_policy_version, policyName="connect", policyVersionId="1") == (
        "DeleteConflictException", 409,
    )  # fmt: skip
    assert refused(iot.delete_policy, policyName="connect") == ("DeleteConflictException", 409)
    for number in "2345":
        iot.delete_policy_version(policyName="connect", policyVersionId=number)
    (version,) = iot.list_policy_versions(policyName="connect")["policyVersions"]
    assert (version["versionId"], version["isDefaultVersion"]) == ("1", True)
    assert iot.create_policy_version(policyName="connect", policyDocument=DENY)["policyVersionId"] == "6"
    iot.delete_policy_version(policyName="connect", policyVersionId="6")
    assert [row["policyName"] for row in iot.list_policies()["policies"]] == ["connect"]
    iot.delete_policy(policyName="connect")

    assert refused(iot.get_policy, policyName="connect") == ("ResourceNotFoundException", 404)


@pytest.mark.parity(
    "iot.AttachPolicy", "iot.DetachPolicy", "iot.ListAttachedPolicies", "iot.ListTargetsForPolicy",
    "iot.GetEffectivePolicies", "iot.AttachPrincipalPolicy", "iot.DetachPrincipalPolicy",
    "iot.ListPrincipalPolicies", "iot.ListPolicyPrincipals",
)  # fmt: skip
def test_policies_are_attached_and_detached(iot):
    arn = csr_certificate(iot)["certificateArn"]
    for name in ("a", "b"):
        iot.create_policy(policyName=name, policyDocument=POLICY)

    iot.attach_policy(policyName="a", target=arn)
    iot.attach_policy(policyName="a", target=arn)
    iot.attach_principal_policy(policyName="b", principal=arn)

    assert [row["policyName"] for row in iot.list_attached_policies(target=arn)["policies"]] == ["a", "b"]
    assert iot.list_targets_for_policy(policyName="a")["targets"] == [arn]
    assert iot.list_policy_principals(policyName="b")["principals"] == [arn]
    listed = iot.list_principal_policies(principal=arn, ascendingOrder=True)["policies"]
    assert [row["policyName"] for row in listed] == ["a", "b"]
    effective = iot.get_effective_policies(principal=arn)["effectivePolicies"]
    assert [(row["policyName"], row["policyDocument"]) for row in effective] == [("a", POLICY), ("b", POLICY)]
    assert refused(iot.delete_policy, policyName="a") == ("DeleteConflictException", 409)
    iot.detach_policy(policyName="a", target=arn)
    iot.detach_policy(policyName="a", target=arn)
    iot.detach_principal_policy(policyName="b", principal=arn)
    assert iot.list_attached_policies(target=arn)["policies"] == []


def test_a_policy_that_is_not_there_is_detached_but_not_from_nothing(iot):
    """The service's description of DetachPolicy has no ResourceNotFoundException."""
    arn = csr_certificate(iot)["certificateArn"]
    iot.create_policy(policyName="p", policyDocument=POLICY)

    iot.detach_policy(policyName="ghost", target=arn)
    for target in (arn[:-4] + "0000", "arn:aws:iot:us-east-1:1:thing/x", "nothing"):
        assert refused(iot.detach_policy, policyName="p", target=target) == ("InvalidRequestException", 400)
    assert refused(iot.detach_principal_policy, policyName="ghost", principal=arn) == ("ResourceNotFoundException", 404)


def test_at_most_ten_policies_for_one_certificate(iot):
    arn = csr_certificate(iot)["certificateArn"]
    for number in range(11):
        iot.create_policy(policyName=f"p{number}", policyDocument=POLICY)
    for number in range(10):
        iot.attach_policy(policyName=f"p{number}", target=arn)

    assert refused(iot.attach_policy, policyName="p10", target=arn) == ("LimitExceededException", 410)


@pytest.mark.parity(
    "iot.CreateThing", "iot.DescribeThing", "iot.UpdateThing", "iot.DeleteThing", "iot.ListThings", "iot-thing"
)
def test_the_life_of_a_thing(iot, account):
    made = iot.create_thing(thingName="sensor", attributePayload={"attributes": {"room": "12", "floor": "3"}})
    assert made["thingArn"] == f"arn:aws:iot:us-east-1:{account}:thing/sensor"
    assert iot.create_thing(thingName="sensor", attributePayload={"attributes": {"floor": "3", "room": "12"}}) | {
        "ResponseMetadata": None
    } == made | {"ResponseMetadata": None}
    assert refused(iot.create_thing, thingName="sensor") == ("ResourceAlreadyExistsException", 409)

    iot.update_thing(thingName="sensor", attributePayload={"attributes": {"room": "", "wing": "B"}, "merge": True})
    found = iot.describe_thing(thingName="sensor")
    assert (found["attributes"], found["version"]) == ({"floor": "3", "wing": "B"}, 2)
    assert found["defaultClientId"] == "sensor"
    assert refused(iot.update_thing, thingName="sensor", expectedVersion=1) == ("VersionConflictException", 409)
    iot.update_thing(thingName="sensor", thingTypeName="thermometer", expectedVersion=2)
    iot.create_thing(thingName="lamp")
    assert [row["thingName"] for row in iot.list_things()["things"]] == ["sensor", "lamp"]
    assert [row["thingName"] for row in iot.list_things(thingTypeName="thermometer")["things"]] == ["sensor"]
    by_value = iot.list_things(attributeName="wing", attributeValue="B")["things"]
    assert [row["thingName"] for row in by_value] == ["sensor"]
    assert refused(iot.delete_thing, thingName="sensor", expectedVersion=1) == ("VersionConflictException", 409)
    iot.delete_thing(thingName="sensor")
    iot.delete_thing(thingName="sensor")

    assert refused(iot.describe_thing, thingName="sensor") == ("ResourceNotFoundException", 404)


@pytest.mark.parity(
    "iot.AttachThingPrincipal", "iot.DetachThingPrincipal", "iot.ListThingPrincipals",
    "iot.ListThingPrincipalsV2", "iot.ListPrincipalThings", "iot.ListPrincipalThingsV2",
)  # fmt: skip
def test_things_and_their_principals(iot):
    arn = csr_certificate(iot)["certificateArn"]
    for name in ("t", "u"):
        iot.create_thing(thingName=name)

    iot.attach_thing_principal(thingName="t", principal=arn, thingPrincipalType="EXCLUSIVE_THING")

    exclusive = refused(iot.attach_thing_principal, thingName="u", principal=arn)
    assert exclusive == ("InvalidRequestException", 400)
    assert iot.list_thing_principals(thingName="t")["principals"] == [arn]
    assert iot.list_thing_principals_v2(thingName="t")["thingPrincipalObjects"] == [
        {"principal": arn, "thingPrincipalType": "EXCLUSIVE_THING"}
    ]
    iot.attach_thing_principal(thingName="t", principal=arn)
    iot.attach_thing_principal(thingName="u", principal=arn)
    assert iot.list_principal_things(principal=arn)["things"] == ["t", "u"]
    assert iot.list_principal_things_v2(principal=arn)["principalThingObjects"][0] == {
        "thingName": "t", "thingPrincipalType": "NON_EXCLUSIVE_THING",
    }  # fmt: skip
    with pytest.raises(iot.exceptions.InvalidRequestException, match="Thing t is still attached"):
        iot.delete_thing(thingName="t")
    iot.detach_thing_principal(thingName="t", principal=arn)
    assert refused(iot.detach_thing_principal, thingName="t", principal=arn) == ("ResourceNotFoundException", 404)


@pytest.mark.parity("iot.DescribeEndpoint")
@pytest.mark.parametrize("kind", [{}, {"endpointType": "iot:Data-ATS"}, {"endpointType": "iot:Jobs"}])
def test_the_endpoint_is_a_host_without_scheme_and_port(iot, kind):
    assert iot.describe_endpoint(**kind)["endpointAddress"] == "localhost"
    assert refused(iot.describe_endpoint, endpointType="iot:Nothing") == ("InvalidRequestException", 400)


@pytest.mark.parity("iot-chain")
def test_openssl_verifies_the_chain(aws_vault, openssl, tmp_path):
    from kvlab import Iot

    registry = Iot(aws_vault)
    made = registry.create_certificate_from_csr(request())
    issuing, root = x509.load_pem_x509_certificates(registry.ca_chain_pem.encode())
    for name, text in (("leaf", made.certificate_pem), ("issuing", pem(issuing)), ("root", pem(root))):
        (tmp_path / name).write_text(text)

    told = openssl(
        "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", tmp_path / "root", "-untrusted", tmp_path / "issuing",
        tmp_path / "leaf",
    )  # fmt: skip

    assert told.decode().strip().endswith("OK")


def test_accounts_and_regions_see_nothing_of_each_other(connect, iot, other):
    made = csr_certificate(iot)
    iot.create_policy(policyName="mine", policyDocument=POLICY)
    other.create_policy(policyName="theirs", policyDocument=POLICY)

    assert refused(other.describe_certificate, certificateId=made["certificateId"])[0] == "ResourceNotFoundException"
    assert refused(other.get_policy, policyName="mine")[0] == "ResourceNotFoundException"
    assert other.list_certificates()["certificates"] == []
    theirs = refused(other.attach_policy, policyName="theirs", target=made["certificateArn"])
    assert theirs == ("ResourceNotFoundException", 404)


@pytest.mark.parity("iot.RegisterThing")
def test_a_thing_by_a_template(iot):
    resources = {
        "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "Name"}}},
        "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateSigningRequest": {"Ref": "CSR"}}},
    }
    body = json.dumps({"Parameters": {"Name": {"Type": "String"}, "CSR": {"Type": "String"}}, "Resources": resources})

    made = iot.register_thing(templateBody=body, parameters={"Name": "sensor", "CSR": request()})

    assert set(made["resourceArns"]) == {"thing", "certificate"}
    assert iot.list_thing_principals(thingName="sensor")["principals"] == [made["resourceArns"]["certificate"]]
    assert x509.load_pem_x509_certificate(made["certificatePem"].encode()).subject.rfc4514_string() == "CN=sensor-1"
    assert refused(iot.register_thing, templateBody=body, parameters={"Name": "x"}) == ("InvalidRequestException", 400)


@pytest.mark.parity(
    "iot.CreateProvisioningTemplate", "iot.DescribeProvisioningTemplate", "iot.ListProvisioningTemplates",
    "iot.UpdateProvisioningTemplate", "iot.DeleteProvisioningTemplate",
)  # fmt: skip
def test_the_life_of_a_provisioning_template(iot, account):
    body = json.dumps({"Resources": {"t": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "x"}}}})
    role = f"arn:aws:iam::{account}:role/provisioning"
    named = {"templateName": "bulbs"}

    made = iot.create_provisioning_template(**named, templateBody=body, provisioningRoleArn=role, type="JITP")

    assert made["templateArn"] == f"arn:aws:iot:us-east-1:{account}:provisioningtemplate/bulbs"
    again = refused(iot.create_provisioning_template, **named, templateBody=body, provisioningRoleArn=role)
    assert again == ("ResourceAlreadyExistsException", 409)
    iot.update_provisioning_template(**named, enabled=True, description="for bulbs")
    found = iot.describe_provisioning_template(**named)
    assert (found["enabled"], found["description"], found["templateBody"], found["type"]) == (
        True, "for bulbs", body, "JITP",
    )  # fmt: skip
    assert [row["templateName"] for row in iot.list_provisioning_templates()["templates"]] == ["bulbs"]
    iot.delete_provisioning_template(**named)
    assert refused(iot.describe_provisioning_template, **named) == ("ResourceNotFoundException", 404)


@pytest.mark.parity("iot.TestAuthorization")
def test_authorization_is_tried(iot, account):
    arn = csr_certificate(iot)["certificateArn"]
    own = f"arn:aws:iot:us-east-1:{account}"

    def policy(name, effect, action, resource):
        statement = {"Effect": effect, "Action": action, "Resource": f"{own}:{resource}"}
        iot.create_policy(
            policyName=name, policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        )
        return name

    iot.attach_policy(policyName=policy("own", "Allow", "iot:Publish", "topic/${iot:ClientId}/*"), target=arn)
    iot.attach_policy(policyName=policy("no-secrets", "Deny", "iot:*", "topic/*/secret"), target=arn)
    policy("connect", "Allow", "iot:Connect", "client/*")

    def tried(action, resource, **options):
        info = {"actionType": action, "resources": [f"{own}:{resource}"]}
        (found,) = iot.test_authorization(principal=arn, authInfos=[info], **{"clientId": "lamp", **options})[
            "authResults"
        ]
        assert found["authInfo"] == info
        return found

    allowed = tried("PUBLISH", "topic/lamp/state")
    denied = tried("PUBLISH", "topic/lamp/secret")
    assert (allowed["authDecision"], allowed["allowed"]["policies"][0]["policyName"]) == ("ALLOWED", "own")
    assert denied["authDecision"] == "EXPLICIT_DENY"
    assert [each["policyName"] for each in denied["denied"]["explicitDeny"]["policies"]] == ["no-secrets"]
    assert tried("PUBLISH", "topic/fan/state")["authDecision"] == "IMPLICIT_DENY"
    assert tried("CONNECT", "client/lamp")["authDecision"] == "IMPLICIT_DENY"
    assert tried("CONNECT", "client/lamp", policyNamesToAdd=["connect"])["authDecision"] == "ALLOWED"
    assert tried("PUBLISH", "topic/lamp/secret", policyNamesToSkip=["no-secrets"])["authDecision"] == "ALLOWED"
    iot.create_thing(thingName="bulb")
    iot.attach_thing_principal(thingName="bulb", principal=arn, thingPrincipalType="EXCLUSIVE_THING")
    policy("thing", "Allow", "iot:Connect", "client/${iot:Connection.Thing.ThingName}-*")
    assert tried("CONNECT", "client/bulb-1", policyNamesToAdd=["thing"], clientId="bulb-1")["authDecision"] == "ALLOWED"
    unnamed = iot.test_authorization(
        principal=arn, authInfos=[{"resources": [f"{own}:topic/x"], "actionType": "PUBLISH"}]
    )
    assert unnamed["authResults"][0]["missingContextValues"] == ["iot:ClientId"]
    bogus = [{"resources": ["x"], "actionType": "BOGUS"}]
    assert refused(iot.test_authorization, principal=arn, authInfos=bogus) == ("InvalidRequestException", 400)
    unknown = refused(
        iot.test_authorization,
        principal=arn,
        authInfos=[{"resources": ["x"], "actionType": "CONNECT"}],
        policyNamesToAdd=["no"],
    )
    assert unknown == ("ResourceNotFoundException", 404)
