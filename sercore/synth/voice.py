"""A source–filter voice: glottal pulses and breath, sent through formants.

Speech is a buzz or a hiss (the *source*) shaped by the resonances of throat and mouth (the
*filter*). :func:`render` calls, in this order:

1. :func:`~sercore.synth.syllables.articulate`: what tongue and lips do, every 8 ms,
2. :func:`f0_contour`: the melody,
3. :func:`glottal_source`: vocal folds that open and close along that melody, and breath,
4. :func:`vocal_tract`: formants that move with the tongue.

Notebook: 00_start_here.ipynb
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
"""Level of the neutral voice while it speaks: low enough for shouting to stay below full scale."""
ROOM_DBFS = -78.0
"""Level of the noise of a quiet room, so that silence is not digital zero."""
F0_LIMITS = (60.0, 600.0)
"""Lowest and highest pitch that anybody speaks with, in hertz."""
OPEN_QUOTIENT = 0.6
"""Part of every cycle during which the vocal folds are open."""


def render(
    prosody: Prosody,
    *,
    speaker: Speaker,
    sentence: int | str = 0,
    seed: int | Sequence[int] = 0,
    variation: float = 1.0,
) -> tuple[np.ndarray, int]:
    """Waveform of one sentence said by one speaker with one prosody.

    The same arguments give the same samples. Two prosodies with the same seed differ in nothing
    but their prosody, so a difference between the waves has a known cause. Level is kept: a loud
    voice has larger samples than a soft one.

    Parameters
    ----------
    prosody : Prosody
        What the speaker means to do, for example ``EMOTION_PROSODY["sad"]``.
    speaker : Speaker
        One of :data:`~sercore.synth.SPEAKERS`, or your own.
    sentence : int or str
        Number of one of :data:`~sercore.synth.SENTENCES`, or syllables such as ``"ba MI so"``.
    seed : int or sequence of int
        The take.
    variation : float
        How much takes differ; 0 makes the speaker's cues exact.

    Returns
    -------
    wave : np.ndarray [shape=(n_samples,)]
        Mono float32 within ±1, 1.5 to 3 s for the built-in sentences.
    sr : int
        16000 Hz.

    Raises
    ------
    SercoreError
        No such sentence, or a syllable that this voice cannot say.
    """
    if not isinstance(sentence, str):
        if not 0 <= sentence < len(SENTENCES):
            raise SercoreError(f"no sentence {sentence}: there are 0 to {len(SENTENCES) - 1}")
        sentence = SENTENCES[sentence]
    # Each step draws from its own stream, so a longer sentence does not change the melody.
    streams = np.random.SeedSequence(seed).spawn(6)
    take, tongue, melody, folds, air, room = (np.random.default_rng(stream) for stream in streams)
    cues = as_spoken(prosody, speaker=speaker, rng=take, variation=variation)
    tracks = articulate(cues, sentence=sentence, scale=17.0 / speaker.tract, rng=tongue)
    f0 = f0_contour(cues, tracks, f0=speaker.f0, rng=melody)
    source = glottal_source(f0, cues, rng=folds)
    speech = vocal_tract(source, tracks, tilt=cues.tilt, scale=17.0 / speaker.tract, rng=air)
    wave = speech * 10.0 ** ((NEUTRAL_DBFS + cues.loudness) / 20.0) / _spoken_rms(speech, tracks)
    wave += 10.0 ** (ROOM_DBFS / 20.0) * room.standard_normal(len(wave))
    # Only a voice far above those of the corpus gets here: it is turned down, never clipped.
    wave /= max(1.0, np.abs(wave).max() / 0.99)
    return wave.astype(np.float32), SR


def f0_contour(cues: Prosody, tracks: Tracks, *, f0: float, rng: np.random.Generator) -> np.ndarray:
    """Melody of a sentence in hertz, one value per posture.

    A straight line of slope ``f0_slope``, a hill of ``f0_range`` on every stressed syllable, the
    movement ``f0_final`` within the last syllable, and a ``tremor``; all in semitones around
    ``f0_level`` above the speaker's neutral pitch ``f0``.
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
    """Slope of the air flow through the vocal folds: one pulse per cycle, and breath.

    Within a cycle that lasts from 0 to 1 the folds are open until q = 0.6 and let t² (1 − t / q)
    through (Klatt & Klatt 1990, JASA 87). They shut abruptly, and that edge makes the upper
    harmonics, which fall by 6 dB per octave. It is the slope that lips radiate, not the flow.

    Parameters
    ----------
    f0 : np.ndarray [shape=(n_steps,)]
        Pitch in hertz, one value per posture.
    cues : Prosody
        ``jitter``, ``shimmer`` and ``breathiness`` are used.
    rng : np.random.Generator
        Source of irregularity and of breath.

    Returns
    -------
    np.ndarray [shape=(n_samples,)]
        The pulses alone have a root mean square of about 1.
    """
    # Pulses are made at three times the rate and then band-limited, or their edges would alias.
    up, n_samples = 3, round(len(f0) * STEP * SR)
    times = np.arange(up * n_samples) / (up * SR)
    cycles = np.cumsum(np.interp(times, (np.arange(len(f0)) + 0.5) * STEP, f0)) / (up * SR)
    n_cycles = int(cycles[-1]) + 3
    # Each closure comes a little early or late; a period errs by the difference of two of them.
    closures = np.arange(n_cycles) + rng.normal(0.0, cues.jitter / 100.0 / np.sqrt(2.0), n_cycles)
    strength = 10.0 ** (cues.shimmer / 20.0 * rng.standard_normal(n_cycles))
    cycles = np.interp(cycles, closures, np.arange(n_cycles))
    number = cycles.astype(int)
    phase = cycles - number
    pulses = _pulse(phase) / _PULSE_RMS * strength[number]
    pulses = soxr.resample(pulses, up * SR, SR, quality="MQ")
    # Air hisses through the open folds, so breath comes and goes with the pulses.
    opening = np.where(phase[::up] < OPEN_QUOTIENT, 1.0, 0.4)
    return pulses + 10.0 ** (cues.breathiness / 20.0) * opening * rng.standard_normal(n_samples)


