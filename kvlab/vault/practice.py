"""The practice CA: plays "your chosen CA" in the manual flow, and leaves events for the steps the vault can not see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from cryptography.hazmat.primitives.asymmetric import ec

from kvlab.entropy import serial_number
from kvlab.errors import InvalidProperty, X509Error
from kvlab.providers.authority import Signer, make_hierarchy, sign_request
from kvlab.store import certificate as certificates
from kvlab.store import vault as rows
from kvlab.vault.key_material import open_key, sealed_key
from kvlab.vault.turn import VAULT
from kvlab.vault.view import View, plain_text
from kvlab.wire.operation import CertificateOperation
from kvlab.x509.container import load_request, pem_certificate

if TYPE_CHECKING:
    from kvlab.vault.core import Core
    from kvlab.x509.key import PublicKey

DEFAULT_CA = "Contoso"
CA_NAME_LENGTH = 40
NAME_LIMIT = 51
"""What a common name of 64 characters leaves for it."""

Mistake = Literal["drops extensions", "makes a fresh key", "mixes requests"]
"""What a clerk may get wrong: forget names and usages; certify a key made at the counter; sign the request before."""


class PracticeOperations(View):
    """Where the practice CA is reached from a vault."""

    def practice_ca(self, name: str = DEFAULT_CA) -> PracticeCA:
        """
        Return a small CA of your own that shares the vault's clock and chance; made when first asked for.

        Args:
            name: the organization's name, as in ``CN=Contoso Issuing CA 1, O=Contoso``.

        Raises:
            InvalidProperty: the name is empty, longer than 51 characters, or not printable.
        """
        if not isinstance(name, str) or not 1 <= len(name) <= NAME_LIMIT or not name.isprintable():
            raise InvalidProperty("name", f"An organization's name has 1 to {NAME_LIMIT} printable characters.")
        return PracticeCA(self._core, plain_text("name", name, CA_NAME_LENGTH), self._principal)


class PracticeCA:
    """
    A root and an issuing CA that sign what you bring them.

    Attributes:
        name: of the organization.
        root_der: the root's certificate, DER.
        issuing_der: the issuing CA's certificate, DER.
    """

    def __init__(self, core: Core, name: str, principal: str) -> None:
        self._core = core
        self._principal = principal
        self.name = name
        root, self._issuing = _hierarchy(core, name)
        self._on_the_desk: bytes | None = None
        self.root_der = root.certificate_der
        self.issuing_der = self._issuing.certificate_der

    @property
    def root_pem(self) -> str:
        """The root's certificate as PEM: what a client has to trust."""
        return pem_certificate(self.root_der)

    @property
    def issuing_pem(self) -> str:
        """The issuing CA's certificate as PEM."""
        return pem_certificate(self.issuing_der)

    def sign(
        self,
        request: CertificateOperation | bytes | str,
        *,
        months: int = 12,
        copy_extensions: bool = True,
        mistake: Mistake | None = None,
    ) -> list[bytes]:
        """
        Sign a request.

        Args:
            request: a pending operation, or its PKCS#10 request as DER, PEM or base64.
            months: calendar months of validity, 1 to 120.
            copy_extensions: False forgets the requested names and usages, as a careless clerk does.
            mistake: what the clerk gets wrong: ``"drops extensions"`` is ``copy_extensions=False``; ``"makes a fresh
                key"`` certifies another key than the request's; ``"mixes requests"`` signs the one that this CA object
                was given before.

        Returns:
            The certificate and the issuing CA's, DER: what ``merge_certificate`` takes.

        Raises:
            BadRequest: it is no request, or its own signature does not hold.
            InvalidProperty: ``months`` out of range, an unknown mistake, or no request to mix this one with.
        """
        if not 1 <= months <= 120:
            raise InvalidProperty("months", f"It is from 1 to 120, not {months}.")
        if mistake is not None and mistake not in get_args(Mistake):
            raise InvalidProperty("mistake", f"It is one of {', '.join(get_args(Mistake))}.")
        der = request.csr if isinstance(request, CertificateOperation) else load_request(request)
        der = self._taken(der, mixing=mistake == "mixes requests")
        core = self._core
        with core.read() as connection:
            owner = certificates.operation_of_request(connection, core.vault_id, der)
        about = f"certificates/{owner.name}" if owner else f"authorities/{self.name}"
        request_id = owner.request_id if owner else None
        with core.turn(self._principal) as turn:
            turn.record("ca.request", about, request_id=request_id, step=3, authority=self.name)
        try:
            leaf = sign_request(
                der,
                self._issuing,
                serial_number=serial_number(core.entropy, f"authority {self.name}"),
                now=core.clock.now().replace(microsecond=0),
                months=months,
                copy_extensions=copy_extensions and mistake != "drops extensions",
                seeded=core.seeded,
                fresh_key=self._fresh_key() if mistake == "makes a fresh key" else None,
            )
        except X509Error as error:
            with core.turn(self.name) as turn:
                turn.record("ca.refusal", about, request_id=request_id, authority=self.name, message=str(error))
            raise
        with core.turn(self.name) as turn:
            turn.record("ca.answer", about, request_id=request_id, step=4, authority=self.name)
        return [leaf, self.issuing_der]

    def _taken(self, der: bytes, *, mixing: bool) -> bytes:
        """Take a request, and return the one that will be signed: when the clerk mixes them, the one before."""
        before, self._on_the_desk = self._on_the_desk, der
        if not mixing:
            return der
        if before is None:
            raise InvalidProperty("mistake", "This CA has no other request on its desk to mix this one with.")
        return before

    def _fresh_key(self) -> PublicKey:
        return self._core.entropy.ec_key(f"authority {self.name} clerk", ec.SECP256R1()).public_key()

    def __repr__(self) -> str:
        return f"<PracticeCA {self.name!r}>"


def _hierarchy(core: Core, name: str) -> tuple[Signer, Signer]:
    with core.turn(VAULT) as turn:
        stored = rows.authorities(turn.connection, core.vault_id, name)
        if stored:
            root, issuing = (Signer(row.certificate_der, open_key(core, row)) for row in stored)
            return root, issuing
        made = make_hierarchy(
            name,
            lambda part: core.entropy.ec_key(f"authority {name} {part}", ec.SECP256R1()),
            lambda part: serial_number(core.entropy, f"authority {name} {part}"),
            turn.now,
            seeded=core.seeded,
        )
        for rank, signer in enumerate(made):
            key = sealed_key(core, signer.key, seeded=core.seeded)
            certificates.add_key(turn.connection, key)
            row = {"vault_id": core.vault_id, "name": name, "rank": rank, "key_id": key["id"]}
            rows.add_authority(turn.connection, {**row, "certificate_der": signer.certificate_der})
        return made
