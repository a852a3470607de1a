// @ts-check
/** Finding something in a transcript; what is found is marked by the browser, without touching the text. */
import { text } from "./texts.js";

// Older browsers have no such marks: there the line that is gone to has to do.
const marks = "highlights" in CSS ? { all: mark("found"), current: mark("found-current") } : null;

/** @param {string} name */
function mark(name) {
  const highlight = new Highlight();
  CSS.highlights.set(name, highlight);
  return highlight;
}

export class Search {
  /** @type {{line: number, start: number, end: number}[]} */ found = [];
  #current = 0;
  /** @type {Range[]} */ #ranges = [];

  /** @param {HTMLElement} root with an input and a place for how many there are @param {import("./lines.js").Lines} lines */
  constructor(root, lines) {
    this.lines = lines;
    this.input = /** @type {HTMLInputElement} */ (root.querySelector("input"));
    this.count = /** @type {HTMLElement} */ (root.querySelector(".found"));
    this.input.addEventListener("input", () => this.update());
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.#go(event.shiftKey ? -1 : 1);
      if (event.key === "Escape") this.clear();
    });
  }

  clear() {
    this.input.value = "";
    this.update();
  }

  /** Search anew: for something else, or in another text. The place stays where somebody is at work. */
  update({ stays = false } = {}) {
    for (const range of this.#ranges) for (const each of Object.values(marks ?? {})) each.delete(range);
    this.found = this.lines.transcript?.find(this.input.value) ?? [];
    this.#current = stays ? Math.min(this.#current, Math.max(this.found.length - 1, 0)) : 0;
    this.#ranges = this.found.map((found) => this.lines.range(found));
    for (const range of this.#ranges) marks?.all.add(range);
    this.#go(0, { reveals: !stays });
  }

  /** @param {number} step to the next one, or the one before */
  #go(step, { reveals = true } = {}) {
    const { found } = this;
    const wanted = this.input.value.trim();
    const left = this.#ranges[this.#current];
    if (left) marks?.current.delete(left);
    this.#current = found.length ? (this.#current + step + found.length) % found.length : 0;
    this.count.textContent = !wanted ? "" : text("found", { n: found.length ? this.#current + 1 : 0, all: found.length });
    if (!found.length) return;
    marks?.current.add(this.#ranges[this.#current]);
    if (reveals) this.lines.reveal(found[this.#current].line);
  }
}
