// The tools over the map: a bar to choose from, and a card that says what to do and takes coordinates by hand.
import { read, write } from "../core/url_state.js";
import { byId, el, fill, icon } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { key } from "../core/shortcuts.js";
import { parsePlace } from "../core/url_state.js";
import { meaning, parsePlaces, placesText, TOOLS } from "./operations.js";

/** @typedef {import("./shapes.js").Place} Place */

export class Tools {
  /** @type {import("./operations.js").Tool} */
  tool = TOOLS[0];
  /** @type {Place[]} Drawn and not sent, or refused. */
  places = [];
  /** @type {string} Of a grid that is to be added. */
  #community = "";
  /** @type {string} Why land is to belong to no grid. */
  #reason = "";
  /** @type {string|null} What is missing or was refused, in words. */
  #trouble = null;
  /** What the card shows. */
  #shown = "";

  /**
   * @param {object} acts
   * @param {() => {coverage: import("./coverage.js").Coverage, selected: string[]}} acts.given
   * @param {(operation: Record<string, any>) => Promise<boolean>} acts.run
   * @param {() => {code: string, name: string}[]} acts.communities
   * @param {() => void} acts.changed
   * @param {() => boolean} acts.mayEdit
   */
  constructor(acts) {
    this.acts = acts;
    this.bar = byId("tools");
    this.card = byId("tool-card");
    /** @type {import("./sketch.js").Drawing|null} */
    this.drawing = null;
    /** @type {import("./vertices.js").Vertices|null} */
    this.vertices = null;
    for (const tool of TOOLS) {
      this.bar.querySelector(`[data-tool=${tool.id}]`)?.addEventListener("click", () => this.choose(tool.id));
      key([tool.key], t(`editor.tool.${tool.id}`), () => acts.mayEdit() && this.choose(tool.id));
    }
    key(["[", "]"], t("editor.keys.vertex"), (event) => this.tool.id === "vertex" && this.vertices?.step(event.key === "]" ? 1 : -1));
    key(["Delete"], t("editor.keys.delete"), () => this.tool.id === "vertex" && this.vertices?.remove());
  }

