"""Every operation that can be shown as a call: what has to be there before, and the call itself."""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from kvlab import Vault
from tests.vault.make import OutsideCA, ec_key, ec_policy, finish, pem_file, pem_of, pfx_file

PASSWORD = 'it\'s "hush" $(id)'
SECRET = "a value\nof two lines, `id`"
DIGEST = bytes(range(32))
TAGS = {"team": "web", "it's": '$(id) `id` "x" \u202e \n end', "empty": ""}
HOSTILE = {
    "issuer": {"name": "Self"},
    "key_props": {"kty": "EC"},
    "x509_props": {"subject": 'CN=$(id) \'x\', O="a \\"b\\", c"', "sans": {"dns_names": ["x.contoso.com"]}},
}
FULL = {
    "key_props": {"kty": "EC", "crv": "P-384", "exportable": True, "reuse_key": True},
    "secret_props": {"contentType": "application/x-pem-file"},
    "x509_props": {
        "subject": "CN=contoso.com",
        "sans": {
            "dns_names": ["contoso.com", "www.contoso.com"], "emails": ["a@contoso.com"], "upns": ["b@contoso.com"],
            "uris": ["https://contoso.com/x"], "ipAddresses": ["10.0.0.1", "::1"],
        },
        "key_usage": ["digitalSignature", "nonRepudiation"],
        "ekus": ["1.3.6.1.5.5.7.3.1"],
        "validity_months": 6,
    },
    "lifetime_actions": [{"trigger": {"days_before_expiry": 30}, "action": {"action_type": "AutoRenew"}}],
    "issuer": {"name": "Self"},
}  # fmt: skip
ISSUER = {
    "provider": "DigiCert", "credentials": {"account_id": "12345", "pwd": PASSWORD},
    "org_details": {"id": "42", "admin_details": [{"first_name": "Ann", "email": "ann@contoso.com"}]},
}  # fmt: skip
NAME = "web"


@dataclass
class World:
    """A vault that is the same each time, and the folder in which a person works."""

    folder: object
    vault: Vault = field(default_factory=lambda: Vault(clock="simulated", seed=7))

    def file(self, name, octets):
        (self.folder / name).write_bytes(octets)
        return octets

    def finish(self, name=NAME, policy=None, **options):
        return finish(self.vault, name, policy, **options)


@cache
def authority():
    return OutsideCA(datetime(2026, 3, 1, tzinfo=UTC))


@cache
def brought():
    """A key and its certificate from elsewhere: (PFX with the password, PEM)."""
    key = ec_key()
    leaf = authority().leaf(key.public_key())
    return pfx_file(key, leaf, password=PASSWORD.encode()), pem_file(key, leaf).encode()


@cache
def signed(csr):
    from cryptography import x509

    return authority().leaf(x509.load_der_x509_csr(csr).public_key())


@cache
def jwk():
    from kvlab.x509.jwk import jwk as public

    key = ec_key()
    private = key.private_numbers().private_value.to_bytes(32, "big")
    return {**public(key.public_key()), "d": base64url_of(private)}


def nothing(world):
    pass


def made(world):
    world.finish()


def two_versions(world):
    world.finish()
    world.finish()


def pending(world):
    world.vault.create_certificate(NAME, ec_policy(issuer="Unknown"))


def deleted(world):
    world.finish()
    world.vault.delete_certificate(NAME)


def pfx(world):
    world.file("web.pfx", brought()[0])


def pem(world):
    world.file("web.pem", brought()[1])


def issuer(world):
    world.vault.set_certificate_issuer("digi", ISSUER)


def contacts(world):
    world.vault.set_certificate_contacts([{"email": "ann@contoso.com", "name": "Ann O'Hara"}])


def to_merge(world):
    pending(world)
    leaf = signed(world.vault.get_certificate_operation(NAME).csr)
    world.file("web.pem", (pem_of(leaf) + pem_of(authority().intermediate)).encode())


