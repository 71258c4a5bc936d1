// Text size of all widgets of a page, and a button on each that shows it on the full screen.
const SIZES = [["A", "normal", 1], ["A", "large", 1.25], ["A", "projector", 1.6]];
const NARROWEST = 850; // pixels that the rows of controls need
const ICON = '<svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="2"><path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4"/></svg>';
const APPS = ".sercore-app";

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

// The outermost elements of widgets; some widgets contain others.
const apps = () => [...document.querySelectorAll(APPS)].filter((app) => !app.parentElement.closest(APPS));

function fit(app) {
  // the largest text with which the widget needs no scrolling
  for (let zoom = Math.max(1, window.innerWidth / NARROWEST); zoom >= 0.5; zoom -= 0.05) {
    app.style.zoom = zoom;
    if (app.scrollHeight <= app.clientHeight + 1 && app.scrollWidth <= app.clientWidth + 1) return;
  }
}

async function toggle(app) {
  if (document.fullscreenElement) return document.exitFullscreen();
  await app.requestFullscreen();
}

function render({ model, el }) {
  const bar = element("div", { class: "sercore-tools", role: "group", "aria-label": "Text size of all widgets" });
  bar.append(element("span", {}, "Text size"));
  const buttons = SIZES.map(([letter, name, zoom]) => {
    const button = element("button", { type: "button", "aria-label": `${name} text`, title: `${name} text` }, letter);
    button.style.fontSize = `${14 * zoom}px`;
    button.addEventListener("click", () => {
      model.set("text", name);
      model.save_changes();
    });
    bar.append(button);
    return button;
  });
  const hint = element("span", { class: "sercore-tools-hint" });
  hint.innerHTML = `${ICON} shows a widget on the full screen; Esc leaves it.`;
  bar.append(hint);
  el.append(bar);

  function apply() {
    const [, , zoom] = SIZES.find(([, name]) => name === model.get("text"));
    SIZES.forEach(([, name], k) => buttons[k].setAttribute("aria-pressed", name === model.get("text")));
    for (const app of apps()) {
      if (app !== document.fullscreenElement) app.style.zoom = zoom;
      if (app.querySelector(":scope > .sercore-full")) continue;
      const full = element("button", { class: "sercore-full", type: "button", "aria-label": "Full screen", title: "Full screen" });
      full.innerHTML = ICON;
      full.addEventListener("click", () => toggle(app));
      app.append(full);
    }
  }

  // A picture is drawn again for another width, and changes the height.
  const sizes = new ResizeObserver(() => document.fullscreenElement?.matches(APPS) && fit(document.fullscreenElement));
  function change() {
    sizes.disconnect();
    const app = document.fullscreenElement;
    if (app?.matches(APPS)) for (const child of app.children) sizes.observe(child);
    if (app?.matches(APPS)) fit(app);
    else apply();
  }
  const added = new MutationObserver((changes) => changes.some((change) => change.addedNodes.length) && apply());
  added.observe(document.body, { childList: true, subtree: true });
  document.addEventListener("fullscreenchange", change);
  model.on("change:text", apply);
  apply();

  return () => {
    added.disconnect();
    sizes.disconnect();
    document.removeEventListener("fullscreenchange", change);
    model.off("change:text", apply);
    for (const app of apps()) {
      app.style.zoom = "";
      app.querySelector(":scope > .sercore-full")?.remove();
    }
  };
}

export default { render };
