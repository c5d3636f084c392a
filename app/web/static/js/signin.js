// Signing in, and changing one's password.
import { ApiError, ask } from "./core/api.js";
import { at, boot } from "./core/boot.js";
import { el, icon } from "./core/dom.js";
import { t } from "./core/i18n.js";
import { startShell } from "./shell/shell.js";

startShell();

for (const button of document.querySelectorAll(".reveal")) {
  button.addEventListener("click", () => {
    const field = /** @type {HTMLInputElement} */ (button.parentElement?.querySelector("input"));
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
  });
}

/**
 * @param {string} id
 * @param {(given: Record<string, string>) => Promise<void>} send
 */
function form(id, send) {
  const element = /** @type {HTMLFormElement|null} */ (document.getElementById(id));
  if (!element) return;
  const alert = /** @type {HTMLElement} */ (element.querySelector(".alert"));
  const button = /** @type {HTMLButtonElement} */ (element.querySelector("[type=submit]"));
  const say = (/** @type {string} */ text) => {
    alert.replaceChildren(icon("exclaim"), el("span", {}, text));
    alert.hidden = false;
  };
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = Object.fromEntries([...new FormData(element)].map(([k, v]) => [k, String(v)]));
    const missing = [...element.querySelectorAll("input")].find((field) => !field.value);
    if (missing) {
      missing.focus();
      return say(t("signin.missing"));
    }
    alert.hidden = true;
    button.disabled = true;
    try {
      await send(given);
    } catch (error) {
      say(/** @type {Error} */ (error).message);
      if (error instanceof ApiError && error.status === 401) element.querySelector("input[type=password]")?.focus();
    } finally {
      button.disabled = false;
    }
    return undefined;
  });
}

form("signin", async ({ name, password }) => {
  const session = await ask("/v1/session", { method: "POST", body: { name, password } });
  const next = boot.next ?? at("/");
  location.assign(session.must_change_password ? at(`/signin?change=1&next=${encodeURIComponent(next)}`) : next);
});

form("change", async ({ current, new: fresh, again }) => {
  if (fresh !== again) throw new Error(t("signin.differ"));
  await ask("/v1/session/password", { method: "POST", body: { current, new: fresh } });
  location.assign(boot.next ?? at("/"));
});
