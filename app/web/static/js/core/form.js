// Forms of the plain pages: what is missing is said, what was refused is said in place, nothing is sent twice.
import { ApiError } from "./api.js";
import { el, icon } from "./dom.js";
import { t } from "./i18n.js";

/**
 * @param {HTMLFormElement} element With an `.alert` and a submit button.
 * @param {(values: Record<string, string>) => Promise<void>} send
 */
export function handleForm(element, send) {
  const alert = /** @type {HTMLElement} */ (element.querySelector(".alert"));
  const button = /** @type {HTMLButtonElement} */ (element.querySelector("[type=submit]"));
  const say = (/** @type {string} */ text) => {
    alert.replaceChildren(icon("exclaim"), el("span", {}, text));
    alert.hidden = false;
  };
  for (const reveal of element.querySelectorAll(".reveal")) revealing(/** @type {HTMLElement} */ (reveal));
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = Object.fromEntries([...new FormData(element)].map(([k, v]) => [k, String(v)]));
    const missing = [...element.querySelectorAll("input")].find((field) => field.required && !field.value);
    if (missing) {
      missing.focus();
      return say(t("signin.missing"));
    }
    alert.hidden = true;
    button.disabled = true;
    try {
      await send(values);
    } catch (error) {
      say(/** @type {Error} */ (error).message);
      if (error instanceof ApiError && error.status === 401) element.querySelector("input[type=password]")?.focus();
    } finally {
      button.disabled = false;
    }
    return undefined;
  });
}

/** @param {HTMLElement} button Beside a password. */
function revealing(button) {
  button.addEventListener("click", () => {
    const field = /** @type {HTMLInputElement} */ (button.parentElement?.querySelector("input"));
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
  });
}
