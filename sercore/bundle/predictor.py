"""Prediction with a bundle: from a recording to the probability of every emotion.

A recording is read by :func:`sercore.audio.load`; its features are extracted once for all members that read
the same (:mod:`sercore.bundle.members`); the members vote, and the temperature of the bundle is applied.
"""

from __future__ import annotations

import contextlib
import copy
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from .. import audio, quiet
from ..errors import AudioError, BundleError, EvaluationError
from . import folder, networks, rejection
from .archives import brief
from .manifest import SPEAKER_FILE, Manifest, Member
from .members import extract, features_key, load_member
from .model_card import corpus_rows, summary
from .prediction import Prediction
from .speakers import Voice

TOLERANCE = 0.02
"""Largest difference between the probabilities for the reference signal now and at the time of training.
Rounding differs between machines and can change the decision of a tree; another model differs by more."""


_LONGEST, _PIECE = 8.0, 3.0
"""Seconds: a longer recording of a person is cut into pieces, because training clips are short."""


def _pieces(waves: dict[int, np.ndarray]) -> Iterator[dict[int, np.ndarray]]:
    """The waveforms of a recording, or those of its pieces if it is long; a shorter rest is left out."""
    seconds = min(wave.size / rate for rate, wave in waves.items())
    if seconds <= _LONGEST:
        yield waves
        return
    for start in np.arange(int(seconds / _PIECE)) * _PIECE:
        yield {
            rate: wave[round(start * rate) : round((start + _PIECE) * rate)] for rate, wave in waves.items()
        }


def reference_signal(sr: int, *, seconds: float = 1.2) -> np.ndarray:
    """A voice-like glide with two pauses, computed from sines alone.

    Its probabilities are stored in a bundle; if they differ on loading, the model has changed.

    Parameters
    ----------
    sr : int
        Sample rate in Hz.
    seconds : float
        Duration.

    Returns
    -------
    np.ndarray [shape=(n_samples,), dtype=float32]
        The same sound at every sample rate, and the same values on every machine up to rounding.

    Examples
    --------
    >>> reference_signal(16_000).shape
    (19200,)
    """
    t = np.arange(round(seconds * sr)) / sr
    phase = 2 * np.pi * (130 * t + 35 * t**2)
    voice = sum(np.sin(k * phase) / k for k in range(1, 16))
    hiss = sum(np.sin(2 * np.pi * hertz * t + hertz) for hertz in (2311.0, 3109.0, 4253.0, 5737.0))
    level = np.clip(0.5 - 0.7 * np.cos(2 * np.pi * 2.5 * t), 0.0, 1.0)
    return (level * (0.25 * voice + 0.01 * hiss)).astype(np.float32)