def vocal_tract(
    source: np.ndarray, tracks: Tracks, *, tilt: float, scale: float, rng: np.random.Generator
) -> np.ndarray:
    """Speech that leaves the lips: the source through moving formants, plus the consonants' hiss.

    Short overlapping pieces of the source are filtered in the frequency domain, each with the
    response of its own posture, and added up again.

    Parameters
    ----------
    source : np.ndarray [shape=(n_samples,)]
        See :func:`glottal_source`.
    tracks : Tracks
        See :func:`~sercore.synth.syllables.articulate`.
    tilt : float
        Decibels per octave added above 500 Hz.
    scale : float
        17 cm divided by the length of the tract; moves the formants that no tongue can move.
    rng : np.random.Generator
        Source of the hiss.

    Returns
    -------
    np.ndarray [shape=(n_samples,)]
    """
    hop = round(STEP * SR)
    n_fft = 5 * hop  # a piece of two hops, and room for the formants to ring out
    f = np.fft.rfftfreq(n_fft, 1.0 / SR).astype(np.float32)
    response = 10.0 ** (tilt / 20.0 * np.log2(np.maximum(f, 500.0) / 500.0))
    # A tube has a resonance every 1000 Hz; even those beyond 8 kHz lift what lies below them.
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
    """Slope of the glottal flow at a phase of 0 to 1."""
    return np.where(phase < OPEN_QUOTIENT, phase * (2.0 - 3.0 * phase / OPEN_QUOTIENT), 0.0)


_PULSE_RMS = float(np.sqrt(np.mean(_pulse(np.arange(1000) / 1000) ** 2)))


def _resonance(f, formant):
    """Complex response of one formant in hertz, 1 at 0 Hz; higher formants are wider."""
    formant = np.asarray(formant, dtype=np.float32)
    return formant**2 / (formant**2 - f**2 + 1j * f * (50.0 + 0.04 * formant))


def _per_sample(track):
    """A track of one value per posture as one value per sample."""
    hop = round(STEP * SR)
    return np.interp(np.arange(len(track) * hop), (np.arange(len(track)) + 0.5) * hop, track)


def _pieces(x, hop, n_fft):
    """Spectra of overlapping pieces of two hops that add up to the whole [shape=(n_steps, n_bins)]."""
    pieces = np.lib.stride_tricks.sliding_window_view(
        np.append(x, np.zeros(hop)).astype(np.float32), 2 * hop
    )[::hop]
    return np.fft.rfft(pieces * np.hanning(2 * hop + 1)[:-1].astype(np.float32), n_fft)


def _spoken_rms(speech, tracks):
    """Root mean square of the part in which syllables are said."""
    spoken = (tracks.progress > 0.0) & (tracks.progress < tracks.progress[-1])
    return np.sqrt(np.mean(speech.reshape(len(spoken), -1)[spoken] ** 2))
