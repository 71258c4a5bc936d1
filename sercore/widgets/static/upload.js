// Sends a file in parts, because Jupyter closes the connection on messages above 10 MB.
const PART = 1 << 20;

function render({ model, el }) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  const description = document.createElement("span");
  const status = document.createElement("span");
  input.type = "file";
  input.accept = "audio/*,.wav,.flac,.ogg,.mp3,.aiff";
  status.setAttribute("role", "status");
  label.append(description, input);
  el.classList.add("sercore-upload");
  el.replaceChildren(label, status);

  async function send(file) {
    const limit = model.get("limit");
    if (file.size > limit) {
      status.textContent = `${(file.size / 1e6).toFixed(0)} MB is too large; the limit is ${(limit / 1e6).toFixed(0)} MB.`;
      return;
    }
    input.disabled = true;
    try {
      model.send({ step: "begin", name: file.name });
      for (let at = 0; at < file.size; at += PART) {
        model.send({ step: "part" }, undefined, [await file.slice(at, at + PART).arrayBuffer()]);
        status.textContent = `${Math.round((100 * Math.min(file.size, at + PART)) / file.size)} %`;
      }
      model.send({ step: "end" });
      status.textContent = "";
    } catch (error) {
      status.textContent = `${file.name} could not be sent: ${error.message}`;
    }
    input.disabled = false;
    input.value = ""; // so that the same file can be chosen again
  }

  const setDescription = () => (description.textContent = model.get("description"));
  input.addEventListener("change", () => input.files.length && send(input.files[0]));
  model.on("change:description", setDescription);
  setDescription();
  return () => model.off("change:description", setDescription);
}

export default { render };
