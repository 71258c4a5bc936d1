"""Booth and listening test in a browser with a fake microphone: from permission to files on disk."""

import re

import numpy as np
import pandas as pd
import pytest
import soundfile
from browser.acting import Widget
from browser.opening import opened
from browser.people import enter, say, write_notebook, write_voice
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

TIMEOUT = 30.0


@pytest.fixture(scope="module", params=["lab", "voila"])
def shown(request, chromium, servers, tmp_path_factory):
    """The page of :mod:`browser.people` after all cells have run; ``folder`` is where it writes."""
    folder = tmp_path_factory.mktemp("people")
    voice = write_voice(folder / "voice.wav")
    address = servers(request.param)
    with opened(request.param, address, write_notebook(folder), chromium, microphone=voice) as shown:
        shown.folder = folder
        yield shown


def test_booth_from_permission_to_files(shown):
    booth = Widget(shown, "No recording leaves this folder")
    page, takes = shown.page, shown.folder / "class"
    record = booth.root.locator(".sercore-record")
    expect(record).to_be_hidden()  # no microphone before consent
    enter(booth, "anna")

    page.context.clear_permissions()
    record.click()
    expect(booth.root.get_by_text("Microphone access was denied. Allow it")).to_be_visible()
    assert not takes.exists()

    page.context.grant_permissions(["microphone"])
    say(booth)
    keep = booth.root.get_by_role("button", name="Keep (K)")
    expect(keep).to_be_visible()
    assert booth.sound()["seconds"] > 1
    assert booth.sound()["rms"] > 0.01
    assert not takes.exists()  # nothing is stored before it is kept
    keep.click()
    expect(booth.root.get_by_text("anna: 1 of 4")).to_be_visible()

    say(booth, key="r")
    expect(keep).to_be_visible()
    page.keyboard.press("k")
    expect(booth.root.get_by_text("anna: 2 of 4")).to_be_visible()
    booth.root.get_by_role("checkbox", name="Fast").check()
    say(booth, key="r")  # kept at once, and the next recording starts
    expect(booth.root.get_by_text("anna: 3 of 4")).to_be_visible()
    say_stop = booth.root.get_by_role("button", name="Stop recording")
    expect(say_stop).to_be_visible()
    expect(booth.root.get_by_text(re.compile(r"[1-9]\.\d s of at most"))).to_be_visible()
    page.keyboard.press("r")
    expect(booth.root.get_by_text("all 4 takes are stored")).to_be_visible()

    index = pd.read_csv(takes / "index.csv")
    assert list(index["speaker"]) == ["anna"] * 4
    assert sorted(zip(index["sentence"], index["emotion"], strict=True)) == [
        ("A b.", "angry"), ("A b.", "sad"), ("Es ist spät.", "angry"), ("Es ist spät.", "sad"),
    ]  # fmt: skip
    assert {soundfile.info(takes / path).subtype for path in index["path"]} == {"PCM_16"}
    peaks = [np.abs(soundfile.read(takes / path)[0]).max() for path in index["path"]]
    assert min(peaks) > 0.1
    assert 0.3 < max(peaks) < 0.7  # the level of the voice, 0.5, is not changed; a take may miss its peak

    booth.root.get_by_role("button", name="Delete my takes").click()
    booth.root.get_by_role("button", name="Delete", exact=True).click()
    expect(booth.root.get_by_text("4 file(s) of anna were deleted")).to_be_visible()
    assert list(takes.iterdir()) == []


HEARD = "audio => audio.ended || audio.currentTime > 0.4"  # a second click at once would not count


def test_listening_test_from_click_to_csv(shown):
    test = Widget(shown, "was the speaker asked to act")
    name = test.root.get_by_label("Name or pseudonym")
    name.fill("ben")
    name.press("Tab")
    for number in range(1, 4):
        expect(test.root.get_by_text(f"clip {number} of 3")).to_be_visible()
        test.until(lambda: test.audio.evaluate(HEARD), seconds=TIMEOUT)
        if number < 3:
            test.root.get_by_role("button", name="angry").click()
        else:
            shown.page.keyboard.press("2")
    expect(test.root.get_by_text("That was the last clip")).to_be_visible()
    votes = pd.read_csv(shown.folder / "votes" / "votes.csv")
    assert set(votes["listener"]) == {"ben"}
    assert sorted(votes["vote"]) == ["angry", "angry", "sad"]

    test.root.get_by_role("button", name="Export CSV").click()
    expect(test.root.get_by_role("link", name="results.csv")).to_be_visible()
    results = pd.read_csv(shown.folder / "votes" / "results.csv").set_index("emotion")
    assert results["model"].to_dict() == pytest.approx({"neutral": 0, "sad": 1, "angry": 0, "UA": 1 / 3})
    assert results["n_votes"]["UA"] == 3
    with shown.page.expect_download() as download:
        test.root.get_by_role("link", name="results.csv").click()
    assert download.value.path().read_bytes() == (shown.folder / "votes" / "results.csv").read_bytes()
    expect(test.root.locator("img[alt^='Recall']")).to_be_visible()
