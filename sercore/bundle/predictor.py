"""A bundle at work: from a recording to the probability of every emotion.

Features are made by the functions that made the training features (:func:`sercore.audio.load`, then
:func:`sercore.features.table_row` or :func:`sercore.features.frames` with the bundle's recipe, then
:func:`sercore.training.standardise`), so nothing can differ between training and use.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .. import audio, features
from ..errors import BundleError
from ..training.normalisation import standardise
from . import estimators, folder, networks
from .manifest import Manifest, Member
from .reference_signal import reference_signal

TOLERANCE = 0.02
"""How far the answer to the probe may lie from the one noted in training, before a bundle is refused.
Rounding differs between machines and may move a tree's decision; another model differs by more."""

_MAKE = {"table": features.table_row, "frames": features.frames}


class Predictor:
    """A loaded bundle. :meth:`load` makes one.

    Parameters
    ----------
    manifest : Manifest
    members : dict of str to callable
        From the features of one clip to probabilities [shape=(n_classes,)].
    digest : str
        SHA-256 of ``bundle.json``, which holds the digests of all other files.
    """

    def __init__(self, manifest: Manifest, members: dict[str, Callable], digest: str):
        self.manifest, self.members, self.digest = manifest, members, digest

    @classmethod
    def load(
        cls, path: str | os.PathLike, *, backend: str = "auto", digest: str | None = None, tolerance=TOLERANCE
    ) -> Predictor:
        """Read a bundle, or say why it cannot be trusted.

        Every file is compared with its digest, and every class named in it with a list, before any of
        it is deserialised. Then the model must give the answer to a test sound that it gave when it
        was trained; another library version that changes it is noticed here.

        Parameters
        ----------
        path : path
            The folder.
        backend : {"auto", "onnx", "keras"}
            What runs networks: by default ONNX Runtime where it is installed, else Keras.
        digest : str, optional
            What :attr:`digest` must be. Whoever sends you a bundle can send its digest another way;
            without it, digests show damage, not deceit.
        tolerance : float
            Largest difference to the noted answer.

        Raises
        ------
        BundleError
            Damaged, altered, newer than this sercore, or not made of what sercore makes models of.
        """
        if backend not in ("auto", "onnx", "keras"):
            raise BundleError(f"backend={backend!r}: say 'auto', 'onnx' or 'keras'")
        path = Path(path)
        content = folder.read_manifest(path)
        found = folder.digest_of(content)
        if digest is not None and found != digest.lower():
            raise BundleError(f"{path}: digest {found}, but {digest} was asked for; this is another bundle")
        manifest = Manifest.from_json(content, where=str(path / folder.MANIFEST))
        contents = folder.read_files(path, manifest.files)
        members = {}
        for name, member in manifest.members.items():
            own = {file.split("/")[1]: data for file, data in contents.items() if file.startswith(f"{name}/")}
            members[name] = _member(member, own, manifest.classes, backend, f"{path}/{name}")
        predictor = cls(manifest, members, found)
        predictor._check_probe(tolerance, str(path))
        return predictor

    @property
    def classes(self) -> tuple[str, ...]:
        """Emotions, in the order of probabilities."""
        return self.manifest.classes

    @property
    def sr(self) -> int:
        """Sample rate of the first member's features in Hz."""
        return next(iter(self.manifest.members.values())).recipe.sr

    def predict(self, clip: str | os.PathLike | np.ndarray, *, sr: int | None = None) -> dict[str, float]:
        """Probability of every emotion for one clip.

        Parameters
        ----------
        clip : path or np.ndarray [shape=(n_samples,)]
            A recording, or a mono waveform in [-1, 1].
        sr : int, optional
            Sample rate of a waveform in Hz; by default :attr:`sr`.

        Returns
        -------
        dict of str to float
            Emotion to probability, in the order of :attr:`classes`. Read from sound alone, by a model
            that learnt from acted emotion: how a clip sounds, not what somebody feels.

        Raises
        ------
        AudioError
            The clip is not usable speech audio; ``reason`` says why.
        """
        return self.as_dict(self.proba(self.waves(clip, sr=sr)))

    def waves(self, clip, *, sr: int | None = None) -> dict[int, np.ndarray]:
        """The clip at every sample rate that a member reads."""
        rates = sorted({member.recipe.sr for member in self.manifest.members.values()})
        if isinstance(clip, np.ndarray):
            return {rate: audio.convert(clip, sr or self.sr, sr=rate) for rate in rates}
        return {rate: audio.load(clip, sr=rate) for rate in rates}

    def proba(self, waves: dict[int, np.ndarray]) -> np.ndarray:
        """Probabilities [shape=(n_classes,)] from the waves of one clip: the members' weighted mean."""
        made, votes = {}, np.zeros(len(self.classes))
        for name, member in self.manifest.members.items():
            key = member.features, member.recipe
            if key not in made:
                made[key] = _MAKE[member.features](waves[member.recipe.sr], member.recipe)
            votes += member.weight * self.members[name](made[key])
        if not np.isfinite(votes).all():
            raise BundleError("the model answers with values that are not finite; it is damaged")
        return votes

    def as_dict(self, proba: np.ndarray) -> dict[str, float]:
        """Probabilities [shape=(n_classes,)] by emotion."""
        return dict(zip(self.classes, map(float, proba), strict=True))

    def about(self) -> str:
        """One line: the members, what they were trained on, how good they were on unknown speakers."""
        corpora = ", ".join(
            f"{c['title']} ({c['licence']})" for c in self.manifest.training.get("corpora", [])
        )
        line = f"{' + '.join(self.members)} trained on {corpora or 'unknown recordings'}"
        scores = self.manifest.evaluation
        if scores:
            line += f"; UA {100 * scores['ua']:.1f} %"
            if scores["ua_low"] is not None:
                low, high = (100 * scores[end] for end in ("ua_low", "ua_high"))
                line += f" [{low:.1f}, {high:.1f}] over {scores['interval']}"
            line += f" on {scores['n_clips']} clips left out by split {scores['split']}"
        return line

    def _check_probe(self, tolerance: float, where: str) -> None:
        waves = {
            member.recipe.sr: reference_signal(member.recipe.sr) for member in self.manifest.members.values()
        }
        away = float(np.abs(self.proba(waves) - self.manifest.probe).max())
        if not away <= tolerance:
            raise BundleError(
                f"{where}: answers the test sound otherwise than when it was trained (by {away:.2g}); it was "
                f"written with {self.manifest.versions}, install these versions or train it again"
            )


