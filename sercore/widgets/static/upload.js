// Sends a file in parts, after sound.mjs has decoded what only the browser can decode. In parts, because Jupyter closes the connection on messages above 10 MB.
const PART = 1 << 20;

function render({ model, el }) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  const description = document.createElement("span");
  const status = document.createElement("span");
  input.type = "file";
  input.accept = "audio/*,video/webm,video/mp4,.wav,.flac,.ogg,.opus,.mp3,.aiff,.m4a,.webm,.amr,.3gp,.caf";
  status.setAttribute("role", "status");
  label.append(description, input);
  el.classList.add("sercore-upload");
  el.replaceChildren(label, status);

  let sending = false; // not `disabled`, which would take the focus away

  async function send(file) {
    if (sending) return;
    const limit = model.get("limit");
    if (file.size > limit) {
      status.textContent = `${(file.size / 1e6).toFixed(0)} MB is too large; the limit is ${(limit / 1e6).toFixed(0)} MB.`;
      return;
    }
    sending = true;
    status.textContent = "reading the file …";
    try {
      const decoded = await decodeInBrowser(file, model.get("rate"));
      const content = decoded ?? file;
      if (!tell(model, { step: "begin", name: file.name })) throw new Error(RESTARTED);
      for (let at = 0; at < content.size; at += PART) {
        model.send({ step: "part" }, undefined, [await content.slice(at, at + PART).arrayBuffer()]);
        status.textContent = `${Math.round((100 * Math.min(content.size, at + PART)) / content.size)} %`;
      }
      model.send({ step: "end" });
      status.textContent = decoded ? "decoded by the browser" : "";
    } catch (error) {
      status.textContent = `${file.name} was not sent: ${error.message}`;
    }
    sending = false;
    input.value = ""; // so that the same file can be chosen again
  }

  const setDescription = () => (description.textContent = model.get("description"));
  input.addEventListener("change", () => input.files.length && send(input.files[0]));
  model.on("change:description", setDescription);
  setDescription();
  return () => model.off("change:description", setDescription);
}

export default { render };