def backed_up(world):
    world.finish()
    world.file("web.certificate-backup", world.vault.backup_certificate(NAME).value)
    world.vault.delete_certificate(NAME)
    world.vault.purge_deleted_certificate(NAME)


def key(world):
    world.vault.create_key("signer", "EC", crv="P-384")


def rsa(world):
    world.vault.create_key("wrapper", "RSA", key_size=2048)


def key_backed_up(world):
    key(world)
    world.file("signer.key-backup", world.vault.backup_key("signer").value)
    world.vault.delete_key("signer")
    world.vault.purge_deleted_key("signer")


def key_deleted(world):
    key(world)
    world.vault.delete_key("signer")


def secret(world):
    world.vault.set_secret("note", SECRET, content_type="text/plain")


def secret_backed_up(world):
    secret(world)
    world.file("note.secret-backup", world.vault.backup_secret("note").value)
    world.vault.delete_secret("note")
    world.vault.purge_deleted_secret("note")


def secret_deleted(world):
    secret(world)
    world.vault.delete_secret("note")


def jwk_file(world):
    world.file("brought.jwk.json", json.dumps(jwk()).encode())


def first_version(vault):
    return vault.get_certificate_versions(NAME)[0].id.rsplit("/", 1)[1]


CHANGES = {
    "create": (nothing, lambda v, _: v.create_certificate(NAME, ec_policy(), tags=TAGS)),
    "create with all of a policy": (nothing, lambda v, _: v.create_certificate(NAME, FULL, attributes={"enabled": False})),
    "create with a hostile subject": (nothing, lambda v, _: v.create_certificate(NAME, HOSTILE)),
    "create for the own CA": (nothing, lambda v, _: v.create_certificate(NAME, ec_policy(issuer="Unknown"))),
    "create not exportable": (
        nothing, lambda v, _: v.create_certificate(NAME, {"key_props": {"exportable": False}, "x509_props": {"subject": "CN=x"}}),
    ),
    "create the next version": (made, lambda v, _: v.create_certificate(NAME)),
    "create in order": (
        nothing, lambda v, _: v.create_certificate(NAME, ec_policy(issuer="Unknown"), preserve_cert_order=True),
    ),
    "import a PFX": (pfx, lambda v, f: v.import_certificate(NAME, f("web.pfx"), pwd=PASSWORD, tags=TAGS)),
    "import PEM": (
        pem,
        lambda v, f: v.import_certificate(
            NAME, f("web.pem"), policy={"secret_props": {"contentType": "application/x-pem-file"}}
        ),
    ),
    "merge": (to_merge, lambda v, f: v.merge_certificate(NAME, f("web.pem"), tags=TAGS)),
    "cancel": (pending, lambda v, _: v.update_certificate_operation(NAME, True)),
    "delete the operation": (pending, lambda v, _: v.delete_certificate_operation(NAME)),
    "update": (made, lambda v, _: v.update_certificate(NAME, attributes={"enabled": False}, tags=TAGS)),
    "update a version": (two_versions, lambda v, _: v.update_certificate(NAME, first_version(v), attributes={"enabled": False})),
    "update the policy too": (made, lambda v, _: v.update_certificate(NAME, tags={}, policy={"x509_props": {"validity_months": 3}})),
    "update the policy": (made, lambda v, _: v.update_certificate_policy(NAME, {"x509_props": {"validity_months": 3}})),
    "delete": (made, lambda v, _: v.delete_certificate(NAME)),
    "recover": (deleted, lambda v, _: v.recover_deleted_certificate(NAME)),
    "purge": (deleted, lambda v, _: v.purge_deleted_certificate(NAME)),
    "back up": (made, lambda v, _: v.backup_certificate(NAME)),
    "restore": (backed_up, lambda v, f: v.restore_certificate(f("web.certificate-backup"))),
    "set contacts": (nothing, lambda v, _: v.set_certificate_contacts([{"email": "a@b.c", "name": "O'Hara \"A\""}])),
    "delete contacts": (contacts, lambda v, _: v.delete_certificate_contacts()),
    "set an issuer": (nothing, lambda v, _: v.set_certificate_issuer("digi", **ISSUER)),
    "update an issuer": (issuer, lambda v, _: v.update_certificate_issuer("digi", credentials={"account_id": "7", "pwd": PASSWORD})),
    "delete an issuer": (issuer, lambda v, _: v.delete_certificate_issuer("digi")),
    "create a key": (nothing, lambda v, _: v.create_key("signer", "EC", crv="P-384", key_ops=["sign"], tags=TAGS, attributes={"exp": 1900000000})),
    "import a key": (jwk_file, lambda v, _: v.import_key("brought", jwk(), tags=TAGS)),
    "update a key": (key, lambda v, _: v.update_key("signer", key_ops=["verify"], attributes={"enabled": False})),
    "delete a key": (key, lambda v, _: v.delete_key("signer")),
    "recover a key": (key_deleted, lambda v, _: v.recover_deleted_key("signer")),
    "purge a key": (key_deleted, lambda v, _: v.purge_deleted_key("signer")),
    "back up a key": (key, lambda v, _: v.backup_key("signer")),
    "restore a key": (key_backed_up, lambda v, f: v.restore_key(f("signer.key-backup"))),
    "sign": (made, lambda v, _: v.sign(NAME, "ES256", DIGEST)),
    "set a secret": (nothing, lambda v, _: v.set_secret("note", SECRET, content_type="text/plain", tags=TAGS)),
    "update a secret": (secret, lambda v, _: v.update_secret("note", content_type="text/x", attributes={"nbf": 1800000000})),
    "delete a secret": (secret, lambda v, _: v.delete_secret("note")),
    "recover a secret": (secret_deleted, lambda v, _: v.recover_deleted_secret("note")),
    "purge a secret": (secret_deleted, lambda v, _: v.purge_deleted_secret("note")),
    "back up a secret": (secret, lambda v, _: v.backup_secret("note")),
    "restore a secret": (secret_backed_up, lambda v, f: v.restore_secret(f("note.secret-backup"))),
}  # fmt: skip
"""Before, and the call with what is secret; its event leads back to the call without it."""

