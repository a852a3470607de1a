// @ts-check
/** What was said, to be read, heard and corrected. Knows nothing of the page. */
import { clock } from "./format.js";

/** @typedef {{word: string, start: number, end: number, probability: number}} Word with the space before it */
/**
 * One line of the text: a segment of the server's, or what somebody made of it. Times are seconds of the recording.
 * @typedef {{start: number, end: number, text: string, words: Word[]}} Line
 */

/** Words that Whisper is less sure of are worth a second look. */
const UNCERTAIN = 0.5;

/** @param {Word} word */
export const isUncertain = (word) => word.probability < UNCERTAIN;

export class Transcript {
  /** @type {Line[]} */ lines = [];
  /** Whether anybody corrected anything. */ edited = false;

  /** @param {Iterable<Line>} segments as the server tells them */
  constructor(segments = []) {
    for (const segment of segments) this.add(segment);
  }

  /** @param {Line} segment */
  add({ start, end, text, words }) {
    this.lines.push({ start, end, text: text.trim(), words: words ?? [] });
  }

  /** Take what the server has heard so far, unless it was corrected. @param {Line[]} segments @returns {boolean} whether other lines changed than were added */
  grow(segments) {
    if (this.edited) return false;
    const anew = this.lines.some(({ start, text }, index) => segments[index]?.start !== start || segments[index].text.trim() !== text);
    if (anew) this.lines = [];
    for (const segment of segments.slice(this.lines.length)) this.add(segment);
    return anew;
  }

  get isEmpty() {
    return this.lines.every((line) => !line.text);
  }

  /** The line that is heard at a time, or the last one before it; -1 before the first. @param {number} seconds */
  lineAt(seconds) {
    let found = -1;
    for (const [index, line] of this.lines.entries()) {
      if (line.start > seconds) break;
      found = index;
    }
    return found;
  }

  /** The word of a line that is heard at a time; -1 between two. @param {number} index @param {number} seconds */
  wordAt(index, seconds) {
    return this.lines[index]?.words.findIndex((word) => word.start <= seconds && seconds < word.end) ?? -1;
  }

  // ---- Corrections ----

  /** What a line says instead. @param {number} index @param {string} text */
  edit(index, text) {
    const line = this.lines[index];
    const said = tidy(text);
    if (said === line.text) return;
    Object.assign(line, { text: said, words: retimed(line, said) });
    this.edited = true;
  }

  /** Make two lines of one, before a character of it. @param {number} index @param {number} offset */
  split(index, offset) {
    const line = this.lines[index];
    const [first, second] = [line.text.slice(0, offset).trim(), line.text.slice(offset).trim()];
    if (!first || !second) return false;
    const { words } = line;
    let [count, length] = [0, 0];
    while (count < words.length && length < first.length) {
      length += count ? words[count].word.length : words[0].word.trimStart().length;
      count += 1;
    }
    const share = first.length / (first.length + second.length);
    const end = words[count - 1]?.end ?? line.start + share * (line.end - line.start);
    const start = words[count]?.start ?? end;
    this.lines.splice(
      index, 1,
      { start: line.start, end, text: first, words: retimed({ ...line, words: words.slice(0, count) }, first) },
      { start, end: line.end, text: second, words: retimed({ ...line, words: words.slice(count) }, second) },
    );
    this.edited = true;
    return true;
  }

  /** Make one line of a line and the one before it; answers where they meet in it. @param {number} index */
  join(index) {
    const [first, second] = this.lines.slice(index - 1, index + 1);
    const text = `${first.text} ${second.text}`.trim();
    const words = first.words.length && second.words.length ? [...first.words, ...second.words] : [];
    this.lines.splice(index - 1, 2, { start: first.start, end: second.end, text, words });
    this.edited = true;
    return first.text ? first.text.length + 1 : 0;
  }

  // ---- What is made of it ----

  /** @param {{times?: boolean}} [how] @returns {string} a line for each line that says anything */
  toText({ times = false } = {}) {
    const said = this.lines.filter((line) => line.text);
    return said.map((line) => (times ? `[${clock(line.start)}] ${line.text}` : line.text)).join("\n");
  }

  /** For the server, which writes files of it. @returns {Line[]} */
  toSegments() {
    return this.lines.filter((line) => line.text).map((line) => ({
      ...line,
      text: ` ${line.text}`,
      words: line.words,
    }));
  }

  /** Where something is said, whatever its case and accents. @param {string} wanted @returns {{line: number, start: number, end: number}[]} */
  find(wanted) {
    const needle = folded(wanted.trim());
    if (!needle.text) return [];
    return this.lines.flatMap(({ text }, line) => {
      const hay = folded(text);
      const found = [];
      for (let at = hay.text.indexOf(needle.text); at >= 0; at = hay.text.indexOf(needle.text, at + needle.text.length)) {
        found.push({ line, start: hay.places[at], end: hay.places[at + needle.text.length] });
      }
      return found;
    });
  }
}

/** @param {string} text */
const tidy = (text) => text.replace(/\s+/g, " ").trim();

/**
 * The words of a corrected line. Those that it has in common with what was there, from both ends, keep their times; what
 * is new between them shares the time between them, and is certain.
 * @param {Line} line as it was @param {string} text @returns {Word[]} none where the line had none
 */
function retimed(line, text) {
  const before = line.words;
  if (!before.length) return [];
  const pieces = before.map(({ word }, index) => (index ? word : word.trimStart()));
  // A piece that only the beginning of another word equals is not the same; where there are no spaces, any end will do.
  const ends = (/** @type {number} */ index, /** @type {string} */ next) => !next || next === " " || !/^\s/.test(pieces[index + 1] ?? " ");
  let [head, from] = [0, 0];
  while (head < pieces.length && text.startsWith(pieces[head], from) && ends(head, text[from + pieces[head].length])) {
    from += pieces[head].length;
    head += 1;
  }
  let [tail, to] = [pieces.length, text.length];
  while (tail > head && to - pieces[tail - 1].length >= from && text.endsWith(pieces[tail - 1], to)) {
    tail -= 1;
    to -= pieces[tail].length;
  }

  const middle = text.slice(from, to).match(/\s*\S+/g) ?? [];
  const start = before[head]?.start ?? before[head - 1].end;
  const end = Math.max(start, tail > head ? before[tail - 1].end : before[tail]?.start ?? line.end);
  const step = (end - start) / (middle.length || 1);
  const fresh = middle.map((word, place) => ({
    word, start: start + place * step, end: start + (place + 1) * step, probability: 1,
  }));
  return [...before.slice(0, head), ...fresh, ...before.slice(tail)];
}

/**
 * Text without case and accents, and for each of its characters, and its end, the place in the text that it comes from.
 * @param {string} text
 */
function folded(text) {
  let out = "";
  const places = [];
  let place = 0;
  for (const character of text) {
    const plain = character.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    for (let count = 0; count < plain.length; count += 1) places.push(place);
    out += plain;
    place += character.length;
  }
  places.push(place);
  return { text: out, places };
}
