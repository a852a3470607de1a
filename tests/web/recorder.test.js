import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Recorder, RecorderError, chooseType, fileName, levelOf, reasonOf } from "../../src/whisper_api/web/recorder.js";

// ---- What needs no microphone ----

test("a file is named by the local time and its type", () => {
  const date = new Date(2026, 10, 4, 9, 5);
  assert.equal(fileName(date, "audio/webm;codecs=opus"), "recording 2026-11-04 09.05.webm");
  assert.equal(fileName(date, "audio/mp4"), "recording 2026-11-04 09.05.m4a");
  assert.equal(fileName(date, "audio/ogg; codecs=opus", "Aufnahme"), "Aufnahme 2026-11-04 09.05.ogg");
  assert.equal(fileName(date, ""), "recording 2026-11-04 09.05.webm");
});

test("the best type that the browser has is chosen", () => {
  assert.equal(chooseType(() => true), "audio/webm;codecs=opus");
  assert.equal(chooseType((type) => type === "audio/mp4"), "audio/mp4");
  assert.equal(chooseType((type) => type.includes("ogg")), "audio/ogg;codecs=opus");
  assert.equal(chooseType(() => false), "");
});

test("the level follows the ear", () => {
  const tone = (/** @type {number} */ rms) => new Float32Array(512).map((_, i) => (i % 2 ? rms : -rms));
  assert.equal(levelOf(new Float32Array(512)), 0);
  assert.equal(levelOf(new Float32Array(0)), 0);
  assert.equal(levelOf(tone(0.0001)), 0); // -80 dB
  assert.ok(Math.abs(levelOf(tone(10 ** (-35 / 20))) - 0.5) < 0.01); // half way between -60 and -10 dB
  assert.equal(levelOf(tone(1)), 1);
});

test("every error has a reason", () => {
  const reasons = {
    NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "missing", OverconstrainedError: "missing",
    NotReadableError: "busy", AbortError: "busy", NotSupportedError: "unsupported", TypeError: "other",
  };
  for (const [name, reason] of Object.entries(reasons)) assert.equal(reasonOf({ name }), reason);
  assert.equal(reasonOf(undefined), "other");
});

// ---- With a microphone that is none ----

class FakeTrack extends EventTarget {
  stopped = false;
  stop() {
    this.stopped = true;
  }
}

class FakeMediaRecorder extends EventTarget {
  static isTypeSupported = (/** @type {string} */ type) => type.startsWith("audio/webm");
  static last = /** @type {FakeMediaRecorder | null} */ (null);
  state = "inactive";

  constructor(stream, options) {
    super();
    Object.assign(this, { stream, options, mimeType: options.mimeType });
    FakeMediaRecorder.last = this;
  }

  start(slice) {
    this.slice = slice;
    this.state = "recording";
  }

  pause() {
    this.state = "paused";
  }

  resume() {
    this.state = "recording";
  }

  give(text) {
    this.dispatchEvent(Object.assign(new Event("dataavailable"), { data: new Blob([text]) }));
  }

  stop() {
    this.state = "inactive";
    queueMicrotask(() => {
      this.give("last");
      this.dispatchEvent(new Event("stop"));
    });
  }
}

let track, now, getUserMedia;

/** @param {object | undefined} mediaDevices */
function setDevices(mediaDevices) {
  Object.defineProperty(globalThis, "navigator", { value: { mediaDevices }, configurable: true });
}

beforeEach(() => {
  mock.restoreAll();
  track = new FakeTrack();
  now = 0;
  mock.method(performance, "now", () => now);
  getUserMedia = mock.fn(async () => ({ getTracks: () => [track] }));
  setDevices({ getUserMedia });
  globalThis.MediaRecorder = /** @type {any} */ (FakeMediaRecorder);
});

/** A recorder and all states it told. */
function watched(options) {
  const recorder = new Recorder(options);
  const told = [];
  recorder.addEventListener("state", () => told.push(recorder.state));
  recorder.addEventListener("ended", () => told.push("ended"));
  return { recorder, told };
}

const refuses = (promise, reason) =>
  assert.rejects(promise, (error) => error instanceof RecorderError && error.reason === reason);

test("a recording from start to file", async () => {
  const { recorder, told } = watched({ word: "Aufnahme" });
  assert.equal(await recorder.start(), true);
  const { audio } = getUserMedia.mock.calls[0].arguments[0];
  assert.equal(audio.echoCancellation && audio.noiseSuppression, true);
  assert.ok(FakeMediaRecorder.last.slice > 0);
  FakeMediaRecorder.last.give("first ");
  const file = await recorder.stop();
  assert.equal(await file.text(), "first last");
  assert.equal(file.type, "audio/webm;codecs=opus");
  assert.match(file.name, /^Aufnahme \d{4}-\d\d-\d\d \d\d\.\d\d\.webm$/);
  assert.ok(track.stopped);
  assert.deepEqual(told, ["asking", "recording", "idle"]);
});

