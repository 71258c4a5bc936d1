// A picture with a sound: a line shows the position of the sound, a click in the picture plays from there.
const REPORT_MS = 200;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function blobUrl(bytes, type) {
  return bytes && bytes.byteLength ? URL.createObjectURL(new Blob([bytes], { type })) : "";
}

function render({ model, el }) {
  const audio = element("audio", { preload: "auto" });
  const image = element("img", { draggable: "false" });
  const cursor = element("div", { class: "sercore-cursor" });
  const stage = element("div", { class: "sercore-stage", tabindex: "0", role: "slider" }, image, cursor);
  const play = element("button", { class: "sercore-play", type: "button" });
  const clock = element("span", { class: "sercore-clock" });
  const save = element("a", { class: "sercore-save" }, "Save picture");
  const note = element("span", { class: "sercore-note", role: "status" });
  const bar = element("div", { class: "sercore-bar" }, play, clock, save, note);
  el.classList.add("sercore-player");
  el.replaceChildren(stage, bar, audio);

  let picture = "", sound = "", reported = 0, frame = 0;
  const length = () => model.get("duration");
  const clamp = (seconds) => Math.min(Math.max(seconds, 0), length());

  // Changes that this page reports must not be applied to it again.
  function report(changes) {
    document.sercoreReports = true;
    for (const [key, value] of Object.entries(changes)) model.set(key, value);
    document.sercoreReports = false;
    model.save_changes();
    reported = performance.now();
  }

  function showPosition() {
    const now = audio.currentTime;
    const [left, right, start, stop] = ["left", "right", "start", "stop"].map((name) => model.get(name));
    const share = (now - start) / (stop - start || 1);
    cursor.style.left = `${100 * (left + share * (right - left))}%`;
    cursor.hidden = !sound || share < 0 || share > 1;
    clock.textContent = `${now.toFixed(1)} s of ${length().toFixed(1)} s`;
    stage.setAttribute("aria-valuenow", now.toFixed(2));
    stage.setAttribute("aria-valuetext", clock.textContent);
  }

  function showState() {
    const playing = !audio.paused;
    play.textContent = playing ? "❚❚ Pause" : "▶ Play";
    play.setAttribute("aria-label", `${playing ? "Pause" : "Play"} ${model.get("description")}`);
    play.disabled = !sound;
  }

  function follow() {
    showPosition();
    if (performance.now() - reported > REPORT_MS) report({ position: audio.currentTime });
    frame = requestAnimationFrame(follow);
  }

  function seek(seconds) {
    audio.currentTime = clamp(seconds);
    showPosition();
    report({ position: audio.currentTime });
  }

  async function start() {
    if (!sound) return;
    if (audio.currentTime >= length() - 0.01) audio.currentTime = 0;
    document.dispatchEvent(new CustomEvent("sercore-play", { detail: audio })); // one sound at a time
    try {
      await audio.play();
      note.textContent = "";
    } catch (error) {
      if (error.name === "AbortError") return; // paused, or the sound changed, before playback started
      note.textContent =
        error.name === "NotAllowedError" ? "Press Play: the browser blocks automatic playback." : `Playback failed: ${error.message}`;
      report({ playing: false });
    }
  }

  const toggle = () => (audio.paused ? start() : audio.pause());

  audio.addEventListener("play", () => {
    cancelAnimationFrame(frame);
    follow();
    showState();
    report({ playing: true });
  });
  audio.addEventListener("pause", () => {
    cancelAnimationFrame(frame);
    showPosition();
    showState();
    report({ playing: false, position: audio.currentTime });
  });
  audio.addEventListener("seeked", showPosition);
  play.addEventListener("click", toggle);
  stage.addEventListener("click", (event) => {
    const [left, right, first, stop] = ["left", "right", "start", "stop"].map((name) => model.get(name));
    const box = image.getBoundingClientRect();
    const share = ((event.clientX - box.left) / box.width - left) / (right - left);
    if (!sound || share < 0 || share > 1) return;
    seek(first + share * (stop - first));
    if (audio.paused) start();
  });
  stage.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 1 : 0.1;
    const moves = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step };
    if (event.key === " " || event.key === "Enter") toggle();
    else if (event.key in moves) seek(audio.currentTime + moves[event.key]);
    else if (event.key === "Home") seek(0);
    else if (event.key === "End") seek(length());
    else return;
    event.preventDefault();
    event.stopPropagation(); // notebooks use these keys, too
  });

  const listeners = [];
  function on(names, listener) {
    for (const name of names) {
      model.on(`change:${name}`, listener);
      listeners.push([`change:${name}`, listener]);
    }
  }
  function onKernelChange(name, listener) {
    on([name], () => document.sercoreReports || listener(model.get(name)));
  }

  function setPicture() {
    const old = picture;
    picture = blobUrl(model.get("picture"), "image/png");
    image.hidden = save.hidden = !picture;
    if (picture) image.src = save.href = picture;
    if (old) image.decode().catch(() => {}).then(() => URL.revokeObjectURL(old));
  }
  function setSound() {
    const old = sound;
    audio.pause();
    sound = blobUrl(model.get("sound"), "audio/wav");
    if (sound) audio.src = sound;
    else audio.removeAttribute("src");
    if (old) URL.revokeObjectURL(old);
    showState();
    showPosition();
  }
  function setDescription() {
    const description = model.get("description");
    image.alt = `Picture of ${description}`;
    stage.setAttribute("aria-label", `Position in ${description}; arrow keys to move, space to play`);
    stage.setAttribute("aria-valuemin", "0");
    stage.setAttribute("aria-valuemax", length().toFixed(2));
    save.setAttribute("aria-label", `Save picture of ${description}`);
    save.setAttribute("download", `${model.get("name")}.png`);
    showState();
    showPosition();
  }
  const pauseForOther = (event) => event.detail !== audio && audio.pause();

  // Pictures are drawn at the width of the page, so that text has the requested size.
  let seen = 0; // another view of the same player may have another width
  const watcher = new ResizeObserver(([entry]) => {
    const width = Math.round(entry.contentRect.width);
    if (width <= 0 || Math.abs(width - seen) <= 8) return;
    seen = width;
    if (Math.abs(width - model.get("width")) > 8) report({ width });
  });
  watcher.observe(stage);

  on(["picture"], setPicture);
  on(["sound"], setSound);
  on(["description", "name", "duration", "left", "right", "start", "stop"], setDescription);
  onKernelChange("position", (seconds) => seek(seconds));
  onKernelChange("playing", (wanted) => (wanted ? start() : audio.pause()));
  document.addEventListener("sercore-play", pauseForOther);
  setPicture();
  setSound();
  setDescription();

  return () => {
    cancelAnimationFrame(frame);
    for (const [name, listener] of listeners) model.off(name, listener);
    document.removeEventListener("sercore-play", pauseForOther);
    watcher.disconnect();
    audio.pause();
    for (const url of [picture, sound]) if (url) URL.revokeObjectURL(url);
  };
}

export default { render };