  /** @param {string} id */
  choose(id) {
    const tool = TOOLS.find((each) => each.id === id) ?? TOOLS[0];
    this.tool = tool;
    this.places = [];
    this.#trouble = null;
    write({ tool: tool.id === "select" ? null : tool.id });
    this.drawing?.start(tool.kind);
    this.vertices?.start(tool.id === "vertex");
    for (const button of this.bar.querySelectorAll("[data-tool]")) {
      button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.tool === tool.id));
    }
    this.draw();
    this.acts.changed();
  }

  /** The tool that the address names. */
  fromAddress() {
    this.choose(this.acts.mayEdit() ? (read().get("tool") ?? "select") : "select");
  }

  /** Whether clicks on the map select grids. */
  get selecting() {
    return this.tool.id === "select" || (this.tool.id === "transfer" && !this.drawing?.underway && this.acts.given().selected.length !== 1);
  }

  /** Esc: what is being drawn, then the tool. @returns {boolean} Whether there was anything to leave. */
  leave() {
    if (this.places.length) {
      this.clear();
      return true;
    }
    if (this.tool.id === "select") return false;
    this.choose("select");
    return true;
  }

  /** Something was drawn to its end: it is sent at once, since undo is as near. @param {Place[]} places */
  async drawn(places) {
    this.places = places;
    await this.send();
  }

  async send() {
    if (!this.places.length) return;
    const { operation, need } = meaning(this.tool.id, this.places, { ...this.acts.given(), community: this.#community, reason: this.#reason });
    this.#trouble = need ? t(need) : null;
    this.draw();
    if (!operation) return;
    if (await this.acts.run(operation)) this.clear();
    else this.draw();
  }

  clear() {
    this.places = [];
    this.#trouble = null;
    this.drawing?.clear();
    this.draw();
  }

  /** What the card says of a refusal; the drawing stays. @param {string|null} text */
  trouble(text) {
    this.#trouble = text;
    this.draw();
  }

  draw() {
    const { tool } = this;
    this.card.hidden = tool.id === "select" || !this.acts.mayEdit();
    const shown = this.card.hidden ? "" : JSON.stringify([tool.id, this.places, this.#trouble, this.vertices?.chosen, this.vertices?.tooFar]);
    // Drawn again only when it says something else: what somebody types into it meanwhile is theirs.
    if (shown === this.#shown) return;
    this.#shown = shown;
    fill(
      this.card,
      el("p", { class: "tool-hint" }, icon(tool.icon, "small"), el("span", {}, t(`editor.hint.${tool.id}`))),
      this.#trouble && el("p", { class: "tool-trouble", role: "alert" }, icon("exclaim", "small"), el("span", {}, this.#trouble)),
      tool.id === "vertex" ? this.#vertexForm() : this.#placesForm(),
    );
  }

  #placesForm() {
    const closed = this.tool.kind === "area";
    const field = el("textarea", { class: "input", rows: 4, spellcheck: "false", "aria-label": t("editor.places"), placeholder: "120.1234567, 35.1234567" });
    field.value = placesText(this.places, closed);
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      const places = parsePlaces(field.value, closed);
      if (!places) return this.trouble(t(closed ? "editor.places.area" : "editor.places.line"));
      this.places = places;
      this.drawing?.put(places);
      return this.send();
    };
    return el(
      "form",
      { class: "tool-form", onsubmit: submit },
      this.tool.id === "add" && this.#communityChoice(),
      this.tool.id === "exclude" && this.#reasonField(),
      el(
        "details",
        { open: this.places.length > 0 },
        el("summary", {}, t("editor.places")),
        field,
        el(
          "div",
          { class: "tool-buttons" },
          el("button", { type: "submit", class: "button primary" }, t("editor.apply")),
          el("button", { type: "button", class: "button", onclick: () => this.clear() }, t("editor.clear")),
        ),
      ),
    );
  }

  #communityChoice() {
    const select = el(
      "select",
      { class: "select", onchange: () => (this.#community = select.value) },
      el("option", { value: "" }, t("editor.add.selected")),
      this.acts.communities().map(({ code, name }) => el("option", { value: code }, `${name} ${code}`)),
    );
    select.value = this.#community;
    return el("label", { class: "field" }, el("span", {}, t("editor.add.to")), select);
  }

  #reasonField() {
    const input = el("input", {
      class: "input",
      name: "reason",
      maxlength: 200,
      autocomplete: "off",
      placeholder: t("editor.exclude.example"),
      oninput: () => (this.#reason = input.value),
    });
    input.value = this.#reason;
    return el("label", { class: "field" }, el("span", {}, t("editor.exclude.reason")), input);
  }

  #vertexForm() {
    const { vertices } = this;
    if (!vertices?.chosen) return vertices?.tooFar ? el("p", { class: "caption" }, t("editor.vertex.far")) : null;
    const field = el("input", { class: "input mono", "aria-label": t("editor.vertex.place") });
    field.value = vertices.chosen.map((v) => v.toFixed(7)).join(", ");
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      const place = parsePlace(field.value.replace(/[\s,，]+/, ","));
      if (!place) return this.trouble(t("editor.vertex.wrong"));
      return vertices.moveTo(place);
    };
    return el(
      "form",
      { class: "tool-form", onsubmit: submit },
      el("label", { class: "field" }, el("span", {}, t("editor.vertex.place")), field),
      el("p", { class: "caption" }, t("editor.vertex.shared", { codes: this.acts.given().coverage.having(vertices.chosen).join("、") })),
      el(
        "div",
        { class: "tool-buttons" },
        el("button", { type: "submit", class: "button primary" }, t("editor.vertex.move")),
        el("button", { type: "button", class: "button", onclick: () => vertices.remove() }, t("editor.vertex.delete")),
      ),
    );
  }
}
