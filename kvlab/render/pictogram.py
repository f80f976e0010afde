"""One small picture for each way to a certificate."""

from __future__ import annotations

_FRAME = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 96" width="240" height="96">'
    '<rect width="240" height="96" fill="#f5f5f5"/>'
)
_BOX = '<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="7" fill="#fff" stroke="#858585" stroke-width="1.6"/>'
_KEY = (
    '<rect x="{x}" y="{y}" width="38" height="18" rx="9" fill="#1f1f1f"/>'
    '<g transform="translate({gx} {gy})" fill="none" stroke="#fff" stroke-width="1.6" stroke-linecap="round">'
    '<circle cx="4" cy="4" r="3"/><path d="M7 4h12M16 4v3M19 4v3"/></g>'
)
_SHEET = (
    '<g transform="translate({x} {y})" fill="#fff" stroke="#246526" stroke-width="1.6"><path d="M0 0h14l6 6v20H0z"/>'
    '<path d="M4 10h9M4 15h12M4 20h6"/></g>'
)
_GREEN = 'fill="none" stroke="#246526" stroke-width="2"'


def _box(x: int, y: int, w: int, h: int) -> str:
    return _BOX.format(x=x, y=y, w=w, h=h)


def _key(x: int, y: int) -> str:
    return _KEY.format(x=x, y=y, gx=x + 8, gy=y + 5)


def _tip(x: int, y: int, *, left: bool = False) -> str:
    step = 8 if left else -8
    return f'<path d="M{x} {y}l{step} -4v8z" fill="#246526"/>'


def _words(x: int, y: int, size: int, words: str) -> str:
    return f'<text x="{x}" y="{y}" font-family="sans-serif" font-size="{size}" text-anchor="middle">{words}</text>'


_MONTHS = (
    (0, -36), (18, -31), (31, -18), (36, 0), (31, 18), (18, 31),
    (0, 36), (-18, 31), (-31, 18), (-36, 0), (-31, -18), (-18, -31),
)  # fmt: skip
_MARKED = ((0, -36), (18, 31), (-31, -18))

