"""The answer to an answer."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

from .answers import NoAnswer, OddAnswer
from .catalogue import find

_COLOURS = {"right": "#2a7a2a", "wrong": "#b56a00", "open": "#888888"}


@dataclass(frozen=True)
class Verdict:
    """What :func:`check` returns; shown in a notebook if it is the last line of a cell.

    Attributes
    ----------
    exercise : str
        Id of the exercise.
    status : str
        ``right``, ``wrong`` or ``open``; a verdict is true if the answer is right.
    text : str
        Why it matters, or a hint; empty if there is no answer yet.

    See Also
    --------
    check

    Examples
    --------
    >>> bool(Verdict("01.1", "right", "Decibels measure ratios."))
    True
    """

    exercise: str
    status: str
    text: str = ""

    def __bool__(self) -> bool:
        return self.status == "right"

    def _head(self) -> str:
        words = {"right": ", right:", "wrong": ", not yet:", "open": ": no answer yet"}
        return self.exercise + words[self.status]

    def __repr__(self) -> str:
        return f"{self._head()} {self.text}".strip()

    def _repr_html_(self) -> str:
        text = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(self.text))
        style = f"border-left:4px solid {_COLOURS[self.status]};padding:2px 10px;max-width:46rem"
        head = self._head() if self.status == "open" else f"<b>{self._head()}</b>"
        return f'<div role="status" style="{style}">{head} {text}</div>'


def check(exercise: str, answer: Any, **given: Any) -> Verdict:
    """Whether an answer to an exercise is right; if not, a hint at the typical mistake.

    Parameters
    ----------
    exercise : str
        Id, such as ``"03.1"``.
    answer
        A number, a letter, names or a function, as the exercise says; ``...`` means no answer yet. NumPy
        scalars, arrays of one value, lists and capital letters are accepted.
    **given
        Variables of the notebook on which the solution depends, by name.

    Returns
    -------
    Verdict

    Raises
    ------
    ExerciseError
        There is no such exercise. Answers never raise, whatever they are.

    See Also
    --------
    quiz : Five questions for each notebook.

    Examples
    --------
    >>> check("02.3", "B").status
    'wrong'
    >>> check("02.3", "yes")
    02.3, not yet: One letter in quotes is expected, from "a" to "d"; found 'yes'.
    """
    found = find(exercise)
    if answer is ...:
        return Verdict(exercise, "open")
    if answer is None:
        return Verdict(exercise, "wrong", "The answer is None. A function without `return` gives None.")
    missing = [name for name in found.needs if name not in given]
    if missing:
        call = ", ".join(f"{name}={name}" for name in found.needs)
        return Verdict(
            exercise, "wrong", f'Pass the notebook\'s variables: `check("{exercise}", answer, {call})`'
        )
    try:
        right, text = found.judge(answer, given)
    except NoAnswer:
        return Verdict(exercise, "open")
    except OddAnswer as odd:
        return Verdict(exercise, "wrong", str(odd))
    return Verdict(exercise, "right" if right else "wrong", text)
