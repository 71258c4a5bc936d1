"""Exercises that answer: :func:`check` for the answer cells of the notebooks, and a :func:`quiz` for each.

A check reports "right" and why it matters, or a hint at the typical mistake, never the solution. Nothing is
stored, sent or drawn at random. Answers that depend on the recordings are compared with variables of the
notebook, which are passed by name.

=================  ========================================================================
``checking``       :func:`check` and its :class:`Verdict`
``answers``        kinds of answers: numbers, choices, names in order, functions
``catalogue``      all exercises by id
``notebook_01`` …  the three exercises of each notebook, with the mistakes that are known
``quizzes``        the questions, one TOML file for each notebook
=================  ========================================================================

Examples
--------
>>> from sercore.exercises import check
>>> check("02.1", 198)
02.1, not yet: That is the number of windows that fit into the wave. Here the wave is padded by half a
window on both sides, so that frames are centred on sample 0 and every hop after it.
>>> check("02.1", ...)
02.1: no answer yet
"""

from .catalogue import exercise_ids
from .checking import Verdict, check
from .quiz import Quiz, quiz

__all__ = ["Quiz", "Verdict", "check", "exercise_ids", "quiz"]