PICTOGRAMS = {
    "self-signed": (
        "a vault with the private key in it; an arrow leads back into the vault; a certificate",
        _box(52, 24, 62, 48)
        + _key(64, 39)
        + f'<path d="M114 40h12a11 11 0 0 1 0 22h-6" {_GREEN}/>'
        + _tip(115, 62, left=True)
        + _SHEET.format(x=164, y=34),
    ),
    "manual": (
        "a vault with the private key in it, you in the middle, and a CA; arrows there and back",
        _box(20, 24, 62, 48)
        + _key(32, 39)
        + '<circle cx="126" cy="48" r="13" fill="#fff" stroke="#858585" stroke-width="1.6"/>'
        + _words(126, 52, 11, "you")
        + _box(172, 24, 48, 48)
        + _words(196, 53, 14, "CA")
        + f'<path d="M84 41h24M142 41h22M108 56H92M172 56h-26" {_GREEN}/>'
        + _tip(113, 41)
        + _tip(171, 41)
        + _tip(84, 56, left=True)
        + _tip(140, 56, left=True),
    ),
    "known issuer": (
        "a vault with the private key in it and a CA; one arrow to the CA, one back with a certificate",
        _box(28, 24, 62, 48)
        + _key(40, 39)
        + _box(164, 24, 48, 48)
        + _words(188, 53, 14, "CA")
        + f'<path d="M90 38h66M164 60h-14M128 60h-30" {_GREEN}/>'
        + _tip(164, 38)
        + _tip(92, 60, left=True)
        + _SHEET.format(x=129, y=47),
    ),
    "life": (
        "a line of time with three certificates on it, each made before the one before it ends",
        f'<path d="M20 76h192" {_GREEN}/>'
        + _tip(220, 76)
        + "".join(
            f'<path d="M{x} {y}h62" fill="none" stroke="#246526" stroke-width="5" stroke-linecap="round"/>'
            + _SHEET.format(x=x - 4, y=y - 13)
            for x, y in ((34, 58), (86, 44), (138, 30))
        ),
    ),
    "permission": (
        "two callers at a vault: the arrow of one arrives, that of the other is stopped",
        _box(150, 22, 62, 52)
        + _key(162, 39)
        + "".join(
            f'<circle cx="40" cy="{y}" r="12" fill="#fff" stroke="#858585" stroke-width="1.6"/>'
            f'<circle cx="40" cy="{y - 3}" r="3.5" fill="#858585"/>'
            f'<path d="M33 {y + 7}a7 6 0 0 1 14 0" fill="#858585"/>'
            for y in (30, 66)
        )
        + f'<path d="M54 34h86" {_GREEN}/>'
        + _tip(148, 34)
        + '<path d="M54 66h42" fill="none" stroke="#9c2a2a" stroke-width="2"/>'
        + '<circle cx="106" cy="66" r="9" fill="#9c2a2a"/>'
        + '<path d="M102 62l8 8M110 62l-8 8" stroke="#fff" stroke-width="2"/>',
    ),
    "bytes": (
        "a certificate; a line of it leads to the octets in which it is written",
        _box(36, 16, 54, 64)
        + '<path d="M46 30h34M46 42h34M46 66h24" stroke="#858585" stroke-width="4"/>'
        + '<path d="M46 54h28" stroke="#1f5fa8" stroke-width="4"/>'
        + '<path d="M80 54h46" fill="none" stroke="#1f5fa8" stroke-width="1.6" stroke-dasharray="3 3"/>'
        + "".join(
            f'<rect x="{130 + 13 * column}" y="{22 + 15 * row}" width="9" height="8" rx="2"'
            f' fill="{"#1f5fa8" if row == 2 and column < 4 else "#b5b5b5"}"/>'
            for row in range(4)
            for column in range(6)
        ),
    ),
    "device": (
        "a lamp with the private key in it, and a registry that knows its certificate; an arrow between them",
        '<circle cx="56" cy="38" r="19" fill="#fff" stroke="#858585" stroke-width="1.6"/>'
        '<path d="M48 60h16M50 66h12" fill="none" stroke="#858585" stroke-width="1.6"/>'
        + _key(37, 29)
        + _box(150, 20, 64, 56)
        + _SHEET.format(x=160, y=36)
        + _SHEET.format(x=186, y=36)
        + f'<path d="M82 48h58" {_GREEN}/>'
        + _tip(148, 48),
    ),
    "cloud": (
        "a page of a notebook; an arrow leads from it to a cloud",
        _box(40, 20, 50, 56)
        + '<path d="M50 34h30M50 46h30M50 58h20" stroke="#858585" stroke-width="4"/>'
        + f'<path d="M98 48h40" {_GREEN}/>'
        + _tip(146, 48)
        + '<path d="M164 66a13 13 0 0 1 2-26 17 17 0 0 1 33 1 12 12 0 0 1-1 25z" fill="#fff" stroke="#858585"'
        ' stroke-width="1.6"/>',
    ),
    "year": (
        "twelve dots in a circle, for the months of a year, and a flag in the middle",
        "".join(
            f'<circle cx="{120 + x}" cy="{48 + y}" r="{3.5 if (x, y) in _MARKED else 2.5}"'
            f' fill="{"#246526" if (x, y) in _MARKED else "#b5b5b5"}"/>'
            for x, y in _MONTHS
        )
        + '<path d="M114 62V36h16l-4 6 4 6h-16" fill="none" stroke="#1f1f1f" stroke-width="1.8"/>',
    ),
    "import": (
        "a private key on its way into an empty vault",
        _box(44, 22, 68, 52)
        + '<rect x="58" y="39" width="40" height="18" rx="9" fill="none" stroke="#858585" stroke-dasharray="3 3"/>'
        + f'<path d="M122 48h34" {_GREEN}/>'
        + _tip(114, 48, left=True)
        + _key(162, 39),
    ),
}
"""Way -> what the picture shows, and its drawing."""


def pictogram(way: str) -> tuple[str, str]:
    """Return the picture of a way as an SVG, and the words for those who do not see it."""
    words, drawing = PICTOGRAMS[way]
    return f"{_FRAME}{drawing}</svg>", words
