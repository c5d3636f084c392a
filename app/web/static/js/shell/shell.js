// What every page of the frame does: editions, language, theme, account, keys, connection.
import { read, write } from "../core/url_state.js";
import { ask } from "../core/api.js";
import { at, boot } from "../core/boot.js";
import { byId, el, icon } from "../core/dom.js";
import { day, number } from "../core/format.js";
import { t, tMaybe } from "../core/i18n.js";
import { key, showKeys } from "../core/shortcuts.js";
import { toast, watchConnection } from "../core/toast.js";
import { nextTheme, theme } from "../core/theme.js";
import { watchSession } from "./idle.js";
import { menuButton } from "./menu.js";

const THEME_ICONS = { auto: "auto", light: "sun", dark: "moon" };

/** Start what the frame does. */
export function startShell() {
  language();
  themes();
  account();
  editions();
  watchConnection();
  watchSession();
  key(["?"], t("keys.list"), showKeys);
  document.getElementById("keys-button")?.addEventListener("click", showKeys);
}

/** The edition that is looked at: the address names one, otherwise the one in force. */
export function editionShown() {
  const named = Number(read().get("edition"));
  return Number.isInteger(named) && named > 0 ? named : (boot.edition?.number ?? null);
}

function otherLanguage() {
  const address = new URL(location.href);
  address.searchParams.set("lang", boot.lang === "en" ? "zh" : "en");
  return address.pathname + address.search;
}

function language() {
  const link = /** @type {HTMLAnchorElement} */ (byId("language"));
  // The address changes as one works: what is there at the click counts.
  for (const moment of ["pointerdown", "focus", "click"]) {
    link.addEventListener(moment, () => link.setAttribute("href", otherLanguage()));
  }
}

function themes() {
  const button = byId("theme");
  const draw = () => {
    const now = theme();
    button.replaceChildren(icon(THEME_ICONS[now]));
    button.setAttribute("aria-label", `${t("theme.label")}：${t(`theme.${now}`)}`);
    button.title = button.getAttribute("aria-label") ?? "";
  };
  button.addEventListener("click", () => {
    const now = nextTheme();
    draw();
    toast(t(`theme.${now}`));
  });
  draw();
}

/**
 * @param {string} label
 * @param {string} name
 * @param {{href?: string, run?: () => void, note?: string}} does
 */
function item(label, name, { href, run, note }) {
  const inside = [icon(name), el("span", { class: "grow" }, label, note && el("span", { class: "caption" }, note))];
  return href
    ? el("a", { class: "menu-item", href }, inside)
    : el("button", { class: "menu-item", type: "button", onclick: run }, inside);
}

function account() {
  menuButton(byId("account"), async () => {
    const here = encodeURIComponent(location.pathname + location.search);
    const menu = el("div");
    if (boot.signedIn) {
      const session = await ask("/v1/session").catch(() => null);
      if (session) {
        menu.append(
          el(
            "div",
            { class: "menu-note" },
            el("strong", {}, session.display_name || session.name),
            session.roles.map((/** @type {any} */ r) =>
              el("div", { class: "caption" }, `${tMaybe(`role.${r.role}`, r.role)} · ${r.unit ?? r.scope ?? t("role.everywhere")}`),
            ),
          ),
        );
      }
      menu.append(item(t("account.own"), "account", { href: at("/account") }));
      menu.append(item(t("account.password"), "edit", { href: at(`/signin?change=1&next=${here}`) }));
      menu.append(item(t("account.signout"), "out", { run: signOut }));
    } else {
      menu.append(item(t("account.signin"), "account", { href: at(`/signin?next=${here}`) }));
    }
    menu.append(item(t("account.docs"), "book", { href: at("/docs") }));
    if (matchMedia("(max-width: 767px)").matches) {
      menu.append(item(boot.lang === "en" ? "中文" : "English", "book", { href: otherLanguage() }));
      menu.append(item(t("theme.label"), THEME_ICONS[theme()], { run: () => byId("theme").click(), note: `${t(`theme.${theme()}`)}` }));
    }
    return menu;
  });
}

async function signOut() {
  try {
    await ask("/v1/session", { method: "DELETE" });
    location.assign(at("/"));
  } catch (error) {
    toast(/** @type {Error} */ (error).message);
  }
}

function editions() {
  const holder = document.getElementById("edition");
  if (!holder || !boot.edition) return;
  const shown = editionShown();
  const badge = holder.querySelector(".edition-badge");
  if (badge && shown !== boot.edition.number) {
    badge.classList.add("other");
    badge.replaceChildren(
      icon("clock", "small"),
      el("span", { class: "number" }, t("edition.short", { n: shown })),
      el("span", { class: "since" }, `· ${t("edition.other")}`),
    );
  }
  menuButton(holder, async () => {
    const menu = el("div");
    try {
      const { editions: all, in_force } = await ask("/v1/editions");
      for (const edition of all) {
        const current = edition.number === in_force;
        menu.append(
          item(t("edition.short", { n: edition.number }), edition.number === shown ? "tick" : "grid", {
            run: () => {
              write({ edition: current ? null : edition.number }, { remember: true });
              location.reload();
            },
            note: [
              `${t("edition.since", { day: day(edition.effective_from) })}`,
              t("edition.grids", { n: number(edition.grids) }),
              current && t("edition.current"),
              edition.synthetic && t("demo.short"),
              edition.note,
            ]
              .filter(Boolean)
              .join(" · "),
          }),
        );
      }
    } catch (error) {
      menu.append(el("p", { class: "menu-note", role: "alert" }, /** @type {Error} */ (error).message));
    }
    return menu;
  });
}
