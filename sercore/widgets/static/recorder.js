// Records from the microphone to a WAV file of 16 bits. Notebook: demo.ipynb

// Runs in the browser's sound thread and passes every block of samples on.
const TAP = `registerProcessor("sercore-tap", class extends AudioWorkletProcessor {
  process(inputs) {
    if (inputs[0].length) this.port.postMessage(inputs[0][0].slice());
    return true;
  }
});`;

const REFUSALS = {
  NotAllowedError: "The browser was not allowed to use the microphone. Allow it beside the address, then try again.",
  NotFoundError: "No microphone was found. Connect one, or upload a file.",
  NotReadableError: "The microphone is in use by another program. Close that program, then try again.",
};

function wavFile(blocks, rate) {
  const n = blocks.reduce((sum, block) => sum + block.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * n));
  const text = (at, letters) => [...letters].forEach((letter, k) => view.setUint8(at + k, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * n, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); // bytes of this part
  view.setUint16(20, 1, true); // integers
  view.setUint16(22, 1, true); // one channel
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * n, true);
  let at = 44;
  for (const block of blocks)
    for (const sample of block) {
      view.setInt16(at, Math.round(32767 * Math.min(1, Math.max(-1, sample))), true);
      at += 2;
    }
  return view;
}

function render({ model, el }) {
  const button = document.createElement("button");
  const meter = document.createElement("meter");
  const status = document.createElement("span");
  button.type = "button";
  button.className = "sercore-record";
  Object.assign(meter, { min: -60, max: 0, low: -40, high: -3, optimum: -20, value: -60 });
  meter.setAttribute("aria-label", "Level of the microphone in decibels");
  status.setAttribute("role", "status");
  el.classList.add("sercore-recorder");
  el.replaceChildren(button, meter, status);
  let gone = false; // whether the widget left the page, perhaps while the browser still asked for permission
  let running = null; // { stream, context, blocks, samples } while it records

  function show(words) {
    button.textContent = running ? "■ Stop" : "● Record";
    button.setAttribute("aria-label", `${running ? "Stop recording" : "Record from the microphone"}`);
    if (words !== undefined) status.textContent = words;
  }

  async function start() {
    if (!navigator.mediaDevices?.getUserMedia) {
      show("No microphone here: the browser gives it only to pages on localhost or https.");
      return;
    }
    button.disabled = true;
    let stream, context;
    try {
      // What evens out loudness and hiss for calls would take away cues of emotion.
      const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      stream = await navigator.mediaDevices.getUserMedia({ audio: { ...raw, channelCount: 1 } });
      if (gone) throw new Error("the page was left");
      context = new AudioContext();
      await context.resume();
      const url = URL.createObjectURL(new Blob([TAP], { type: "text/javascript" }));
      await context.audioWorklet.addModule(url);
      URL.revokeObjectURL(url);
      if (gone) throw new Error("the page was left");
      const tap = new AudioWorkletNode(context, "sercore-tap", { numberOfOutputs: 0 });
      running = { stream, context, blocks: [], samples: 0 };
      tap.port.onmessage = (event) => hear(event.data);
      context.createMediaStreamSource(stream).connect(tap);
      show("");
    } catch (error) {
      stream?.getTracks().forEach((track) => track.stop());
      context?.close();
      running = null;
      show(REFUSALS[error.name] ?? `No recording: ${error.message}`);
    }
    button.disabled = false;
  }

  function hear(block) {
    if (!running) return;
    running.blocks.push(block);
    running.samples += block.length;
    const peak = block.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1e-5);
    const level = 20 * Math.log10(peak);
    meter.value = Math.max(level, meter.value - 0.5); // falls slowly enough to be read
    const seconds = running.samples / running.context.sampleRate;
    const limit = model.get("limit");
    status.textContent = `${seconds.toFixed(1)} s of at most ${limit} s${level > -0.2 ? ": too loud" : ""}`;
    if (seconds >= limit) stop();
  }

  function stop() {
    const { stream, context, blocks, samples } = running;
    running = null;
    stream.getTracks().forEach((track) => track.stop());
    const rate = context.sampleRate;
    context.close();
    meter.value = -60;
    show(samples ? `${(samples / rate).toFixed(1)} s recorded` : "Nothing was heard.");
    if (!samples) return;
    model.set("recording", wavFile(blocks, rate));
    model.save_changes();
  }

  button.addEventListener("click", () => (running ? stop() : start()));
  show("");
  return () => {
    gone = true;
    if (running) stop();
  };
}

export default { render };