class Predictor:
    """A loaded bundle, which predicts the emotion of clips. Create it with :meth:`load`.

    Several threads may share a predictor: a prediction changes nothing in it, and has the same bits whatever
    else is running. What is known of a speaker is in the predictor of :meth:`for_speaker`, which belongs to
    one recording or stream.

    Parameters
    ----------
    manifest : Manifest
    members : dict of str to callable
        Functions from the features of one clip to probabilities [shape=(n_classes,)].
    digest : str
        SHA-256 of ``bundle.json``, which contains the digests of all other files.
    detector : sercore.evaluation.NoveltyDetector, optional
        Recognises clips unlike the training clips; without it, no clip is rejected.
    training : dict of tuple to (np.ndarray, np.ndarray), optional
        Mean and standard deviation of the training clips [shape=(n_features,)], by kind and recipe of
        features, of members that are normalised by speaker.

    See Also
    --------
    save : Write a bundle.
    get_predictor : Load a bundle, or a small default model.
    predict_files : Predict many recordings in parallel.

    Notebook: 03_mlp_baseline.ipynb
    """

    def __init__(
        self, manifest: Manifest, members: dict[str, Callable], digest: str, detector=None, training=None
    ):
        self.manifest, self.members, self.digest, self.detector = manifest, members, digest, detector
        self.training = training or {}
        self.voice = Voice(self.training)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike,
        *,
        backend: str = "auto",
        digest: str | None = None,
        tolerance: float = TOLERANCE,
    ) -> Predictor:
        """Load a bundle after checking that it is complete, unchanged and free of foreign classes.

        Every file is compared with its digest, and every class that it names with a list, before it is
        deserialised. Then the probabilities for :func:`reference_signal` are compared with those
        stored in training, so a library version that changes the predictions is detected.

        Parameters
        ----------
        path : path
            Folder of the bundle.
        backend : {"auto", "onnx", "keras"}
            Runtime of networks: by default ONNX Runtime if it is installed, else Keras.
        digest : str, optional
            Expected value of :attr:`digest`, obtained from a source you trust. Without it, damage is
            detected but not forgery. An empty or malformed value is an error.
        tolerance : float
            Largest accepted difference of a probability for the reference signal.

        Raises
        ------
        BundleError
            The bundle is damaged, altered, of another format, or contains classes that sercore models
            do not use.
        EncoderError
            The bundle needs an encoder whose weights are not installed.
        """
        if backend not in ("auto", "onnx", "keras"):
            raise BundleError(f"backend={backend!r}: must be 'auto', 'onnx' or 'keras'")
        path = Path(path)
        content = folder.read_manifest(path)
        found = folder.digest_of(content)
        if digest is not None and found != folder.valid_digest(digest):
            raise BundleError(f"{path}: digest {found}, expected {digest}; this is another bundle")
        manifest = Manifest.from_json(content, where=str(path / folder.MANIFEST))
        contents = folder.read_files(path, manifest.files)
        members, training = {}, {}
        for name, member in manifest.members.items():
            own = {file.split("/")[1]: data for file, data in contents.items() if file.startswith(f"{name}/")}
            members[name] = load_member(member, own, manifest.classes, backend, f"{path}/{name}")
            if member.speaker_norm:
                where = f"{path}/{name}/{SPEAKER_FILE}"
                training[features_key(member)] = networks.load_scaler(own[SPEAKER_FILE], where=where)
        detector = None
        if manifest.rejection is not None:
            detector = rejection.load(contents, manifest.rejection["threshold"], where=str(path))
        predictor = cls(manifest, members, found, detector, training)
        predictor._check_reference(tolerance, str(path))
        return predictor

    @property
    def classes(self) -> tuple[str, ...]:
        """Emotions in the order of the probabilities."""
        return self.manifest.classes

    @property
    def speaker_norm(self) -> bool:
        """Whether features are normalised by speaker; see :meth:`for_speaker`."""
        return bool(self.training)

    @property
    def sr(self) -> int:
        """Sample rate in Hz of the first member's features."""
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
            Probability by emotion, in the order of :attr:`classes`. It describes how a clip sounds to
            a model trained on acted emotion, not what a person feels.

        Raises
        ------
        AudioError
            The clip is not usable speech audio; ``reason`` names the cause.
        """
        return self.as_dict(self.proba(self.waves(clip, sr=sr)))

    def waves(
        self, clip: str | os.PathLike | np.ndarray, *, sr: int | None = None, channel: int | None = None
    ) -> dict[int, np.ndarray]:
        """Waveforms of a clip by sample rate in Hz, one for each rate that a member uses.

        Parameters
        ----------
        clip, sr
            See :meth:`predict`.
        channel : int, optional
            Channel to use of a file with several, from 0, instead of their mean.

        Returns
        -------
        dict of int to np.ndarray [shape=(n_samples,)]

        Raises
        ------
        AudioError
            The clip is not usable speech audio.
        """
        rates = sorted({member.recipe.sr for member in self.manifest.members.values()})
        if isinstance(clip, np.ndarray):
            return {rate: audio.convert(clip, sr or self.sr, sr=rate) for rate in rates}
        return {rate: audio.load(clip, sr=rate, channel=channel) for rate in rates}

    def proba(self, waves: dict[int, np.ndarray], *, novelty: bool = True) -> np.ndarray:
        """Weighted mean of the members' probabilities [shape=(n_classes,)] for the waveforms of one clip.

        The temperature of the bundle is applied to the mean. If the bundle knows a single corpus
        (:attr:`one_corpus`), probabilities also become more equal with the distance from its clips
        (:func:`sercore.evaluation.temper_by_distance`). BLAS uses one thread, so the result does not depend
        on the number of processes or cores.

        Parameters
        ----------
        waves : dict of int to np.ndarray [shape=(n_samples,)]
            From :meth:`waves`.
        novelty : bool
            Whether the distance counts. It does not apply to windows and edited sounds.
        """
        with quiet.one_thread():
            features = self._features(waves)
            return self._by_distance(features, self._vote(features)) if novelty else self._vote(features)

    def assess(self, clip: str | os.PathLike | np.ndarray, *, sr: int | None = None) -> Prediction:
        """The emotion of one clip, or why it gets none.

        Parameters
        ----------
        clip, sr
            See :meth:`predict`, which returns the probabilities even of a sound that is not speech.

        Returns
        -------
        Prediction
            With ``label``, ``confidence``, ``proba`` and ``rejected``.

        Raises
        ------
        AudioError
            The clip is not usable speech audio; ``reason`` names the cause.
        """
        return self.assess_waves(self.waves(clip, sr=sr))

    def for_speaker(
        self, clips: Iterable[str | os.PathLike | np.ndarray] = (), *, channel: int | None = None
    ) -> Predictor:
        """A predictor that normalises features with those of one person, if the bundle was trained so.

        Parameters
        ----------
        clips : path, np.ndarray [shape=(n_samples,)], or iterable of them
            Unlabelled recordings of the person, or waveforms at :attr:`sr`; the more and the more varied, the
            better. Those of more than eight seconds are cut into pieces of three, each of which counts as a
            clip. Recordings and pieces that cannot be used are left out, as are those that are not speech, if
            the bundle rejects clips.
        channel : int, optional
            Channel to use of recordings with several, from 0, instead of their mean.

        Returns
        -------
        Predictor
            Shares the models with this one, which is not changed.

        See Also
        --------
        sercore.training.speaker_normalise : the same in training.
        """
        clips = [clips] if isinstance(clips, str | os.PathLike | np.ndarray) else clips
        adapted = self.with_voice(Voice(self.training))
        for clip in clips if self.training else ():
            if isinstance(clip, str | os.PathLike) and os.path.isdir(clip):
                raise AudioError(
                    f"{clip}: a folder; pass the recordings in it, such as find_files([{str(clip)!r}])",
                    reason="not-audio",
                )
            with contextlib.suppress(AudioError):
                for waves in _pieces(self.waves(clip, channel=channel)):
                    with contextlib.suppress(AudioError), quiet.one_thread():
                        for rate, wave in waves.items():
                            audio.check(wave, rate, where="the piece")
                        features = self._features(waves)
                        if self._rejection(waves, features, novelty=False) is None:
                            adapted.voice.add(features)
        return adapted

    def with_voice(self, voice: Voice) -> Predictor:
        """A predictor that shares the models with this one and normalises features by a known voice."""
        adapted = copy.copy(self)
        adapted.voice = voice
        return adapted

    def assess_waves(
        self, waves: dict[int, np.ndarray], *, novelty: bool = True, adapt: bool = False
    ) -> Prediction:
        """As :meth:`assess`, given the waveforms from :meth:`waves`.

        Parameters
        ----------
        waves : dict of int to np.ndarray [shape=(n_samples,)]
        novelty : bool
            Whether to reject speech unlike the training clips, and to lower the confidence with the distance
            from them (:meth:`proba`). The limit was found on whole clips; it does not apply to windows,
            whose features differ.
        adapt : bool
            Whether the clip is of the speaker of :meth:`for_speaker` and adds to what is known of them.
        """
        with quiet.one_thread():
            features = self._features(waves)
            reason = self._rejection(waves, features, novelty)
            if adapt and reason is None:
                self.voice.add(features)
            proba = self._vote(features)
            return Prediction(self.as_dict(self._by_distance(features, proba) if novelty else proba), reason)

    def _features(self, waves: dict[int, np.ndarray]) -> dict[tuple, np.ndarray]:
        """Features of one clip, by kind and recipe."""
        extracted = {}
        for member in self.manifest.members.values():
            if features_key(member) not in extracted:
                extracted[features_key(member)] = extract(member, waves[member.recipe.sr])
        return extracted

    def _vote(self, features: dict[tuple, np.ndarray]) -> np.ndarray:
        """Calibrated probabilities [shape=(n_classes,)]."""
        mean = np.zeros(len(self.classes))
        for name, member in self.manifest.members.items():
            clip = features[features_key(member)]
            clip = self.voice.normalise(features_key(member), clip) if member.speaker_norm else clip
            mean += member.weight * self.members[name](clip)
        if not np.isfinite(mean).all():
            raise BundleError("the probabilities are not finite; the model is damaged")
        if self.manifest.temperature == 1.0:
            return mean
        from ..evaluation import apply_temperature

        return apply_temperature(mean, self.manifest.temperature)

    def _rejection(self, waves: dict, features: dict[tuple, np.ndarray], novelty: bool) -> str | None:
        """Reason for which the clip is rejected, if there is one."""
        if self.detector is None:
            return None
        from ..evaluation import rejection_reason

        member, row = self._novelty_row(features)
        try:
            detector = self.detector if novelty else None
            return rejection_reason(waves[member.recipe.sr], row, detector, sr=member.recipe.sr)
        except EvaluationError as error:
            raise BundleError(f"the novelty detector does not fit its features ({brief(error)})") from error

    def _by_distance(self, features: dict[tuple, np.ndarray], proba: np.ndarray) -> np.ndarray:
        """Probabilities with the confidence that is left at the distance from the only training corpus."""
        if not self.one_corpus:
            return proba
        from ..evaluation import temper_by_distance

        try:
            score = self.detector.score(self._novelty_row(features)[1][None])
        except EvaluationError as error:
            raise BundleError(f"the novelty detector does not fit its features ({brief(error)})") from error
        if score[0] <= self.detector.threshold:
            return proba
        return temper_by_distance(proba[None], score / self.detector.threshold)[0]

    def _novelty_row(self, features: dict[tuple, np.ndarray]) -> tuple[Member, np.ndarray]:
        """The member whose features the novelty detector reads, and its row."""
        member = self.manifest.members[self.manifest.rejection["member"]]
        return member, rejection.row_of(features[features_key(member)])

    def as_dict(self, proba: np.ndarray) -> dict[str, float]:
        """Probabilities [shape=(n_classes,)] as a dict by emotion."""
        return dict(zip(self.classes, map(float, proba), strict=True))

    def about(self) -> str:
        """What the model is, in short sentences, one per line: see :func:`sercore.bundle.model_card.summary`.

        Members and classes, training corpora with licences, and UA on other corpora and on held-out
        speakers.
        """
        return "\n".join(summary(self.manifest))

    def strangers(self) -> list[dict]:
        """Scores on corpora that the evaluated models were not trained on, without clips of the speaker.

        Returns
        -------
        list of dict
            With ``train``, ``test``, ``ua``, ``ua_low``, ``ua_high``, ``ece`` and others; empty if the
            bundle was not tested on other corpora.
        """
        return corpus_rows(self.manifest, known=False)

    @property
    def one_corpus(self) -> bool:
        """Whether speech is rejected that is unlike a single corpus, as nearly all other recordings are."""
        corpora = self.manifest.training.get("corpora", [])
        return self.detector is not None and len(corpora) == 1

    def _check_reference(self, tolerance: float, where: str) -> None:
        rates = {member.recipe.sr for member in self.manifest.members.values()}
        proba = self.proba({sr: reference_signal(sr) for sr in rates}, novelty=False)
        stored = np.array([self.manifest.reference[name] for name in self.classes])
        difference = float(np.abs(proba - stored).max())
        if not difference <= tolerance:
            raise BundleError(
                f"{where}: its predictions for the reference signal differ by {difference:.2g} from those "
                f"stored in training; it was written with {self.manifest.versions}: install these versions "
                "or train it again"
            )
