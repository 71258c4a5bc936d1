"""Live demonstrations: sliders around functions that work without them.

``Explorer`` shows and plays a clip, ``VoiceLab`` shapes a synthetic voice, ``Timeline`` follows a long
recording, ``Voting`` and ``Occluding`` ask models. They share a ``Player`` (picture, sound, moving line),
quick ``Picture`` s, ``SoundInput`` (upload and microphone) and ``Debounced`` (of a burst of events, only the
last counts). Nothing is loaded before it is used.

>>> from sercore import widgets
>>> widgets.Explorer("demo")

Notebook: demo.ipynb
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "debounce": ["Debounced"],
        "explorer": ["ClipChooser", "Explorer"],
        "occluding": ["Occluding"],
        "player": ["Player", "wav_bytes"],
        "timeline": ["Timeline"],
        "upload": ["Message", "SoundInput", "Recorder", "Upload", "load_bytes"],
        "voice_lab": ["VoiceLab"],
        "voting": ["Voting"],
    },
)
