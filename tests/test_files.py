"""File patterns that the shell has not expanded."""

import pytest

from sercore.errors import AudioError
from sercore.files import expand_patterns


def test_expand_patterns(tmp_path):
    for name in ("b.wav", "a.wav", "c.flac", "in/d.wav", "[x].wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    base = str(tmp_path)
    assert expand_patterns([f"{base}/[ab].wav"]) == [f"{base}/a.wav", f"{base}/b.wav"]
    assert expand_patterns([f"{base}/?.flac", "-", tmp_path]) == [f"{base}/c.flac", "-", base]
    assert f"{base}/in/d.wav" in expand_patterns([f"{base}/**/*.wav"])
    assert expand_patterns([f"{base}/[x].wav"]) == [f"{base}/[x].wav"], "the name of a file is not a pattern"
    with pytest.raises(AudioError, match=r"\*\.mp3: no file matches this pattern"):
        expand_patterns([f"{base}/*.mp3"])
