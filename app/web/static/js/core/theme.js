// Light, dark, or as the system has it. A cookie, so that the server draws the right one from the first pixel.
const COOKIE = "wangge_theme";
const ORDER = ["auto", "light", "dark"];

/** @type {Set<() => void>} */
const listeners = new Set();
const dark = window.matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", () => tell());

function tell() {
  for (const listener of listeners) listener();
}

/** @returns {"auto"|"light"|"dark"} */
export function theme() {
  const chosen = document.documentElement.dataset.theme;
  return chosen === "light" || chosen === "dark" ? chosen : "auto";
}

/** Go on to the next of the three. */
export function nextTheme() {
  const next = ORDER[(ORDER.indexOf(theme()) + 1) % ORDER.length];
  if (next === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  document.cookie = `${COOKIE}=${next};path=/;max-age=31536000;samesite=lax`;
  tell();
  return next;
}

/**
 * Call when colours change.
 * @param {() => void} listener
 */
export function onTheme(listener) {
  listeners.add(listener);
}

const probe = document.createElement("span");
probe.hidden = true;
document.documentElement.append(probe);

/**
 * A colour of tokens.css as it is now, in a form that a canvas understands.
 * @param {string} name Such as `map-land`.
 */
export function colour(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}