def _member(member: Member, contents: dict, classes, backend: str, where: str) -> Callable:
    """A function from the features of one clip to its probabilities."""
    if member.kind == "sklearn":
        return _estimator(
            estimators.load(contents["model.skops"], where=f"{where}/model.skops"), classes, where
        )
    mean, std = networks.load_scaler(contents["scaler.npz"], where=f"{where}/scaler.npz")
    use_onnx = "network.onnx" in contents and (
        backend == "onnx" or (backend == "auto" and _has_onnxruntime())
    )
    if backend == "onnx" and not use_onnx:
        raise BundleError(f"{where}: has no network.onnx; load it with backend='keras'")
    if use_onnx:
        run = networks.run_onnx(contents["network.onnx"], where=f"{where}/network.onnx")
    else:
        run = networks.run_keras(contents["network.keras"], where=f"{where}/network.keras")

    def proba(clip: np.ndarray) -> np.ndarray:
        if clip.shape[0] != mean.size:
            raise BundleError(f"{where}: made for {mean.size} features, its recipe makes {clip.shape[0]}")
        return _checked(run(standardise([clip], mean, std)[0]), classes, where)

    return proba


def _estimator(model, classes, where: str) -> Callable:
    from ..training.classical import predict_proba

    def proba(row: np.ndarray) -> np.ndarray:
        try:
            return _checked(predict_proba(model, row[None], classes)[0], classes, where)
        except (ValueError, AttributeError, TypeError, IndexError, NotImplementedError) as error:
            raise BundleError(f"{where}: the model does not fit its features or classes ({error})") from error

    return proba


def _checked(proba: np.ndarray, classes, where: str) -> np.ndarray:
    if proba.shape != (len(classes),):
        raise BundleError(f"{where}: {proba.shape} probabilities for {len(classes)} classes")
    return proba


def _has_onnxruntime() -> bool:
    from importlib.util import find_spec

    return find_spec("onnxruntime") is not None
