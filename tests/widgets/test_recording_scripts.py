"""The scripts of Live and Recorder with a fake page and microphone, in Node.js."""

import json

import pytest
from toys.scripts import node

from sercore.widgets.player import STATIC

PAGE = """
class Element {
  constructor() {
    Object.assign(this, { style: {}, listeners: {}, attributes: {}, classList: { add() {} }, children: [] });
  }
  setAttribute(name, value) { this.attributes[name] = value; }
  append(...parts) { this.children.push(...parts); }
  replaceChildren(...parts) { this.children = parts; }
  addEventListener(name, listener) { this.listeners[name] = listener; }
  getContext() { return { createImageData: () => ({ data: new Uint8Array(4000) }), putImageData() {} }; }
}
globalThis.document = { createElement: () => new Element(), dispatchEvent() {} };
globalThis.requestAnimationFrame = (call) => setTimeout(call);
let now = 0;
performance.now = () => now;
const wait = () => new Promise((resolve) => setTimeout(resolve, 5));
const log = { sent: [], opened: 0, closed: 0 };
let append;
openMicrophone = async (options) => {
  log.opened += 1;
  append = options.append;
  return { rate: RATE, close: () => (log.closed += 1) };
};
const values = {
  n_bands: 2, n_frames: 2, palette: new Uint8Array(768), ticks: [], seconds: 1, limit: 30,
  classes: [["sad", "#000"]],
};
let alive = true;
const handlers = {};
const model = {
  get: (name) => values[name],
  set: (name, value) => (values[name] = value),
  save_changes() {},
  on: (name, handler) => (handlers[name] = handler),
  off() {},
  send(message) { if (!alive) throw new Error("Cannot send"); log.sent.push(message); },
};
const el = new Element();
render({ model, el });
const find = (name, element = el) =>
  element.className === name ? element : element.children.map((child) => find(name, child)).find(Boolean);
const button = find("sercore-record");
const click = async (detail = 1) => { button.listeners.click({ detail }); await wait(); };
"""


def run(script, code, rate=16_000):
    source = "\n".join((STATIC / file).read_text(encoding="utf-8") for file in ("sound.mjs", script))
    page = PAGE.replace("RATE", str(rate))
    source = source.replace("export default { render };", page + code + "\nconsole.log(JSON.stringify(log));")
    return json.loads(node(source))


BLOCK = "append(new Float32Array(2000));"


def test_live_goes_on_after_a_gap_without_sound():
    """A laptop that slept, or a call that interrupted the microphone; the kernel is idle."""
    log = run("live.js", f"await click(); now = 11000; {BLOCK} now += 125; {BLOCK}")
    assert [message["step"] for message in log["sent"]] == ["start", "block", "block"]


def test_live_says_when_the_kernel_does_not_answer():
    log = run(
        "live.js",
        f"await click(); {BLOCK} now = 11000; {BLOCK} log.status = find('sercore-live-status').textContent;",
    )
    assert len(log["sent"]) == 2
    assert log["status"] == "the kernel is busy"
    count = """
    let written = 0, text = "";
    const status = find('sercore-live-status');
    const set = (words) => { text = words; written += 1; };
    Object.defineProperty(status, "textContent", { get: () => text, set });
    """
    again = f"for (let k = 0; k < 9; k++) {{ {BLOCK} }} log.written = written;"
    log = run("live.js", f"await click(); {BLOCK} now = 11000; {count} {again}")
    assert log["written"] == 1  # a screen reader may read every change aloud
    answer = "handlers['msg:custom']({ step: 'view', session: log.sent[0].session }, [new Uint8Array(4)]);"
    log = run(
        "live.js",
        f"await click(); {BLOCK} now = 11000; {BLOCK} {answer} "
        "log.status = find('sercore-live-status').textContent;",
    )
    assert log["status"] == "listening"


@pytest.mark.parametrize("action", [BLOCK, "await click();"])
def test_live_releases_the_microphone_if_the_kernel_was_restarted(action):
    log = run("live.js", f"await click(); alive = false; {action} log.label = button.textContent;")
    assert (log["opened"], log["closed"]) == (1, 1)
    assert log["label"] == "● Listen"


