// Records from the microphone to a 16-bit WAV file.

// Runs in the audio thread of the browser and sends every block of samples.
const TAP = `registerProcessor("sercore-tap", class extends AudioWorkletProcessor {
  process(inputs) {
    if (inputs[0].length) this.port.postMessage(inputs[0][0].slice());
    return true;
  }
});`;

const ERRORS = {
  NotAllowedError: "Microphone access was denied. Allow it in the address bar of the browser, then try again.",
  NotFoundError: "No microphone was found. Connect one, or upload a file.",
  NotReadableError: "The microphone is in use by another program. Close it, then try again.",
};

function wavFile(blocks, rate) {
  const n = blocks.reduce((sum, block) => sum + block.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * n));
  const text = (at, letters) => [...letters].forEach((letter, k) => view.setUint8(at + k, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * n, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); // size of this chunk in bytes
  view.setUint16(20, 1, true); // PCM
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
  meter.setAttribute("aria-label", "Microphone level in decibels");
  status.setAttribute("role", "status");
  el.classList.add("sercore-recorder");
  el.replaceChildren(button, meter, status);
  let closed = false; // the widget may be removed while the browser asks for permission
  let running = null; // { stream, context, blocks, samples } while recording

  function show(message) {
    button.textContent = running ? "■ Stop" : "● Record";
    button.setAttribute("aria-label", running ? "Stop recording" : "Record from the microphone");
    if (message !== undefined) status.textContent = message;
  }

  async function start() {
    if (!navigator.mediaDevices?.getUserMedia) {
      show("No microphone access: browsers allow it only on localhost or https pages.");
      return;
    }
    button.disabled = true;
    let stream, context;
    try {
      // Processing for calls changes the loudness, which is a cue of emotion.
      const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      stream = await navigator.mediaDevices.getUserMedia({ audio: { ...raw, channelCount: 1 } });
      if (closed) throw new Error("the page was closed");
      context = new AudioContext();
      await context.resume();
      const url = URL.createObjectURL(new Blob([TAP], { type: "text/javascript" }));
      await context.audioWorklet.addModule(url);
      URL.revokeObjectURL(url);
      if (closed) throw new Error("the page was closed");
      const tap = new AudioWorkletNode(context, "sercore-tap", { numberOfOutputs: 0 });
      running = { stream, context, blocks: [], samples: 0 };
      tap.port.onmessage = (event) => append(event.data);
      context.createMediaStreamSource(stream).connect(tap);
      show("");
    } catch (error) {
      stream?.getTracks().forEach((track) => track.stop());
      context?.close();
      running = null;
      show(ERRORS[error.name] ?? `Recording failed: ${error.message}`);
    }
    button.disabled = false;
  }

  function append(block) {
    if (!running) return;
    running.blocks.push(block);
    running.samples += block.length;
    const peak = block.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1e-5);
    const level = 20 * Math.log10(peak);
    meter.value = Math.max(level, meter.value - 0.5); // falls slowly, to be readable
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
    show(samples ? `${(samples / rate).toFixed(1)} s recorded` : "No samples were recorded.");
    if (!samples) return;
    model.set("recording", wavFile(blocks, rate));
    model.save_changes();
  }

  button.addEventListener("click", () => (running ? stop() : start()));
  show("");
  return () => {
    closed = true;
    if (running) stop();
  };
}

export default { render };
