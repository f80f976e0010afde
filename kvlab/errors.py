"""Every refusal kvlab knows, one class each: this file is the list."""

from __future__ import annotations


class X509Error(ValueError):
    """
    A certificate, request, key or name is not what it should be; facts are attributes, never secrets.

    It says what the octets are, not what a service answers to them: vault and registry have refusals of their own.
    """


class NameSyntaxError(X509Error):
    """
    A subject is not a valid X.500 name.

    Attributes:
        text: the subject as written.
        position: where the mistake is, a 0-based index into ``text``.
        reason: one sentence.
    """

    def __init__(self, text: str, position: int, reason: str) -> None:
        self.text = text
        self.position = position
        self.reason = reason
        super().__init__(f"At character {position + 1}: {reason}")


class KeyMismatch(X509Error):
    """The public key of a certificate is not the public half of the private key."""

    def __init__(self) -> None:
        super().__init__("The certificate's public key does not belong to the private key.")


class UnsupportedKey(X509Error):
    """A key of a type, size or curve that the vault does not take."""


class InvalidKey(X509Error):
    """Numbers, or the members of a JSON Web Key, that make no key."""


class WrongPassword(X509Error):
    """A container or key is encrypted and the password, or its absence, does not open it."""


class UnreadableContainer(X509Error):
    """Bytes that are no PEM, DER, PKCS#12 or PKCS#7 that can be read."""


