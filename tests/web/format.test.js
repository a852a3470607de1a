// Numbers and times as people read them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, fileSize, percent, renamed } from "../../src/whisper_api/web/format.js";

test("a time has hours only where there are any", () => {
  assert.deepEqual([0, 5.9, 65, 3600, 36_061, -1].map(clock), ["0:00", "0:05", "1:05", "1:00:00", "10:01:01", "0:00"]);
});

test("a share is never more than is done", () => {
  assert.equal(percent(0.999, "en"), "99%");
  assert.equal(percent(1, "en"), "100%");
});

test("sizes are in megabytes", () => {
  assert.equal(fileSize(1_234_567, "en"), "1.2 MB");
  assert.equal(fileSize(1_234_567, "de"), "1,2 MB");
});

test("a text is named after its recording", () => {
  assert.equal(renamed("talk.mp3", "srt"), "talk.srt");
  assert.equal(renamed("Dr. No", "txt"), "Dr. No.txt");
  assert.equal(renamed("a.b.c.wav", "en.txt"), "a.b.c.en.txt");
});
