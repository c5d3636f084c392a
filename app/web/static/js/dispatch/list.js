// The list beside the map: what is in view, newest first, walked by keys, longer as one scrolls.
import { byId, el, fill } from "../core/dom.js";
import { dayWords, number, since } from "../core/format.js";
import { either, t } from "../core/i18n.js";
import { empty, failure } from "../core/states.js";
import { sensitiveChip } from "./drawer.js";
import { light, lightIcon } from "./deadline.js";

export class IncidentList {
  /** @type {any[]} */
  items = [];
  /** @type {string|null} */
  #next = null;
  #loading = false;
  /** @type {string|null} */
  #chosen = null;

  /**
   * @param {(item: any) => void} pick
   * @param {(item: any|null) => void} touch The one that keys or pointer are at.
   * @param {(cursor: string) => Promise<any>} more
   * @param {(code: string|null) => string} nameOf The name of a grid by its code.
   */
  constructor(pick, touch, more, nameOf) {
    this.nameOf = nameOf;
    this.place = byId("list");
    this.status = byId("list-status");
    this.pick = pick;
    this.more = more;
    this.place.addEventListener("click", (event) => {
      const item = this.#of(event.target);
      if (item) pick(item);
    });
    this.place.addEventListener("keydown", (event) => this.#pressed(event));
    this.place.addEventListener("pointerover", (event) => touch(this.#of(event.target)));
    this.place.addEventListener("pointerleave", () => touch(null));
    this.place.addEventListener("focusin", (event) => touch(this.#of(event.target)));
    this.place.addEventListener("scroll", () => {
      const { scrollTop, clientHeight, scrollHeight } = this.place;
      if (scrollTop + clientHeight > scrollHeight - 400) this.#grow();
    });
  }

  /** @param {any} page @param {string} [hint] Why there may be none. */
  show(page, hint = t("list.empty.hint")) {
    const focused = this.place.contains(document.activeElement)
      ? /** @type {HTMLElement} */ (document.activeElement).dataset.number
      : null;
    this.items = page.items;
    this.#next = page.next;
    this.#say(page);
    if (!this.items.length) {
      fill(this.place, empty({ icon: "list", title: t("list.empty"), text: hint }));
      return;
    }
    this.place.scrollTop = 0;
    fill(this.place, this.items.map((item, i) => this.#row(item, i === 0)));
    const kept = focused && this.#element(focused);
    if (kept) this.#focus(kept);
  }

  /** @param {Error} error @param {() => void} retry */
  fail(error, retry) {
    this.status.textContent = t("list.failed");
    fill(this.place, failure(error, t("list.failed.meaning"), retry));
  }

  /** Mark one as open in the drawer. @param {string|null} chosen */
  choose(chosen) {
    this.#chosen = chosen;
    for (const row of this.place.querySelectorAll("[role=option]")) {
      row.setAttribute("aria-selected", String(/** @type {HTMLElement} */ (row).dataset.number === chosen));
    }
    if (chosen) this.#element(chosen)?.scrollIntoView({ block: "nearest" });
  }

  /** Put the keys on the list. */
  focus() {
    const row = this.place.querySelector("[tabindex='0']");
    if (row) /** @type {HTMLElement} */ (row).focus();
  }

  /** Go to the neighbour of the one that is open. @param {number} step */
  step(step) {
    const at = this.items.findIndex((item) => item.number === this.#chosen);
    const item = this.items[at + step];
    if (item) this.pick(item);
  }

  /** @param {any} page */
  #say({ total, total_cap }) {
    const n = total >= total_cap ? `${number(total_cap)}+` : number(total);
    this.status.textContent = t("list.inview", { n });
  }

  async #grow() {
    if (this.#loading || !this.#next) return;
    this.#loading = true;
    try {
      const page = await this.more(this.#next);
      if (!page) return;
      this.items.push(...page.items);
      this.#next = page.next;
      this.place.append(...page.items.map((/** @type {any} */ item) => this.#row(item, false)));
    } catch {
      // Scrolling again asks again; what is there stays.
    } finally {
      this.#loading = false;
    }
  }

  /** @param {any} item @param {boolean} first */
  #row(item, first) {
    const shown = light(item);
    return el(
      "div",
      {
        class: "incident-row",
        role: "option",
        id: `incident-${item.number}`,
        "aria-selected": String(item.number === this.#chosen),
        tabindex: first ? 0 : -1,
        data: { number: item.number },
      },
      lightIcon(shown),
      el("span", { class: "what" }, either(item.class_zh, item.class_en) || t("incident.unclassified")),
      el("time", { class: "when", datetime: item.occurred_at ?? item.day }, item.occurred_at ? since(item.occurred_at) : dayWords(item.day)),
      el("span", { class: "place" }, item.address || item.description || this.nameOf(item.grid_code) || t("incident.noplace")),
      el(
        "span",
        { class: "state-line" },
        shown.timed && el("span", { class: `light ${shown.tone}` }, shown.words),
        t(`state.${item.state}`),
        item.sensitive && sensitiveChip(),
      ),
    );
  }

  /** @param {EventTarget|null} target */
  #of(target) {
    const row = target instanceof Element ? /** @type {HTMLElement|null} */ (target.closest("[data-number]")) : null;
    return row ? (this.items.find((item) => item.number === row.dataset.number) ?? null) : null;
  }

  /** @param {string} numbered */
  #element(numbered) {
    return /** @type {HTMLElement|null} */ (document.getElementById(`incident-${numbered}`));
  }

  /** @param {HTMLElement|null|undefined} row */
  #focus(row) {
    if (!row) return;
    for (const each of /** @type {NodeListOf<HTMLElement>} */ (this.place.querySelectorAll("[role=option]"))) {
      each.tabIndex = each === row ? 0 : -1;
    }
    row.focus();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const rows = /** @type {HTMLElement[]} */ ([...this.place.querySelectorAll("[role=option]")]);
    const at = rows.indexOf(/** @type {HTMLElement} */ (event.target));
    if (event.key === "ArrowDown") {
      if (at >= rows.length - 3) this.#grow();
      this.#focus(rows[at + 1]);
    } else if (event.key === "ArrowUp") this.#focus(rows[at - 1]);
    else if (event.key === "Home") this.#focus(rows[0]);
    else if (event.key === "End") this.#focus(rows.at(-1));
    else if (event.key === "Enter" || event.key === " ") {
      const item = this.#of(event.target);
      if (item) this.pick(item);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
