"""A weighted vote with sliders: scores and intervals of an ensemble for weights set by hand.

Without the widget, use :func:`sercore.ensemble.score_votes`.
"""

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
from .page_style import Style, apply_style, control_layout, make_button
from .upload import Message

MOST = 10
"""Maximum number of sliders."""


class Voting(ipywidgets.VBox):
    """A slider for the weight of each member of an ensemble, with the score of the weighted vote.

    Weights that are chosen for a high score are tuned on these speakers. If held-out speakers are given as
    ``closed``, a button scores the same weights on them, and the widget counts how often it was used.

    Parameters
    ----------
    oof : pd.DataFrame or Members
        Out-of-fold predictions of several models. Of more than ten members, the ten with the highest UA
        are used.
    closed : Members, optional
        Predictions of the same members for held-out speakers.
    tuned : bool
        Start with the weights of hill climbing instead of equal weights.
    text : str
        Text size: ``normal``, ``large`` or ``projector``.

    Attributes
    ----------
    sliders : dict of str to FloatSlider
        Slider of each member.
    scores : pd.DataFrame
        From :func:`sercore.ensemble.score_votes` for the current weights.

    Raises
    ------
    EvaluationError
        ``oof`` does not contain out-of-fold predictions of several models for the same clips.

    See Also
    --------
    sercore.ensemble.score_votes : The scores without a widget.

    Examples
    --------
    >>> Voting(oof)  # doctest: +SKIP

    Notebook: 06_ensembles.ipynb
    """

    def __init__(
        self,
        oof: pd.DataFrame | Members,
        *,
        closed: Members | None = None,
        tuned: bool = False,
        text: str = "normal",
    ):
        self.members = ensemble.baselines.strongest_members(ensemble.align(oof), MOST)
        self.closed = None if closed is None else closed.pick(self.members.names)
        self.n_looks, self._is_open, self._updating = 0, False, False
        self.fitness = ensemble.Fitness(self.members, "ua")
        self._best = ensemble.best_single(self.members, "ua").weights.idxmax()
        self.sliders = {name: _slider(name, self._changed, text) for name in self.members.names}
        self.shares, self.lines, self.message = ipywidgets.HTML(), ipywidgets.HTML(), Message()
        self.later = Debounced(self.refresh)
        super().__init__(self._rows())
        apply_style(self, text)
        self.refresh()
        if tuned:
            self.climb()

    def _rows(self) -> list:
        self.buttons = {
            "equal": make_button("Equal weights", "the same weight for every member", self.put_equal),
            "best": make_button("Best member", f"only {self._best}", lambda: self.put({self._best: 1.0})),
            "climb": make_button(
                "Hill climbing", "change weights as long as the score on these speakers increases", self.climb
            ),
        }
        if self.closed is not None:
            self.buttons["open"] = make_button(
                "Score held-out speakers", "the same weights on other speakers", self.open_closed
            )
        left = ipywidgets.VBox(list(self.sliders.values()), layout={"flex": "0 0 auto"})
        right = ipywidgets.VBox([self.shares, self.lines], layout={"flex": "1 1 400px", "max_width": "760px"})
        buttons = ipywidgets.HBox(list(self.buttons.values()))
        return [ipywidgets.HBox([left, right]), buttons, self.message, Style()]

    @property
    def weights(self) -> dict[str, float]:
        """Current weight of each member."""
        return {name: slider.value for name, slider in self.sliders.items()}

    def put(self, weights: Mapping[str, float]) -> None:
        """Set the weights; those of other members become 0."""
        self._updating = True
        try:
            for name, slider in self.sliders.items():
                slider.value = weights.get(name, 0.0)
        finally:
            self._updating = False
        self._changed()

    def put_equal(self) -> None:
        """Set all weights to 1."""
        self.put(dict.fromkeys(self.sliders, 1.0))

    def climb(self) -> None:
        """Improve the weights by hill climbing on the speakers of ``oof``."""
        weights = self.weights if any(self.weights.values()) else None  # None: equal weights
        shares = refine(self.fitness, self.members.shares(weights))
        self.put(dict(zip(self.members.names, shares / shares.max(), strict=True)))

    def open_closed(self) -> None:
        """Score the current weights on the held-out speakers."""
        if any(self.weights.values()):
            self._is_open, self.n_looks = True, self.n_looks + 1
        self.refresh()

    def _changed(self, change=None) -> None:
        if not self._updating:
            self._is_open = False
            self.later()

    def refresh(self) -> None:
        """Score the current weights."""
        if not any(self.weights.values()):
            self.message.warn("All weights are 0. Increase at least one.")
            return
        try:
            shares = self.members.shares(self.weights)
            self.scores = score_votes(self.members, self._votes(""))
            shown = self.scores
            if self._is_open:
                shown = pd.concat([shown, score_votes(self.closed, self._votes("held-out: "))])
        except EvaluationError as error:
            self.message.warn(str(error))
            return
        self.message.say(self._note())
        self.shares.value = probability_bars(
            dict(zip(self.members.names, shares, strict=True)),
            what="weights",
            note="Relative weight of each member",
        )
        lines = 100 * shown[["ua", "low", "high"]]
        low, high = np.nanmin(lines.to_numpy()) - 4, np.nanmax(lines.to_numpy()) + 4
        self.lines.value = score_lines(list(lines.itertuples(name=None)), low=low, high=high)

    def _votes(self, prefix: str) -> dict[str, dict[str, float]]:
        """The votes to compare, the baseline last."""
        return {
            f"{prefix}these weights": self.weights,
            f"{prefix}only {self._best}": {name: float(name == self._best) for name in self.sliders},
            f"{prefix}equal weights": dict.fromkeys(self.sliders, 1.0),
        }

    def _note(self) -> str:
        """Description of the scores."""
        rows, mine = self.members.rows, self.scores.iloc[0]
        text = (
            f"UA in % of a soft vote: {rows['clip_id'].nunique()} clips of {rows['speaker'].nunique()} "
            f"speakers, split {rows['split'].iloc[0]}, seeds {rows['seed'].nunique()}; 95 % interval over "
            "speakers. "
            f"These weights minus equal weights: {100 * mine['difference']:+.1f} "
            f"[{100 * mine['difference_low']:+.1f}, {100 * mine['difference_high']:+.1f}] points. "
            "The score of weights that were tuned on these speakers is too optimistic for new speakers. "
        )
        looks = f"Held-out speakers were scored {self.n_looks}×; do not choose weights by this score."
        return text + (looks if self.n_looks else "")


def _slider(name: str, changed, text: str) -> ipywidgets.FloatSlider:
    slider = ipywidgets.FloatSlider(
        value=1.0, min=0.0, max=1.0, step=0.05, description=name, tooltip=f"weight of {name}",
        **control_layout(390, 150, text),
    )  # fmt: skip
    slider.observe(changed, "value")
    return slider
