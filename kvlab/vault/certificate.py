"""Certificates: create, import, read, list, update, and their policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.errors import CertificateNotFound
from kvlab.store import certificate as rows
from kvlab.vault import answer, creation, importing
from kvlab.vault import policy as policies
from kvlab.vault.creation import Order
from kvlab.vault.importing import Source
from kvlab.vault.lifetime import reschedule
from kvlab.vault.operation import Status
from kvlab.vault.version import tags_text
from kvlab.vault.view import (
    View,
    name_key,
    new_name_key,
    operation,
    read_attributes,
    read_tags,
    start_after,
    version_after,
    version_key,
)
from kvlab.wire.certificate import Attributes, CertificateBundle, CertificateItem
from kvlab.wire.operation import CertificateOperation
from kvlab.wire.policy import CertificatePolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Row

PolicyInput = CertificatePolicy | dict[str, Any] | str
AttributesInput = Attributes | dict[str, Any]


class CertificateOperations(View):
    """The operations on live certificates."""

    @operation()
    def create_certificate(
        self,
        name: str,
        policy: PolicyInput | None = None,
        *,
        attributes: AttributesInput | None = None,
        tags: Mapping[str, str] | None = None,
        preserve_cert_order: bool | None = None,
    ) -> CertificateOperation:
        """
        Begin a certificate: the vault makes the key and the request, and answers with the pending operation.

        Args:
            name: 1 to 127 letters, digits and hyphens; a key and a secret of this name come with it.
            policy: needed for the first version, replaces the stored one later; a model, a dict or JSON text.
            attributes: ``enabled`` of the version to come; dates are accepted and dropped, as the service does.
            tags: at most 15, for the version to come.
            preserve_cert_order: keep the order in which certificates are merged.

        Returns:
            The operation, ``inProgress``, with a real PKCS#10 request in ``csr``.

        Raises:
            InvalidProperty: and ``InvalidSubject``, ``MissingProperty``: 400, names the member.
            OperationInProgress: 409, an operation on this name is in progress.
            NameInUse: and ``NameDeleted``: 409.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/create-certificate
        """
        core = self._core
        order = certificate_order(name, policy, attributes, tags, preserve_cert_order)
        with creation.requested(core, order, self._principal) as requested:
            row = creation.begin_operation(core, order, requested)
        return answer.operation(row, self._place)

    @operation()
    def import_certificate(
        self,
        name: str,
        value: bytes | str,
        *,
        pwd: str | bytes | None = None,
        policy: PolicyInput | None = None,
        attributes: AttributesInput | None = None,
        tags: Mapping[str, str] | None = None,
        preserve_cert_order: bool | None = None,
    ) -> CertificateBundle:
        """
        Take in a certificate with its private key.

        Args:
            name: as for ``create_certificate``.
            value: a PFX (octets or base64) or PEM (octets, text or its base64): certificates and one PKCS#8 key.
            pwd: the password of the PFX or of the encrypted key, at most 200 characters; it is not kept.
            policy: its content type says how ``value`` is read; its ``x509_props`` are replaced by the certificate's.
            attributes: ``enabled``.
            tags: at most 15.
            preserve_cert_order: keep the order of the file; otherwise leaf first, each followed by its issuer.

        Returns:
            The new version, with the policy as it is now.

        Raises:
            UnreadablePem: and ``UnreadablePfx``, ``PublicKeyMismatch``, ``ExpiredCertificate``: 400.
            InvalidProperty: 400.
            OperationInProgress: and ``NameInUse``, ``NameDeleted``: 409.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/import-certificate
        """
        core = self._core
        source = Source(
            name=name,
            name_key=new_name_key(name),
            value=value,
            pwd=pwd,
            policy=None if policy is None else CertificatePolicy.read(policy, "policy"),
            ignored=CertificatePolicy.unknown_members(policy, "policy."),
            enabled=read_attributes(attributes).enabled is not False,
            tags=read_tags(tags),
            preserve_cert_order=bool(preserve_cert_order),
        )
        with core.read() as connection:
            stored = importing.stored_policy(core, connection, source)
        brought = importing.open_source(source, stored, core.clock.now())
        with core.turn(self._principal) as turn:
            importing.keep(core, turn, source, brought)
            return self._latest_certificate(turn.connection, name, turn.now)

    @operation()
    def get_certificate(self, name: str, version: str | None = None) -> CertificateBundle:
        """
        Read a certificate.

        Args:
            name: of the certificate.
            version: 32 hexadecimal digits; the newest when left out.

        Returns:
            The newest version with policy and pending object, or the given version without them.

        Raises:
            CertificateNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/get-certificate
        """
        with self._core.read() as connection:
            if not version:
                return self._latest_certificate(connection, name, self._core.clock.now())
            row = rows.one_version(connection, self._core.vault_id, name_key(name), version_key(version))
            if row is not None and row.c_deleted_at is None:
                return answer.version_bundle(row, self._place)
            return self._placeholder(connection, name, version)

    @operation()
    def get_certificates(
        self, *, include_pending: bool = False, maxresults: int | None = None, after: str = ""
    ) -> list[CertificateItem]:
        """
        List certificates by name, each with its newest version.

        Args:
            include_pending: also those whose first version is still pending.
            maxresults: at most so many, 1 to 25; all when left out.
            after: only names after this one (for the next page).

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/get-certificates
        """
        with self._core.read() as connection:
            found = rows.all_latest(
                connection,
                self._core.vault_id,
                deleted=False,
                after=start_after(after),
                limit=maxresults,
                with_pending=include_pending,
            )
        now = self._core.clock.now()
        return [answer.item(row, self._place, now) for row in found]

    @operation()
    def get_certificate_versions(
        self, name: str, *, maxresults: int | None = None, after: str = ""
    ) -> list[CertificateItem]:
        """
        List the versions of a certificate by version id; an unknown name has none.

        Args:
            name: of the certificate.
            maxresults: at most so many, 1 to 25; all when left out.
            after: only version ids after this one (for the next page).

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/get-certificate-versions
        """
        with self._core.read() as connection:
            found = rows.versions(
                connection, self._core.vault_id, name_key(name), after=version_after(after), limit=maxresults
            )
        return [answer.version_item(row, self._place) for row in found]

    @operation()
    def update_certificate(
        self,
        name: str,
        version: str | None = None,
        *,
        attributes: AttributesInput | None = None,
        tags: Mapping[str, str] | None = None,
        policy: PolicyInput | None = None,
    ) -> CertificateBundle:
        """
        Change ``enabled`` and tags of a version (the newest, if none is given), and optionally the policy.

        Args:
            name: of the certificate.
            version: 32 hexadecimal digits.
            attributes: only ``enabled`` counts; dates are accepted and dropped, as the service does.
            tags: replace the whole map; left out, they stay.
            policy: changes the stored policy, as ``update_certificate_policy``.

        Raises:
            CertificateNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/update-certificate
        """
        core = self._core
        wanted, new_tags = read_attributes(attributes), read_tags(tags)
        change = None if policy is None else CertificatePolicy.read(policy, "policy")
        with core.turn(self._principal) as turn:
            if version:
                row = rows.one_version(turn.connection, core.vault_id, name_key(name), version_key(version))
            else:
                row = rows.latest(turn.connection, core.vault_id, name_key(name))
            if row is None or row.c_deleted_at is not None or row.v_version is None:
                raise CertificateNotFound(f"{name}/{version}" if version else name)
            values: dict[str, Any] = {"updated": turn.seconds}
            if wanted.enabled is not None:
                values["enabled"] = wanted.enabled
            if new_tags is not None:
                values["tags"] = tags_text(new_tags)
            rows.set_version(turn.connection, row.v_id, **values)
            if change is not None:
                self._change_policy(turn, row, change)
            elif wanted.enabled is not None:
                reschedule(turn, row.c_id)
            turn.record(
                "update_certificate", f"certificates/{row.c_name}", version=row.v_version, enabled=wanted.enabled,
                tags=new_tags,
            )  # fmt: skip
            if not version:
                return self._latest_certificate(turn.connection, name, turn.now)
            row = rows.one_version(turn.connection, core.vault_id, name_key(name), version_key(version))
            assert row is not None
            found = answer.version_bundle(row, self._place)
            # Unlike GET, PATCH of a given version does name the pending object.
            found.pending = answer.pending_reference(row, self._place)
            return found

    @operation()
    def get_certificate_policy(self, name: str) -> CertificatePolicy:
        """
        Read the policy of the versions to come.

        Args:
            name: of the certificate.

        Raises:
            CertificateNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/get-certificate-policy
        """
        with self._core.read() as connection:
            row = self._live_certificate(connection, name)
        return answer.policy(row.c_policy, self._place, row.c_name)

    @operation()
    def update_certificate_policy(self, name: str, policy: PolicyInput) -> CertificatePolicy:
        """
        Change the policy of the versions to come; members left out keep their value.

        Args:
            name: of the certificate.
            policy: the members that change; a model, a dict or JSON text.

        Raises:
            CertificateNotFound: 404.
            InvalidProperty: the policy, as it would be, can not be; it stays as it was.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/update-certificate-policy
        """
        change = CertificatePolicy.read(policy, "policy")
        ignored = CertificatePolicy.unknown_members(policy, "policy.")
        with self._core.turn(self._principal) as turn:
            row = self._live_certificate(turn.connection, name)
            text = self._change_policy(turn, row, change)
            turn.record("update_certificate_policy", f"certificates/{row.c_name}", ignored=ignored or None)
        return answer.policy(text, self._place, row.c_name)

    def _change_policy(self, turn: Any, row: Row[Any], change: CertificatePolicy) -> str:
        stored = CertificatePolicy.model_validate_json(row.c_policy)
        whole = policies.changed(stored, change)
        creation.check_issuer(self._core, turn.connection, whole)
        text = creation.replaced_policy(turn, row.c_policy, whole)
        rows.set_certificate(turn.connection, row.c_id, policy=text)
        reschedule(turn, row.c_id)
        return text

    def _latest_certificate(self, connection: Connection, name: str, now: Any) -> CertificateBundle:
        return answer.bundle(self._live_certificate(connection, name), self._place, now)

    def _live_certificate(self, connection: Connection, name: str) -> Any:
        row = rows.latest(connection, self._core.vault_id, name_key(name))
        if row is None or row.c_deleted_at is not None:
            raise CertificateNotFound(name)
        return row

    def _placeholder(self, connection: Connection, name: str, version: str) -> CertificateBundle:
        """Return the little there is to see of a version that is still pending: its id and attributes."""
        row = rows.latest(connection, self._core.vault_id, name_key(name))
        if row is None or row.c_deleted_at is not None or version_key(version) != row.c_placeholder:
            raise CertificateNotFound(f"{name}/{version}")
        if row.c_current_id is not None and row.p_status != Status.IN_PROGRESS:
            raise CertificateNotFound(f"{name}/{version}")
        policy = CertificatePolicy.model_validate_json(row.c_policy)
        return CertificateBundle(
            id=self._place.id("certificates", row.c_name, row.c_placeholder),
            attributes=answer.pending_attributes(
                row.p_created or row.c_created, policy, self._place, self._core.clock.now()
            ),
        )


def certificate_order(
    name: str,
    policy: PolicyInput | None,
    attributes: AttributesInput | None = None,
    tags: Mapping[str, str] | None = None,
    preserve_cert_order: bool | None = None,
) -> Order:
    """
    Check what ``create_certificate`` is given, as far as that goes without the store.

    Raises:
        InvalidName: and ``InvalidProperty``, ``InvalidSubject``: 400.
    """
    return Order(
        name=name,
        name_key=new_name_key(name),
        meaning=None if policy is None else policies.complete(CertificatePolicy.read(policy, "policy")),
        enabled=read_attributes(attributes).enabled is not False,
        tags=read_tags(tags),
        preserve_cert_order=bool(preserve_cert_order),
        ignored=CertificatePolicy.unknown_members(policy, "policy."),
    )