def test_live_does_not_open_the_microphone_without_a_kernel():
    log = run(
        "live.js", "alive = false; await click(); log.status = find('sercore-live-status').textContent;"
    )
    assert (log["opened"], log["closed"]) == (1, 1)
    assert "restarted" in log["status"]


def test_speed_of_live_is_not_read_aloud():
    """Read out twice a second, it would be heard by the microphone."""
    answers = f"for (let k = 0; k < 4; k++) {{ {BLOCK} await answer(); }}"
    code = """
    const answer = async () => {
      const { session } = log.sent.at(-1);
      handlers["msg:custom"]({ step: "view", session }, [new Uint8Array(4)]);
      await wait();
    };
    await click();
    """
    parts = "log.parts = el.children[0].children.map((part) => [part.attributes, part.textContent ?? '']);"
    found = run("live.js", f"{code} {answers} {parts}")["parts"]
    assert [text for attributes, text in found if attributes.get("role") == "status"] == ["listening"]
    [speed] = [text for attributes, text in found if "aria-hidden" in attributes]
    assert speed.startswith("sound to picture ")


def test_second_view_of_live_takes_over():
    """The kernel listens to the view that began last; the other one must not keep its microphone."""
    other = "handlers['msg:custom']({ step: 'started', session: -1 }); await wait();"
    log = run("live.js", f"await click(); {BLOCK} {other} log.label = button.textContent;")
    assert (log["opened"], log["closed"], log["label"]) == (1, 1, "● Listen")
    own = "handlers['msg:custom']({ step: 'started', session: log.sent[0].session }); await wait();"
    log = run("live.js", f"await click(); {own} log.label = button.textContent;")
    assert (log["closed"], log["label"]) == (0, "■ Stop")


def test_new_view_of_live_ignores_answers_to_the_one_before():
    answer = "handlers['msg:custom']({ step: 'view', session: -1 }, [new Uint8Array(4)]); await wait();"
    log = run("live.js", f"await click(); {BLOCK} {answer} log.label = button.textContent;")
    assert (log["opened"], log["closed"], log["label"]) == (1, 0, "■ Stop")


def test_late_answer_to_an_earlier_session_of_the_same_view_is_ignored():
    answer = "handlers['msg:custom']({ step: 'view', session: first }, [new Uint8Array(4)]); await wait();"
    code = f"await click(); const first = log.sent[0].session; await click(); await click(); {answer}"
    log = run("live.js", f"{code} log.label = button.textContent;")
    assert (log["opened"], log["closed"], log["label"]) == (2, 1, "■ Stop")


UPLOAD = """
class Element {
  constructor() { Object.assign(this, { listeners: {}, classList: { add() {} }, children: [] }); }
  setAttribute() {}
  append(...parts) { this.children.push(...parts); }
  replaceChildren(...parts) { this.children = parts; }
  addEventListener(name, listener) { this.listeners[name] = listener; }
}
globalThis.document = { createElement: () => new Element() };
let decoded;
decodeInBrowser = () => new Promise((resolve) => (decoded = resolve));
const sent = [];
const model = { get: () => 1e9, on() {}, off() {}, send: (message) => sent.push(message.step) };
const el = new Element();
render({ model, el });
const [label, status] = el.children;
const input = label.children[1];
input.files = [{ size: 3, name: "a.m4a", slice: () => new Blob(["abc"]) }];
input.listeners.change();
input.listeners.change(); // a second file before the first is read
const shown = [Boolean(input.disabled), status.textContent];
decoded(null);
await new Promise((resolve) => setTimeout(resolve, 20));
console.log(JSON.stringify([...shown, sent]));
"""


def test_upload_keeps_the_focus_and_says_that_it_reads():
    source = "\n".join((STATIC / file).read_text(encoding="utf-8") for file in ("sound.mjs", "upload.js"))
    disabled, status, sent = json.loads(node(source.replace("export default { render };", UPLOAD)))
    assert (disabled, status) == (False, "reading the file …")
    assert sent == ["begin", "part", "end"]


def test_sessions_of_live_differ():
    """Two views of one widget must not be taken for one stream."""
    first, second = (run("live.js", "await click();")["sent"][0]["session"] for _ in range(2))
    assert first != second


