// Signing in, and changing one's password.
import { ApiError, ask } from "./core/api.js";
import { at, boot } from "./core/boot.js";
import { handleForm } from "./core/form.js";
import { t } from "./core/i18n.js";
import { startShell } from "./shell/shell.js";

startShell();

const next = boot.next ?? at("/");
const signin = /** @type {HTMLFormElement|null} */ (document.getElementById("signin"));
const change = /** @type {HTMLFormElement|null} */ (document.getElementById("change"));

if (signin) {
  const second = /** @type {HTMLElement} */ (document.getElementById("second-factor"));
  const field = /** @type {HTMLInputElement} */ (second.querySelector("input"));
  handleForm(signin, async ({ name, password, code }) => {
    try {
      const body = { name, password, ...(code ? { code } : {}) };
      const session = await ask("/v1/session", { method: "POST", body });
      const more = `next=${encodeURIComponent(next)}`;
      if (session.must_change_password) location.assign(at(`/signin?change=1&${more}`));
      else location.assign(session.must_enrol_totp ? at(`/account?${more}`) : next);
    } catch (error) {
      if (!(error instanceof ApiError) || !["totp-required", "wrong-code"].includes(error.code)) throw error;
      // The password was right: the second step is shown, and asked for from now on.
      second.hidden = false;
      field.required = true;
      field.value = "";
      field.focus();
      if (error.code === "wrong-code") throw new Error(error.message, { cause: error });
    }
  });
}

if (change) {
  handleForm(change, async ({ current, new: fresh, again, keep_tokens: keep }) => {
    if (fresh !== again) throw new Error(t("signin.differ"));
    const body = { current, new: fresh, keep_tokens: Boolean(keep) };
    const session = await ask("/v1/session/password", { method: "POST", body });
    location.assign(session.must_enrol_totp ? at(`/account?next=${encodeURIComponent(next)}`) : next);
  });
}
