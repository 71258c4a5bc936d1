"""Live predictions and "hear me" with a fake microphone that plays a file."""

import io
import re
from itertools import pairwise

import numpy as np
import pytest
import soundfile
from browser.acting import Widget
from browser.opening import opened, write_cells
from playwright.sync_api import expect
from toys.voices import save_small

from sercore.bundle import Recording

pytestmark = pytest.mark.slow

TIMEOUT = 60.0

LISTEN_SECONDS = 4
"""Seconds of listening after speech and a pause were shown."""

WATCH = """() => {
  if (window.sercoreStreams) return;
  window.sercoreStreams = [];
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await open(wanted);
    window.sercoreStreams.push(stream);
    return stream;
  };
}"""
"""Remember the streams of the microphone."""

OPEN_TRACKS = """() => window.sercoreStreams.flatMap((stream) => stream.getTracks())
  .filter((track) => track.readyState === "live").length"""

LOSE = "() => window.sercoreStreams.at(-1).getTracks()[0].dispatchEvent(new Event('ended'))"
"""What the browser does if a device is unplugged."""

MEMO = """async ([type, name]) => {
  const context = new AudioContext();
  const target = context.createMediaStreamDestination();
  const source = context.createOscillator();
  const gain = context.createGain();
  gain.gain.value = 0.3;
  source.frequency.value = 440;
  source.connect(gain).connect(target);
  const recorder = new MediaRecorder(target.stream, { mimeType: type });
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const done = new Promise((resolve) => (recorder.onstop = resolve));
  source.start();
  recorder.start();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  recorder.stop();
  await done;
  await context.close();
  return Array.from(new Uint8Array(await new Blob(parts).arrayBuffer()));
}"""
"""A memo as a telephone records it."""


@pytest.fixture(scope="module", params=["voila", "lab"])
def shown(request, chromium, servers, tmp_path_factory):
    """A page with both widgets, and a microphone that hears a sentence every four seconds."""
    folder = tmp_path_factory.mktemp("live")
    bundle = save_small(folder / "small.bundle", speaker_norm=True)
    cells = ["from sercore import widgets", "widgets.Live()", f"widgets.HearMe({str(bundle)!r})"]
    page = write_cells(cells, folder / "live.ipynb")
    voice = Recording.synthetic(("angry",), sentences=1)
    loop = np.zeros(4 * voice.sr, np.float32)
    loop[: len(voice.wave)] = voice.wave
    file = folder / "voice.wav"
    soundfile.write(file, loop, voice.sr)
    address = servers(request.param)
    with opened(request.param, address, page, chromium, microphone=file) as shown:
        shown.folder = folder
        shown.page.evaluate(WATCH)
        yield shown


@pytest.fixture
def live(shown):
    shown.page.context.grant_permissions(["microphone"])
    widget = Widget(shown, "Listen")
    yield widget
    stop = widget.root.get_by_role("button", name="Stop listening")
    if stop.count():
        stop.click()


@pytest.fixture
def hear_me(shown):
    shown.page.context.grant_permissions(["microphone"])
    return Widget(shown, "compare two voices")


def listen(widget):
    widget.root.get_by_role("button", name="Listen to the microphone").click()


def test_refused_microphone_is_explained(live, shown):
    shown.page.context.clear_permissions()
    listen(live)
    expect(live.root.get_by_text("Microphone access was denied")).to_be_visible()


def test_live_follows_speech_and_pauses_and_frees_the_microphone(live, shown, record_property):
    shown.pictures.clear()
    listen(live)
    emotion = live.root.locator(".sercore-live-emotion")
    expect(emotion).to_have_text(re.compile(r"^\w+, \d+ %$"), timeout=1000 * TIMEOUT)
    expect(live.root.get_by_role("img", name=re.compile("probabilities: .*percent"))).to_be_visible()
    expect(emotion).to_have_text("no prediction: pause", timeout=1000 * TIMEOUT)
    expect(live.root.get_by_role("img", name="no probabilities")).to_be_visible()
    shown.page.wait_for_timeout(1000 * LISTEN_SECONDS)
    latency = re.compile(r"picture (\d+) ms, 95 % within (\d+) ms; (\d+) skipped")
    expect(live.root.locator(".sercore-live-speed")).to_have_text(latency, timeout=1000 * TIMEOUT)
    status = live.root.locator(".sercore-live-speed").inner_text()
    found = latency.search(status).groups()
    for name, value in zip(("p50_ms", "p95_ms", "skipped"), found, strict=True):
        record_property(name, int(value))
    print(f"{shown.front_end}: {status}")
    assert shown.page.evaluate(OPEN_TRACKS) == 1
    live.root.get_by_role("button", name="Stop listening").click()
    assert shown.page.evaluate(OPEN_TRACKS) == 0
    expect(emotion).to_have_text("")
    assert_one_at_a_time(shown.pictures)