class LegacyKeyFormat(X509Error):
    """
    A PEM private key is PKCS#1 or SEC1 where PKCS#8 is required.

    Attributes:
        label: the PEM label found, such as ``RSA PRIVATE KEY``.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        super().__init__(f"The private key is in the format '{label}', not PKCS#8 ('PRIVATE KEY').")


class ExcessiveWork(X509Error):
    """A container asks for so many key-derivation rounds, or is so large, that opening it is refused."""


class MalformedElement(X509Error):
    """An element of ASN.1 is not what stands in its place, or can not be read; the message is one sentence."""


class BrokenChain(X509Error):
    """Two leaves, a loop, or a certificate that belongs to no other."""


_FIND_OUT = "please see https://go.microsoft.com/fwlink/?linkid="


class ServiceError(Exception):
    """
    A service refuses. One subclass is one kind of refusal; doors map it, they never invent one.

    Attributes:
        status: HTTP status the service answers with.
        code: what the refusal is called on the wire.
        inner_code: a finer one, or None.
        message: the sentence, in the service's own words where they are known.
        hint: kvlab's help, not sent by the service; or None.
        facts: what failed, by name.
        repair: a value of the refused member that would do, where there is an obvious one; or None.
    """

    status: int = 400
    code: str
    inner_code: str | None = None
    repair: object | None = None

    def __init__(self, message: str, *, hint: str | None = None, **facts: object) -> None:
        self.message = message
        self.hint = hint
        self.facts = facts
        super().__init__(message)

    def __str__(self) -> str:
        inner = f"/{self.inner_code}" if self.inner_code else ""
        text = f"{self.status} {self.code}{inner}: {self.message.strip()}"
        return f"{text}\n{self.hint}" if self.hint else text


class VaultError(ServiceError):
    """
    The vault refuses: ``code`` is ``error.code`` on the wire, ``inner_code`` is ``error.innererror.code``.

    It has further ``status``, ``message``, ``hint`` and ``facts``, as every ``ServiceError``.

    Source: https://learn.microsoft.com/azure/key-vault/general/rest-error-codes
    """

    code = "BadParameter"


class IotError(ServiceError):
    """
    AWS IoT refuses: subclasses have AWS's own names, which are the codes too, and HTTP statuses.

    It has further ``status``, ``message``, ``hint`` and ``facts``, as every ``ServiceError``.

    Source: the service description of AWS IoT, version 2015-05-28 (https://docs.aws.amazon.com/iot/latest/apireference/).
    """

    code = "InvalidRequestException"


class DeviceError(ConnectionError):
    """A broker has closed a device's connection, or refused what the device asked for; why, it tells its owner only."""


class OpenRefused(VaultError, ValueError):
    """A database can not be opened this way: wrong master key, other clock, other seed. kvlab's own refusal."""


class UnusableMasterKey(OpenRefused):
    """The master key is absent, malformed, or another one than the database was made with."""


class StoreUnavailable(VaultError):
    """
    The database can not be used for the moment: locked, full, failing or gone. Nothing was changed.

    Attributes:
        retry_seconds: when to try again, for the header ``Retry-After``.
    """

    status, code = 503, "ServiceUnavailable"

    def __init__(self, reason: str, retry_seconds: int) -> None:
        self.retry_seconds = retry_seconds
        super().__init__(
            f"The vault can not be used for the moment: {reason}. Nothing was changed; try again in {retry_seconds} "
            "seconds.",
            retry_seconds=retry_seconds,
        )


class CallCancelled(VaultError):
    """The caller gave a call up before the vault had changed anything. kvlab's own refusal; nginx has the status."""

    status, code = 499, "CallCancelled"

    def __init__(self) -> None:
        super().__init__("The call was cancelled by its caller. Nothing was changed.")


class VaultClosed(VaultError):
    """The vault was given back with ``close()``, or by leaving its ``with``; kvlab's own refusal."""

    status, code = 503, "VaultClosed"

    def __init__(self) -> None:
        super().__init__("The vault is closed. What is in a file is kept: open it again with Vault.open.")


class Unauthorized(VaultError):
    """No token, or one that does not hold: the answer carries the challenge."""

    status, code = 401, "Unauthorized"


class UnknownHost(VaultError):
    """The request's host is none of this server's vaults (RFC 9110 section 15.5.20)."""

    status, code = 421, "MisdirectedRequest"

    def __init__(self, host: str) -> None:
        super().__init__(f"There is no key vault at {host} on this server.", host=host)


class ResourceNotFound(VaultError):
    """Nothing of the service's API has this path."""

    status, code = 404, "NotFound"

    def __init__(self, path: str) -> None:
        super().__init__(f"The resource {path} is not part of this API.", path=path)


class MethodNotAllowed(VaultError):
    """The path is known, but not with this method."""

    status, code = 405, "MethodNotAllowed"

    def __init__(self, method: str, allowed: str) -> None:
        self.allowed = allowed
        super().__init__(f"HTTP {method} not allowed", method=method)


class MethodUnknown(VaultError):
    """HTTP knows no such method (RFC 9110 section 15.6.2)."""

    status, code = 501, "NotImplemented"

    def __init__(self, method: str) -> None:
        super().__init__(f"HTTP {method} is not implemented", method=method)


class ApiVersionMissing(VaultError):
    """The request has no ``api-version``, which has no default."""

    def __init__(self) -> None:
        super().__init__("api-version must be specified", field="api-version")


class ApiVersionUnknown(VaultError):
    """The request asks for a version of the API that there is not."""

    def __init__(self, version: str) -> None:
        super().__init__(f"The specified version ({version}) is not supported by this service.", field="api-version")


class MalformedBody(VaultError):
    """The request's body is not the JSON object that the operation takes."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The request body is not valid: {reason}", field="body")


class BodyTooLarge(VaultError):
    """The request's body is longer than any the service takes (RFC 9110 section 15.5.14)."""

    status, code = 413, "RequestEntityTooLarge"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request body has more than {limit} octets.", field="body")


class HeadTooLarge(VaultError):
    """A request's line and headers are longer than any the server reads (RFC 6585 section 5)."""

    status, code = 431, "RequestHeaderFieldsTooLarge"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request's URL and headers have more than {limit} octets.")


class NotTheOwner(VaultError):
    """A call of kvlab's own control surface by somebody other than the vault's owner."""

    status, code = 403, "Forbidden"

    def __init__(self) -> None:
        super().__init__("Only the owner's client may use /kvlab/.")


class ClockRuns(VaultError):
    """A system clock can not be moved."""

    status, code = 409, "Conflict"

    def __init__(self) -> None:
        super().__init__("This vault is on the system clock, which nobody moves; start it with --clock simulated.")


class InvalidName(VaultError):
    """An object's name is not 1 to 127 letters, digits and hyphens."""

    def __init__(self, name: object) -> None:
        super().__init__(
            f"The request URI contains an invalid name: {name}",
            hint="A name has 1 to 127 characters: letters a-z, digits and hyphens.",
            name=name,
        )


class InvalidProperty(VaultError):
    """
    A member of the request has a value that is not allowed.

    Attributes:
        others: the refusals of further entries of the same list; the service tells only the first.
    """

    others: tuple[InvalidProperty, ...] = ()

    def __init__(self, field: str, reason: str = "", *, hint: str | None = None, repair: object | None = None) -> None:
        self.field = field
        self.repair = repair
        super().__init__(f"Property {field} has invalid value. {reason}".rstrip(), hint=hint, field=field)


class InvalidSubject(VaultError):
    """``policy.x509_props.subject`` is no X.500 name."""

    def __init__(self, mistake: NameSyntaxError, *, repair: str | None = None) -> None:
        self.field = "policy.x509_props.subject"
        self.repair = repair
        self.position = mistake.position
        super().__init__(
            "Property policy.x509_props has invalid value. Invalid X.500 distinguished name\r\n",
            hint=f"policy.x509_props.subject: {mistake}",
            field=self.field,
        )


class MissingProperty(VaultError):
    """A member that the request needs is absent."""

    def __init__(self, field: str, *, hint: str | None = None) -> None:
        self.field = field
        super().__init__(f"Property {field} is required.", hint=hint, field=field)


class OrganizationIdNotSet(VaultError):
    """An issuer object of DigiCert has no organization id."""

    def __init__(self) -> None:
        self.field = "org_details.id"
        super().__init__(
            "Id in organization details is not set",
            hint="org_details.id: the number of your organization in CertCentral.",
            field=self.field,
        )


class EmailsNotSold(VaultError):
    """A policy asks a provider for e-mail addresses among the names of a TLS certificate."""

    def __init__(self, provider: str) -> None:
        self.field = "policy.x509_props.sans.emails"
        super().__init__(
            f"{provider} doesn't support emails in subject alternate names with order for a Ssl certificate",
            field=self.field,
        )


class UnreadablePem(VaultError):
    """A PEM import is not certificate(s) and one PKCS#8 private key."""

    def __init__(self, hint: str) -> None:
        super().__init__(
            "The specified PEM X.509 certificate content is in an unexpected format. "
            "Please check if certificate is in valid PEM format.",
            hint=f"value: {hint}",
            field="value",
        )


class UnreadablePfx(VaultError):
    """A PKCS#12 import can not be opened."""

    def __init__(self, hint: str) -> None:
        super().__init__(
            "The specified PKCS#12 X.509 certificate content can not be read. "
            "Please check if certificate is in valid PKCS#12 format.",
            hint=f"value: {hint}",
            field="value",
        )


class PublicKeyMismatch(VaultError):
    """The certificate is for another key than the pending or imported one."""

    def __init__(self, field: str) -> None:
        super().__init__(
            "The public key of the end-entity certificate in the specified X.509 certificate content does not match "
            "the public part of the specified private key. Please check if certificate is valid.",
            hint=f"{field}: no certificate in it is for this key.",
            field=field,
        )


class NotACertificate(VaultError):
    """An entry of ``x5c`` is no X.509 certificate."""

    def __init__(self, hint: str) -> None:
        super().__init__("ASN1 bad tag value met.", hint=f"x5c: {hint}", field="x5c")


class ExpiredCertificate(VaultError):
    """The certificate to import or merge is expired."""

    def __init__(self, field: str, not_after: str) -> None:
        super().__init__(
            f"The specified X.509 certificate in {field} is expired: its notAfter is {not_after}.", field=field
        )


class CertificateNotFound(VaultError):
    """No certificate, or no such version, has this name."""

    status, code = 404, "CertificateNotFound"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"A certificate with (name/id) {name} was not found in this key vault. If you recently deleted this "
            "certificate you may be able to recover it using the correct recovery command. For help resolving this "
            f"issue, {_FIND_OUT}2125182",
            name=name,
        )


