// Spectrogram and probabilities that follow the microphone; sound.mjs precedes it.
const BLOCK_SECONDS = 0.125; // a block per picture
const PATIENCE_MS = 10_000; // without an answer, after which blocks are dropped
const N_LATENCIES = 200;

const made = (name, className, text = "") => {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text;
  return element;
};

function percentile(values, percent) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((percent / 100) * sorted.length))];
}

function render({ model, el }) {
  const button = made("button", "sercore-record");
  const meter = document.createElement("meter");
  const status = made("span", "sercore-live-status");
  const speed = made("span", "sercore-live-speed");
  const bar = made("div", "sercore-bar");
  const canvas = document.createElement("canvas");
  const hertz = made("div", "sercore-live-hertz");
  const time = made("div", "sercore-live-time");
  const picture = made("div", "sercore-live-picture");
  const emotion = made("div", "sercore-live-emotion");
  const bars = made("div", "sercore-live-bars");
  button.type = "button";
  Object.assign(meter, { min: -60, max: 0, low: -40, high: -3, optimum: -20, value: -60 });
  meter.setAttribute("aria-label", "Microphone level in decibels");
  status.setAttribute("role", "status");
  speed.setAttribute("aria-hidden", "true"); // read out twice a second, it would be heard by the microphone
  bars.setAttribute("role", "img");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Spectrogram of the last seconds");
  bar.append(button, meter, status, speed);
  picture.append(hertz, canvas, time);
  el.classList.add("sercore-live");
  el.replaceChildren(bar, picture, emotion, bars);

  const [n_bands, n_frames] = [model.get("n_bands"), model.get("n_frames")];
  [canvas.width, canvas.height] = [n_frames, n_bands];
  const context = canvas.getContext("2d");
  const image = context.createImageData(n_frames, n_bands);
  const palette = new Uint8Array(model.get("palette").buffer ?? model.get("palette"));
  for (const [place, text] of model.get("ticks")) {
    const tick = made("span", "", text);
    tick.style.bottom = `${100 * place}%`;
    hertz.append(tick);
  }
  const seconds = model.get("seconds");
  for (let k = Math.round(seconds); k > 0; k--) time.append(made("span", "", `−${k} s`));
  time.append(made("span", "", "now"));
  const rows = model.get("classes").map(([name, color]) => {
    const row = made("div", "sercore-live-row");
    const track = made("span", "sercore-live-track");
    const fill = made("span", "sercore-live-fill");
    const value = made("span", "");
    fill.style.background = color;
    track.append(fill);
    row.append(made("span", "", name), track, value);
    bars.append(row);
    return { row, fill, value };
  });

  let closed = false;
  let running = null; // { microphone, block, asked, latencies, ... } while listening
  let session = 0; // answers to blocks of an earlier one are ignored
  const sessions = new Set(); // of this view; those of others belong to other views of the widget
  let opening = false; // while the browser asks for permission

  function show(message) {
    button.textContent = running ? "■ Stop" : "● Listen";
    button.setAttribute("aria-label", running ? "Stop listening" : "Listen to the microphone");
    if (message !== undefined) status.textContent = message;
  }

  function clear(text) {
    emotion.textContent = text;
    bars.setAttribute("aria-label", "no probabilities");
    for (const { row, fill, value } of rows) {
      fill.style.width = "0";
      value.textContent = "";
      row.style.fontWeight = "";
    }
  }

  async function start() {
    if (opening) return;
    opening = true; // not `disabled`, which would take the focus away from the button
    try {
      const microphone = await openMicrophone({ append, gone: () => stop("The microphone was disconnected."), closed: () => closed });
      session = crypto.getRandomValues(new Uint32Array(1))[0]; // views of one widget have different ones
      sessions.add(session);
      const block = new Float32Array(Math.round(BLOCK_SECONDS * microphone.rate));
      running = { microphone, block, filled: 0, number: 0, asked: null, skipped: 0, painted: 0, latencies: [], latency: null };
      if (tell(model, { step: "start", session, rate: microphone.rate })) show("listening");
      else stop(RESTARTED);
    } catch (error) {
      show(microphoneError(error));
    }
    opening = false;
  }

  function stop(reason = "stopped; the microphone is released") {
    if (!running) return;
    running.microphone.close();
    running = null;
    meter.value = -60;
    speed.textContent = "";
    clear("");
    show(reason);
    tell(model, { step: "stop", session });
  }

  function append(samples) {
    if (!running) return;
    for (let at = 0; at < samples.length; ) {
      const n = Math.min(samples.length - at, running.block.length - running.filled);
      running.block.set(samples.subarray(at, at + n), running.filled);
      running.filled += n;
      at += n;
      if (running.filled === running.block.length) sendBlock();
    }
  }

  function sendBlock() {
    meter.value = peakLevel(running.block);
    running.filled = 0;
    const now = performance.now();
    if (running.asked !== null && now - running.asked > PATIENCE_MS) return busy();
    running.number += 1;
    const answer = running.asked === null; // one picture at a time, so that a slow kernel does not fall behind
    if (answer) running.asked = now;
    else running.skipped += 1;
    const { number, latency, skipped } = running;
    const message = { step: "block", session, number, latency, skipped, answer };
    running.latency = null;
    if (!tell(model, message, [running.block.slice().buffer])) stop(RESTARTED);
  }

  function busy() {
    const text = "the kernel is busy"; // written once: a screen reader may read every change aloud
    if (status.textContent !== text) show(text);
  }

  // A picture of the kernel: uint8 shades [n_bands, n_frames], row 0 at the bottom.
  function draw(shades) {
    for (let band = 0; band < n_bands; band++)
      for (let frame = 0; frame < n_frames; frame++) {
        const color = 3 * shades[band * n_frames + frame];
        const at = 4 * ((n_bands - 1 - band) * n_frames + frame);
        image.data.set(palette.subarray(color, color + 3), at);
        image.data[at + 3] = 255;
      }
    context.putImageData(image, 0, 0);
  }

  function showProbabilities({ proba, text }) {
    if (!proba) return clear(text);
    const most = Math.max(...proba);
    proba.forEach((value, k) => {
      rows[k].fill.style.width = `${100 * value}%`;
      rows[k].value.textContent = `${Math.round(100 * value)} %`;
      rows[k].row.style.fontWeight = value === most ? "bold" : "";
    });
    emotion.textContent = text;
    const words = model.get("classes").map(([name], k) => `${name} ${Math.round(100 * proba[k])} percent`);
    bars.setAttribute("aria-label", `probabilities: ${words.join(", ")}`);
  }

  function receive(message, buffers) {
    if (message.step === "stop") return stop();
    if (message.step === "started") {
      if (!sessions.has(message.session)) stop("Another view of this widget is listening.");
      return;
    }
    if (!running || message.session !== session) return;
    if (message.error) return stop(message.error);
    draw(new Uint8Array(buffers[0].buffer ?? buffers[0], buffers[0].byteOffset ?? 0, n_bands * n_frames));
    if (message.prediction) showProbabilities(message.prediction);
    const { asked: from, latencies } = running;
    running.asked = null;
    if (status.textContent !== "listening") show("listening"); // no longer busy
    requestAnimationFrame(() => setTimeout(() => measure(from, latencies))); // after the page was painted
  }

  function measure(from, latencies) {
    const latency = performance.now() - from;
    latencies.push(latency);
    if (latencies.length > N_LATENCIES) latencies.shift();
    if (!running) return;
    running.latency = latency;
    running.painted += 1;
    if (running.painted % 4 === 0)
      speed.textContent = `sound to picture ${percentile(latencies, 50).toFixed(0)} ms, 95 % within ${percentile(latencies, 95).toFixed(0)} ms; ${running.skipped} skipped`;
  }

  button.addEventListener("click", () => (running ? stop() : start()));
  model.on("msg:custom", receive);
  show("");
  clear("");
  return () => {
    closed = true;
    model.off("msg:custom", receive);
    stop();
  };
}

export default { render };
