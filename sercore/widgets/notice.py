"""What must be clear where people record or judge voices."""

from __future__ import annotations

import html

NOTICE = (
    "The model names acted emotion as it sounds; it does not read minds.",
    "Record only people who agree; minors only if their parents agree, too.",
    "In the EU, the AI Act (Article 5) forbids inferring emotions at work and in education, "
    "except for medical or safety reasons.",
)
"""Three lines for widgets and commands that record people."""

SHORT = "Acted emotion, not minds. Only people who agree. Not at work or in education (EU AI Act)."
"""The same for a row of controls."""

VOTING = (
    "Which emotion was the speaker asked to act? Not: what does the speaker feel? Votes are stored with your "
    "name in the folder below; a pseudonym is enough."
)
"""A line for people who listen."""


def notice_html(note: str = "", *, lines: tuple[str, ...] = NOTICE) -> str:
    """The notice as HTML, followed by ``note``, its first line in bold, such as what the model is.

    Examples
    --------
    >>> notice_html("a & b", lines=())
    '<div class="sercore-notice" role="note"><b>a &amp; b</b></div>'
    """
    first, _, rest = note.partition("\n")
    parts = [*map(html.escape, lines)]
    if note:
        parts += [f"<b>{html.escape(first)}</b> {html.escape(' '.join(rest.split()))}".rstrip()]
    return f'<div class="sercore-notice" role="note">{"<br>".join(parts)}</div>'
