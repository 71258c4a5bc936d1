"""MP3: frames without a container, counted and compared with the index."""

from __future__ import annotations

from .frames import Frame, declared_frames, index_frame, next_frame
from .open_file import JUNK, File, tag_size


def check_mp3(file: File) -> tuple[bytes | None, int]:
    """Count the frames; an index that declares them is checked, a missing one is added."""
    data = bytes(file.content())
    position = tag_size(data, 0)
    first = Frame.parse(data, position)
    if first is None or declared_frames(data, position, first) is None:
        position = next_frame(data, position)
    if position is None:
        return None, 0  # not MPEG audio, or of a free bit rate
    begin, first = position, Frame.parse(data, position)
    declared = declared_frames(data, position, first)
    n_frames, partial, beyond = 0, False, 0  # beyond: position of the first frame that is not declared
    while position < len(data):
        frame = Frame.parse(data, position)
        if frame and frame.kind == first.kind:
            if position > begin and declared_frames(data, position, frame) is not None:
                raise file.joined(position)
            partial = position + frame.size > len(data)
            beyond = beyond or (position if declared and n_frames == declared + 2 else 0)
            n_frames += not partial
            position += frame.size
        elif size := tag_size(data, position):
            position += size
        else:
            lost, position = position, next_frame(data, position)
            if position is None:
                rest, position = data[lost:], len(data)
                if len(rest) >= JUNK and any(rest):
                    raise file.cut(f"the {len(rest)} bytes after byte {lost} are not MPEG audio")
                partial = len(rest) < 4 and rest.startswith(b"\xff")
                break
            if Frame.parse(data, position).kind != first.kind:
                raise file.joined(position)
    if declared is None:
        if partial and position != len(data) + 1:  # some encoders leave out the last padding byte
            raise file.cut("the end of its last frame is missing")
        expected = n_frames * first.n_samples
        if first.layer != 3:
            return None, expected
        return data[:begin] + index_frame(data[begin : begin + 4], n_frames) + data[begin:], expected
    n_frames -= 1  # the index is not audio
    if declared > 0 and n_frames < declared - (not partial):  # some encoders count the index
        raise file.cut(f"its index declares {declared} frames, {n_frames} are there")
    if beyond:
        raise file.joined(beyond)
    return None, 0
