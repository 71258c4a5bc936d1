"""Several models together, and whether that is worth it.

Everything works on out-of-fold tables (:mod:`sercore.evaluation.oof`), with several models below each
other: no audio, no network, seconds. Members are named, never counted.

==================  ================================================================================
votes               :func:`soft_vote`, :func:`majority_vote`, :func:`mean_logits`; :func:`combine` for
                    new clips; :func:`oracle`, the bound
weights             :func:`evolve_weights` (PyGAD), :func:`optimal_weights` (scipy), :func:`best_single`, :func:`equal_weights`
stacking            :func:`fit_stack`: a model that reads the members' probabilities; :func:`train_experts`:
                    members that know one class each
on other people     :func:`evaluate_nested`: all of these, fitted on the speakers of the other folds
is it real          :func:`compare_systems`, :func:`gain_by_members`, :func:`gain_by_tuning`
how different       :func:`disagreement`, :func:`error_correlation`, :func:`pairs`
the search space    :func:`weight_landscape`: every weighting of three members
==================  ================================================================================

:func:`evolve_weights`, :func:`optimal_weights` and :func:`best_single` return what is best *on the table they are
given*. That is no result about new people; :func:`evaluate_nested` is.

Notebook: 06_ensembles.ipynb
"""

from .baselines import best_single, equal_weights, optimal_weights
from .fitness import METRICS, Fitness, Weighting, to_simplex, weight_landscape
from .genetic_algorithm import PRESETS, Evolution, evolve_weights
from .nested import SYSTEMS, Nested, evaluate_nested
from .one_vs_rest import classical_expert, network_expert, train_experts
from .predictions import Members, align, seeds_as_members
from .significance import (
    compare_systems,
    disagreement,
    error_correlation,
    gain_by_members,
    gain_by_tuning,
    pairwise_diversity,
)
from .stacking import META_MODELS, Stack, fit_stack
from .voting import combine_proba, majority_vote, mean_logits, oracle, score_votes, soft_vote

__all__ = [
    "META_MODELS",
    "METRICS",
    "PRESETS",
    "SYSTEMS",
    "Evolution",
    "Fitness",
    "Members",
    "Nested",
    "Stack",
    "Weighting",
    "align",
    "best_single",
    "classical_expert",
    "combine_proba",
    "compare_systems",
    "disagreement",
    "equal_weights",
    "error_correlation",
    "evaluate_nested",
    "evolve_weights",
    "fit_stack",
    "gain_by_members",
    "gain_by_tuning",
    "majority_vote",
    "mean_logits",
    "network_expert",
    "optimal_weights",
    "oracle",
    "pairwise_diversity",
    "score_votes",
    "seeds_as_members",
    "soft_vote",
    "to_simplex",
    "train_experts",
    "weight_landscape",
]
