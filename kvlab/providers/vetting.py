"""
What a simulated certificate authority has validated of its customer: organizations, domains, and what follows from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kvlab.providers.baseline import check_caa, covers
from kvlab.providers.refusal import Kind, Refusal
from kvlab.providers.sample import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kvlab.providers.books import Order
    from kvlab.wire.ca import CaConfiguration, CaOrganization


class Rules(NamedTuple):
    """
    Where the CAs differ.

    Attributes:
        curve_521: whether P-521 keys are taken.
        key_again: a key may be used again for the same common name; else never.
        addresses: OV certificates may have public IP addresses.
        unknown_domain_waits: an order for a domain that is not validated waits; else it is refused.
        vetting_waits: and so for a product above the organization's level of validation.
        cancels_issued: cancelling an issued certificate revokes it; else it is too late.
    """

    curve_521: bool
    key_again: bool
    addresses: bool
    unknown_domain_waits: bool
    vetting_waits: bool
    cancels_issued: bool


class Vetting:
    """
    The validation records of one account.

    Args:
        configuration: how the CA was told to behave.
        rules: how it differs from others.
        caa: the domain that CAA records name it by.
    """

    def __init__(self, configuration: CaConfiguration, rules: Rules, caa: str) -> None:
        self._configuration = configuration
        self._rules = rules
        self._caa = caa

    def organizations(self) -> list[CaOrganization]:
        """Return the validation records."""
        return self._configuration.organizations or SAMPLES

    def domains(self) -> list[str]:
        """Return the validated domains."""
        if self._configuration.domains is not None:
            return self._configuration.domains
        return [domain for one in self.organizations() for domain in one.domains]

    def organization(self, organization_id: str, common_name: str) -> CaOrganization:
        """
        Find the record an order is for; a CA that nobody configured finds one for every id.

        Raises:
            Refusal: there is none.
        """
        found = self.organizations()
        for wanted in (organization_id, None):
            # The record of this very id first, whatever the order they were given in.
            if one := next((one for one in found if one.id == wanted), None):
                return one
        if self._configuration.organizations is None:
            return next((one for one in found if covers(one.domains, common_name)), found[0])
        raise Refusal(Kind.ORGANIZATION, f"There is no organization '{organization_id}' in this account.")

    def is_vetted(self, order: Order) -> bool:
        """Return whether the organization of an order is validated as far as its product asks."""
        try:
            organization = self.organization(order.organization_id, order.common_name)
        except Refusal:
            # The record was taken away after the order was placed.
            return False
        return organization.vetting in (("EV",) if order.product == "EV-SSL" else ("OV", "EV"))

    def needs_validation(self, name: str) -> bool:
        """Return whether a DNS name is still to be validated before it can be certified."""
        return self._configuration.require_domain_validation and not covers(self.domains(), name)

    def check_level(self, organization: CaOrganization, *, extended: bool) -> None:
        """
        Refuse an EV order for an organization that is validated for OV, unless the CA lets it wait.

        Raises:
            Refusal: it is refused.
        """
        if not self._rules.vetting_waits and extended and organization.vetting == "OV":
            raise Refusal(Kind.VETTING, f"'{organization.name}' is not validated for EV.")

    def check_domains(self, names: Sequence[str]) -> None:
        """
        Refuse names that are not validated, unless the CA lets their order wait.

        Raises:
            Refusal: the first of them, named.
        """
        missing = [] if self._rules.unknown_domain_waits else [name for name in names if self.needs_validation(name)]
        if missing:
            raise Refusal(Kind.DOMAIN, f"'{missing[0]}' belongs to no validated domain of this account.")

    def with_partner(self, common_name: str, names: tuple[str, ...]) -> tuple[str, ...]:
        """
        Add the name with, or without, ``www.``: a CA gives it away where the common name is a whole domain.

        What nobody asked for never keeps an order waiting, or has it refused.
        """
        bare = common_name.removeprefix("www.")
        whole = bare in self.domains() or bare.count(".") == 1
        if not whole or common_name.startswith("*.") or bare.replace(".", "").isdigit():
            return names
        partner = bare if bare != common_name else f"www.{bare}"
        if partner not in names and (self.needs_validation(partner) or not self._may_certify(partner)):
            return names
        rest = [name for name in names if name not in (common_name, partner)]
        return (common_name, partner, *rest)

    def _may_certify(self, name: str) -> bool:
        try:
            check_caa(self._configuration.caa, [name], self._caa)
        except Refusal:
            return False
        return True