test("pauses are not counted", async () => {
  const { recorder, told } = watched();
  assert.equal(recorder.seconds, 0);
  await recorder.start();
  now = 2_000;
  recorder.pause();
  recorder.pause();
  now = 9_000;
  assert.equal(recorder.seconds, 2);
  assert.equal(recorder.level, 0);
  recorder.resume();
  now = 10_500;
  assert.equal(recorder.seconds, 3.5);
  recorder.cancel();
  assert.equal(recorder.seconds, 0);
  assert.deepEqual(told, ["asking", "recording", "paused", "recording", "idle"]);
});

test("a paused recording can be stopped, and another begun", async () => {
  const recorder = new Recorder();
  await recorder.start();
  recorder.pause();
  assert.equal(await (await recorder.stop()).text(), "last");
  assert.equal(await recorder.start(), true);
  assert.equal(await (await recorder.stop()).text(), "last");
});

test("a cancelled recording is gone, and the microphone free", async () => {
  const recorder = new Recorder();
  await recorder.start();
  recorder.cancel();
  assert.equal(recorder.state, "idle");
  assert.ok(track.stopped);
  await refuses(recorder.stop(), "other");
});

test("who cancels while stopping gets no file", async () => {
  const recorder = new Recorder();
  await recorder.start();
  const stopping = recorder.stop();
  recorder.cancel();
  await refuses(stopping, "other");
  assert.equal(recorder.state, "idle");
});

test("who cancels while the browser asks lets go of the microphone once it comes", async () => {
  const { recorder, told } = watched();
  const starting = recorder.start();
  const again = recorder.start(); // one at a time
  recorder.cancel();
  assert.deepEqual([await starting, await again], [false, false]);
  assert.ok(track.stopped);
  assert.deepEqual(told, ["asking", "idle"]);
});

test("a microphone that goes away leaves what was recorded", async () => {
  const { recorder, told } = watched();
  await recorder.start();
  now = 4_000;
  FakeMediaRecorder.last.give("first ");
  track.dispatchEvent(new Event("ended"));
  FakeMediaRecorder.last.stop(); // browsers do so by themselves
  now = 6_000;
  assert.equal(recorder.seconds, 4);
  recorder.resume(); // in vain
  assert.equal(recorder.state, "paused");
  await Promise.resolve();
  const file = await recorder.stop();
  assert.equal(await file.text(), "first last");
  assert.deepEqual(told, ["asking", "recording", "paused", "ended", "idle"]);
});

test("a recorder that breaks leaves what was recorded", async () => {
  const { recorder, told } = watched();
  await recorder.start();
  FakeMediaRecorder.last.dispatchEvent(new Event("error"));
  assert.equal(await (await recorder.stop()).text(), "last");
  assert.deepEqual(told, ["asking", "recording", "paused", "ended", "idle"]);
});

test("stop() may be called right when the microphone goes away", async () => {
  const recorder = new Recorder();
  const files = [];
  recorder.addEventListener("ended", async () => files.push(await recorder.stop()));
  await recorder.start();
  track.dispatchEvent(new Event("ended"));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await files[0].text(), "last");
});

test("refusals have reasons, and the recorder can be tried again", async () => {
  const { recorder } = watched();
  for (const [name, reason] of [["NotAllowedError", "denied"], ["NotFoundError", "missing"], ["NotReadableError", "busy"]]) {
    getUserMedia.mock.mockImplementationOnce(async () => { throw new DOMException("", name); });
    await refuses(recorder.start(), reason);
    assert.equal(recorder.state, "idle");
  }
  assert.equal(await recorder.start(), true);
});

test("a microphone is let go of when it cannot be recorded", async () => {
  globalThis.MediaRecorder = /** @type {any} */ (class extends FakeMediaRecorder {
    start() {
      throw new DOMException("", "NotSupportedError");
    }
  });
  await refuses(new Recorder().start(), "unsupported");
  assert.ok(track.stopped);
});

test("a page that is not secure, and a browser that cannot record", async () => {
  delete globalThis.MediaRecorder;
  await refuses(new Recorder().start(), "unsupported");
  setDevices(undefined);
  await refuses(new Recorder().start(), "insecure");
});
