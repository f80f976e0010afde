"""The flow of a certificate, alive: each step lights up as it happens, and can be gone back to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import traitlets

from kvlab.clock import SimulatedClock
from kvlab.errors import VaultError
from kvlab.iot.iot import Iot
from kvlab.iot.view import Place
from kvlab.render.crossing import lanes_html, step_html
from kvlab.render.device import DeviceReading
from kvlab.render.flow import STATE_SIGNS, flow_sentence, flow_svg, flow_text, state_words, way
from kvlab.render.markup import seed_pill
from kvlab.render.reading import CertificateReading
from kvlab.render.timeline import NARROW, NEWEST, WIDE, Life, clock_words, lay_track, track_svg
from kvlab.vault.glance import Glance
from kvlab.vault.vault import Vault
from kvlab.widgets.argument import NAME, Allowed, check_argument
from kvlab.widgets.following import Following
from kvlab.widgets.message import message_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from kvlab.events import Event
    from kvlab.render.moment import Moment
    from kvlab.render.reading import Reading
    from kvlab.render.stage import Step, Story
    from kvlab.render.timeline import Track

VAULT_OR_IOT = Allowed((Vault, Iot), "a vault, such as kvlab.Vault(), or a kvlab.Iot")
STATUS_PILLS = {"exists": "ok", "pending": "now", "to come": "", "over": "bad"}


def flow(vault: Vault | Iot, name: str) -> FlowView:
    """
    Show how a certificate comes into being: who says what to whom, what is to come, and where the private key is.

    The picture follows the vault. Earlier moments can be looked at again, step by step or on the line of time; where
    the vault's clock is simulated, that line leads on to renewal and expiry.

    Args:
        vault: whose events are read; of an ``Iot`` the flow of a device certificate is shown.
        name: of the certificate, or the device certificate's id; one that does not exist has an empty flow.

    Raises:
        TypeError: it is neither, or the name is no text.
    """
    check_argument("vault", vault, VAULT_OR_IOT)
    check_argument("name", name, NAME)
    if isinstance(vault, Iot):
        return FlowView(vault.vault, name, DeviceReading(Place(vault.account, vault.region).arn("cert", name)))
    return FlowView(vault, name)


class Drawn(NamedTuple):
    """What was drawn last, for those who look without a browser."""

    story: Story
    moments: list[Moment]
    track: Track


class FlowView(Following, module="flow"):
    """
    A flow that follows the vault's events.

    Without a browser: set ``at``, ``selected``, ``told``, call ``advance`` and ``go``, look at ``story`` and ``svg``.

    Args:
        vault: whose events are read, as whoever it is used.
        name: of the certificate.
        reading: how the events are read, for a flow that is not a certificate's.
    """

    view = traitlets.Dict().tag(sync=True)
    """All that the page shows; made here alone."""
    at = traitlets.Int(NEWEST).tag(sync=True)
    """Which moment is shown, counted from 0; ``NEWEST`` goes with the time."""
    selected = traitlets.Int(0).tag(sync=True)
    """The number of the step whose messages are shown; 0 is the one that happened last."""
    told = traitlets.List(traitlets.Int()).tag(sync=True)
    """The numbers of the steps outside the vault that the reader says are done."""

    def __init__(self, vault: Vault, name: str, reading: Reading | None = None, **options: Any) -> None:
        self.name = name
        self._reading = reading or CertificateReading(name, vault.name)
        self._news = ""
        self._states: tuple[Any, ...] = ()
        self._trouble = ""
        self._lives: dict[int, Life] = {}
        super().__init__(vault, self._reading.hears, about=self._reading.about, **options)
        self.on_msg(self._told_to)
        self.observe(lambda _: self.draw(), ["at", "selected", "told"])
        self.draw()

    @property
    def story(self) -> Story:
        """The flow at the moment that is shown."""
        return self.drawn.story

    @property
    def svg(self) -> str:
        """The picture of it."""
        return str(self.view["svg"])

    @property
    def moments(self) -> list[Moment]:
        """The moments that ``at`` counts."""
        return self.drawn.moments

    def go(self, steps: int) -> None:
        """Go so many moments forward, or back if negative; past the last one the picture goes with the time again."""
        last = len(self.moments) - 1
        here = last if self.at == NEWEST else self.at
        there = max(here + steps, 0)
        self.at = NEWEST if there >= last else there

    def advance(self, seconds: float = 0, *, to: str = "") -> None:
        """
        Move a simulated clock, and let what falls due happen.

        Args:
            seconds: how far.
            to: ``renewal`` or ``expiry`` instead: so far that the current version is renewed, or expires.
        """
        self.work(lambda: self._move(seconds, to), self._moved)

    def _move(self, seconds: float, to: str) -> None:
        clock = self._clock()
        clock.advance(self._seconds_to(to, clock.now()) if to else seconds)

    def _moved(self, result: Any) -> None:
        self._trouble = ""
        if isinstance(result, Exception):
            self._trouble = result.message if isinstance(result, VaultError) else str(result)
        else:
            self.at = NEWEST

    def _clock(self) -> SimulatedClock:
        clock = self.vault.clock
        if isinstance(clock, SimulatedClock):
            return clock
        raise ValueError(f"The clock of this vault is a {clock.kind} one: it passes by itself.")

    def _seconds_to(self, to: str, now: datetime) -> float:
        glance = self._glance()
        found = {"renewal": glance.renews_at, "expiry": glance.not_after}.get(to)
        if found is None:
            raise ValueError(f"There is no {to} ahead.")
        return max((found - now).total_seconds(), 0)

    def _draw(self) -> None:
        mine = self.events
        moments = self._reading.moments(mine)
        shown = self.at if 0 <= self.at < len(moments) else NEWEST
        past = mine if shown == NEWEST else [event for event in mine if event.seq <= moments[shown].seq]
        story = self._reading.story(past, self.told)
        track = self._track(mine, moments, shown)
        self.drawn = Drawn(story, moments, track)
        chosen = self._chosen(story)
        self._note_news(story, live=shown == NEWEST)
        self.view = {
            "svg": flow_svg(story, seeded=self.vault.seeded, selected=chosen.number if chosen else 0),
            "sentence": flow_sentence(story),
            "title": story.title,
            "subject": story.subject,
            "name": story.name,
            "status": story.status if story.steps else "to come",
            "pill": STATUS_PILLS[story.look],
            "seed": seed_pill() if self.vault.seeded else "",
            "lanes": lanes_html(story),
            "steps": [_step_view(step, self.told) for step in story.steps],
            "chosen": chosen.number if chosen else 0,
            "panel": step_html(chosen) if chosen else "",
            "calls": self._show_call(chosen),
            **self._track_view(track, moments, shown),
            "progress": _progress(story),
            "news": self._news,
            "clock": self._clock_view(),
            "trouble": self._trouble,
        }

    def _show_call(self, step: Step | None) -> bool:
        """Show the call that crossed an arrow, if there was one; returns whether there was."""
        message = message_of(step.events, self.vault) if step else None
        if message is not None:
            self.show(*message)
        return message is not None

    def _chosen(self, story: Story) -> Step | None:
        happened = [step for step in story.steps if step.events and step.state in ("done", "now")]
        wanted = [step for step in story.steps if step.number == self.selected]
        return next(iter([*wanted, *reversed(happened), *story.steps]), None)

    def _note_news(self, story: Story, *, live: bool) -> None:
        """Keep one sentence on the step that changed, for those who do not see it; polls are no news."""
        states = tuple((step.number, step.state) for step in story.steps)
        if states == self._states:
            return
        changed = [
            step for step in story.steps if (step.number, step.state) not in self._states and step.state != "to come"
        ]
        if changed and self._states and live:
            self._news = f"Step {changed[-1].number}, {changed[-1].title}: {changed[-1].state}."
        self._states = states

    def _track(self, mine: Sequence[Event], moments: Sequence[Moment], shown: int) -> Track:
        if not moments:
            return lay_track((), 0, NEWEST, life=None, now=None, ahead=False)
        chapter = moments[shown].chapter
        first = next(at for at, moment in enumerate(moments) if moment.chapter == chapter)
        ours = [moment for moment in moments if moment.chapter == chapter]
        last = chapter == moments[-1].chapter
        now = self.vault.clock.now() if last else None
        ahead = isinstance(self.vault.clock, SimulatedClock)
        life = self._life(self._reading.made(mine, chapter), last=last)
        return lay_track(ours, first, shown, life=life, now=now, ahead=ahead)

    def _life(self, made: Event | None, *, last: bool) -> Life | None:
        if made is None:
            return None
        life = self._lives.get(made.seq)
        if life is None:
            expires = self._glance(made.version).not_after
            if expires is None:
                # Who may not look now may be allowed to later: this is not kept.
                return None
            asked = next((one["asked"] for one in made.detail.get("overrides", ()) if one["field"] == "validity"), "")
            life = self._lives[made.seq] = Life(made.time, expires, asked=asked)
        return life._replace(renews=self._glance().renews_at) if last else life

    def _glance(self, version: str | None = None) -> Glance:
        try:
            return self.vault.glance(self.name, version)
        except VaultError:
            # Who may not get the certificate sees what the log tells.
            return Glance(self.name)

    def _track_view(self, track: Track, moments: Sequence[Moment], shown: int) -> dict[str, Any]:
        stops = [
            {"at": stop.moment, "words": stop.words, "to": stop.words.split()[0] if stop.kind == "future" else ""}
            for stop in track.stops
        ]
        place = len(moments) - 1 if shown == NEWEST else shown
        return {
            "track": track_svg(track, WIDE),
            "narrow": track_svg(track, NARROW),
            "stops": stops,
            "stop": track.at,
            "place": place,
            "count": len(moments),
            "first": next((at for at, moment in enumerate(moments) if moment.chapter == moments[shown].chapter), 0),
        }

    def _clock_view(self) -> dict[str, Any]:
        clock, glance = self.vault.clock, self._glance()
        now = clock.now()
        if not isinstance(clock, SimulatedClock):
            return {"words": f"system clock {clock_words(now)}", "moves": []}
        return {
            "words": f"simulated clock {clock_words(now)}",
            "moves": [
                {"label": "+10 s", "seconds": 10, "to": "", "why": ""},
                {"label": "+1 day", "seconds": 86400, "to": "", "why": ""},
                _jump("renewal", glance.renews_at, now),
                _jump("expiry", glance.not_after, now),
            ],
        }

    def _told_to(self, _: object, content: object, __: object) -> None:
        """Do what the page asks for; what is not understood is ignored."""
        if isinstance(content, dict) and content.get("do") == "advance":
            seconds, to = content.get("seconds", 0), content.get("to", "")
            if to in ("renewal", "expiry"):
                self.advance(to=to)
            elif type(seconds) in (int, float) and seconds >= 0:
                self.advance(seconds)

    def picture(self) -> str:
        """Return the SVG of what is shown."""
        self.draw()
        return flow_svg(self.story, seeded=self.vault.seeded)

    def sentence(self) -> str:
        """Return the flow as one sentence."""
        return flow_sentence(self.story)

    def __repr__(self) -> str:
        self.draw()
        return flow_text(self.story)


def _jump(to: str, at: datetime | None, now: datetime) -> Mapping[str, Any]:
    ahead = at is not None and at > now
    why = "" if ahead else f"No {to} lies ahead."
    return {"label": f"to {to}", "seconds": 0, "to": to, "why": why}


def _step_view(step: Step, told: Sequence[int]) -> dict[str, Any]:
    return {
        "number": step.number,
        "title": step.title,
        "detail": step.detail,
        "way": way(step),
        "state": step.state,
        "sign": STATE_SIGNS[step.state],
        "words": state_words(step),
        "remark": step.remark,
        "tone": step.tone,
        "asks": step.asks,
        "told": step.number in told,
    }


def _progress(story: Story) -> str:
    total = len(story.steps)
    under_way = next((step for step in story.steps if step.state == "now"), None)
    if under_way is not None:
        return f"Step {under_way.number} of {total}: {under_way.title}"
    return f"{total} steps, {story.status}" if total else "Nothing has happened yet"
