"""The commands of ``%kv``: each makes the arguments of one method of the vault, or of one view, and calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.clock import SimulatedClock
from kvlab.widgets.magics.line import Command, Option, WrongUse, read_span
from kvlab.widgets.magics.session import read_file, read_password, write_file
from kvlab.wire.policy import CertificatePolicy

if TYPE_CHECKING:
    from argparse import Namespace

    from kvlab.vault.vault import Vault
    from kvlab.widgets.magics.session import Session

CONTENT_TYPES = {"pfx": "application/x-pkcs12", "pem": "application/x-pem-file"}

_HAPPENED = ["seq", "time", "actor", "kind", "object", "detail"]
_MANY = {"action": "append", "default": []}
_SWITCH = {"action": "store_true"}
_NAME = Option("name", "of the certificate", "certificate")
_DELETED = Option("name", "of the deleted certificate", "deleted")
_VERSION = Option("--version", "32 hexadecimal digits; the newest when left out")
_TAGS = Option("--tag", "NAME=VALUE; may be given again", settings=_MANY)
_MAYBE = {"nargs": "?"}


def _create(session: Session, given: Namespace) -> Any:
    policy: Any = _policy(given)
    if given.policy:
        if policy is not None:
            raise WrongUse("--policy stands in place of the subject and the names: give one or the other.")
        policy = session.policy(given.policy)
    return session.vault.create_certificate(
        given.name,
        policy,
        tags=_tags(given),
        attributes={"enabled": False} if given.disabled else None,
        preserve_cert_order=given.preserve_order or None,
    )


def _policy(given: Namespace) -> CertificatePolicy | None:
    if given.subject is None and not (given.dns or given.email or given.upn or given.uri or given.ip):
        return None
    return CertificatePolicy.of(
        given.issuer,
        given.subject or "",
        dns_names=given.dns,
        emails=given.email,
        upns=given.upn,
        uris=given.uri,
        ip_addresses=given.ip,
        kty=given.kty,
        key_size=given.key_size,
        crv=given.curve,
        exportable=False if given.not_exportable else None,
        reuse_key=given.reuse_key or None,
        content_type=CONTENT_TYPES.get(given.content),
        key_usage=given.key_usage or None,
        ekus=given.eku or None,
        validity_months=given.months,
        cty=given.cty,
    )


def _tags(given: Namespace) -> dict[str, str] | None:
    pairs = [tag.partition("=") for tag in given.tag]
    if any(not sign for _, sign, _ in pairs):
        raise WrongUse("A tag is written --tag NAME=VALUE.")
    return {name: value for name, _, value in pairs} or None


def _show(session: Session, given: Namespace) -> Any:
    if given.name is None:
        return session.vault
    return session.vault.get_certificate(given.name, given.version)


def _list(session: Session, given: Namespace) -> Any:
    from kvlab import tables  # noqa: PLC0415  pandas takes half a second

    if given.pending:
        return tables.operations(session.vault)
    return tables.certificates(session.vault)


def _versions(session: Session, given: Namespace) -> Any:
    from kvlab import tables  # noqa: PLC0415

    return tables.versions(session.vault, given.name)


def _fields(session: Session, given: Namespace) -> Any:
    from kvlab import tables  # noqa: PLC0415

    return tables.fields(session.vault.get_certificate(given.name, given.version))


def _events(session: Session, given: Namespace) -> Any:
    from kvlab import tables  # noqa: PLC0415

    return tables.events(session.vault, name=given.name)


def _poll(session: Session, given: Namespace) -> Any:
    return session.vault.get_certificate_operation(given.name)


def _cancel(session: Session, given: Namespace) -> Any:
    return session.vault.update_certificate_operation(given.name, cancellation_requested=True)


def _forget(session: Session, given: Namespace) -> Any:
    return session.vault.delete_certificate_operation(given.name)


def _merge(session: Session, given: Namespace) -> Any:
    return session.vault.merge_certificate(given.name, [read_file(path) for path in given.file], tags=_tags(given))


def _import(session: Session, given: Namespace) -> Any:
    value = read_file(given.file)
    pem = {"secret_props": {"contentType": CONTENT_TYPES["pem"]}} if b"-----BEGIN" in value else None
    password = read_password(given.password_file, ask=given.ask_password)
    return session.vault.import_certificate(given.name, value, pwd=password, policy=pem, tags=_tags(given))


def _enable(session: Session, given: Namespace) -> Any:
    return session.vault.update_certificate(given.name, given.version, attributes={"enabled": True})


def _disable(session: Session, given: Namespace) -> Any:
    return session.vault.update_certificate(given.name, given.version, attributes={"enabled": False})


def _tag(session: Session, given: Namespace) -> Any:
    return session.vault.update_certificate(given.name, tags=_tags(given) or {})


def _delete(session: Session, given: Namespace) -> Any:
    return session.vault.delete_certificate(given.name)


def _deleted(session: Session, given: Namespace) -> Any:
    if given.name is None:
        return session.vault.get_deleted_certificates()
    return session.vault.get_deleted_certificate(given.name)


def _recover(session: Session, given: Namespace) -> Any:
    return session.vault.recover_deleted_certificate(given.name)


def _purge(session: Session, given: Namespace) -> Any:
    session.vault.purge_deleted_certificate(given.name)
    return session.vault


def _backup(session: Session, given: Namespace) -> Any:
    return write_file(given.file, session.vault.backup_certificate(given.name).value)


def _restore(session: Session, given: Namespace) -> Any:
    return session.vault.restore_certificate(read_file(given.file))


def _get_policy(session: Session, given: Namespace) -> Any:
    if given.policy is None:
        return session.vault.get_certificate_policy(given.name)
    return session.vault.update_certificate_policy(given.name, session.policy(given.policy))


def _issuer(session: Session, given: Namespace) -> Any:
    if given.name is None:
        return session.vault.get_certificate_issuers()
    return session.vault.get_certificate_issuer(given.name)


def _contacts(session: Session, given: Namespace) -> Any:
    if given.email:
        return session.vault.set_certificate_contacts([{"email": email} for email in given.email])
    return session.vault.get_certificate_contacts()


def _advance(session: Session, given: Namespace) -> Any:
    from kvlab import tables  # noqa: PLC0415

    vault, span = session.vault, read_span(given.span)
    if not isinstance(vault.clock, SimulatedClock):
        raise WrongUse('This vault is on the system clock, which nobody moves: Vault(clock="simulated") has another.')
    seen = len(vault.events)
    try:
        vault.clock.advance(span.total_seconds())
    except ValueError as error:
        raise WrongUse(f"{error}") from None
    happened = tables.events(vault)
    return happened.loc[happened["seq"] > seen, _HAPPENED] if len(vault.events) > seen else vault


def _calls(session: Session, given: Namespace) -> Any:
    from kvlab.render.call.event import call_of  # noqa: PLC0415  and with it the widgets
    from kvlab.widgets.call import calls  # noqa: PLC0415

    vault = session.vault
    about = given.what or ""
    for event in reversed(vault.events.since(0)):
        is_meant = str(event.seq) == about if about.isdecimal() else _is_about(event.object, about)
        if is_meant and call_of(event) is not None:
            return calls(event, vault)
    raise WrongUse(f"Nobody has called {f'with {about} yet' if about else 'yet'}: %kv events shows what happened.")


def _is_about(thing: str, name: str) -> bool:
    return not name or thing.rpartition("/")[2].casefold() == name.casefold()


def _flow(session: Session, given: Namespace) -> Any:
    from kvlab.widgets.flow import flow  # noqa: PLC0415

    return flow(session.vault, given.name)


def _explore(session: Session, _given: Namespace) -> Any:
    from kvlab.widgets.explorer.explorer import explore  # noqa: PLC0415

    return explore(session.vault)


def _operation(session: Session, given: Namespace) -> Any:
    from kvlab.widgets.operation import operation  # noqa: PLC0415

    return operation(session.vault, given.name)


def _diff(session: Session, given: Namespace) -> Any:
    from kvlab.widgets.diff import diff  # noqa: PLC0415

    return diff(session.vault, given.name)


def _use(session: Session, given: Namespace) -> Vault:
    return session.vault if given.variable is None else session.use(given.variable)


COMMANDS: dict[str, Command] = {
    "create": Command("Begin a certificate.", _create, (
        _NAME,
        Option("--subject", "X.500 name, such as CN=contoso.com; quote it if it holds blanks"),
        Option("--issuer", "Self, Unknown (your own CA) or an issuer object's name", settings={"default": "Self"}),
        Option("--policy", "a variable with a policy, in place of the options below", "variable"),
        Option("--dns", "a DNS name; may be given again, as the other names", settings=_MANY),
        Option("--email", "an e-mail address", settings=_MANY),
        Option("--upn", "a user principal name", settings=_MANY),
        Option("--uri", "a URI", settings=_MANY),
        Option("--ip", "an IP address", settings=_MANY),
        Option("--kty", "RSA, RSA-HSM, EC or EC-HSM"),
        Option("--key-size", "bits, for RSA", settings={"type": int}),
        Option("--curve", "for EC: P-256, P-384, P-521 or P-256K"),
        Option("--not-exportable", "the private key never leaves the vault", settings=_SWITCH),
        Option("--reuse-key", "the next version keeps the key", settings=_SWITCH),
        Option("--content", "what the secret holds", settings={"choices": [*CONTENT_TYPES]}),
        Option("--key-usage", "such as digitalSignature; may be given again", settings=_MANY),
        Option("--eku", "extended key usage, dotted; may be given again", settings=_MANY),
        Option("--months", "of validity", settings={"type": int}),
        Option("--cty", "the provider's certificate type, such as OV-SSL"),
        Option("--disabled", "the version begins disabled", settings=_SWITCH),
        Option("--preserve-order", "keep the order in which certificates are merged", settings=_SWITCH),
        _TAGS,
    )),
    "show": Command("Show a certificate; without a name, the vault.", _show,
                    (_NAME._replace(settings=_MAYBE), _VERSION)),
    "list": Command("List the certificates.", _list,
                    (Option("--pending", "list the pending operations", settings=_SWITCH),)),
    "versions": Command("List the versions of a certificate.", _versions, (_NAME,)),
    "fields": Command("Show every field of a certificate.", _fields, (_NAME, _VERSION)),
    "policy": Command("Show the policy of a certificate, or change it.", _get_policy,
                      (_NAME, Option("--policy", "a variable with what is to change", "variable"))),
    "poll": Command("Ask how far a creation is.", _poll, (_NAME,)),
    "cancel": Command("Ask for a creation to be cancelled.", _cancel, (_NAME,)),
    "forget": Command("Delete a pending operation.", _forget, (_NAME,)),
    "merge": Command("Bring home what your CA signed.", _merge,
                     (_NAME, Option("file", "PEM, DER or PKCS#7; one or more", "file", {"nargs": "+"}), _TAGS)),
    "import": Command("Take in a certificate with its key.", _import, (
        _NAME, Option("file", "PFX or PEM", "file"),
        Option("--password-file", "its first line opens the file", "file"),
        Option("--ask-password", "ask for the password", settings=_SWITCH), _TAGS,
    )),
    "enable": Command("Enable a version.", _enable, (_NAME, _VERSION)),
    "disable": Command("Disable a version.", _disable, (_NAME, _VERSION)),
    "tag": Command("Replace the tags of the newest version.", _tag, (_NAME, _TAGS)),
    "delete": Command("Delete a certificate; it can be recovered.", _delete, (_NAME,)),
    "deleted": Command("List the deleted certificates, or show one.", _deleted, (_DELETED._replace(settings=_MAYBE),)),
    "recover": Command("Bring a deleted certificate back.", _recover, (_DELETED,)),
    "purge": Command("Destroy a deleted certificate.", _purge, (_DELETED,)),
    "backup": Command("Write a sealed backup into a new file.", _backup,
                      (_NAME, Option("file", "which is not there yet", "file"))),
    "restore": Command("Restore a certificate from a backup.", _restore, (Option("file", "the backup", "file"),)),
    "issuer": Command("List the issuer objects, or show one.", _issuer,
                      (Option("name", "of the issuer", "issuer", _MAYBE),)),
    "contacts": Command("Show whom the vault tells, or say whom.", _contacts,
                        (Option("--email", "replaces all contacts; may be given again", settings=_MANY),)),
    "advance": Command("Move a simulated clock, and show what happened meanwhile.", _advance,
                       (Option("span", "such as 30d, 12h or 1d12h", settings={"nargs": "+"}),)),
    "events": Command("List what happened.", _events, (_NAME._replace(settings=_MAYBE),)),
    "flow": Command("Draw how far a certificate is.", _flow, (_NAME,)),
    "operation": Command("Draw where a creation stands, and what can be done.", _operation, (_NAME,)),
    "diff": Command("Compare policy, request and certificate.", _diff, (_NAME,)),
    "explore": Command("Look through the vault.", _explore),
    "calls": Command("Show the last call in every language.", _calls,
                     (Option("what", "a certificate, or an event's number", "certificate", _MAYBE),)),
    "use": Command("Choose the vault of a variable.", _use, (Option("variable", "its name", "vault", _MAYBE),)),
}  # fmt: skip
