"""Two sentences about each numbered notebook, for the summary page."""

from __future__ import annotations

__all__ = ["ABSTRACTS"]

ABSTRACTS = {
    "00": (
        "Checks the installation and lists the corpora that are on this machine.",
        "Shows the two ways of dividing a corpus, of which only one tests on new voices.",
    ),
    "01": (
        "Looks for imbalance, duplicates and silence before any model is trained.",
        "Shows how loudness and pitch carry emotion, and how much of them is the person.",
    ),
    "02": (
        "Turns a clip into one row of a table, with each step built by hand once.",
        "Shows how much the columns reveal about the emotion, and about the speaker.",
    ),
    "03": (
        "Compares simple models with a dummy that always predicts the same class.",
        "Measures what a random split gives away, and which features a model uses and needs.",
    ),
    "04": (
        "Trains recurrent networks, and computes one LSTM step and one attention weight by hand.",
        "Tests whether the order of the frames and a second direction matter.",
    ),
    "05": (
        "Trains convolutional and hybrid networks on spectrograms, also with augmented voices.",
        "Compares them by score and by cost, on the same folds.",
    ),
    "06": (
        "Combines models by voting, by evolved weights and by stacking.",
        "Tests on held-out speakers whether the gain over the best single model is real.",
    ),
    "07": (
        "Maps which parts of a spectrogram a network responds to.",
        "Tests whether the maps are faithful, also against causes that were planted.",
    ),
    "08": (
        "Uses the encoder of a speech recogniser (Whisper) as a feature extractor.",
        "Tests what its training contributes, and how much it knows about the speaker.",
    ),
    "09": (
        "Tests a model in other studios, in another language and in noise.",
        "Shows when its confidence can be trusted, and lets it refuse to answer.",
    ),
    "10": (
        "Lets you speak to a model, and tests models on recordings of your own class.",
        "Compares them with people who do the same task.",
    ),
}
"""Abstracts by the number of the notebook; they state what is done and contain no scores."""
