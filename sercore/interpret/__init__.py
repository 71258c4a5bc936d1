"""What a model listens to, and whether that is true.

Five steps, each in a module of its own:

1. **Look** at what speakers do: averages per emotion and their distance from neutral (:mod:`.averages`).
2. **Ask** a network where in a clip its evidence lies (:mod:`.maps`), a model on a table which columns it
   uses (:mod:`.importance`); sum maps up over voiced segments (:mod:`.segments`).
3. **Test** the answer: does the model mind losing it (:mod:`.faithfulness`), does it depend on what was
   learned (:mod:`.sanity`), does it point at the cause where the cause is known (:mod:`.planted`).
4. **Hear** it: keep what the model relied on, mask the rest (:mod:`.hearing`).
5. **Compare** mistakes with those of people (:mod:`.mistakes`).

A map says what a *model* relied on. It says nothing about what a person felt.

Notebook: 07_interpretability.ipynb
"""

from ..evaluation.bootstrap import mean_interval
from .attribution import (
    METHODS,
    applicable,
    attribute,
    completeness_gap,
    gradient_input,
    integrated_gradients,
    occlusion,
)
from .faithfulness import agreement, curves, faithfulness, sanity, shuffled
from .gradients import class_scores, probabilities, score_gradients
from .importance import ablation, permutation_importance, permutation_intervals
from .layer_relevance import attention, grad_cam, last_map_layer
from .regions import box_means, boxes

__all__ = [
    "METHODS",
    "ablation",
    "agreement",
    "applicable",
    "attention",
    "attribute",
    "box_means",
    "boxes",
    "class_scores",
    "completeness_gap",
    "curves",
    "faithfulness",
    "grad_cam",
    "gradient_input",
    "integrated_gradients",
    "last_map_layer",
    "mean_interval",
    "occlusion",
    "permutation_importance",
    "permutation_intervals",
    "probabilities",
    "sanity",
    "score_gradients",
    "shuffled",
]
