"""Scores of weighted votes side by side, quick enough to follow a slider.

Notebook: 06_ensembles.ipynb
"""
# MERGED DOC: An ensemble whose weights are sliders: shares, score and interval follow.
#
#   >>> from sercore.widgets import Voting
#   >>> Voting(published.voting_example())
#
#   Without the widget: :func:`sercore.widgets.voting.score_votes`.

from __future__ import annotations

from collections.abc import Mapping

import ipywidgets
import numpy as np
import pandas as pd

from .. import ensemble
from ..ensemble.fitness import refine
from ..ensemble.predictions import Members
from ..ensemble.voting import score_votes
from ..errors import EvaluationError
from ..pictures.html import probability_bars, score_lines
from .debounce import Debounced
from .page_style import Style, apply_style, control_layout
from .upload import Message

MOST = 10
"""Sliders that fit on a page."""


class Voting(ipywidgets.VBox):
    """A slider for the weight of each member.

    Whoever moves the sliders until the score is highest has tuned them on these speakers, and the widget
    says so. Where other speakers are given as ``closed``, a button opens them, and counts how often.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of several models, such as
        :func:`sercore.course.published.voting_example`. Of more than ten members, the ten with the highest
        UA get a slider.
    closed : Members, optional
        The same members on speakers that were kept apart.
    text : str
        Text size, from :data:`sercore.widgets.explorer.SIZES`.

    Attributes
    ----------
    sliders : dict of str to FloatSlider
        By member.
    scores : pd.DataFrame
        From :func:`~sercore.widgets.voting.score_votes`, for the sliders as they stand.

    Raises
    ------
    EvaluationError
        Not out-of-fold predictions of several models for the same clips.
    """

    def __init__(
        self,
        oof: pd.DataFrame | Members,
        *,
        closed: Members | None = None,
        text: str = "normal",
    ):
        self.members = ensemble.baselines.strongest_members(ensemble.align(oof), MOST)
        self.closed = None if closed is None else closed.pick(self.members.names)
        self.n_looks, self._is_open, self._quiet = 0, False, False
        self.fitness = ensemble.Fitness(self.members, "ua")
        self._best = ensemble.best_single(self.members, "ua").weights.idxmax()
        self.sliders = {name: _slider(name, self._changed, text) for name in self.members.names}
        self.shares, self.lines, self.message = ipywidgets.HTML(), ipywidgets.HTML(), Message()
        self.later = Debounced(self.refresh)
        super().__init__(self._rows())
        apply_style(self, text)
        self.refresh()

    def _rows(self) -> list:
        self.buttons = {
            "equal": _button("All equal", "the same weight for every member", self.put_equal),
            "best": _button("Best alone", f"only {self._best}", lambda: self.put({self._best: 1.0})),
            "climb": _button("Climb from here", "move shares while it helps on these speakers", self.climb),
        }
        if self.closed is not None:
            self.buttons["open"] = _button(
                "Open the closed speakers", "same weights, other people", self.open_closed
            )
        left = ipywidgets.VBox(list(self.sliders.values()), layout={"flex": "0 0 auto"})
        right = ipywidgets.VBox([self.shares, self.lines], layout={"flex": "1 1 400px", "max_width": "760px"})
        buttons = ipywidgets.HBox(list(self.buttons.values()))
        return [ipywidgets.HBox([left, right]), buttons, self.message, Style()]

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each member as the sliders stand."""
        return {name: slider.value for name, slider in self.sliders.items()}

    def put(self, weights: Mapping[str, float]) -> None:
        """Move the sliders; a member that is not named gets 0."""
        self._quiet = True
        try:
            for name, slider in self.sliders.items():
                slider.value = weights.get(name, 0.0)
        finally:
            self._quiet = False
        self._changed()

    def put_equal(self) -> None:
        """The same weight for every member."""
        self.put(dict.fromkeys(self.sliders, 1.0))

    def climb(self) -> None:
        """Move shares from member to member while the score rises: ``weighting.refine``."""
        shares = refine(self.fitness, self.members.shares(self.weights))
        self.put(dict(zip(self.members.names, shares / shares.max(), strict=True)))

    def open_closed(self) -> None:
        """Score the weights on the closed speakers, too, until the sliders move again."""
        self._is_open, self.n_looks = True, self.n_looks + 1
        self.refresh()

    def _changed(self, change=None) -> None:
        if not self._quiet:
            self._is_open = False
            self.later()

    def refresh(self) -> None:
        """Score the weights as they stand."""
        if not any(self.weights.values()):
            self.message.warn("All weights are 0: nobody votes. Raise one.")
            return
        try:
            shares = self.members.shares(self.weights)
            self.scores = score_votes(self.members, self._votes(""))
            shown = self.scores
            if self._is_open:
                shown = pd.concat([shown, score_votes(self.closed, self._votes("closed: "))])
        except EvaluationError as error:
            self.message.warn(str(error))
            return
        self.message.say(self._note())
        self.shares.value = probability_bars(
            dict(zip(self.members.names, shares, strict=True)), what="shares", note="Share of each member"
        )
        lines = 100 * shown[["ua", "low", "high"]]
        low, high = np.nanmin(lines.to_numpy()) - 4, np.nanmax(lines.to_numpy()) + 4
        self.lines.value = score_lines(list(lines.itertuples(name=None)), low=low, high=high)

    def _votes(self, prefix: str) -> dict[str, dict[str, float]]:
        """What is compared, the yardstick last."""
        return {
            f"{prefix}these weights": self.weights,
            f"{prefix}only {self._best}": {name: float(name == self._best) for name in self.sliders},
            f"{prefix}all equal": dict.fromkeys(self.sliders, 1.0),
        }

    def _note(self) -> str:
        """What the figures are, and what they are not."""
        rows, mine = self.members.rows, self.scores.iloc[0]
        text = (
            f"UA in % of a soft vote: {rows['clip_id'].nunique()} clips of {rows['speaker'].nunique()} "
            f"speakers, split {rows['split'].iloc[0]}, seeds {rows['seed'].nunique()}; 95 % interval over "
            "speakers. "
            f"These weights minus equal ones: {100 * mine['difference']:+.1f} "
            f"[{100 * mine['difference_low']:+.1f}, {100 * mine['difference_high']:+.1f}] points. "
            "Weights moved until this score is high are tuned on these people; for others it is too good. "
        )
        looks = f"The closed speakers were opened {self.n_looks}×; each look makes them less closed."
        return text + (looks if self.n_looks else "")


def _slider(name: str, changed, text: str) -> ipywidgets.FloatSlider:
    slider = ipywidgets.FloatSlider(
        value=1.0, min=0.0, max=1.0, step=0.05, description=name, tooltip=f"weight of {name}",
        **control_layout(390, 150, text),
    )  # fmt: skip
    slider.observe(changed, "value")
    return slider


def _button(name: str, tells: str, pressed) -> ipywidgets.Button:
    button = ipywidgets.Button(description=name, tooltip=tells, layout={"width": "auto"})
    button.on_click(lambda _: pressed())
    return button
