// @ts-check
/** The lines of a transcript on the page: they grow, are heard, found and corrected. */
import { clock } from "./format.js";
import { isUncertain } from "./transcript.js";
import { text } from "./texts.js";

/** @typedef {import("./transcript.js").Transcript} Transcript */

/** Whoever has just scrolled or typed is elsewhere, and is not pulled back to what is heard. */
const SCROLLED_MS = 5_000;

export class Lines {
  /** @type {Transcript} */ transcript;
  #editing = false;
  #heard = -1;
  #scrolledAt = -Infinity;

  /**
   * @param {HTMLElement} list
   * @param {{play: (seconds: number) => void, edited: () => void}} told what a click or a correction does
   */
  constructor(list, told) {
    this.list = list;
    this.told = told;
    list.addEventListener("click", (event) => this.#clicked(event));
    list.addEventListener("input", (event) => this.#typed(event));
    list.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("beforeinput", (event) => this.#broken(event));
    list.addEventListener("paste", (event) => this.#pasted(event));
    for (const name of ["wheel", "touchmove", "keydown", "input", "pointerdown"]) {
      list.addEventListener(name, () => { this.#scrolledAt = performance.now(); }, { passive: true });
    }
  }

  get editing() {
    return this.#editing;
  }

  set editing(on) {
    this.#editing = on;
    this.show(this.transcript);
  }

  /** All lines anew. @param {Transcript} transcript */
  show(transcript) {
    this.transcript = transcript;
    this.#heard = -1;
    this.list.replaceChildren(...transcript.lines.map((_, index) => this.#element(index)));
    this.list.hidden = transcript.isEmpty;
  }

  /** What was added at the end, so that a selection or a scrolled place stays. */
  grow() {
    const { list } = this;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
    for (let index = list.children.length; index < this.transcript.lines.length; index += 1) {
      list.append(this.#element(index));
    }
    list.hidden = this.transcript.isEmpty;
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  /** Light what is heard at a time, and keep it in view. @param {number} seconds */
  light(seconds) {
    const index = this.transcript.lineAt(seconds);
    const line = this.list.children[index];
    if (index !== this.#heard) {
      this.list.children[this.#heard]?.classList.remove("heard");
      line?.classList.add("heard");
      this.#heard = index;
      if (line && performance.now() - this.#scrolledAt > SCROLLED_MS) this.#reveal(line);
    }
    this.list.querySelector(".now")?.classList.remove("now");
    if (!this.#editing && line) said(line).children[this.transcript.wordAt(index, seconds)]?.classList.add("now");
  }

  /** @param {number} index @param {number} offset */
  focus(index, offset) {
    const element = said(this.list.children[index]);
    element.focus();
    getSelection()?.collapse(element.firstChild ?? element, offset);
  }

  /** Where a stretch of a line's text is on the page. @param {{line: number, start: number, end: number}} found */
  range({ line, start, end }) {
    const range = new Range();
    const walker = document.createTreeWalker(said(this.list.children[line]), NodeFilter.SHOW_TEXT);
    for (let passed = 0, node = walker.nextNode(); node; node = walker.nextNode()) {
      const length = node.textContent?.length ?? 0;
      if (start >= passed && start < passed + length) range.setStart(node, start - passed);
      if (end > passed && end <= passed + length) range.setEnd(node, end - passed);
      passed += length;
    }
    return range;
  }

  /** Scroll the list, and not the page, to one of its lines. @param {Element} line */
  #reveal(line) {
    const { list } = this;
    const above = line.getBoundingClientRect().top - list.getBoundingClientRect().top;
    if (above >= 0 && above + line.clientHeight <= list.clientHeight) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    list.scrollBy({ top: above - list.clientHeight / 3, behavior: still ? "instant" : "smooth" });
  }

  /** Scroll to a line, wherever it is. @param {number} index */
  reveal(index) {
    this.#reveal(this.list.children[index]);
    const { top, bottom } = this.list.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) this.list.scrollIntoView({ block: "nearest" });
  }

  // ---- One line ----

  /** @param {number} index */
  #element(index) {
    const line = this.transcript.lines[index];
    const element = document.createElement("li");
    element.className = "line";
    const time = document.createElement("button");
    time.type = "button";
    time.className = "time";
    time.textContent = clock(line.start);
    time.setAttribute("aria-label", text("playFrom", { time: clock(line.start) }));
    const words = document.createElement("p");
    words.className = "said";
    words.dir = "auto";
    words.append(...(this.#editing || !line.words.length ? [line.text] : spans(line.words)));
    if (this.#editing) {
      words.contentEditable = "true";
      words.role = "textbox";
      words.setAttribute("aria-label", text("lineAt", { time: clock(line.start) }));
    }
    element.append(time, words);
    return element;
  }

  /** @param {Event} event @returns {number} the line that it happened in, or -1 */
  #index(event) {
    const line = /** @type {Element} */ (event.target).closest(".line");
    return line ? [...this.list.children].indexOf(line) : -1;
  }

  /** @param {Event} event */
  #clicked(event) {
    const index = this.#index(event);
    const target = /** @type {Element} */ (event.target);
    const line = this.transcript.lines[index];
    if (!line) return;
    if (target.closest(".time")) return this.told.play(line.start);
    const word = target.closest(".word");
    if (!this.#editing && word && getSelection()?.isCollapsed !== false) {
      this.told.play(line.words[[...said(this.list.children[index]).children].indexOf(word)].start);
    }
  }

  /** @param {Event} event */
  #typed(event) {
    const index = this.#index(event);
    if (index < 0) return;
    this.transcript.edit(index, said(this.list.children[index]).textContent ?? "");
    this.told.edited();
  }

  /** Enter makes two lines of one, and the backspace key at its beginning joins it to the one before. @param {KeyboardEvent} event */
  #key(event) {
    const index = this.#index(event);
    if (!this.#editing || index < 0 || event.isComposing || !/** @type {Element} */ (event.target).closest(".said")) return;
    if (event.keyCode === 229) return; // Safari's, for the Enter that ends a composition
    const element = said(this.list.children[index]);
    if (event.key === "Enter") {
      event.preventDefault();
      this.#split(index);
    } else if (event.key === "Backspace" && index > 0 && !caret(element) && getSelection()?.isCollapsed) {
      event.preventDefault();
      this.#changed(index - 1, 1, index - 1, this.transcript.join(index));
    }
  }

  /** Keyboards of phones tell no key, but what they are about to do. @param {InputEvent} event */
  #broken(event) {
    if (!["insertParagraph", "insertLineBreak"].includes(event.inputType)) return;
    event.preventDefault();
    if (!event.isComposing) this.#split(this.#index(event));
  }

  /** Make two lines of one, at the caret. @param {number} index */
  #split(index) {
    const element = said(this.list.children[index]);
    // In the text, spaces that nobody sees are gone.
    const before = (element.textContent ?? "").slice(0, caret(element)).replace(/\s+/g, " ").trimStart();
    if (this.transcript.split(index, before.length)) this.#changed(index, 2, index + 1, 0);
  }

  /** Lines from ``index`` on are others now, ``count`` of them, and the caret is in one. @param {number} index @param {number} count @param {number} line @param {number} offset */
  #changed(index, count, line, offset) {
    for (let old = 0; old < 3 - count; old += 1) this.list.children[index].remove();
    const following = this.list.children[index] ?? null;
    for (let fresh = 0; fresh < count; fresh += 1) this.list.insertBefore(this.#element(index + fresh), following);
    this.#heard = -1;
    this.focus(line, offset);
    this.told.edited();
  }

  /** What is pasted is text alone. @param {ClipboardEvent} event */
  #pasted(event) {
    if (!this.#editing) return;
    event.preventDefault();
    const plain = event.clipboardData?.getData("text/plain").replace(/\s+/g, " ") ?? "";
    document.execCommand("insertText", false, plain); // old, but it can be undone
  }
}

/** @param {Element} line @returns {HTMLElement} */
const said = (line) => /** @type {HTMLElement} */ (line.querySelector(".said"));

/** @param {import("./transcript.js").Word[]} words */
function spans(words) {
  return words.map((word, index) => {
    const span = document.createElement("span");
    span.className = isUncertain(word) ? "word uncertain" : "word";
    span.textContent = index ? word.word : word.word.trimStart();
    return span;
  });
}

/** Characters before the caret. @param {HTMLElement} element */
function caret(element) {
  const selection = getSelection();
  if (!selection?.rangeCount) return 0;
  const before = selection.getRangeAt(0).cloneRange();
  before.setStart(element, 0);
  return before.toString().length;
}
