"""The variables that a certificate fills in, as the developer guide lists them."""

import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from kvlab.iot.variable import certificate_variables, thing_variables
from tests.iot.make import NOW, certificate, ec_key, name_of


def made(names, alternatives=()):
    key = ec_key()
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name_of("Factory CA", COUNTRY_NAME="DE"))
        .public_key(key.public_key()).serial_number(0xABC1).not_valid_before(NOW).not_valid_after(NOW)
    )  # fmt: skip
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), False)
    return certificate_variables(builder.sign(key, hashes.SHA256()))


def test_each_attribute_has_the_guides_name():
    found = made([
        (NameOID.DN_QUALIFIER, "q"), (NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, "Contoso"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Lamps"), (NameOID.STATE_OR_PROVINCE_NAME, "Bayern"),
        (NameOID.COMMON_NAME, "lamp"), (NameOID.SERIAL_NUMBER, "4711"), (NameOID.TITLE, "t"), (NameOID.SURNAME, "s"),
        (NameOID.GIVEN_NAME, "g"), (NameOID.INITIALS, "i"), (NameOID.PSEUDONYM, "p"),
        (NameOID.GENERATION_QUALIFIER, "Jr"),
    ])  # fmt: skip

    subject = {
        name.removeprefix("iot:Certificate.Subject."): values
        for name, values in found.items()
        if name.startswith("iot:Certificate.Subject.") and not name.endswith((".List", ".0"))
    }
    assert subject == {
        "DistinguishedNameQualifier": ("q",), "Country": ("DE",), "Organization": ("Contoso",),
        "OrganizationalUnit": ("Lamps",), "State": ("Bayern",), "CommonName": ("lamp",), "SerialNumber": ("4711",),
        "Title": ("t",), "Surname": ("s",), "GivenName": ("g",), "Initials": ("i",), "Pseudonym": ("p",),
        "GenerationQualifier": ("Jr",),
    }  # fmt: skip
    assert found["iot:Certificate.Issuer.CommonName"] == ("Factory CA",)
    assert found["iot:Certificate.SerialNumber"] == ("abc1",)
    assert "iot:Certificate.Subject.Country" in found["iot:Certificate.AvailableKeys"]


def test_several_values_are_counted_from_zero_and_five_count():
    found = made([(NameOID.ORGANIZATIONAL_UNIT_NAME, f"ou{number}") for number in range(7)])
    name = "iot:Certificate.Subject.OrganizationalUnit"

    assert found[name] == ("ou0",)
    assert found[f"{name}.1"] == ("ou1",)
    assert found[f"{name}.List"] == ("ou0", "ou1", "ou2", "ou3", "ou4")
    assert f"{name}.5" not in found


def test_alternative_names_by_their_kind():
    found = made(
        [(NameOID.COMMON_NAME, "lamp")],
        [
            x509.DNSName("lamp.contoso.com"), x509.RFC822Name("lamp@contoso.com"),
            x509.UniformResourceIdentifier("urn:lamp"), x509.IPAddress(ipaddress.ip_address("10.0.0.1")),
            x509.DirectoryName(name_of("other")),
        ],
    )  # fmt: skip
    kinds = ("DNSName", "RFC822Name", "UniformResourceIdentifier", "IPAddress", "DirectoryName")

    assert [found[f"iot:Certificate.Subject.AlternativeName.{kind}"] for kind in kinds] == [
        ("lamp.contoso.com",), ("lamp@contoso.com",), ("urn:lamp",), ("10.0.0.1",), ("CN=other",)
    ]  # fmt: skip


def test_a_certificate_without_anything_has_its_number():
    bare = certificate_variables(certificate(ec_key(), x509.Name([])))

    assert set(bare) == {"iot:Certificate.SerialNumber", "iot:Certificate.AvailableKeys"}


def test_a_thing_that_is_attached_says_what_it_is():
    assert thing_variables("lamp", "bulb", {"room": "12"}) == {
        "iot:Connection.Thing.IsAttached": ("true",),
        "iot:Connection.Thing.ThingName": ("lamp",),
        "iot:Connection.Thing.ThingTypeName": ("bulb",),
        "iot:Connection.Thing.Attributes[room]": ("12",),
    }
    assert thing_variables(None) == {"iot:Connection.Thing.IsAttached": ("false",)}
