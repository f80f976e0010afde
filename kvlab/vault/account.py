"""What an issuer object must hold to be of use, and the account at a certificate authority that it stands for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kvlab.errors import EmailsNotSold, InvalidProperty, MissingProperty, OrganizationIdNotSet
from kvlab.providers.provider import TRADES, Account, Trade
from kvlab.wire.issuer import AdministratorDetails, IssuerBundle, IssuerCredentials, OrganizationDetails

if TYPE_CHECKING:
    from kvlab.vault.core import Core
    from kvlab.wire.policy import CertificatePolicy

PROVIDERS = (*TRADES, "Test")
"""Test is taken and issues nothing."""

TEXT_LIMIT = 200
PASSWORD_LIMIT = 1000
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_PHONE = re.compile(r"[0-9+(][0-9 +().x/-]{0,39}", re.ASCII)
_SPELLING = {name.casefold(): name for name in PROVIDERS}
_FIRST_ADMIN = "org_details.admin_details[0]"
_FIELDS = {
    "account_id": "credentials.account_id",
    "password": "credentials.pwd",
    "organization_id": "org_details.id",
    "first_name": f"{_FIRST_ADMIN}.first_name",
    "last_name": f"{_FIRST_ADMIN}.last_name",
    "email": f"{_FIRST_ADMIN}.email",
    "phone": f"{_FIRST_ADMIN}.phone",
}
"""Member of an account -> where an issuer object holds it."""


def provider_name(given: str | None) -> str:
    """
    Return a provider's name as the service spells it.

    Raises:
        MissingProperty: there is none.
        InvalidProperty: nobody of that name is known.
    """
    if not given:
        raise MissingProperty("provider")
    if (found := _SPELLING.get(given.casefold())) is None:
        raise InvalidProperty("provider", f"'{given}' is none of {', '.join(PROVIDERS)}.")
    return found


def check_issuer_object(issuer: IssuerBundle, *, has_password: bool) -> None:
    """
    Refuse an issuer object with which its provider could not be asked.

    Args:
        issuer: as it is to be kept, all members together; ``provider`` as the service spells it.
        has_password: whether one is stored already.

    Raises:
        InvalidProperty: a member is not what it has to be.
        MissingProperty: and ``OrganizationIdNotSet``: the provider needs more.
    """
    _check_members(issuer)
    trade = TRADES.get(issuer.provider or "")
    password = issuer.credentials.pwd if issuer.credentials else None
    # An empty one is given, too: it would take the place of the one that is stored.
    account = _account(issuer, ("stored" if has_password else "") if password is None else password)
    for need in trade.needs if trade else ():
        if getattr(account, need).strip():
            continue
        if need == "organization_id":
            raise OrganizationIdNotSet
        raise MissingProperty(_FIELDS[need], hint=f"{issuer.provider} takes no order without it.")


def account_of(core: Core, name: str, issuer: IssuerBundle, sealed: bytes | None) -> Account:
    """Return the account that a stored issuer object stands for, its password opened."""
    opened = core.store.sealer.open(sealed, sealing_id(core.vault_id, name)) if sealed else b""
    return _account(issuer, opened.decode())


def check_order(issuer: IssuerBundle, policy: CertificatePolicy) -> Trade | None:
    """
    Refuse a policy that asks an issuer for what it can not give.

    Returns:
        What the provider sells; None for ``Test``, which is never asked.

    Raises:
        InvalidProperty: the issuer object is disabled, or does not sell the certificate type.
    """
    assert policy.issuer is not None
    if issuer.attributes is not None and issuer.attributes.enabled is False:
        raise InvalidProperty("policy.issuer.name", f"The issuer '{policy.issuer.name}' is disabled.")
    trade = TRADES.get(issuer.provider or "")
    if trade is None:
        return None
    cty = policy.issuer.cty
    if cty is not None and cty.casefold() not in {product.casefold() for product in trade.products}:
        raise InvalidProperty(
            "policy.issuer.cty", f"{trade.name} sells {' and '.join(trade.products)} certificates, not '{cty}'."
        )
    return trade


def check_names(trade: Trade, policy: CertificatePolicy) -> None:
    """
    Refuse names that a provider takes in no order.

    Raises:
        EmailsNotSold: there is an e-mail address among them.
    """
    sans = policy.x509_props and policy.x509_props.sans
    if sans and sans.emails and not trade.emails_in_san:
        raise EmailsNotSold(trade.name)


def sealing_id(vault_id: int, name: str) -> str:
    """Return what the sealed password of an issuer object is bound to."""
    return f"issuer {vault_id} {name.casefold()}"


def _account(issuer: IssuerBundle, password: str) -> Account:
    credentials = issuer.credentials or IssuerCredentials()
    organization = issuer.org_details or OrganizationDetails()
    admin = next(iter(organization.admin_details or ()), AdministratorDetails())
    return Account(
        account_id=credentials.account_id or "",
        password=password,
        organization_id=organization.id or "",
        first_name=admin.first_name or "",
        last_name=admin.last_name or "",
        email=admin.email or "",
        phone=admin.phone or "",
    )


def _check_members(issuer: IssuerBundle) -> None:
    credentials = issuer.credentials or IssuerCredentials()
    organization = issuer.org_details or OrganizationDetails()
    _check_text("credentials.account_id", credentials.account_id)
    # A password may hold anything but what no header or database could carry; it is never repeated.
    _check_text("credentials.pwd", credentials.pwd, PASSWORD_LIMIT)
    _check_text("org_details.id", organization.id)
    if organization.zip is not None and organization.zip < 0:
        raise InvalidProperty("org_details.zip", f"It is a whole number from 0, not {organization.zip}.")
    for index, admin in enumerate(organization.admin_details or ()):
        where = f"org_details.admin_details[{index}]"
        for member in ("first_name", "last_name", "email", "phone"):
            _check_text(f"{where}.{member}", getattr(admin, member))
        if admin.email and not _EMAIL.fullmatch(admin.email):
            raise InvalidProperty(f"{where}.email", "It is an e-mail address.")
        if admin.phone and not _PHONE.fullmatch(admin.phone):
            raise InvalidProperty(f"{where}.phone", "It is a telephone number: digits, spaces and + ( ) . - / x.")


def _check_text(field: str, value: str | None, limit: int = TEXT_LIMIT) -> None:
    if value is not None and (len(value) > limit or not value.isprintable()):
        raise InvalidProperty(field, f"It is printable text of at most {limit} characters.")
