// Every word is there in every language, and none is left over.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const web = new URL("../../src/whisper_api/web/", import.meta.url);
const languages = readdirSync(new URL("texts/", web));
const load = async (file) => (await import(new URL(`texts/${file}`, web))).default;
const places = (words) => [...words.matchAll(/\{(\w+)\}/g)].map(([place]) => place).sort();

test("all languages say the same, with the same places for values", async () => {
  const english = await load("en.js");
  for (const file of languages) {
    const texts = await load(file);
    assert.deepEqual(Object.keys(texts), Object.keys(english), file);
    for (const [key, words] of Object.entries(texts)) assert.deepEqual(places(words), places(english[key]), `${file}: ${key}`);
  }
});

test("every text is used, and every text that is used is there", async () => {
  const english = await load("en.js");
  const sources = readdirSync(web).filter((name) => /\.(js|html)$/.test(name))
    .map((name) => readFileSync(new URL(name, web), "utf-8")).join("\n");
  const named = (key) => [`"${key}"`, `data-text="${key}"`, `data-label="${key}"`].some((use) => sources.includes(use));
  const built = /^(mic|format|language)_|^(error|again)\d|^(cuda|cpu)$/;
  assert.deepEqual(Object.keys(english).filter((key) => !built.test(key) && !named(key)), []);
  const used = [...sources.matchAll(/data-(?:text|label)="(\w+)"|\btext\("(\w+)"/g)].map(([, one, other]) => one ?? other);
  assert.deepEqual(used.filter((key) => !(key in english)), []);
});
