"""What must be clear where a microphone is."""

from __future__ import annotations

import html

NOTICE = (
    "The model names acted emotion as it sounds; it does not read minds.",
    "Record adults who agree, and nobody else; minors only with the consent of their parents.",
    "In the EU, the AI Act (Article 5) forbids inferring emotions at work and in education, "
    "except for medical or safety reasons.",
)
"""Three lines for widgets and commands that record people."""


def notice_html() -> str:
    """The notice as HTML."""
    lines = "<br>".join(html.escape(line) for line in NOTICE)
    return f'<div class="sercore-notice" role="note">{lines}</div>'