class DeletedCertificateNotFound(VaultError):
    """No deleted certificate has this name."""

    status, code = 404, "CertificateNotFound"

    def __init__(self, name: str) -> None:
        super().__init__(f"Deleted Certificate not found: {name}", name=name)


class PendingCertificateNotFound(VaultError):
    """No operation is pending on this name, or another one than was asked for."""

    status, code = 404, "PendingCertificateNotFound"

    def __init__(self, name: str, *, merging: bool = False) -> None:
        # The service writes the second word with a capital on merge, and without one on get.
        super().__init__(f"Pending {'Certificate' if merging else 'certificate'} not found: {name}", name=name)


class ContactsNotFound(VaultError):
    """The vault has no contacts."""

    status, code = 404, "ContactsNotFound"

    def __init__(self) -> None:
        super().__init__("Contacts not found")


class CertificateIssuerNotFound(VaultError):
    """No issuer object has this name."""

    status, code = 404, "CertificateIssuerNotFound"

    def __init__(self, name: str) -> None:
        super().__init__("Issuer not found", name=name)


class KeyNotFound(VaultError):
    """No key, or no such version, has this name."""

    status, code = 404, "KeyNotFound"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"A key with (name/id) {name} was not found in this key vault. If you recently deleted this key you may be "
            "able to recover it using the correct recovery command. For help resolving this issue, "
            f"{_FIND_OUT}2125182",
            name=name,
        )