@pytest.mark.parametrize(
    "before", ["alive = false; await click();", f"await click(); {BLOCK} alive = false; await click();"]
)
def test_recorder_says_that_the_kernel_was_restarted(before):
    """Saving the state of a widget fails without a word."""
    log = run(
        "recorder.js", f"{before} log.status = el.children[3].textContent; log.label = button.textContent;"
    )
    assert log["opened"] == log["closed"]
    assert "restarted" in log["status"]
    assert log["label"] == "● Record"


def test_recording_tells_what_it_was_about_when_it_began():
    """A slow kernel may show the next sentence meanwhile."""
    code = f"values.about = 'first'; await click(); {BLOCK} values.about = 'second'; await click();"
    log = run(
        "recorder.js", f"{code} log.about = values.recorded_about; log.bytes = values.recording.byteLength;"
    )
    assert (log["about"], log["bytes"]) == ("first", 4044)


MEDIA = """
globalThis.document = { dispatchEvent: (event) => log.push([event.type, event.detail]) };
globalThis.CustomEvent = class { constructor(type, { detail }) { Object.assign(this, { type, detail }); } };
Object.defineProperty(globalThis, "navigator", { value: { mediaDevices: { getUserMedia: async () => {
  log.push("opened");
  throw new Error("no");
} } } });
const log = [];
await openMicrophone({ append() {}, gone() {} }).catch(() => {});
console.log(JSON.stringify(log));
"""


def test_what_plays_is_paused_before_the_microphone_opens():
    source = (STATIC / "sound.mjs").read_text(encoding="utf-8")
    assert json.loads(node(source + MEDIA)) == [["sercore-play", None], "opened"]


def test_upload_says_that_the_kernel_was_restarted():
    source = "\n".join((STATIC / file).read_text(encoding="utf-8") for file in ("sound.mjs", "upload.js"))
    page = UPLOAD.replace(
        "send: (message) => sent.push(message.step)", "send() { throw new Error('Cannot send'); }"
    )
    page = page.replace("JSON.stringify([...shown, sent])", "JSON.stringify(status.textContent)")
    assert "run the cell again" in json.loads(node(source.replace("export default { render };", page)))


@pytest.mark.parametrize("script", ["live.js", "recorder.js"])
def test_button_keeps_the_focus_while_the_browser_asks(script):
    code = "button.listeners.click({ detail: 1 }); log.disabled = Boolean(button.disabled); await click(0);"
    log = run(script, code)
    assert (log["opened"], log["disabled"]) == (1, False)


def test_double_click_ends_a_recording_and_starts_none():
    log = run("recorder.js", f"await click(); {BLOCK} await click(1); await click(2);")
    assert (log["opened"], log["closed"]) == (1, 1)


def test_counter_of_a_recording_is_not_read_aloud():
    code = "log.parts = el.children.map((part) => [part.attributes, part.textContent ?? '']);"
    parts = run("recorder.js", f"await click(); {BLOCK} {code}")["parts"]
    assert [text for attributes, text in parts if attributes.get("role") == "status"] == [""]
    assert [text for attributes, text in parts if "aria-hidden" in attributes] == ["0.1 s of at most 30 s"]


def test_recording_is_not_longer_than_a_message():
    code = "values.limit = 120; await click(); append(new Float32Array(192000));"
    log = run("recorder.js", f"{code} log.text = el.children[2].textContent;", rate=192_000)
    assert log["text"] == "1.0 s of at most 23 s"


BUTTONS = """
globalThis.requestAnimationFrame = (call) => setTimeout(call);
globalThis.MutationObserver = class { observe() {} disconnect() {} };
globalThis.window = { addEventListener() {}, removeEventListener() {} };
globalThis.document = { documentElement: {}, querySelector: () => RECORDING ? {} : null };
const values = { busy: true, buttons: {} };
const model = {
  get: (name) => values[name], set: (name, value) => (values[name] = value),
  save_changes() {}, on() {}, off() {},
};
render({ model, el: { closest: () => null } });
await new Promise((resolve) => setTimeout(resolve, 20));
console.log(JSON.stringify(values.busy));
"""


@pytest.mark.parametrize("recording", ["true", "false"])
def test_a_page_that_was_reloaded_during_a_recording_unlocks_the_kernel(recording):
    source = (STATIC / "shortcuts.js").read_text(encoding="utf-8")
    page = BUTTONS.replace("RECORDING", recording)
    busy = json.loads(node(source.replace("export default { render };", page)))
    assert busy == json.loads(recording)
