// What was said, corrected: words keep their times as far as they are the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isUncertain, Transcript } from "../../src/whisper_api/web/transcript.js";

const spoken = (...words) => words.map((word, index) => ({ word, start: index, end: index + 1, probability: 0.9 }));

const segment = (start, ...words) => ({
  start, end: start + words.length, text: words.join(""),
  words: spoken(...words).map((word) => ({ ...word, start: start + word.start, end: start + word.end })),
});

const fox = () => new Transcript([segment(0, " The", " quick", " fox"), segment(4, " jumps.")]);
const times = ({ words }) => words.map(({ word, start, end }) => [word, start, end]);

test("it grows with what the server has heard", () => {
  const transcript = new Transcript();
  const first = segment(0, " Hello");
  assert.equal(transcript.grow([first]), false);
  assert.equal(transcript.grow([first, segment(1, " world.")]), false);
  assert.equal(transcript.toText(), "Hello\nworld.");
});

test("it begins anew where the server did", () => {
  const transcript = new Transcript([segment(0, " Hello"), segment(1, " world.")]);
  assert.equal(transcript.grow([segment(0, " Goodbye.")]), true);
  assert.equal(transcript.toText(), "Goodbye.");
});

test("what was corrected is not overwritten", () => {
  const transcript = fox();
  transcript.edit(0, "A slow fox");
  assert.equal(transcript.grow([]), false);
  assert.equal(transcript.lines[0].text, "A slow fox");
});

test("a corrected word takes the time of the one that it replaces", () => {
  const transcript = fox();
  transcript.edit(0, "The brown fox");
  assert.deepEqual(times(transcript.lines[0]), [[" The", 0, 1], [" brown", 1, 2], [" fox", 2, 3]]);
  assert.equal(transcript.lines[0].words[1].probability, 1);
  assert.equal(transcript.edited, true);
});

test("several words share the time of one", () => {
  const transcript = fox();
  transcript.edit(0, "The very quick brown fox");
  assert.deepEqual(times(transcript.lines[0]).map(([word]) => word).join(""), " The very quick brown fox");
  assert.deepEqual(times(transcript.lines[0]).at(-1), [" fox", 2, 3]);
});

test("words that are added or removed leave the others where they are", () => {
  for (const [text, first, last] of [["quick fox", "quick", " fox"], ["The quick", " The", " quick"], ["The quick fox and I", " The", " I"]]) {
    const transcript = fox();
    transcript.edit(0, text);
    const { words } = transcript.lines[0];
    assert.equal(words.map(({ word }) => word).join("").trim(), text);
    assert.deepEqual([words[0].word, words.at(-1).word], [first, last]);
    for (const [index, word] of words.entries()) assert.ok(word.start <= word.end && word.start >= (words[index - 1]?.end ?? 0));
  }
});

test("the beginning of a word is not that word", () => {
  const transcript = fox();
  transcript.edit(0, "The quickest fox");
  assert.deepEqual(times(transcript.lines[0]), [[" The", 0, 1], [" quickest", 1, 2], [" fox", 2, 3]]);
});

test("text without spaces keeps the times of what is the same", () => {
  const transcript = new Transcript([segment(0, "今天", "天气", "很好")]);
  transcript.edit(0, "今天天色很好");
  assert.deepEqual(times(transcript.lines[0]), [["今天", 0, 1], ["天色", 1, 2], ["很好", 2, 3]]);
});

test("a line that says nothing any more has no words and no place in texts", () => {
  const transcript = fox();
  transcript.edit(0, " ");
  assert.deepEqual(transcript.lines[0].words, []);
  assert.equal(transcript.toText(), "jumps.");
  assert.equal(transcript.toSegments().length, 1);
});

test("spaces that nobody sees are no correction", () => {
  const transcript = fox();
  transcript.edit(0, " The  quick\u00a0fox ");
  assert.equal(transcript.edited, false);
});

test("a line is cut between two words", () => {
  const transcript = fox();
  assert.equal(transcript.split(0, "The quick".length), true);
  assert.deepEqual(transcript.lines.map(({ start, end, text }) => [start, end, text]), [[0, 2, "The quick"], [2, 3, "fox"], [4, 5, "jumps."]]);
  assert.deepEqual(transcript.lines.map(({ words }) => words.length), [2, 1, 1]);
});

test("a word that is cut is two", () => {
  const transcript = fox();
  transcript.split(0, "The qui".length);
  for (const line of transcript.lines) assert.equal(line.words.map(({ word }) => word).join("").trim(), line.text);
  assert.deepEqual(transcript.lines.map(({ text }) => text), ["The qui", "ck fox", "jumps."]);
});

test("a line without spaces is cut between two words, too", () => {
  const transcript = new Transcript([segment(0, "今天", "天气", "很好")]);
  transcript.split(0, 4);
  assert.deepEqual(transcript.lines.map(({ start, end, text }) => [start, end, text]), [[0, 2, "今天天气"], [2, 3, "很好"]]);
});

test("a line whose words have no times is cut by the length of its parts", () => {
  const transcript = new Transcript([{ start: 0, end: 10, text: " abcd abcd", words: [] }]);
  transcript.split(0, 4);
  assert.deepEqual(transcript.lines.map(({ start, end }) => [start, end]), [[0, 5], [5, 10]]);
});

test("nothing is cut off at an end", () => {
  const transcript = fox();
  assert.equal(transcript.split(0, 0), false);
  assert.equal(transcript.split(0, 13), false);
  assert.equal(transcript.lines.length, 2);
});

test("two lines become one", () => {
  const transcript = fox();
  assert.equal(transcript.join(1), "The quick fox ".length);
  assert.deepEqual(transcript.lines.map(({ start, end, text }) => [start, end, text]), [[0, 5, "The quick fox jumps."]]);
  assert.equal(transcript.lines[0].words.length, 4);
});

test("what was cut and joined again is as it was", () => {
  const transcript = fox();
  const before = structuredClone(transcript.lines);
  transcript.split(0, 3);
  transcript.join(1);
  assert.deepEqual(transcript.lines, before);
});

test("a time belongs to the line that began last", () => {
  assert.deepEqual([-1, 0, 3.5, 4, 99].map((seconds) => fox().lineAt(seconds)), [-1, 0, 0, 1, 1]);
  assert.deepEqual([0.5, 2.5, 9].map((seconds) => fox().wordAt(0, seconds)), [0, 2, -1]);
});

test("text is copied with times or without", () => {
  assert.equal(fox().toText(), "The quick fox\njumps.");
  assert.equal(fox().toText({ times: true }), "[0:00] The quick fox\n[0:04] jumps.");
});

test("it is found whatever its case and accents", () => {
  const transcript = new Transcript([{ start: 0, end: 1, text: " Über den Fluß, über", words: [] }]);
  assert.deepEqual(transcript.find("uber"), [{ line: 0, start: 0, end: 4 }, { line: 0, start: 15, end: 19 }]);
  assert.deepEqual(transcript.find("nothing"), []);
  assert.deepEqual(transcript.find("  "), []);
});

test("places are counted as the browser does, whatever is before them", () => {
  const transcript = new Transcript([{ start: 0, end: 1, text: " 👍🏽 İstanbul fine", words: [] }]);
  const [{ start, end }] = transcript.find("FINE");
  assert.equal(transcript.lines[0].text.slice(start, end), "fine");
});

test("words that Whisper is unsure of are uncertain", () => {
  assert.equal(isUncertain({ word: "x", start: 0, end: 1, probability: 0.3 }), true);
  assert.equal(isUncertain({ word: "x", start: 0, end: 1, probability: 0.8 }), false);
});
