// One's own account: the second factor and the API tokens.
import { ask } from "./core/api.js";
import { boot } from "./core/boot.js";
import { byId, el, fill, icon } from "./core/dom.js";
import { handleForm } from "./core/form.js";
import { moment } from "./core/format.js";
import { t, tMaybe } from "./core/i18n.js";
import { copy, toast } from "./core/toast.js";
import { startShell } from "./shell/shell.js";

startShell();
secondFactor();
if (document.getElementById("tokens")) tokens();

/**
 * @param {string} id Of a section.
 * @param {...any} content Beneath its heading and what the server wrote there for good.
 */
function show(id, ...content) {
  const section = byId(id);
  for (const old of section.querySelectorAll(":scope > .skeleton, :scope > .made")) old.remove();
  section.append(el("div", { class: "made" }, ...content));
}

/**
 * @param {string} name
 * @param {string} label
 * @param {Record<string, any>} [more]
 */
function field(name, label, more = {}) {
  return el("label", { class: "field" }, el("span", {}, label), el("input", { class: "input", name, required: true, ...more }));
}

/**
 * @param {string} verb
 * @param {Node[]} fields
 * @param {(values: Record<string, string>) => Promise<void>} send
 */
function form(verb, fields, send) {
  const made = el(
    "form",
    { novalidate: true },
    el("div", { class: "alert", role: "alert", hidden: true }),
    fields,
    el("button", { type: "submit", class: "button primary" }, verb),
  );
  handleForm(made, send);
  return made;
}

const passwordField = () => field("password", t("signin.current"), { type: "password", autocomplete: "current-password" });
const codeField = () =>
  field("code", t("totp.code"), { autocomplete: "one-time-code", autocapitalize: "none", spellcheck: "false" });

async function secondFactor() {
  try {
    const state = await ask("/v1/session/totp");
    if (state.enabled) showEnabled(state);
    else showOffer();
  } catch (error) {
    show("totp", el("p", { role: "alert" }, /** @type {Error} */ (error).message));
  }
}

function showOffer() {
  const begin = form(t("totp.begin"), [passwordField()], async ({ password }) => {
    showSteps(await ask("/v1/session/totp", { method: "POST", body: { password } }));
  });
  show("totp", el("p", { class: "muted" }, t("totp.offer")), begin);
}

/** @param {{secret: string, picture: string}} enrolment */
function showSteps({ secret, picture }) {
  const confirm = form(t("totp.confirm"), [codeField()], async ({ code }) => {
    const { recovery_codes: codes } = await ask("/v1/session/totp/confirm", { method: "POST", body: { code } });
    showCodes(codes);
  });
  show(
    "totp",
    el("p", {}, t("totp.scan")),
    el("img", { class: "qr", src: picture, alt: t("totp.picture") }),
    el("p", { class: "caption" }, t("totp.type")),
    el("p", { class: "secret mono" }, secret.replace(/(.{4})(?=.)/g, "$1 "), " ", copyButton(secret)),
    confirm,
  );
  confirm.querySelector("input")?.focus();
}

/** @param {string[]} codes */
function showCodes(codes) {
  document.querySelector("#totp > .alert")?.remove();
  const onward = el("a", { class: "button primary", href: boot.next ?? location.href }, t("totp.kept"));
  show(
    "totp",
    el("p", { role: "status" }, icon("tick", "small"), " ", t("totp.on")),
    el("p", {}, t("totp.codes")),
    el("ul", { class: "codes mono" }, codes.map((code) => el("li", {}, code))),
    el("p", { class: "actions" }, copyButton(codes.join("\n")), " ", onward),
  );
  onward.focus();
}

/** @param {{required: boolean, recovery_codes: number}} state */
function showEnabled({ required, recovery_codes: left }) {
  const remove = form(t("totp.remove"), [passwordField(), codeField()], async ({ password, code }) => {
    await ask("/v1/session/totp", { method: "DELETE", body: { password, code } });
    if (required) location.reload();
    else showOffer();
  });
  show(
    "totp",
    el("p", { role: "status" }, icon("tick", "small"), " ", t("totp.on")),
    el("p", { class: left > 2 ? "muted" : "warning" }, t("totp.left", { n: left })),
    el("details", {}, el("summary", {}, t("totp.remove.title")), el("p", { class: "muted" }, t("totp.remove.how")), remove),
  );
}

/** @param {string} text */
function copyButton(text) {
  const label = t("totp.copy");
  return el("button", { type: "button", class: "ghost", "aria-label": label, title: label, onclick: () => copy(text) }, icon("copy", "small"));
}

async function tokens() {
  try {
    const { items } = await ask("/v1/tokens");
    const live = items.filter((/** @type {any} */ token) => !token.revoked_at && !(token.expires_at && new Date(token.expires_at) <= new Date()));
    if (!live.length) return show("tokens", el("p", { class: "muted" }, t("tokens.none")));
    const list = el("ul", { class: "tokens" });
    fill(list, live.map(tokenRow));
    return show("tokens", el("p", { class: "muted" }, t("tokens.about")), list);
  } catch (error) {
    return show("tokens", el("p", { role: "alert" }, /** @type {Error} */ (error).message));
  }
}

/** @param {any} token */
function tokenRow(token) {
  const end = token.expires_at ? t("tokens.ends", { when: moment(token.expires_at) }) : t("tokens.endless");
  const revoke = async () => {
    try {
      await ask(`/v1/tokens/${token.id}`, { method: "DELETE" });
      toast(t("tokens.revoked", { name: token.name }));
      await tokens();
    } catch (error) {
      toast(/** @type {Error} */ (error).message);
    }
  };
  return el(
    "li",
    {},
    el(
      "div",
      { class: "grow" },
      el("strong", {}, token.name),
      el("div", { class: "caption" }, `${token.prefix}… · ${tMaybe(`role.${token.role}`, token.role)} · ${token.unit ?? token.scope ?? t("role.everywhere")} · ${token.created_by}`),
      el("div", { class: token.expires_soon || !token.expires_at ? "caption warning" : "caption" }, token.expires_soon ? t("tokens.soon", { end }) : end),
    ),
    el("button", { type: "button", class: "button", onclick: revoke }, t("tokens.revoke")),
  );
}
