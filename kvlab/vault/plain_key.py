"""Keys that no certificate manages: made here, or brought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.entropy import identifier
from kvlab.errors import InvalidProperty, X509Error
from kvlab.store import certificate as certificates
from kvlab.store import item as rows
from kvlab.vault.item import dated
from kvlab.vault.key import (
    KeyAttributesInput,
    KeyOperations,
    ReleaseInput,
    read_key_attributes,
    read_key_ops,
)
from kvlab.vault.key_material import make_key, sealed_key
from kvlab.vault.policy import complete
from kvlab.vault.version import tags_text
from kvlab.vault.view import name_key, operation, read_tags
from kvlab.wire.key import KeyBundle, PrivateJsonWebKey
from kvlab.wire.policy import CertificatePolicy, KeyProperties, X509CertificateProperties
from kvlab.x509.jwk import private_key_from_jwk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kvlab.x509.key import PrivateKey

JwkInput = PrivateJsonWebKey | dict[str, Any] | str


class PlainKeyOperations(KeyOperations):
    """The operations that bring a key, or a new version of one, into being."""

    @operation()
    def create_key(
        self,
        name: str,
        kty: str,
        *,
        key_size: int | None = None,
        crv: str | None = None,
        key_ops: Sequence[str] | None = None,
        attributes: KeyAttributesInput | None = None,
        tags: Mapping[str, str] | None = None,
        release_policy: ReleaseInput | None = None,
    ) -> KeyBundle:
        """
        Make a plain key, or a new version of one.

        Args:
            name: 1 to 127 letters, digits and hyphens.
            kty: RSA, RSA-HSM, EC or EC-HSM.
            key_size: bits, for RSA.
            crv: curve, for EC.
            key_ops: out of encrypt, decrypt, sign, verify, wrapKey, unwrapKey; all that fit by default.
            attributes: ``enabled``, ``nbf``, ``exp`` (epoch seconds).
            tags: at most 15.
            release_policy: refused; keys can not be released from this vault.

        Raises:
            InvalidProperty: 400.
            ManagedKey: 403, a certificate has the name.
            NameDeleted: 409.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/create-key
        """
        core = self._core
        props = _key_props(kty, key_size, crv)
        values = {**dated(read_key_attributes(attributes, release_policy)), "tags": tags_text(read_tags(tags)),
                  "key_type": props.kty, "key_ops": read_key_ops(key_ops, props.kty or "")}  # fmt: skip
        with core.read() as connection:
            self._check_name_for(connection, "key", name, "create")
        private_key = make_key(core, f"{name_key(name)} plain", props)
        return self._keep_key("create", name, private_key, values, seeded=core.seeded)

    @operation()
    def import_key(
        self,
        name: str,
        key: JwkInput,
        *,
        hsm: bool | None = None,
        attributes: KeyAttributesInput | None = None,
        tags: Mapping[str, str] | None = None,
        release_policy: ReleaseInput | None = None,
    ) -> KeyBundle:
        """
        Take in a private key as a plain key, or as a new version of one.

        Args:
            name: as for ``create_key``, and so are the arguments not named here.
            key: a private JSON Web Key (RFC 7518 section 6), RSA or EC, with its ``key_ops``.
            hsm: whether it is to be called an HSM's: its ``kty`` then ends in ``-HSM``.

        Raises:
            InvalidProperty: 400; it never repeats a private member.
            ManagedKey: 403, a certificate has the name.
            NameDeleted: 409.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/import-key
        """
        given = PrivateJsonWebKey.read(key, "key")
        private_key = _private_key(given)
        family = given.kty.removesuffix("-HSM")
        kty = f"{family}-HSM" if hsm or given.kty != family else family
        values = {**dated(read_key_attributes(attributes, release_policy)), "tags": tags_text(read_tags(tags)),
                  "key_type": kty, "key_ops": read_key_ops(given.key_ops, kty)}  # fmt: skip
        return self._keep_key("import", name, private_key, values, seeded=False)

    def _keep_key(
        self, verb: str, name: str, private_key: PrivateKey, values: Mapping[str, Any], *, seeded: bool
    ) -> KeyBundle:
        core, key = self._core, name_key(name)
        with core.turn(self._principal) as turn:
            self._check_name_for(turn.connection, "key", name, verb)
            sealed = sealed_key(core, private_key, seeded=seeded)
            certificates.add_key(turn.connection, sealed)
            version = identifier(core.entropy, key, "key version")
            row = {"version": version, "created": turn.seconds, "updated": turn.seconds, "key_id": sealed["id"]}
            rows.add_version(turn.connection, core.vault_id, "key", key, name, {**row, **values})
            turn.record(
                f"{verb}_key", f"keys/{name}", version=version, key_type=values["key_type"], seeded=seeded or None
            )
            return self._key_bundle(self._find_key(turn.connection, name, None))


def _key_props(kty: str, key_size: int | None, crv: str | None) -> KeyProperties:
    given = {"kty": kty, "key_size": key_size, "crv": crv}
    try:
        wish = KeyProperties.read(
            {name: value for name, value in given.items() if value is not None}, "policy.key_props"
        )
        policy = CertificatePolicy(key_props=wish, x509_props=X509CertificateProperties(subject="CN=key"))
        props = complete(policy).policy.key_props
    except InvalidProperty as error:
        reason = error.message.partition("has invalid value. ")[2]
        raise InvalidProperty(error.field.removeprefix("policy.key_props."), reason) from None
    assert props is not None
    return props


def _private_key(key: PrivateJsonWebKey) -> PrivateKey:
    members = key.model_dump(mode="json")
    try:
        return private_key_from_jwk({**members, "kty": key.kty.removesuffix("-HSM")})
    except X509Error as error:
        raise InvalidProperty("key", f"{error}") from None
