"""What a model relies on, and whether the explanation is faithful to the model.

==================  ==========================================================================
data                :mod:`~sercore.interpret.emotion_profiles`: averages per emotion and their
                    difference to neutral
attribution maps    :mod:`~sercore.interpret.attribution`: evidence per frame and feature, by
                    :mod:`~sercore.interpret.gradients`,
                    :mod:`~sercore.interpret.layer_relevance` and occlusion;
                    :mod:`~sercore.interpret.regions`: boxes, voiced segments and words;
                    :mod:`~sercore.interpret.removal`: for any model, by removing sound
tables              :mod:`~sercore.interpret.importance`: groups of columns, by permutation and
                    ablation
tests               :mod:`~sercore.interpret.faithfulness`: deletion, insertion, shuffled
                    weights; :mod:`~sercore.interpret.synthetic_benchmark` and
                    :mod:`~sercore.interpret.synthetic_benchmark_tables`: synthetic speech in
                    which the cause of each label is known
listening           :mod:`~sercore.interpret.sonification`: the evidence as sound, predictions
                    for clips with a part removed
counterfactuals     :mod:`~sercore.interpret.counterfactual`: smallest change of a voice
                    parameter that changes the prediction
errors              :mod:`~sercore.interpret.error_analysis`: confused emotions, worst clips,
                    human listeners
==================  ==========================================================================

These methods describe what a *model* relied on. They show nothing about what a person felt.
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
from .removal import sound_occlusion

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
    "sound_occlusion",
]
