"""An exercise and what a check found: as a page, and as lines of text."""

from __future__ import annotations

from typing import NamedTuple

from kvlab.render.markup import pill, style_of, stylesheet, text

MOST_WRONG = 3
"""Rows drawn as wrong; more would discourage, and the first is the one to mend."""

STEPS = ("Nudge", "Pointer", "Worked answer")


class Line(NamedTuple):
    """One row: what was looked at, what was expected and found, and for the one to mend why it matters."""

    field: str
    expected: str
    found: str
    passed: bool
    why: str = ""
    event: int | None = None


class Step(NamedTuple):
    """One step of the ladder of hints: its words if they are shown, else how to get to them."""

    words: str
    how: str = ""
    code: bool = False


class Onward(NamedTuple):
    """The exercise that comes next, and the notebook it is in; without a file it is this one."""

    id: str
    title: str
    file: str = ""


class Checked(NamedTuple):
    """
    What is shown of an exercise.

    Attributes:
        id: as in ``02.3``; ``title`` and ``lesson`` in words.
        task: the text in pieces, each with whether it is one of the student's own words.
        state: ``task``, ``nothing``, ``wrong`` or ``passed``.
        sentence: the outcome in one sentence.
        lines: what was looked at.
        steps: nudge, pointer, worked answer; fewer where there is nothing to mend.
        attempts: how many there were.
        service: one sentence on the real service, shown with a pass.
        note: one sentence about the progress file, if it could not be kept.
        onward: where to go on, shown with a pass; None after the last exercise.
    """

    id: str
    title: str
    lesson: str
    task: tuple[tuple[str, bool], ...]
    state: str
    sentence: str = ""
    lines: tuple[Line, ...] = ()
    steps: tuple[Step, ...] = ()
    attempts: int = 0
    service: str = ""
    note: str = ""
    onward: Onward | None = None

    @property
    def right(self) -> int:
        """How many rows are as they should be."""
        return sum(line.passed for line in self.lines)


def check_html(checked: Checked) -> str:
    """Return the card of an exercise."""
    parts = (_task, _sentence, _found, _answer, _service, _onward)
    body = "".join(part(checked) for part in parts)
    return (
        f'{check_style()}<div class="kvr kvr-card kvc"><div class="kvr-head"><div class="kvr-grow">'
        f'<div class="kvr-sub">{text(checked.lesson)}</div><b class="kvr-title">{text(checked.id)} '
        f"{text(checked.title)}</b></div>{_pill(checked)}</div>{body}</div>"
    )


def check_style() -> str:
    """Return the style elements of the card."""
    return f"{stylesheet()}{style_of('check.css')}"


def check_text(checked: Checked) -> str:
    """Return the same as lines."""
    lines = [f"{checked.id} {checked.title}: {_state(checked)}", "".join(piece for piece, _ in checked.task)]
    if checked.sentence:
        lines.append(checked.sentence)
    for line in _shown(checked):
        lines.append(
            f"✓ {line.field}: {line.found}"
            if line.passed
            else f"✕ {line.field}: expected {line.expected}, found {line.found}"
        )
        if line.why:
            lines.append(f"  {line.why}{_event(line)}")
    for name, step in zip(STEPS, checked.steps, strict=False):
        lines.append(f"{name}: {step.words or step.how}")
    if checked.onward and checked.state == "passed":
        lines.append(f"Next: {_onward_words(checked.onward)}{checked.onward.file and f', in {checked.onward.file}'}")
    return "\n".join(part for part in (*lines, checked.note) if part)


def _state(checked: Checked) -> str:
    if checked.state == "wrong":
        return f"not yet, {checked.right} of {len(checked.lines)} right"
    return {"passed": "passed", "nothing": "nothing to look at yet"}.get(checked.state, "to do")


def _pill(checked: Checked) -> str:
    kind = {"wrong": "bad", "passed": "ok", "nothing": "now"}.get(checked.state, "")
    return pill(_state(checked), kind)


def _task(checked: Checked) -> str:
    words = "".join(f"<b>{text(piece)}</b>" if own else text(piece) for piece, own in checked.task)
    note = '<p class="kvr-muted">The marked words are yours alone: your neighbour has others.</p>'
    return f'<div class="kvc-task"><p>{words}</p>{note if any(own for _, own in checked.task) else ""}</div>'


def _sentence(checked: Checked) -> str:
    parts = [checked.sentence, checked.note]
    lines = "".join(f"<p>{text(part)}</p>" for part in parts if part)
    return f'<div class="kvc-said {checked.state}" role="status">{lines}</div>' if lines else ""


def _found(checked: Checked) -> str:
    ladder = _ladder(checked)
    if not checked.lines:
        return ladder
    rows = "".join(map(_row, _shown(checked)))
    head = "<tr><th></th><th>Field</th><th>Expected</th><th>Found</th></tr>"
    table = f'<div class="kvc-rows"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>'
    return f'<div class="kvc-found">{table}{ladder}</div>'


def _shown(checked: Checked) -> list[Line]:
    """Return the lines, of the wrong ones only as many as are drawn."""
    wrong = [line for line in checked.lines if not line.passed][:MOST_WRONG]
    return [line for line in checked.lines if line.passed or line in wrong]


def _row(line: Line) -> str:
    sign = "✓" if line.passed else "✕"
    cells = "".join(f"<td><code>{text(value)}</code></td>" for value in (line.expected, line.found))
    why = f'<tr class="why"><td></td><td colspan="3">{text(line.why)}{_event(line)}</td></tr>' if line.why else ""
    kind = "" if line.passed else ' class="bad"'
    return f"<tr{kind}><td><i>{sign}</i></td><th>{text(line.field)}</th>{cells}</tr>{why}"


def _event(line: Line) -> str:
    return f" The log tells it: event {line.event}." if line.event else ""


def _ladder(checked: Checked) -> str:
    if not checked.steps:
        return ""
    attempt = f'<span class="kvr-muted">attempt {checked.attempts}</span>' if checked.lines else ""
    steps = "".join(_step(number, step) for number, step in enumerate(checked.steps))
    return f'<div class="kvc-hints"><p><b>Hints</b> {attempt}</p><ol>{steps}</ol></div>'


def _step(number: int, step: Step) -> str:
    if step.words:
        words = "It stands below." if step.code else step.words
        return f'<li class="open"><b>{STEPS[number]}</b><span>{text(words)}</span></li>'
    return f'<li><b>{STEPS[number]}</b><span class="kvr-muted">{text(step.how)}</span></li>'


def _answer(checked: Checked) -> str:
    code = next((step.words for step in checked.steps if step.code and step.words), "")
    return f'<pre class="kvr-code kvc-answer">{text_lines(code)}</pre>' if code else ""


def text_lines(code: str) -> str:
    """Escape code, and keep its lines."""
    return "\n".join(text(line) for line in code.rstrip().split("\n"))


def _service(checked: Checked) -> str:
    if checked.state != "passed" or not checked.service:
        return ""
    return f'<div class="kvr-note"><b>In the real service:</b> {text(checked.service)}</div>'


def _onward(checked: Checked) -> str:
    onward = checked.onward
    if onward is None or checked.state != "passed":
        return ""
    words = text(_onward_words(onward))
    link = f'<a href="{text(onward.file)}">{words}</a>' if onward.file else words
    return f'<div class="kvr-note"><b>Next:</b> {link}</div>'


def _onward_words(onward: Onward) -> str:
    return f"{onward.id} {onward.title}"