class SecretNotFound(VaultError):
    """No secret, or no such version, has this name."""

    status, code = 404, "SecretNotFound"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"A secret with (name/id) {name} was not found in this key vault. If you recently deleted this secret you "
            "may be able to recover it using the correct recovery command. For help resolving this issue, "
            f"{_FIND_OUT}2125182",
            name=name,
        )


class DeletedItemNotFound(VaultError):
    """No deleted key or secret has this name."""

    status = 404

    def __init__(self, area: str, name: str) -> None:
        self.code = f"{area}NotFound"
        super().__init__(f"Deleted {area} not found: {name}", name=name)


class OperationInProgress(VaultError):
    """A create or import while an operation is in progress; the service answers 409 with code Forbidden."""

    status, code = 409, "Forbidden"

    def __init__(self, name: str) -> None:
        super().__init__(
            "A new key vault certificate can not be created or imported while a pending key vault certificate's status "
            "is inProgress.",
            name=name,
        )


class OperationNotInProgress(VaultError):
    """A cancellation of an operation that is over."""

    def __init__(self, name: str, status: str) -> None:
        super().__init__(
            f"The pending certificate {name} can not be cancelled: its status is {status}, not inProgress.", name=name
        )


class MergeForbidden(VaultError):
    """A merge while an issuer works on the request; the misspelling is the service's."""

    status, code = 403, "Forbidden"

    def __init__(self, issuer: str) -> None:
        super().__init__(
            f"Merge is forbidden on pending object created with issuer : {issuer} while it is in progess.",
            issuer=issuer,
        )


class NameDeleted(VaultError):
    """The name belongs to a deleted object that can still be recovered."""

    status, code, inner_code = 409, "Conflict", "ObjectIsDeletedButRecoverable"

    def __init__(self, area: str, name: str) -> None:
        super().__init__(
            f"{area} {name} is currently in a deleted but recoverable state, and its name cannot be reused; in this "
            f"state, the {area.lower()} can only be recovered or purged.",
            name=name,
        )


class NameInUse(VaultError):
    """The certificate's name is held by a key or secret that no certificate manages."""

    status, code = 409, "Conflict"

    def __init__(self, name: str, area: str) -> None:
        super().__init__(
            f"Certificate {name} can not be created: a {area} of the same name that is not managed by a certificate is "
            "in this key vault, and a certificate needs both names.",
            name=name,
        )


class RestoreConflict(VaultError):
    """The name of the object to restore is in use, live or deleted."""

    status, code = 409, "Conflict"

    def __init__(self, area: str, identifier: str) -> None:
        super().__init__(
            f"Restoring the {area} '{identifier}' conflicts with an existing {area}: a second one of the same name was "
            "made after the first was deleted, or operations on it ran in parallel.",
            id=identifier,
        )


class CorruptBackup(VaultError):
    """A backup blob is not one of this vault's master key, or is altered."""

    code = "Malformed backup blob"

    def __init__(self) -> None:
        super().__init__("Backup blob is corrupt.", field="value")


