// Keyboard shortcuts of the widget that was used last, and clicks that the kernel asks for.
function render({ model, el }) {
  el.hidden = true;
  const app = () => el.closest(".sercore-app");
  let used = false; // whether the last click or focus was inside the widget

  const note = (event) => (used = Boolean(app()?.contains(event.target)));
  function click(selector) {
    const button = app()?.querySelector(selector);
    if (!button || button.disabled || !button.checkVisibility()) return false;
    button.click();
    return true;
  }
  function press(event) {
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable=true]");
    if (!used || typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const selector = model.get("buttons")[event.key.toLowerCase()];
    if (!selector || !click(selector)) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // notebooks use letters, too
  }
  const order = ({ click: selector }) => selector && used && click(selector); // one of several views

  // while the microphone is recording, the kernel must not change the prompt
  let mine = false; // whether it is that of this view
  const stop = ".sercore-record[aria-label^=Stop]";
  function tell(busy) {
    mine = busy;
    model.set("busy", busy);
    model.save_changes();
  }
  const watcher = new MutationObserver(() => {
    const busy = Boolean(app()?.querySelector(stop));
    if (busy !== mine) tell(busy);
  });
  watcher.observe(document.documentElement, { subtree: true, attributes: true, attributeFilter: ["aria-label"] });

  const insist = () => mine && !model.get("busy") && tell(true); // another page, which knows no recording
  // a page that was reloaded during a recording has none: the kernel still waits for its end
  requestAnimationFrame(() => model.get("busy") && !document.querySelector(stop) && tell(false));

  // the window receives events before the notebook, which listens on the document
  for (const name of ["pointerdown", "focusin"]) window.addEventListener(name, note, true);
  window.addEventListener("keydown", press, true);
  model.on("msg:custom", order);
  model.on("change:busy", insist);
  return () => {
    watcher.disconnect();
    if (mine) tell(false);
    for (const name of ["pointerdown", "focusin"]) window.removeEventListener(name, note, true);
    window.removeEventListener("keydown", press, true);
    model.off("msg:custom", order);
    model.off("change:busy", insist);
  };
}

export default { render };
