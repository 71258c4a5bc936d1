// Sends a file in pieces: as one message a file above 10 MB would break the connection to the kernel.
// Notebook: demo.ipynb
const PIECE = 1 << 20;

function render({ model, el }) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  const words = document.createElement("span");
  const status = document.createElement("span");
  input.type = "file";
  input.accept = "audio/*,.wav,.flac,.ogg,.mp3,.aiff";
  status.setAttribute("role", "status");
  label.append(words, input);
  el.classList.add("sercore-upload");
  el.replaceChildren(label, status);

  async function send(file) {
    const limit = model.get("limit");
    if (file.size > limit) {
      status.textContent = `${(file.size / 1e6).toFixed(0)} MB are too large: at most ${(limit / 1e6).toFixed(0)} MB.`;
      return;
    }
    input.disabled = true;
    try {
      model.send({ step: "begin", name: file.name });
      for (let at = 0; at < file.size; at += PIECE) {
        model.send({ step: "piece" }, undefined, [await file.slice(at, at + PIECE).arrayBuffer()]);
        status.textContent = `${Math.round((100 * Math.min(file.size, at + PIECE)) / file.size)} %`;
      }
      model.send({ step: "end" });
      status.textContent = "";
    } catch (error) {
      status.textContent = `${file.name} could not be sent: ${error.message}`;
    }
    input.disabled = false;
    input.value = ""; // so that the same file can be chosen again
  }

  const setWords = () => (words.textContent = model.get("description"));
  input.addEventListener("change", () => input.files.length && send(input.files[0]));
  model.on("change:description", setWords);
  setWords();
  return () => model.off("change:description", setWords);
}

export default { render };
