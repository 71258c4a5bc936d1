"""A source–filter voice: glottal pulses and breath noise, filtered by formants.

Speech is a periodic or noisy *source*, shaped by the resonances of the vocal tract, the *filter*.
:func:`render` calls, in this order:

1. :func:`~sercore.synth.speakers.as_spoken`: the cues as this speaker produces them,
2. :func:`~sercore.synth.syllables.articulate`: the articulation, in frames of 8 ms,
3. :func:`f0_contour`: the pitch contour,
4. :func:`glottal_source`: vocal folds that open and close at that pitch, and breath noise,
5. :func:`vocal_tract`: the moving formants.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import soxr

from ..errors import SercoreError
from .prosody import Prosody
from .speakers import Speaker, as_spoken
from .syllables import SENTENCES, STEP, Tracks, articulate

SR = 16_000
"""Sampling rate of everything rendered, in hertz."""
NEUTRAL_DBFS = -32.0
"""Level of the neutral voice during speech: low enough for shouting to stay below full scale."""
ROOM_DBFS = -78.0
"""Level of background noise, so that silence is not digital zero."""
F0_LIMITS = (60.0, 600.0)
"""Lowest and highest pitch in hertz; the contour is clipped to it."""
OPEN_QUOTIENT = 0.6
"""Fraction of every cycle during which the vocal folds are open."""


def render(
    prosody: Prosody,
    *,
    speaker: Speaker,
    sentence: int | str = 0,
    seed: int | Sequence[int] = 0,
    variation: float = 1.0,
) -> tuple[np.ndarray, int]:
    """Waveform of one sentence spoken by one speaker with one prosody.

    The same arguments give the same samples. Two waves with the same seed differ only because of their
    prosody, so the cause of any difference is known. The level is not normalised: a loud
    voice has larger samples than a soft one.

    Parameters
    ----------
    prosody : Prosody
        The intended cues, for example ``EMOTION_PROSODY["sad"]``.
    speaker : Speaker
        One of :data:`~sercore.synth.SPEAKERS`, or your own.
    sentence : int or str
        Index into :data:`~sercore.synth.SENTENCES`, or syllables such as ``"ba MI so"``.
    seed : int or sequence of int
        Seed of the repetition.
    variation : float
        Factor on the variation of cues between repetitions; 0 switches it off.

    Returns
    -------
    wave : np.ndarray [shape=(n_samples,)]
        Mono float32 within ±1, 1.5 to 3 s for the built-in sentences.
    sr : int
        16000 Hz.

    Raises
    ------
    SercoreError
        There is no such sentence, or a syllable is unknown.

    See Also
    --------
    Voice : a speaker without habits, with one adjustable parameter per cue.

    Examples
    --------
    >>> from sercore.synth import EMOTION_PROSODY, SPEAKERS
    >>> angry, sr = render(EMOTION_PROSODY["angry"], speaker=SPEAKERS["M2"], seed=1)
    >>> sad, sr = render(EMOTION_PROSODY["sad"], speaker=SPEAKERS["M2"], seed=1)
    >>> bool(np.std(angry) > 2 * np.std(sad))
    True

    Notebook: 09_leaving_the_studio.ipynb
    """
    if not isinstance(sentence, str):
        if not 0 <= sentence < len(SENTENCES):
            raise SercoreError(f"no sentence {sentence}; choose 0 to {len(SENTENCES) - 1}")
        sentence = SENTENCES[sentence]
    # each step draws from its own stream, so a longer sentence does not change the pitch contour
    streams = np.random.SeedSequence(seed).spawn(6)
    cue_rng, tongue, melody, folds, air, room = (np.random.default_rng(stream) for stream in streams)
    cues = as_spoken(prosody, speaker=speaker, rng=cue_rng, variation=variation)
    tracks = articulate(cues, sentence=sentence, scale=17.0 / speaker.tract, rng=tongue)
    f0 = f0_contour(cues, tracks, f0=speaker.f0, rng=melody)
    source = glottal_source(f0, cues, rng=folds)
    speech = vocal_tract(source, tracks, tilt=cues.tilt, scale=17.0 / speaker.tract, rng=air)
    wave = speech * 10.0 ** ((NEUTRAL_DBFS + cues.loudness) / 20.0) / _spoken_rms(speech, tracks)
    wave += 10.0 ** (ROOM_DBFS / 20.0) * room.standard_normal(len(wave))
    # scaled instead of clipped; no voice of the demo corpus is that loud
    wave /= max(1.0, np.abs(wave).max() / 0.99)
    return wave.astype(np.float32), SR


def f0_contour(cues: Prosody, tracks: Tracks, *, f0: float, rng: np.random.Generator) -> np.ndarray:
    """Pitch contour of a sentence in hertz, one value per frame of the articulation.

    The sum of a straight line of slope ``f0_slope``, a peak of height ``f0_range`` on every stressed
    syllable, the change ``f0_final`` within the last syllable, and a ``tremor``; in semitones, around
    ``f0_level`` above the speaker's neutral pitch ``f0``.

    Parameters
    ----------
    cues : Prosody
        The cues named above are used.
    tracks : Tracks
        See :func:`~sercore.synth.syllables.articulate`.
    f0 : float
        The speaker's neutral pitch in hertz.
    rng : np.random.Generator
        Source of small variations per syllable and of the phase of the tremor.

    Returns
    -------
    np.ndarray [shape=(n_steps,)]
    """
    n_syllables = round(tracks.progress[-1])
    uneven = rng.normal(0.0, 0.3, n_syllables + 1)
    tremor = np.sin(2.0 * np.pi * (6.0 * STEP * np.arange(len(tracks.progress)) + rng.uniform()))
    semitones = (
        cues.f0_level
        + cues.f0_slope * (tracks.progress / n_syllables - 0.5)
        + cues.f0_range * (tracks.stress - tracks.stress.mean())
        + cues.f0_final * np.clip(tracks.progress - n_syllables + 1.0, 0.0, 1.0)
        + cues.tremor * tremor
        + np.interp(tracks.progress, np.arange(n_syllables + 1), uneven)
    )
    return np.clip(f0 * 2.0 ** (semitones / 12.0), *F0_LIMITS)


def glottal_source(f0: np.ndarray, cues: Prosody, *, rng: np.random.Generator) -> np.ndarray:
    """Derivative of the glottal flow: one pulse per cycle, plus breath noise.

    Within a cycle from 0 to 1 the vocal folds are open until q = 0.6, and the flow is t² (1 − t / q)
    (Klatt & Klatt 1990, JASA 87). The abrupt closure produces the upper harmonics, which fall by
    6 dB per octave. The derivative is used because lips radiate the derivative of the flow.

    Parameters
    ----------
    f0 : np.ndarray [shape=(n_steps,)]
        Pitch in hertz, one value per frame of the articulation.
    cues : Prosody
        ``jitter``, ``shimmer`` and ``breathiness`` are used.
    rng : np.random.Generator
        Source of jitter, shimmer and breath noise.

    Returns
    -------
    np.ndarray [shape=(n_samples,)]
        The pulses alone have a root mean square of about 1.
    """
    # pulses are made at three times the sample rate and then band-limited to avoid aliasing
    up, n_samples = 3, round(len(f0) * STEP * SR)
    times = np.arange(up * n_samples) / (up * SR)
    cycles = np.cumsum(np.interp(times, (np.arange(len(f0)) + 0.5) * STEP, f0)) / (up * SR)
    n_cycles = int(cycles[-1]) + 3
    # each closure is displaced, and a period changes by the difference of two displacements: hence √2
    closures = np.arange(n_cycles) + rng.normal(0.0, cues.jitter / 100.0 / np.sqrt(2.0), n_cycles)
    strength = 10.0 ** (cues.shimmer / 20.0 * rng.standard_normal(n_cycles))
    cycles = np.interp(cycles, closures, np.arange(n_cycles))
    number = cycles.astype(int)
    phase = cycles - number
    pulses = _pulse(phase) / _PULSE_RMS * strength[number]
    pulses = soxr.resample(pulses, up * SR, SR, quality="MQ")
    # breath noise is stronger while the folds are open
    opening = np.where(phase[::up] < OPEN_QUOTIENT, 1.0, 0.4)
    return pulses + 10.0 ** (cues.breathiness / 20.0) * opening * rng.standard_normal(n_samples)


def vocal_tract(
    source: np.ndarray, tracks: Tracks, *, tilt: float, scale: float, rng: np.random.Generator
) -> np.ndarray:
    """Speech: the source filtered by moving formants, plus the noise of consonants.

    Short overlapping frames of the source are filtered in the frequency domain, each with the
    formants of its own frame of the articulation, and added up again.

    Parameters
    ----------
    source : np.ndarray [shape=(n_samples,)]
        See :func:`glottal_source`.
    tracks : Tracks
        See :func:`~sercore.synth.syllables.articulate`.
    tilt : float
        Decibels per octave added above 500 Hz.
    scale : float
        17 cm divided by the vocal-tract length; scales the upper, fixed formants.
    rng : np.random.Generator
        Source of the frication noise.

    Returns
    -------
    np.ndarray [shape=(n_samples,)]
    """
    hop = round(STEP * SR)
    n_fft = 5 * hop  # a frame of two hops, and three for the decay of the formants
    f = np.fft.rfftfreq(n_fft, 1.0 / SR).astype(np.float32)
    response = 10.0 ** (tilt / 20.0 * np.log2(np.maximum(f, 500.0) / 500.0))
    # a tube has a resonance every 1000 Hz; even those above 8 kHz raise the level below
    for formant in np.arange(3500.0, 20_000.0, 1000.0):
        response = response * _resonance(f, formant * scale)
    for formant in tracks.formants:
        response = response * _resonance(f, formant[:, None])
    spectrum = _pieces(source * _per_sample(tracks.voice), hop, n_fft) * response
    hiss = rng.standard_normal(len(source)) * _per_sample(tracks.hiss)
    octaves = np.log2(np.maximum(f, 50.0) / tracks.colour[:, None].astype(np.float32))
    spectrum += _pieces(hiss, hop, n_fft) * np.exp(-0.5 * (octaves / 0.5) ** 2)
    pieces = np.fft.irfft(spectrum, n_fft).reshape(len(spectrum), -1, hop)
    speech = np.zeros((len(pieces) + pieces.shape[1], hop))
    for k in range(pieces.shape[1]):
        speech[k : k + len(pieces)] += pieces[:, k]
    return speech.ravel()[: len(source)]


def _pulse(phase):
    """Derivative of the glottal flow at a phase of 0 to 1."""
    return np.where(phase < OPEN_QUOTIENT, phase * (2.0 - 3.0 * phase / OPEN_QUOTIENT), 0.0)


_PULSE_RMS = float(np.sqrt(np.mean(_pulse(np.arange(1000) / 1000) ** 2)))


def _resonance(f, formant):
    """Complex response of one formant in hertz, 1 at 0 Hz; higher formants are wider."""
    formant = np.asarray(formant, dtype=np.float32)
    return formant**2 / (formant**2 - f**2 + 1j * f * (50.0 + 0.04 * formant))


def _per_sample(track):
    """A track of one value per frame, interpolated to one value per sample."""
    hop = round(STEP * SR)
    return np.interp(np.arange(len(track) * hop), (np.arange(len(track)) + 0.5) * hop, track)


def _pieces(x, hop, n_fft):
    """Spectra of overlapping frames of two hops that add up to ``x`` [shape=(n_steps, n_bins)]."""
    pieces = np.lib.stride_tricks.sliding_window_view(
        np.append(x, np.zeros(hop)).astype(np.float32), 2 * hop
    )[::hop]
    return np.fft.rfft(pieces * np.hanning(2 * hop + 1)[:-1].astype(np.float32), n_fft)


def _spoken_rms(speech, tracks):
    """Root mean square of the spoken part, without the silence before and after."""
    spoken = (tracks.progress > 0.0) & (tracks.progress < tracks.progress[-1])
    return np.sqrt(np.mean(speech.reshape(len(spoken), -1)[spoken] ** 2))
