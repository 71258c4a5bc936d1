"""Interactive widgets for notebooks, built on functions that also work without them.

:class:`Explorer` shows and plays clips, :class:`VoiceLab` controls a synthetic voice, :class:`Timeline` shows
predictions over a long recording, :class:`HearMe` and :class:`Live` those of one's own voice,
:class:`Voting` weights the members of an ensemble, and :class:`Occluding` removes parts of a clip.
:class:`Booth` records a corpus, and :class:`ListeningTest` compares people with a model.
:class:`PageTools` sets the text size of all widgets of a page. They share
:class:`Player` (picture and sound), :class:`SoundInput` (upload and microphone), :class:`Shortcuts` and
:class:`Debounced` (one call for a series of events). ``ipywidgets`` is imported on first use.

Examples
--------
>>> from sercore import widgets
>>> widgets.Explorer("demo")  # doctest: +SKIP
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "booth": ["Booth"],
        "debounce": ["Debounced"],
        "explorer": ["ClipChooser", "Explorer"],
        "hear_me": ["HearMe"],
        "level": ["LevelProbe"],
        "listening_test": ["ListeningTest"],
        "live": ["Live"],
        "shortcuts": ["Shortcuts"],
        "occluding": ["Occluding"],
        "page_tools": ["PageTools"],
        "player": ["Player", "wav_bytes"],
        "timeline": ["Timeline"],
        "upload": ["Message", "SoundInput", "Recorder", "Upload", "load_bytes"],
        "voice_lab": ["VoiceLab"],
        "voting": ["Voting"],
    },
)
