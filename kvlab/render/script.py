"""The flows of a certificate: which steps each has, between whom, and what each is for."""

from __future__ import annotations

from typing import NamedTuple

from kvlab.render.stage import Step

APPLICATION, VAULT, CA = "application", "vault", "CA"


class Line(NamedTuple):
    """A step before anything has happened; the members are those of ``Step``."""

    source: str
    target: str
    title: str
    detail: str
    about: str
    asks: str = ""

    def step(self, number: int) -> Step:
        """Return it as a step that is to come."""
        return Step(number, self.source, self.target, self.title, self.detail, about=self.about, asks=self.asks)


Script = tuple[Line, ...]

ASKED = "The application asks by name and policy. "
CREATE = f"{ASKED}Inside, this begins with a key pair made in the vault, whose private half nobody is shown."
REUSED = "The policy says reuse_key: the key of the version before is taken again, and none is made. "
MANUAL: Script = (
    Line(APPLICATION, VAULT, "Create a certificate", "create_certificate", CREATE),
    Line(
        VAULT,
        APPLICATION,
        "Certificate signing request",
        "names + public key, signed",
        "The request carries your names and the public key. It is signed with the private key, so a CA knows that you "
        "hold it without ever seeing it.",
    ),
    Line(
        APPLICATION,
        CA,
        "Pass the request on",
        "you carry it: PKCS#10",
        "You take the request to a registration or certification authority of your choice. The vault never "
        "meets it, and can not see this step.",
        "Did you send it to your CA?",
    ),
    Line(
        CA,
        APPLICATION,
        "X.509 certificate",
        "public; no private key in it",
        "The CA checks who you are, signs the public key and your names, and hands you the certificate. The "
        "vault can not see this step either.",
        "Did your CA answer?",
    ),
    Line(
        APPLICATION,
        VAULT,
        "Merge the certificate",
        "merge_certificate: leaf, chain",
        "You bring the certificate home. The vault compares its public key with the private key it made in step "
        "1: key and certificate meet, and the version is complete.",
    ),
)
KNOWN: Script = (
    Line(APPLICATION, VAULT, "Create a certificate", "create_certificate", CREATE),
    Line(
        VAULT,
        CA,
        "TLS/SSL certificate request",
        "the CSR, in an order to the CA",
        "The vault logs in at the CA with the issuer object's credentials and orders the certificate. The private key "
        "stays where it is.",
    ),
    Line(
        APPLICATION,
        VAULT,
        "Poll until it is complete",
        "get_certificate_operation",
        "The application asks the pending object how far it is, again and again. It learns of the CA's answer "
        "only here.",
    ),
    Line(
        CA,
        VAULT,
        "X.509 certificate",
        "the CA's answer",
        "The CA decides on its own terms, by product: what it issues may differ from what was asked. The "
        "application is no part of this message; it learns of it at its next poll.",
    ),
    Line(
        VAULT,
        VAULT,
        "Merge",
        "the vault completes it",
        "The vault itself puts the certificate beside the key it made: a new version exists and becomes the "
        "current one.",
    ),
)
BY_HAND = Line(
    APPLICATION,
    VAULT,
    "Merge by hand",
    "merge_certificate: another CA's answer",
    "The issuer is done with it; what another CA made of the same request was merged by a caller.",
)
RENEWAL = Line(
    VAULT,
    VAULT,
    "Renew the certificate",
    "AutoRenew: nobody asked",
    "The policy's lifetime action fell due. The vault makes the next version by the stored policy; the current "
    "one stays in use meanwhile.",
)
SELF: Script = (
    Line(APPLICATION, VAULT, "Create a certificate", "create_certificate", CREATE),
    Line(
        VAULT,
        APPLICATION,
        "Pending operation",
        "202 Accepted: poll me",
        "The answer comes before the certificate does: it says where the pending object is, and when to ask again.",
    ),
    Line(
        VAULT,
        VAULT,
        "Sign with its own key",
        "nobody else is asked",
        "The new key signs the certificate about itself. Nobody else vouches for it, so nobody trusts it unless "
        "told to.",
    ),
)
IMPORT: Script = (
    Line(
        APPLICATION,
        APPLICATION,
        "A key of your own",
        "made elsewhere",
        "The private key and its certificate were made outside, perhaps by you from a key you already had. "
        "Whoever had the file may have it still.",
    ),
    Line(
        APPLICATION,
        VAULT,
        "Import certificate and key",
        "import_certificate, PFX or PEM",
        "A PFX or PEM file carries certificate and private key into the vault: the one flow in which the key travels.",
    ),
)
RESTORE: Script = (
    Line(
        APPLICATION,
        VAULT,
        "Restore a backup",
        "restore_certificate",
        "A blob that only this vault's master key opens brings back all versions, with key and policy.",
    ),
)
