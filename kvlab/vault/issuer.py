"""Issuer objects and contacts, as resources of the vault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from kvlab.errors import CertificateIssuerNotFound, ContactsNotFound, InvalidProperty
from kvlab.store import vault as rows
from kvlab.vault.account import check_issuer_object, provider_name, sealing_id
from kvlab.vault.view import View, name_key, operation, start_after
from kvlab.wire.issuer import CertificateIssuerItem, Contacts, IssuerBundle, IssuerCredentials, OrganizationDetails
from kvlab.wire.model import WireModel
from kvlab.wire.policy import PolicyAttributes

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kvlab.vault.turn import Turn

Model = TypeVar("Model", bound=WireModel)

_RESERVED = frozenset({"self", "unknown"})


class IssuerOperations(View):
    """The operations on issuer objects and on the vault's contacts."""

    @operation("certificates/issuers")
    def set_certificate_issuer(
        self,
        name: str,
        issuer: IssuerBundle | dict[str, Any] | str | None = None,
        *,
        provider: str | None = None,
        credentials: IssuerCredentials | dict[str, Any] | None = None,
        org_details: OrganizationDetails | dict[str, Any] | None = None,
        attributes: PolicyAttributes | dict[str, Any] | None = None,
    ) -> IssuerBundle:
        """
        Configure a certificate authority under a name that policies can use; replaces an earlier one.

        Args:
            name: 1 to 127 letters, digits and hyphens; not ``Self`` or ``Unknown``.
            issuer: the whole object; or its members one by one:
            provider: DigiCert, GlobalSign or Test (which issues nothing).
            credentials: ``account_id`` and ``pwd`` (DigiCert: the API key), which both CAs need; the password is
                sealed and never returned.
            org_details: DigiCert needs ``id``, of the organization in CertCentral; GlobalSign needs
                ``first_name``, ``last_name``, ``email`` and ``phone`` of the first of ``admin_details``.
            attributes: ``enabled``; no policy can name a disabled issuer.

        Raises:
            InvalidProperty: and ``MissingProperty``, ``OrganizationIdNotSet``: 400.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/set-certificate-issuer
        """
        members = _members(provider, credentials, org_details, attributes)
        given = IssuerBundle.read(issuer if issuer is not None else members, "issuer")
        key = name_key(name)
        if key in _RESERVED:
            raise InvalidProperty("issuer-name", f"'{name}' is not an issuer object's name: it is a word of policies.")
        with self._core.turn(self._principal) as turn:
            return self._keep_issuer(
                turn, name, given, created=turn.seconds, sealed=None, kind="set_certificate_issuer"
            )

    @operation("certificates/issuers")
    def update_certificate_issuer(
        self,
        name: str,
        issuer: IssuerBundle | dict[str, Any] | str | None = None,
        *,
        provider: str | None = None,
        credentials: IssuerCredentials | dict[str, Any] | None = None,
        org_details: OrganizationDetails | dict[str, Any] | None = None,
        attributes: PolicyAttributes | dict[str, Any] | None = None,
    ) -> IssuerBundle:
        """
        Change members of an issuer object; those left out stay, in ``credentials`` and ``org_details`` too.

        Arguments as for ``set_certificate_issuer``; a list, as ``admin_details``, is replaced whole.

        Raises:
            CertificateIssuerNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/update-certificate-issuer
        """
        members = _members(provider, credentials, org_details, attributes)
        change = IssuerBundle.read(issuer if issuer is not None else members, "issuer")
        with self._core.turn(self._principal) as turn:
            stored, sealed = self._stored_issuer(turn.connection, name)
            whole = _laid_over(stored, change)
            created = (stored.attributes and stored.attributes.created) or turn.seconds
            return self._keep_issuer(
                turn, name, whole, created=created, sealed=sealed, kind="update_certificate_issuer"
            )

    @operation("certificates/issuers")
    def get_certificate_issuer(self, name: str) -> IssuerBundle:
        """
        Read an issuer object, without its password.

        Args:
            name: of the issuer object.

        Raises:
            CertificateIssuerNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/get-certificate-issuer
        """
        with self._core.read() as connection:
            return self._stored_issuer(connection, name)[0]

    @operation("certificates/issuers")
    def get_certificate_issuers(self, *, maxresults: int | None = None, after: str = "") -> list[CertificateIssuerItem]:
        """
        List the issuer objects by name; arguments as for ``get_certificates``.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/get-certificate-issuers
        """
        with self._core.read() as connection:
            found = rows.issuers(connection, self._core.vault_id, after=start_after(after), limit=maxresults)
        return [
            CertificateIssuerItem(
                id=self._place.id("certificates", "issuers", row.name),
                provider=IssuerBundle.model_validate_json(row.body).provider or "",
            )
            for row in found
        ]

    @operation("certificates/issuers")
    def delete_certificate_issuer(self, name: str) -> IssuerBundle:
        """
        Remove an issuer object, also one in use: its orders under way fail, and policies that name it make no more.

        Args:
            name: of the issuer object.

        Returns:
            The object as it was.

        Raises:
            CertificateIssuerNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/delete-certificate-issuer
        """
        with self._core.turn(self._principal) as turn:
            found, _ = self._stored_issuer(turn.connection, name)
            rows.drop_issuer(turn.connection, self._core.vault_id, name_key(name))
            turn.record("delete_certificate_issuer", f"certificates/issuers/{name}")
        return found

    @operation("certificates/contacts")
    def set_certificate_contacts(self, contacts: Contacts | dict[str, Any] | list[Any] | str) -> Contacts:
        """
        Say whom to tell; replaces all contacts.

        Args:
            contacts: ``{"contacts": [{"email", "name", "phone"}, …]}``, or just the list.

        Raises:
            InvalidProperty: 400, an entry has no e-mail address.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/set-certificate-contacts
        """
        given = Contacts.read({"contacts": contacts} if isinstance(contacts, list) else contacts, "contacts")
        for index, contact in enumerate(given.contacts or ()):
            if not contact.email or "@" not in contact.email:
                raise InvalidProperty(f"contacts[{index}].email", "It is an e-mail address.")
        with self._core.turn(self._principal) as turn:
            text = Contacts(contacts=given.contacts or []).model_dump_json()
            rows.set_vault(turn.connection, self._core.vault_id, contacts=text)
            turn.record("set_certificate_contacts", "certificates/contacts", contacts=len(given.contacts or ()))
        return self._with_id(text)

    @operation("certificates/contacts")
    def get_certificate_contacts(self) -> Contacts:
        """
        Read whom to tell.

        Raises:
            ContactsNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/get-certificate-contacts
        """
        with self._core.read() as connection:
            return self._stored_contacts(connection)

    @operation("certificates/contacts")
    def delete_certificate_contacts(self) -> Contacts:
        """
        Tell nobody any more.

        Returns:
            The contacts as they were.

        Raises:
            ContactsNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/certificates/delete-certificate-contacts
        """
        with self._core.turn(self._principal) as turn:
            found = self._stored_contacts(turn.connection)
            rows.set_vault(turn.connection, self._core.vault_id, contacts=None)
            turn.record("delete_certificate_contacts", "certificates/contacts")
        return found

    def _keep_issuer(
        self, turn: Turn, name: str, issuer: IssuerBundle, *, created: int, sealed: bytes | None, kind: str
    ) -> IssuerBundle:
        core = self._core
        known = rows.find_issuer(turn.connection, core.vault_id, name_key(name))
        # An object keeps the spelling it was made with, as certificates do.
        name = known.name if known else name
        provider = provider_name(issuer.provider)
        check_issuer_object(issuer.model_copy(update={"provider": provider}), has_password=sealed is not None)
        password = issuer.credentials.pwd if issuer.credentials else None
        if password is not None:
            sealed = core.store.sealer.seal(password.encode(), sealing_id(core.vault_id, name))
        kept = IssuerBundle(
            provider=provider,
            credentials=IssuerCredentials(account_id=issuer.credentials.account_id) if issuer.credentials else None,
            org_details=(issuer.org_details or OrganizationDetails()).model_copy(
                update={"zip": (issuer.org_details and issuer.org_details.zip) or 0}
            ),
            attributes=PolicyAttributes(
                enabled=not (issuer.attributes and issuer.attributes.enabled is False),
                created=created,
                updated=turn.seconds,
            ),
        )
        rows.put_issuer(turn.connection, {
            "vault_id": core.vault_id, "name_key": name_key(name), "name": name, "body": kept.model_dump_json(),
            "sealed": sealed,
        })  # fmt: skip
        turn.record(kind, f"certificates/issuers/{name}", provider=provider)
        kept.id = self._place.id("certificates", "issuers", name)
        return kept

    def _stored_issuer(self, connection: Connection, name: str) -> tuple[IssuerBundle, bytes | None]:
        row = rows.find_issuer(connection, self._core.vault_id, name_key(name))
        if row is None:
            raise CertificateIssuerNotFound(name)
        found = IssuerBundle.model_validate_json(row.body)
        found.id = self._place.id("certificates", "issuers", row.name)
        return found, row.sealed

    def _stored_contacts(self, connection: Connection) -> Contacts:
        row = rows.find_vault(connection, self._core.name)
        assert row is not None
        if row.contacts is None:
            raise ContactsNotFound
        return self._with_id(row.contacts)

    def _with_id(self, text: str) -> Contacts:
        found = Contacts.model_validate_json(text)
        found.id = self._place.id("certificates", "contacts")
        return found


def _laid_over(stored: Model, change: Model) -> Model:
    """
    Return a model with what is given in another one, and in its members, in place of what was there.

    Members of members stay too, as those of a policy do: the clients send only what they were told to change.
    """
    given = {name: value for name in change.model_fields_set if (value := getattr(change, name)) is not None}
    for name, value in given.items():
        if isinstance(value, WireModel) and (before := getattr(stored, name)) is not None:
            given[name] = _laid_over(before, value)
    return stored.model_copy(update=given)


def _members(*values: Any) -> dict[str, Any]:
    names = ("provider", "credentials", "org_details", "attributes")
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}