READS = {
    "get": (made, ("get_certificate", NAME), {}),
    "get a version": (two_versions, ("get_certificate", NAME), {"version": first_version}),
    "list": (made, ("get_certificates",), {}),
    "list with pending": (pending, ("get_certificates",), {"include_pending": True}),
    "list versions": (two_versions, ("get_certificate_versions", NAME), {}),
    "get deleted": (deleted, ("get_deleted_certificate", NAME), {}),
    "list deleted": (deleted, ("get_deleted_certificates",), {}),
    "get the policy": (made, ("get_certificate_policy", NAME), {}),
    "poll": (pending, ("get_certificate_operation", NAME), {}),
    "get contacts": (contacts, ("get_certificate_contacts",), {}),
    "get an issuer": (issuer, ("get_certificate_issuer", "digi"), {}),
    "list issuers": (issuer, ("get_certificate_issuers",), {}),
    "get a key": (made, ("get_key", NAME), {}),
    "list keys": (key, ("get_keys",), {}),
    "list a key's versions": (key, ("get_key_versions", "signer"), {}),
    "get a deleted key": (key_deleted, ("get_deleted_key", "signer"), {}),
    "list deleted keys": (key_deleted, ("get_deleted_keys",), {}),
    "get a secret": (secret, ("get_secret", "note"), {}),
    "list secrets": (secret, ("get_secrets",), {}),
    "list a secret's versions": (secret, ("get_secret_versions", "note"), {}),
    "get a deleted secret": (secret_deleted, ("get_deleted_secret", "note"), {}),
    "list deleted secrets": (secret_deleted, ("get_deleted_secrets",), {}),
}


def base64url_of(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
