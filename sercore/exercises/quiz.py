"""Quizzes: five questions for each notebook, every option with its explanation.

A quiz is plain HTML: each option is an element that unfolds. It needs no script, no kernel and no network, so
it also works by keyboard, in exported pages and where scripts are not trusted.
"""

from __future__ import annotations

import html
import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from zlib import crc32

from ..errors import ExerciseError

_STYLE = (
    ".sercore-quiz{max-width:46rem;line-height:1.45}"
    ".sercore-quiz p{margin:.9em 0 .3em}"
    ".sercore-quiz details{margin:.25em 0;border:1px solid rgba(127,127,127,.45);border-radius:4px}"
    ".sercore-quiz summary{cursor:pointer;padding:.3em .6em}"
    ".sercore-quiz details>div{padding:.3em .6em .45em 1.6em;border-left:4px solid #b56a00}"
    ".sercore-quiz details>.right{border-left-color:#2a7a2a}"
)


@dataclass(frozen=True)
class Option:
    """An option, whether it is right, and why."""

    text: str
    why: str
    right: bool


@dataclass(frozen=True)
class Question:
    """A question and its options, in the order in which they are shown."""

    ask: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Quiz:
    """The questions of a notebook; shown in a notebook if it is the last line of a cell.

    Attributes
    ----------
    notebook : str
        Two digits.
    questions : tuple of Question

    See Also
    --------
    quiz
    """

    notebook: str
    questions: tuple[Question, ...]

    def __repr__(self) -> str:
        lines, key = [f"Quiz {self.notebook}"], []
        for number, question in enumerate(self.questions, 1):
            lines += ["", f"{number}. {question.ask}"]
            for letter, option in zip("abcd", question.options, strict=False):
                lines.append(f"   {letter}) {option.text}")
                if option.right:
                    key.append(f"{number} {letter}: {option.why}")
        return "\n".join([*lines, "", "Answers", *key])

    def _repr_html_(self) -> str:
        head = f"<b>Quiz {self.notebook}</b> · choose an option to read why it is right or not"
        parts = [f"<style>{_STYLE}</style>{head}"]
        for number, question in enumerate(self.questions, 1):
            parts.append(f"<p><b>{number}.</b> {_inline(question.ask)}</p>")
            parts += map(_unfolding, question.options)
        return f'<div class="sercore-quiz">{"".join(parts)}</div>'


def quiz(notebook: str) -> Quiz:
    """Five questions on a notebook, each with an explanation for every option.

    Parameters
    ----------
    notebook : str
        Its two digits, such as ``"03"``.

    Returns
    -------
    Quiz

    Raises
    ------
    ExerciseError
        There is no quiz for this notebook.

    See Also
    --------
    check : The exercises.

    Examples
    --------
    >>> print(repr(quiz("00")).splitlines()[0])
    Quiz 00
    """
    file = resources.files(__package__) / "quizzes" / f"{notebook}.toml"
    if not re.fullmatch(r"\d\d", str(notebook)) or not file.is_file():
        raise ExerciseError(f"there is no quiz {notebook!r}; pass the two digits of a notebook, such as '03'")
    questions = tomllib.loads(file.read_text(encoding="utf-8"))["question"]
    return Quiz(str(notebook), tuple(map(_question, questions)))


def _question(entry: dict) -> Question:
    """A question with its options in an order that depends on their texts alone."""
    options = [Option(*entry["right"], right=True)]
    options += [Option(*pair, right=False) for pair in entry["wrong"]]
    return Question(entry["ask"], tuple(sorted(options, key=lambda option: crc32(option.text.encode()))))


def _unfolding(option: Option) -> str:
    kind, word = ("right", "✓ Right.") if option.right else ("wrong", "✗ No.")
    return (
        # without the attribute, keys are commands of Jupyter: "b" would insert a cell
        f'<details><summary data-lm-suppress-shortcuts="true">{_inline(option.text)}</summary>'
        f'<div class="{kind}"><b>{word}</b> {_inline(option.why)}</div></details>'
    )


def _inline(text: str) -> str:
    """Text as HTML, with code between backticks."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
