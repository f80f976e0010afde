"""How a simulated certificate authority behaves: the body of ``PUT /kvlab/cas/{DigiCert|GlobalSign}``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from kvlab.errors import InvalidProperty
from kvlab.wire.model import WireModel

if TYPE_CHECKING:
    from collections.abc import Mapping

Vetting = Literal["none", "OV", "EV"]
Sold = Literal["OV-SSL", "EV-SSL"]
BusinessCategory = Literal[
    "Private Organization", "Government Entity", "Business Entity", "Non-Commercial Entity"
]  # EV Guidelines section 7.1.4.2.3

TEN_YEARS = 10 * 366 * 86_400
MOST = 100_000
BLOTTED = "•••"
"""Shown in place of a password; given for an account that is there already, its password stays."""

LONGEST_VALIDITY = 398

Domain = Annotated[
    str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$", max_length=253)
]
"""A domain name in lower case, without a star."""

_COUNTRY = r"^[A-Z]{2}$"
_REGISTRY = r"[A-Za-z0-9 .,:/()'+?-]"
_TEXT = r"^\P{Cc}*[\p{L}\p{N}]\P{Cc}*$"
"""A letter or digit at least, on one line: a certificate may not say '-' or ' ' of an organization (BR 7.1.4.2)."""


class _Strict(WireModel):
    """A part of the configuration: a word that it does not know is a mistake, not something to ignore."""

    model_config = ConfigDict(extra="forbid")


class CaAccount(_Strict):
    """One customer of the CA."""

    account_id: str = Field(min_length=1, description="Account or user name.")
    password: str = Field(
        min_length=1, repr=False, description="API key (DigiCert) or password (GlobalSign); ••• keeps it."
    )


class CaOrganization(_Strict):
    """An organization as the CA's validation record has it: what a certificate says of it comes from here."""

    id: str | None = Field(None, description="The CA's id of it; absent: whatever id is ordered for.")
    name: str = Field(pattern=_TEXT, max_length=64, description="organizationName, at most 64 characters.")
    country: str = Field("US", pattern=_COUNTRY, description="Two letters.")
    state: str | None = Field(None, pattern=_TEXT, min_length=2, max_length=128)
    locality: str | None = Field(None, pattern=_TEXT, min_length=2, max_length=128)
    jurisdiction_country: str | None = Field(None, pattern=_COUNTRY, description="Default: the country.")
    jurisdiction_state: str | None = Field(None, pattern=_TEXT, min_length=2, max_length=128)
    jurisdiction_locality: str | None = Field(None, pattern=_TEXT, min_length=2, max_length=128)
    business_category: BusinessCategory = "Private Organization"
    registration_number: str | None = Field(
        None,
        pattern=rf"^{_REGISTRY}*[A-Za-z0-9]{_REGISTRY}*$",
        max_length=64,
        description="Registry number, or date of incorporation.",
    )
    vetting: Vetting = Field("EV", description="How far it is validated: none, OV or EV (which includes OV).")
    domains: list[Domain] = Field(default_factory=list, description="Domains it has shown to control.")

    @model_validator(mode="after")
    def _has_what_a_certificate_needs(self) -> CaOrganization:
        if self.vetting != "none" and not (self.state or self.locality):
            raise PydanticCustomError("place", "A validated organization needs a state or a locality")
        if self.vetting == "EV" and not self.registration_number:
            raise PydanticCustomError("registry", "An organization validated for EV needs a registration_number")
        if self.jurisdiction_locality and not self.jurisdiction_state:
            raise PydanticCustomError("registry", "jurisdiction_locality needs a jurisdiction_state")
        return self


class CaConfiguration(_Strict):
    """
    How a simulated CA behaves; what is left out has its default, so a PUT replaces everything.

    A fresh CA takes any well-formed account, sells both products, has its sample organizations validated for
    ``contoso.com``, ``fabrikam.com`` and ``example.com``, and issues at once.
    """

    delay_seconds: float = Field(0, ge=0, le=TEN_YEARS, description="From the order to the CA's decision.")
    decision: Literal["issue", "reject", "fail"] = Field("issue", description="What becomes of orders.")
    reason: str | None = Field(None, min_length=1, max_length=500, description="Why it rejects or fails.")
    fail_first: int = Field(0, ge=0, le=MOST, description="How many messages, from now on, it answers with HTTP 503.")
    down_seconds: float = Field(0, ge=0, le=TEN_YEARS, description="How long, from now on, it answers with HTTP 503.")
    polls: int = Field(0, ge=0, le=MOST, description="How many polls of an order find it still in process.")
    max_validity_days: int | None = Field(
        None, ge=1, le=LONGEST_VALIDITY, description="The CA's own limit, where it is below the programmes'."
    )
    require_domain_validation: bool = Field(
        False, description="Whether names outside the validated domains wait or are refused; else they pass."
    )
    domains: list[Domain] | None = Field(
        None, description="Validated domains, in place of those of the organizations; subdomains are included."
    )
    organizations: list[CaOrganization] | None = Field(
        None, min_length=1, description="Validation records, in place of the samples; an order for another id fails."
    )
    accounts: list[CaAccount] | None = Field(None, description="Who may order; absent: any well-formed account.")
    products: list[Sold] = Field(["OV-SSL", "EV-SSL"], min_length=1, description="What the account may order.")
    caa: dict[Domain, list[str]] = Field(
        default_factory=dict, description="CAA issue records by domain, as in {'contoso.com': ['letsencrypt.org']}."
    )

    @classmethod
    def read(cls, value: Self | Mapping[str, Any] | str | None, field: str) -> Self:
        """
        Take a model, a mapping or JSON text; see ``WireModel.read``. An unknown word is refused with those it knows.
        """
        try:
            return super().read(value, field)
        except InvalidProperty as error:
            part, _, last = error.field.rpartition(".")
            word = last.partition("[")[0]
            owner = _PARTS.get(part.removeprefix(field).lstrip(".").partition("[")[0])
            if owner is None or word in owner.model_fields:
                raise
            words = ", ".join(owner.model_fields)
            raise InvalidProperty(error.field, f"There is no such word; it is one of {words}.") from None


_PARTS: dict[str, type[WireModel]] = {
    "": CaConfiguration, "organizations": CaOrganization, "accounts": CaAccount,
}  # fmt: skip
