// Records from the microphone to a 16-bit WAV file; sound.mjs precedes it.

const MAX_BYTES = 9e6; // of a message to the kernel: the server cuts the connection at 10 MiB

function render({ model, el }) {
  const button = document.createElement("button");
  const meter = document.createElement("meter");
  const count = document.createElement("span");
  const status = document.createElement("span");
  button.type = "button";
  button.className = "sercore-record";
  Object.assign(meter, { min: -60, max: 0, low: -40, high: -3, optimum: -20, value: -60 });
  meter.setAttribute("aria-label", "Microphone level in decibels");
  status.setAttribute("role", "status");
  count.setAttribute("aria-hidden", "true"); // read out, it would be part of the recording
  el.classList.add("sercore-recorder");
  el.replaceChildren(button, meter, count, status);
  let opening = false; // while the browser asks for permission
  let closed = false; // the widget may be removed while the browser asks for permission
  let running = null; // { microphone, blocks, samples } while recording

  function show(message) {
    button.textContent = running ? "■ Stop" : "● Record";
    button.setAttribute("aria-label", running ? "Stop recording" : "Record from the microphone");
    if (message !== undefined) status.textContent = message;
    if (!running) count.textContent = "";
  }

  async function start() {
    if (opening) return;
    if (!tell(model, { step: "start" })) return show(RESTARTED);
    opening = true; // not `disabled`, which would take the focus away from the button
    try {
      const microphone = await openMicrophone({ append, gone: disconnected, closed: () => closed });
      running = { microphone, blocks: [], samples: 0, about: model.get("about") };
      show("");
    } catch (error) {
      running = null;
      show(microphoneError(error));
    }
    opening = false;
  }

  function append(block) {
    if (!running) return;
    running.blocks.push(block);
    running.samples += block.length;
    const level = peakLevel(block);
    meter.value = Math.max(level, meter.value - 0.5); // falls slowly, to be readable
    const seconds = running.samples / running.microphone.rate;
    const limit = Math.min(model.get("limit"), Math.floor(MAX_BYTES / (2 * running.microphone.rate)));
    count.textContent = `${seconds.toFixed(1)} s of at most ${limit} s`;
    if (level > -0.2 && status.textContent !== "too loud") status.textContent = "too loud";
    if (seconds >= limit) stop();
  }

  function disconnected() {
    if (running) stop("The microphone was disconnected: ");
  }

  function stop(reason = "") {
    const { microphone, blocks, samples, about } = running;
    running = null;
    microphone.close();
    meter.value = -60;
    const seconds = (samples / microphone.rate).toFixed(1);
    show(samples ? `${reason}${seconds} s recorded` : `${reason}No samples were recorded.`);
    if (!samples) return;
    if (!tell(model, { step: "stop" })) return show(RESTARTED); // saving would fail without a word
    model.set("recorded_about", about);
    model.set("recording", wavFile(blocks, microphone.rate));
    model.save_changes();
  }

  // the second click of a double click does not start the next recording
  button.addEventListener("click", (event) => (running ? stop() : event.detail > 1 || start()));
  show("");
  return () => {
    closed = true;
    if (running) stop();
  };
}

export default { render };
