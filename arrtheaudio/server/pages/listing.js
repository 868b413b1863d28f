// A list that is too long for one page: asks for a page of it, shows it, and turns to the next.

import { ask } from "./ask.js";
import { $, attribute, copy, list, text } from "./show.js";
import { number } from "./words.js";

let made = 0;

// Ten buttons say "Undo": whoever hears them is told of which file.
export function describe(node, name) {
  const heading = node.querySelector("h3, h4");
  heading.id = `${name}-${(made += 1)}`;
  for (const part of node.querySelectorAll("fieldset, [data-action]")) part.setAttribute("aria-describedby", heading.id);
}

export class Listing {
  // `name` is that of its elements, and of the items in the answer of `path`; `acts` are what its buttons do.
  // `arrange` makes the entries that are shown of the items of a page.
  constructor({ name, path, items = name, template, key, limit, update, arrange = (found) => found, acts = {} }) {
    Object.assign(this, { name, path, items, template, key, limit, update, arrange, acts });
    this.offset = 0;
    this.total = 0;
    this.whole = 0; // how many there have been, where the server keeps only the latest
    this.shown = new Map();
    this.pager();
  }

  async load() {
    const join = this.path.includes("?") ? "&" : "?";
    const answer = await ask(`${this.path}${join}limit=${this.limit}&offset=${this.offset}`);
    this.total = answer.total;
    if (this.offset > 0 && this.offset >= answer.total) {
      this.offset = Math.max(0, Math.floor((answer.total - 1) / this.limit) * this.limit);
      return this.load();
    }
    this.show(answer[this.items]);
    return answer;
  }

  show(items) {
    const entries = this.arrange(items);
    this.shown = new Map(entries.map((entry) => [this.key(entry), entry]));
    list($(`${this.name}-list`), entries, this.key, (item) => this.make(item), this.update);
    $(`${this.name}-empty`).hidden = items.length > 0;
    $(`${this.name}-list`).hidden = items.length === 0;
    this.range(items.length);
  }

  make(item) {
    const node = copy(this.template);
    describe(node, this.name);
    node.addEventListener("click", (event) => {
      const button = event.target.closest("[data-action]");
      const act = button && this.acts[button.dataset.action];
      if (act && button.getAttribute("aria-disabled") !== "true") act(this.shown.get(this.key(item)) ?? item, node, button);
    });
    return node;
  }

  pager() {
    this.newer = this.turner("Newer", -1);
    this.where = document.createElement("span");
    this.older = this.turner("Older", 1);
    $(`${this.name}-pager`).append(this.newer, this.where, this.older);
  }

  turner(label, by) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => button.getAttribute("aria-disabled") === "true" || this.turn(by));
    return button;
  }

  async turn(by) {
    const before = this.offset;
    this.offset = Math.max(0, this.offset + by * this.limit);
    try {
      await this.load();
      $(`${this.name}-title`).scrollIntoView({ block: "start" });
    } catch {
      this.offset = before; // the next look says what is wrong
    }
  }

  range(count) {
    $(`${this.name}-pager`).hidden = this.total <= this.limit;
    const of = this.whole > this.total ? "of the latest" : "of";
    text(this.where, `${number(this.offset + 1)}–${number(this.offset + count)} ${of} ${number(this.total)}`);
    attribute(this.newer, "aria-disabled", this.offset > 0 ? null : "true");
    attribute(this.older, "aria-disabled", this.offset + count < this.total ? null : "true");
  }
}
