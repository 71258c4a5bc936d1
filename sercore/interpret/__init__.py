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
    applicable_methods,
    attribute,
    completeness_gap,
    gradient_input,
    integrated_gradients,
    occlusion,
)
from .counterfactual import flips
from .faithfulness import (
    compare_faithfulness,
    deletion_curves,
    method_agreement,
    sanity_check,
    shuffle_weights,
)
from .gradients import class_probabilities, class_scores, score_gradients
from .importance import ablation, permutation_importance, permutation_intervals
from .layer_relevance import attention_rollout, grad_cam, last_map_layer
from .regions import box_means, box_numbers

__all__ = [
    "METHODS",
    "ablation",
    "applicable_methods",
    "attention_rollout",
    "attribute",
    "box_means",
    "box_numbers",
    "class_probabilities",
    "class_scores",
    "compare_faithfulness",
    "completeness_gap",
    "deletion_curves",
    "flips",
    "grad_cam",
    "gradient_input",
    "integrated_gradients",
    "last_map_layer",
    "mean_interval",
    "method_agreement",
    "occlusion",
    "permutation_importance",
    "permutation_intervals",
    "sanity_check",
    "score_gradients",
    "shuffle_weights",
]