def assert_one_at_a_time(pictures):
    """The page asks for a picture only when it has the last one, so that updates do not queue up."""
    assert pictures.count("sent") >= 3  # a slow machine sends few
    assert pictures[0] == "asked"
    assert all(one != other for one, other in pairwise(pictures))


def test_lost_device_is_explained(live, shown):
    listen(live)
    expect(live.root.get_by_role("button", name="Stop listening")).to_be_visible()
    shown.page.evaluate(LOSE)
    expect(live.root.get_by_text("The microphone was disconnected")).to_be_visible()
    assert shown.page.evaluate(OPEN_TRACKS) == 0


def test_recording_survives_a_lost_device_and_is_predicted(hear_me, shown):
    hear_me.root.get_by_role("button", name="Record from the microphone").first.click()
    expect(hear_me.root.get_by_text(re.compile(r"[2-9]\.\d s of at most"))).to_be_visible()
    shown.page.evaluate(LOSE)
    expect(hear_me.root.get_by_text(re.compile("was disconnected: .* recorded"))).to_be_visible()
    expect(hear_me.root.get_by_role("img", name=re.compile("probabilities: ")).first).to_be_visible()
    assert hear_me.sound()["rms"] > 0.005


@pytest.mark.parametrize(
    ("name", "mime"), [("memo.webm", "audio/webm;codecs=opus"), ("memo.m4a", "audio/mp4;codecs=opus")]
)
def test_memo_is_decoded_by_the_browser(hear_me, shown, name, mime):
    memo = bytes(shown.page.evaluate(MEMO, [mime, name]))
    assert memo[:4] == b"\x1a\x45\xdf\xa3" or memo[4:8] == b"ftyp"
    choose = hear_me.root.locator("input[type=file]").first
    choose.set_input_files({"name": name, "mimeType": mime.split(";")[0], "buffer": memo})
    hear_me.until(lambda: abs(hear_me.sound()["rms"] - 0.3 / np.sqrt(2)) < 0.03, seconds=TIMEOUT)
    expect(hear_me.root.get_by_text("decoded by the browser").first).to_be_visible()


def test_memo_is_decoded_by_the_kernel(hear_me):
    """What libsndfile reads is sent as it is, so that files that are cut off are noticed."""
    choose = hear_me.root.locator("input[type=file]").first
    tone = np.sin(2 * np.pi * 220 * np.arange(2 * 16_000) / 16_000)
    for name, subtype, level in (("a.mp3", None, 0.1), ("b.ogg", "OPUS", 0.2), ("c.wav", "ULAW", 0.4)):
        file = io.BytesIO()
        soundfile.write(file, level * tone, 16_000, format=name[2:], subtype=subtype)
        memo = {"name": name, "mimeType": f"audio/{name[2:]}", "buffer": file.getvalue()}
        choose.set_input_files(memo)
        expect(hear_me.root.get_by_role("img", name=re.compile("probabilities: ")).first).to_be_visible(
            timeout=1000 * TIMEOUT
        )
        hear_me.until(
            lambda level=level: hear_me.sound()["rms"] == pytest.approx(level / 2**0.5, rel=0.1),
            seconds=TIMEOUT,
        )
        expect(hear_me.root.get_by_text("decoded by the browser")).to_have_count(0)


def test_what_the_browser_cannot_decode_is_named_by_the_kernel(hear_me):
    choose = hear_me.root.locator("input[type=file]").first
    broken = b"\0\0\0\x1cftypM4A " + bytes(range(256)) * 8
    choose.set_input_files({"name": "broken.m4a", "mimeType": "audio/mp4", "buffer": broken})
    expect(hear_me.root.get_by_role("alert").first).to_contain_text("broken.m4a")


def test_neutral_speech_shows_before_and_after_for_two_voices(hear_me, shown):
    hear_me.root.get_by_label("compare two voices").check()
    voice = Recording.synthetic(("neutral", "angry"), sentences=2)
    for k, part in ((0, voice.wave[-40_000:]), (1, voice.wave[:64_000]), (2, voice.wave[:40_000])):
        path = shown.folder / f"part{k}.wav"
        soundfile.write(path, part, voice.sr)
        hear_me.root.locator("input[type=file]").nth(k).set_input_files(path)
    expect(hear_me.root.get_by_text("after adaptation: ")).to_be_visible(timeout=1000 * TIMEOUT)
    expect(hear_me.root.get_by_role("img", name=re.compile("probabilities: "))).to_have_count(3)
    box = hear_me.root.bounding_box()
    assert box["width"] <= 1280