class ManagedKey(VaultError):
    """A change of a key whose lifetime a certificate manages."""

    status, code, inner_code = 403, "Forbidden", "KeyManagedByKeyVault"

    def __init__(self, verb: str) -> None:
        super().__init__(f'Operation "{verb}" is not allowed as this object\'s lifetime is managed by Key Vault.')


class ManagedSecret(VaultError):
    """A change of a secret whose lifetime a certificate manages."""

    status, code, inner_code = 403, "Forbidden", "SecretManagedByKeyVault"

    def __init__(self, verb: str) -> None:
        super().__init__(f'Operation "{verb}" is not allowed as this object\'s lifetime is managed by Key Vault.')


class KeyOperationForbidden(VaultError):
    """The operation is not among the key's ``key_ops``."""

    status, code, inner_code = 403, "Forbidden", "KeyOperationForbidden"

    def __init__(self, operation: str) -> None:
        super().__init__(f"Operation {operation} is not permitted on this key.", operation=operation)


class KeyDisabled(VaultError):
    """The key, or the certificate that manages it, is disabled."""

    status, code, inner_code = 403, "Forbidden", "KeyDisabled"

    def __init__(self, operation: str) -> None:
        super().__init__(f"Operation {operation} is not allowed on a disabled key.", operation=operation)


class KeyExpired(VaultError):
    """The key, or the certificate that manages it, is expired."""

    status, code, inner_code = 403, "Forbidden", "KeyExpired"

    def __init__(self, operation: str) -> None:
        super().__init__(f"Operation {operation} is not allowed on an expired key.", operation=operation)


class KeyNotYetValid(VaultError):
    """The key, or the certificate that manages it, is not valid yet."""

    status, code, inner_code = 403, "Forbidden", "KeyNotYetValid"

    def __init__(self, operation: str) -> None:
        super().__init__(f"Operation {operation} is not allowed on a key that is not yet valid.", operation=operation)


class SecretDisabled(VaultError):
    """The secret, or the certificate that manages it, is disabled."""

    status, code, inner_code = 403, "Forbidden", "SecretDisabled"

    def __init__(self) -> None:
        super().__init__("Operation get is not allowed on a disabled secret.")


class SecretExpired(VaultError):
    """The certificate that manages the secret is expired (``inoperable="documented"`` only)."""

    status, code, inner_code = 403, "Forbidden", "SecretExpired"

    def __init__(self) -> None:
        super().__init__("Operation get is not allowed on an expired secret.")


class KeyParameterInvalid(VaultError):
    """An algorithm or value does not fit the key."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        super().__init__(f"Property {field} has invalid value. {reason}", field=field)


class PurgeProtected(VaultError):
    """The vault has purge protection: nobody purges before the retention is over."""

    status, code = 403, "Forbidden"

    def __init__(self) -> None:
        super().__init__(
            'Operation "purge" is not allowed because purge protection is enabled for this vault. Key Vault service '
            "will automatically purge it after the retention period has passed."
        )


class ForbiddenByPolicy(VaultError):
    """The principal's access policy lacks the permission; checked before anything else."""

    status, code, inner_code = 403, "Forbidden", "ForbiddenByPolicy"

    def __init__(self, caller: str, area: str, permission: str, vault: str) -> None:
        super().__init__(
            f"The user, group or application '{caller}' does not have {area} {permission} permission on key vault "
            f"'{vault};location=local'. For help resolving this issue, {_FIND_OUT}2125287",
            area=area,
            permission=permission,
        )


class ForbiddenByRbac(VaultError):
    """None of the principal's roles has the data action; checked before anything else."""

    status, code, inner_code = 403, "Forbidden", "ForbiddenByRbac"

    def __init__(self, caller: str, action: str, resource: str, vault: str) -> None:
        super().__init__(
            "Caller is not authorized to perform action on resource.\r\n"
            "If role assignments, deny assignments or role definitions were changed recently, please observe "
            "propagation time.\r\n"
            f"Caller: {caller}\r\nAction: '{action}'\r\nResource: '{resource}'\r\nAssignment: (not found)\r\n"
            "DenyAssignmentId: null\r\nDecisionReason: 'DeniedWithNoValidRBAC' \r\n"
            f"Vault: {vault};location=local\r\n",
            action=action,
        )


