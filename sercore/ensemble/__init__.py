"""Ensembles of models, and whether their gain is real.

Everything works on out-of-fold tables (:mod:`sercore.evaluation.oof`) that hold the predictions of
several models for the same clips; no audio or network is needed. Members are identified by name.

==================  ==========================================================================
votes               :func:`soft_vote`, :func:`majority_vote`, :func:`mean_logits`;
                    :func:`score_votes` with intervals; :func:`combine_proba` for new clips;
                    :func:`oracle`, the upper bound
weights             :func:`evolve_weights` (PyGAD), :func:`optimal_weights` (SciPy),
                    :func:`best_single`, :func:`equal_weights`
stacking            :func:`fit_stack`: a meta-model on the members' probabilities
one-vs-rest         :func:`train_experts`: one binary model per class
nested evaluation   :func:`evaluate_nested`: all of these, fitted on the speakers of the
                    other folds
significance        :func:`compare_systems`, :func:`gain_by_members`, :func:`gain_by_tuning`
diversity           :func:`disagreement`, :func:`error_correlation`,
                    :func:`pairwise_diversity`
search space        :func:`weight_landscape`: every weighting of three members
==================  ==========================================================================

:func:`evolve_weights`, :func:`optimal_weights` and :func:`best_single` optimise the fitness *on the
table they are given*. That is not an estimate for new speakers; :func:`evaluate_nested` gives one.
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
