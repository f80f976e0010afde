"""The flow of a certificate, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.render.flow import flow_sentence, flow_svg, flow_text
from kvlab.render.markup import image
from kvlab.render.story import read_story

if TYPE_CHECKING:
    from kvlab.vault.vault import Vault


def flow(vault: Vault, name: str) -> FlowPicture:
    """
    Draw how far a certificate is: who did what, what is to come, and where the private key is.

    Args:
        vault: whose events are read.
        name: of the certificate; one that does not exist has an empty flow.
    """
    return FlowPicture(vault, name)


class FlowPicture:
    """
    A flow as it stood when the picture was made.

    Attributes:
        story: the steps and their states.
        svg: the picture.
    """

    def __init__(self, vault: Vault, name: str) -> None:
        self.story = read_story(vault.events, name)
        self.svg = flow_svg(self.story, vault_name=vault.name, seeded=vault.seeded)

    def __repr__(self) -> str:
        return flow_text(self.story)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": image(self.svg, flow_sentence(self.story))}
