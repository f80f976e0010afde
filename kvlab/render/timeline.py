"""The line of time under a flow: minutes while a certificate comes into being, then months while it lives."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from kvlab.render.markup import style_of, text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from kvlab.render.moment import Moment

NEWEST = -1
"""Stands for the moment that is now: it moves on by itself."""
WIDE, NARROW = 900, 560
MOST_STOPS = 60
_AXIS = 40
_GAP = 27
_MONTHS_GAP = 46
_EDGE = 22

Kind = Literal["done", "bad", "now", "future"]


class Life(NamedTuple):
    """
    How long a version lives.

    Attributes:
        begins: when it came to be; aware UTC, as all.
        expires: when it ends.
        renews: when its renewal begins by itself; None if it does not, or has.
        asked: what had been asked for, where the CA decided otherwise; else empty.
    """

    begins: datetime
    expires: datetime
    renews: datetime | None = None
    asked: str = ""


class Stop(NamedTuple):
    """
    Where the handle can stand.

    Attributes:
        time: aware UTC.
        words: what happened there, or will.
        sign: what stands on the line: a step's number, or a glyph; empty for a small mark.
        kind: how it is drawn.
        moment: its index among the moments; ``NEWEST`` for now.
        living: whether it lies on the axis of months.
    """

    time: datetime
    words: str
    sign: str
    kind: Kind
    moment: int
    living: bool


class Track(NamedTuple):
    """
    A line of time.

    Attributes:
        stops: from left to right.
        at: the index of the one that is shown.
        life: of the version that came to be, if one did.
    """

    stops: tuple[Stop, ...]
    at: int
    life: Life | None


def lay_track(
    moments: Sequence[Moment], first: int, shown: int, *, life: Life | None, now: datetime | None, ahead: bool
) -> Track:
    """
    Say where the handle can stand.

    Args:
        moments: of one chapter.
        first: the index of its first moment among all.
        shown: the index of the moment that is shown; ``NEWEST`` for now.
        life: of the version it led to, if it did.
        now: the present, if the chapter is the last one; else None.
        ahead: whether what is to come can be reached: the clock can be moved.
    """
    kept = moments[-MOST_STOPS:]
    first += len(moments) - len(kept)
    stops = [_stop(moment, first + at, life) for at, moment in enumerate(kept)]
    if now is not None and stops:
        stops = _with_now(stops, now, life)
    if now is not None and life is not None and ahead:
        stops += [stop for stop in _to_come(life) if stop.time > now]
    at = next(
        (place for place, stop in enumerate(stops) if stop.moment == shown and stop.kind != "future"), len(stops) - 1
    )
    return Track(tuple(stops), at, life)


def _stop(moment: Moment, index: int, life: Life | None) -> Stop:
    living = life is not None and moment.time > life.begins
    glyph = {"expired": "⊘"}.get(moment.words, "✉" if moment.words.startswith("EmailContacts") else "")
    sign = str(moment.step) if moment.step else "↻" if moment.words.startswith("AutoRenew") else glyph
    kind: Kind = "bad" if moment.bad else "done"
    return Stop(moment.time, f"{moment.words}, {clock_words(moment.time)}", sign, kind, index, living)


def _to_come(life: Life) -> list[Stop]:
    ends = Stop(life.expires, f"expiry on {day_words(life.expires)}", "⊘", "future", NEWEST, living=True)
    if life.renews is None:
        return [ends]
    renews = Stop(life.renews, f"renewal on {day_words(life.renews)}", "↻", "future", NEWEST, living=True)
    return sorted([renews, ends], key=lambda stop: stop.time)


def _with_now(stops: list[Stop], now: datetime, life: Life | None) -> list[Stop]:
    last = stops[-1]
    if now <= last.time:
        return [*stops[:-1], last._replace(moment=NEWEST)]
    living = life is not None and now > life.begins
    return [*stops, Stop(now, f"now, {clock_words(now)}", "", "now", NEWEST, living)]


def day_words(at: datetime) -> str:
    """Write the day of an instant."""
    return f"{at.day} {at:%b %Y}"


def clock_words(at: datetime) -> str:
    """Write an instant as a clock shows it."""
    return f"{at:%a} {at.day} {at:%b %Y %H:%M:%S} UTC"


def track_svg(track: Track, width: int = WIDE) -> str:
    """
    Draw a line of time; it is decoration for those who see it: the slider beside it says the same in words.

    Args:
        track: where the stops are.
        width: in units, which are pixels where there is room.
    """
    places = _places(track, width)
    height = _AXIS + (38 if track.life is None else 54 + _lower(track.life, width))
    return "".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" class="kvf" viewBox="0 0 {width} {height}" width="{width}" ',
        'aria-hidden="true" style="max-width:100%;height:auto">',
        style_of("flow.css"),
        _axis(track, places, width),
        *(_mark(stop, x, at, track.at) for at, (stop, x) in enumerate(zip(track.stops, places, strict=True))),
        _labels(track, places, width),
        _shown(track, places, width),
        "</svg>",
    ])  # fmt: skip


def _edge(track: Track, width: int) -> float:
    """Return where the axis of minutes ends."""
    return width - _EDGE if track.life is None else width * 0.56


def _places(track: Track, width: int) -> list[float]:
    left = [stop.time for stop in track.stops if not stop.living]
    right = [stop.time for stop in track.stops if stop.living]
    end = _edge(track, width)
    tail = width - _EDGE - (width * 0.14 if track.life and track.life.asked else 8)
    begins = track.life.begins if track.life else None
    ends = max([track.life.expires, *right]) if track.life else None
    return [
        *_spread(left, _EDGE, end - 20 if track.life is None else end, _GAP),
        *_spread(right, end + 52, tail, _MONTHS_GAP, begins, ends),
    ]


def _spread(
    times: Sequence[datetime],
    start: float,
    end: float,
    least: float,
    first: datetime | None = None,
    last: datetime | None = None,
) -> list[float]:
    """Place instants in proportion, but none nearer to the one before than ``least``, if there is room."""
    if not times:
        return []
    first, last = first or times[0], last or times[-1]
    span = (last - first) / timedelta(seconds=1) or 1
    gap = min(least, (end - start) / max(len(times), 1))
    places: list[float] = []
    for at in times:
        wanted = start + (end - start) * ((at - first) / timedelta(seconds=1)) / span
        places.append(max(wanted, places[-1] + gap) if places else max(wanted, start))
    limit = end
    for place in reversed(range(len(places))):
        places[place] = min(places[place], limit)
        limit = places[place] - gap
    return places


def _axis(track: Track, places: list[float], width: int) -> str:
    end, y = _edge(track, width), _AXIS
    happened = [x for x, stop in zip(places, track.stops, strict=True) if stop.kind != "future"]
    reached = max(happened, default=_EDGE)
    begun = f'<line class="past" x1="{_EDGE}" y1="{y}" x2="{min(reached, end):g}" y2="{y}"/>'
    if track.life is None:
        return f'<line class="ahead" x1="{reached:g}" y1="{y}" x2="{end:g}" y2="{y}"/>{begun}'
    start = end + 40
    lived = f'<line class="past" x1="{start:g}" y1="{y}" x2="{reached:g}" y2="{y}"/>' if reached > start else ""
    asked = ""
    finish = float(width - _EDGE)
    if track.life.asked:
        over = width * 0.14 - 8
        finish -= over
        asked = f'<line class="never" x1="{finish:g}" y1="{y}" x2="{finish + over:g}" y2="{y}"/>'
    broken = f'<path class="ar off" d="M{end + 12:g} {y + 7}l7 -14M{end + 20:g} {y + 7}l7 -14"/>'
    return (
        f'<line class="past" x1="{_EDGE}" y1="{y}" x2="{end + 8:g}" y2="{y}"/>{broken}{asked}'
        f'<line class="ahead" x1="{start:g}" y1="{y}" x2="{finish:g}" y2="{y}"/>{lived}'
    )


def _mark(stop: Stop, x: float, at: int, shown: int) -> str:
    kind = {"done": "ok", "bad": "bad", "now": "now", "future": "todo"}[stop.kind]
    y = _AXIS
    ring = f'<circle class="ring" cx="{x:g}" cy="{y}" r="14"/>' if at == shown else ""
    hit = f'<rect class="hit" x="{x - 13:g}" y="{y - 20}" width="26" height="40"/>'
    if not stop.sign:
        return (
            f'<g class="stop" data-stop="{at}">{hit}{ring}<circle class="dot f{kind}" cx="{x:g}" cy="{y}" r="5"/></g>'
        )
    sign = "num" if stop.sign.isdigit() else "num glyph"
    return (
        f'<g class="stop" data-stop="{at}">{hit}{ring}<circle class="disc {kind}" cx="{x:g}" cy="{y}" r="10"/>'
        f'<text class="{sign} f{kind}" x="{x:g}" y="{y + 4}">{text(stop.sign)}</text></g>'
    )


def _labels(track: Track, places: list[float], width: int) -> str:
    """Write under the stops when they are, as far as there is room; over the months how long the version lives."""
    left = [(x, stop.time) for x, stop in zip(places, track.stops, strict=True) if not stop.living]
    short = not left or left[-1][1] - left[0][1] < timedelta(days=1)
    drawn: list[str] = []
    edge = -100.0
    seen = ""
    for x, stop in zip(places, track.stops, strict=True):
        words = f"{stop.time:%H:%M:%S}" if short and not stop.living else f"{stop.time.day} {stop.time:%b}"
        half = 3.7 * len(words)
        if words != seen and x - half > edge:
            middle = min(max(x, half), width - half)
            drawn.append(f'<text class="m" x="{middle:g}" y="{_AXIS + 31}" text-anchor="middle">{words}</text>')
            edge, seen = middle + half + 3, words
    if track.life is not None:
        words = _valid_words(track.life)
        drawn.append(f'<text class="u" x="{_edge(track, width) + 44:g}" y="{_AXIS + 48}">{words}</text>')
        if track.life.asked:
            words, y = text(_asked_words(track.life)), _AXIS + 48 + _lower(track.life, width)
            drawn.append(f'<text class="u fwarn" x="{width - 8}" y="{y}" text-anchor="end">{words}</text>')
    return "".join(drawn)


def _valid_words(life: Life) -> str:
    return f"valid for {round((life.expires - life.begins) / timedelta(days=1))} days"


def _asked_words(life: Life) -> str:
    return f"asked: {life.asked}, never issued"


def _lower(life: Life, width: int) -> int:
    """Return how much lower the words on what was asked stand: beside those on what was issued if there is room."""
    letters = len(_valid_words(life) + _asked_words(life)) if life.asked else 0
    return 16 if letters * 6.6 > width * 0.44 - 72 else 0


def _shown(track: Track, places: list[float], width: int) -> str:
    """Write over the handle where it stands."""
    if not track.stops:
        return ""
    stop, x = track.stops[track.at], places[track.at]
    day = "" if stop.time.date() == track.stops[0].time.date() else f"{stop.time.day} {stop.time:%b} "
    words = f"{'now ' if stop.moment == NEWEST else ''}{day}{stop.time:%H:%M:%S}"
    half = 3.7 * len(words) + 8
    middle = min(max(x, half + 2), width - half - 2)
    return (
        f'<rect class="flag" x="{middle - half:g}" y="1" width="{2 * half:g}" height="19" rx="9.5"/>'
        f'<text class="flagt" x="{middle:g}" y="14.500">{words}</text>'
    )