class InvalidRequestException(IotError):
    """A member of an IoT request is missing, or not what it may be."""


class ResourceNotFoundException(IotError):
    """The account has no such certificate, CA, policy, version, thing or template."""

    status, code = 404, "ResourceNotFoundException"

    def __init__(self, message: str = "The specified resource does not exist.", **facts: str) -> None:
        super().__init__(message, hint=None, **facts)


class ResourceAlreadyExistsException(IotError):
    """
    What is to be made or registered is there already.

    Attributes:
        resource_id: the existing one's id or name; None where AWS does not tell.
        resource_arn: its ARN.
    """

    status, code = 409, "ResourceAlreadyExistsException"

    def __init__(self, message: str, *, resource_id: str | None = None, resource_arn: str | None = None) -> None:
        self.resource_id = resource_id
        self.resource_arn = resource_arn
        super().__init__(message, resource_id=resource_id, resource_arn=resource_arn)


class CertificateValidationException(IotError):
    """A certificate to register is no certificate, has a weak key, or is not signed as it must be."""

    status, code = 400, "CertificateValidationException"


class CertificateStateException(IotError):
    """The operation is not allowed in the status that a certificate, or its CA, has."""

    status, code = 406, "CertificateStateException"


class CertificateConflictException(IotError):
    """Two registered CAs could have signed a certificate, and the request does not say which did."""

    status, code = 409, "CertificateConflictException"


class RegistrationCodeValidationException(IotError):
    """A verification certificate does not carry the account's registration code."""

    status, code = 400, "RegistrationCodeValidationException"


class DeleteConflictException(IotError):
    """Something is attached to what is to be deleted, or belongs to it."""

    status, code = 409, "DeleteConflictException"


class TransferConflictException(IotError):
    """A certificate can not be transferred while something is attached to it."""

    status, code = 409, "TransferConflictException"


class TransferAlreadyCompletedException(IotError):
    """There is no transfer of this certificate that could be accepted, rejected or cancelled."""

    status, code = 410, "TransferAlreadyCompletedException"


class MalformedPolicyException(IotError):
    """A policy document is no IoT policy."""

    status, code = 400, "MalformedPolicyException"


class VersionsLimitExceededException(IotError):
    """A policy has as many versions as it may have."""

    status, code = 409, "VersionsLimitExceededException"


class VersionConflictException(IotError):
    """A thing has changed since the caller looked at it."""

    status, code = 409, "VersionConflictException"


class LimitExceededException(IotError):
    """A quota of the account is used up."""

    status, code = 410, "LimitExceededException"


class ResourceRegistrationFailureException(IotError):
    """What a provisioning template says can not be done; none of it was."""

    status, code = 400, "ResourceRegistrationFailureException"


class ServiceUnavailableException(IotError):
    """The registry can not be used for the moment; nothing was changed."""

    status, code = 503, "ServiceUnavailableException"


class InternalFailureException(IotError):
    """A bug of kvlab's; nothing about it leaves the server."""

    status, code = 500, "InternalFailureException"


class UnknownOperationException(IotError):
    """No operation of AWS IoT that kvlab knows has this method and path."""

    status, code = 404, "UnknownOperationException"


class SerializationException(IotError):
    """The body of an IoT request is not the JSON object that the operation takes."""

    status, code = 400, "SerializationException"


class MissingAuthenticationTokenException(IotError):
    """A request to AWS IoT is not signed."""

    status, code = 403, "MissingAuthenticationTokenException"

    def __init__(self) -> None:
        super().__init__("Missing Authentication Token")


class IncompleteSignatureException(IotError):
    """The signature of a request to AWS IoT lacks a part."""

    status, code = 403, "IncompleteSignatureException"


class UnrecognizedClientException(IotError):
    """A request is signed with an access key that is none of the account's."""

    status, code = 403, "UnrecognizedClientException"

    def __init__(self) -> None:
        super().__init__("The security token included in the request is invalid.")


class InvalidSignatureException(IotError):
    """A request is not signed with the secret that belongs to its access key, or is too old."""

    status, code = 403, "InvalidSignatureException"
