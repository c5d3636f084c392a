// Short messages at the foot of the page, and the quiet bar when the connection is lost.
import { byId, el, icon } from "./dom.js";
import { t } from "./i18n.js";

/**
 * @param {string} text
 * @param {{verb: string, run: () => void}|null} [way] What may be done about it, such as taking it back.
 */
export function toast(text, way = null) {
  const note = el("div", { class: "toast" }, el("span", {}, text));
  if (way) {
    const act = () => {
      note.remove();
      way.run();
    };
    note.append(el("button", { type: "button", class: "toast-button", onclick: act }, way.verb));
  }
  byId("toasts").append(note);
  setTimeout(() => note.remove(), way ? 8_000 : 4_000);
}

/**
 * Copy text, saying so.
 * @param {string} text
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure origin browsers have no clipboard for scripts; an old way still works there.
    const field = el("textarea", { class: "visually-hidden", "aria-hidden": "true" });
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    if (!done) return toast(t("copy.failed", { text }));
  }
  return toast(t("copy.done", { text }));
}

/** Say when the network is gone and when it is back. */
export function watchConnection() {
  /** @type {HTMLElement|null} */
  let bar = null;
  const show = () => {
    bar?.remove();
    bar = null;
    if (navigator.onLine) return;
    bar = el("div", { class: "quiet-bar", role: "status" }, icon("offline", "small"), t("error.connection"));
    byId("main").append(bar);
  };
  window.addEventListener("offline", show);
  window.addEventListener("online", show);
  show();
}
