// Says before a session ends, because nothing was done or because the day is over, so that nothing is lost.
import { ask, lastUse } from "../core/api.js";
import { at, boot } from "../core/boot.js";
import { byId, el, icon } from "../core/dom.js";
import { t } from "../core/i18n.js";

const EVERY_MS = 15_000;
const NOTICE_MS = 5 * 60_000;

/** Watch the session of the person who is signed in. */
export function watchSession() {
  const session = boot.session;
  if (!session) return;
  const idle = session.idleSeconds * 1000;
  const ends = new Date(session.endsAt).getTime();
  // Half of a short one is enough to be told.
  const notice = Math.min(NOTICE_MS, idle / 2);
  /** @type {HTMLElement|null} */
  let bar = null;
  let shown = "";

  const draw = (/** @type {string} */ state, /** @type {number} */ left) => {
    const minutes = Math.max(1, Math.ceil(left / 60_000));
    const key = `${state} ${minutes}`;
    if (shown === key) return;
    shown = key;
    bar?.remove();
    bar = null;
    if (state === "live") return;
    const here = encodeURIComponent(location.pathname + location.search);
    const again = el("a", { class: "toast-button", href: at(`/signin?next=${here}`) }, t("session.again"));
    const stay = el("button", { type: "button", class: "toast-button", onclick: () => ask("/v1/session").then(look, look) }, t("session.stay"));
    const text = state === "over" ? t("session.over") : t(state === "idle" ? "session.idle" : "session.end", { n: minutes });
    bar = el("div", { class: "toast", id: "session-notice" }, icon("clock", "small"), el("span", {}, text), state === "over" ? again : state === "idle" && stay);
    byId("toasts").append(bar);
  };
  const look = () => {
    const now = Date.now();
    const idleLeft = lastUse() + idle - now;
    const left = Math.min(idleLeft, ends - now);
    if (left <= 0) draw("over", 0);
    else if (left > notice) draw("live", notice);
    else draw(idleLeft < ends - now ? "idle" : "end", left);
  };
  setInterval(look, EVERY_MS);
  document.addEventListener("visibilitychange", look);
  look();
}
