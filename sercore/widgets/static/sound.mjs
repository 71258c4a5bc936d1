// Functions that several widgets share: they are put before the script of each.

// Runs in the audio thread of the browser and sends every block of samples.
const TAP = `registerProcessor("sercore-tap", class extends AudioWorkletProcessor {
  process(inputs) {
    if (inputs[0].length) this.port.postMessage(inputs[0][0].slice());
    return true;
  }
});`;

const RESTARTED = "The kernel was restarted: run the cell again.";

// Sends a message to the kernel; false if the kernel that made the widget has ended.
function tell(model, message, buffers) {
  try {
    model.send(message, undefined, buffers);
    return true;
  } catch {
    return false;
  }
}

const ERRORS = {
  NotAllowedError: "Microphone access was denied. Allow it in the address bar of the browser, then try again.",
  NotFoundError: "No microphone was found. Connect one, or upload a file.",
  NotReadableError: "The microphone is in use by another program. Close it, then try again.",
};

function wavFile(blocks, rate, channels = 1) {
  const n = blocks.reduce((sum, block) => sum + block.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * n));
  const text = (at, letters) => [...letters].forEach((letter, k) => view.setUint8(at + k, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * n, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); // size of this chunk in bytes
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, channels, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * channels * rate, true);
  view.setUint16(32, 2 * channels, true);
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

// Opens the microphone and calls `append` with blocks of samples; `gone` if the device is disconnected.
async function openMicrophone({ append, gone, closed = () => false }) {
  if (!navigator.mediaDevices?.getUserMedia)
    throw new Error("no microphone access: browsers allow it only on localhost or https pages");
  document.dispatchEvent(new CustomEvent("sercore-play", { detail: null })); // nothing that plays is recorded
  let stream, context;
  try {
    // Processing for calls changes the loudness, which is a cue of emotion.
    const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    stream = await navigator.mediaDevices.getUserMedia({ audio: { ...raw, channelCount: 1 } });
    if (closed()) throw new Error("the page was closed");
    context = new AudioContext();
    await context.resume();
    const url = URL.createObjectURL(new Blob([TAP], { type: "text/javascript" }));
    await context.audioWorklet.addModule(url);
    URL.revokeObjectURL(url);
    if (closed()) throw new Error("the page was closed");
    const tap = new AudioWorkletNode(context, "sercore-tap", { numberOfOutputs: 0 });
    tap.port.onmessage = (event) => append(event.data);
    context.createMediaStreamSource(stream).connect(tap);
    for (const track of stream.getTracks()) track.addEventListener("ended", gone);
  } catch (error) {
    stream?.getTracks().forEach((track) => track.stop());
    context?.close();
    throw error;
  }
  return {
    rate: context.sampleRate,
    close() {
      for (const track of stream.getTracks()) {
        track.removeEventListener("ended", gone);
        track.stop(); // the browser's sign of a recording goes out
      }
      context.close();
    },
  };
}

const microphoneError = (error) => ERRORS[error.name] ?? `Recording failed: ${error.message}`;

function peakLevel(samples) {
  return 20 * Math.log10(samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1e-5));
}

// Containers that the kernel reads itself, better than a browser: it notices files that are cut off.
const READ_BY_KERNEL = ["RIFF", "RIFX", "RF64", "FORM", "fLaC", "OggS", "ID3", "caff"];
const MAX_DECODED_SECONDS = 1200; // 16-bit samples of 20 min have 38 MB per channel at 16 kHz
const MAX_BYTES_OF_UNKNOWN_LENGTH = 20e6; // recordings of browsers do not declare their length

async function isReadByKernel(file) {
  const head = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  const text = String.fromCharCode(...head);
  const mpeg = head[0] === 0xff && (head[1] & 0xe0) === 0xe0 && (head[1] & 0x06) !== 0; // not AAC, layer 0
  return mpeg || READ_BY_KERNEL.some((name) => text.startsWith(name));
}

// Seconds that a file declares, Infinity if it does not, NaN if the browser cannot read it.
function declaredSeconds(file) {
  return new Promise((resolve) => {
    const probe = document.createElement("audio");
    const url = URL.createObjectURL(file);
    const end = (seconds) => {
      clearTimeout(timer);
      probe.removeAttribute("src");
      URL.revokeObjectURL(url);
      resolve(seconds);
    };
    const timer = setTimeout(() => end(Infinity), 5000);
    probe.addEventListener("loadedmetadata", () => end(probe.duration));
    probe.addEventListener("error", () => end(NaN));
    probe.preload = "metadata";
    probe.src = url;
  });
}

// A WAV file with the sound of a file that only the browser can decode; null if it cannot, or need not.
async function decodeInBrowser(file, rate) {
  if (await isReadByKernel(file)) return null;
  const seconds = await declaredSeconds(file);
  if (Number.isNaN(seconds)) return null;
  const minutes = MAX_DECODED_SECONDS / 60;
  const advice = `cut it, or convert it to WAV with ffmpeg; the browser decodes at most ${minutes} min`;
  if (seconds > MAX_DECODED_SECONDS && Number.isFinite(seconds))
    throw new Error(`${(seconds / 60).toFixed(0)} min is too long: ${advice}`);
  if (!Number.isFinite(seconds) && file.size > MAX_BYTES_OF_UNKNOWN_LENGTH)
    throw new Error(`${(file.size / 1e6).toFixed(0)} MB of unknown length is too long: ${advice}`);
  let sound;
  try {
    sound = await new OfflineAudioContext(1, 1, rate).decodeAudioData(await file.arrayBuffer());
  } catch {
    return null; // the kernel names the format
  }
  if (sound.duration > MAX_DECODED_SECONDS) throw new Error(`${(sound.duration / 60).toFixed(0)} min is too long: ${advice}`);
  return new Blob([wavOfChannels(sound)], { type: "audio/wav" });
}

// All channels are kept: the kernel checks whether they cancel each other when they are averaged.
function wavOfChannels(sound) {
  const channels = Array.from({ length: sound.numberOfChannels }, (_, k) => sound.getChannelData(k));
  const n = channels.length;
  const samples = new Float32Array(n * sound.length);
  channels.forEach((channel, k) => channel.forEach((sample, at) => (samples[n * at + k] = sample)));
  return wavFile([samples], sound.sampleRate, n);
}
