// Records from the microphone to a 16-bit WAV file; sound.mjs precedes it.

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
  let running = null; // { microphone, blocks, samples } while recording

  function show(message) {
    button.textContent = running ? "■ Stop" : "● Record";
    button.setAttribute("aria-label", running ? "Stop recording" : "Record from the microphone");
    if (message !== undefined) status.textContent = message;
  }

  async function start() {
    button.disabled = true;
    try {
      const microphone = await openMicrophone({ append, gone: disconnected, closed: () => closed });
      running = { microphone, blocks: [], samples: 0 };
      show("");
    } catch (error) {
      running = null;
      show(microphoneError(error));
    }
    button.disabled = false;
  }

  function append(block) {
    if (!running) return;
    running.blocks.push(block);
    running.samples += block.length;
    const level = peakLevel(block);
    meter.value = Math.max(level, meter.value - 0.5); // falls slowly, to be readable
    const seconds = running.samples / running.microphone.rate;
    const limit = model.get("limit");
    status.textContent = `${seconds.toFixed(1)} s of at most ${limit} s${level > -0.2 ? ": too loud" : ""}`;
    if (seconds >= limit) stop();
  }

  function disconnected() {
    if (running) stop("The microphone was disconnected: ");
  }

  function stop(reason = "") {
    const { microphone, blocks, samples } = running;
    running = null;
    microphone.close();
    meter.value = -60;
    const seconds = (samples / microphone.rate).toFixed(1);
    show(samples ? `${reason}${seconds} s recorded` : `${reason}No samples were recorded.`);
    if (!samples) return;
    model.set("recording", wavFile(blocks, microphone.rate));
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
