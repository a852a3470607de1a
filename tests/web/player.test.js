import assert from "node:assert/strict";
import { setMaxListeners } from "node:events";
import { beforeEach, test } from "node:test";

import { Player, boundRate, keyTarget, stretched } from "../../src/whisper_api/web/player.js";

// ---- What needs no browser ----

test("the loudest peak is as high as there is room for", () => {
  assert.deepEqual(stretched([0.1, 0.25, 0.5, 0]), [0.2, 0.5, 1, 0]);
  assert.deepEqual(stretched([0, 0]), [0, 0]);
});

test("keys move within the recording", () => {
  assert.equal(keyTarget("ArrowLeft", 3, 60), 0);
  assert.equal(keyTarget("ArrowLeft", 30, 60), 25);
  assert.equal(keyTarget("ArrowRight", 30, 60), 35);
  assert.equal(keyTarget("ArrowRight", 58, 60), 60);
  assert.equal(keyTarget("Home", 30, 60), 0);
  assert.equal(keyTarget("End", 30, 60), 60);
  assert.equal(keyTarget("Tab", 30, 60), null);
});

test("the rate stays where speech can be understood", () => {
  assert.deepEqual([0.1, 0.5, 1.25, 2, 8].map(boundRate), [0.5, 0.5, 1.25, 2, 2]);
});

// ---- With an audio element that is none ----

setMaxListeners(0); // all of a player end with one signal; Node takes that for a leak

class FakeElement extends EventTarget {
  attributes = new Map();
  style = {};
  clientHeight = 0;
  hidden = false;
  removed = false;
  append() {}
  matches() {
    return false;
  }

  setAttribute(name, value) {
    this.attributes.set(name, value);
  }

  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }

  remove() {
    this.removed = true;
  }
}

/** Plays nothing, but knows how a browser behaves. */
class FakeAudio extends EventTarget {
  static last = /** @type {FakeAudio | null} */ (null);
  static end = 10; // how long recordings really are
  paused = true;
  ended = false;
  duration = NaN;
  playbackRate = 1;
  src = "";
  #time = 0;

  constructor() {
    super();
    FakeAudio.last = this;
  }

  emit(...names) {
    for (const name of names) this.dispatchEvent(new Event(name));
  }

  /** @param {number} duration as the file states it */
  load(duration) {
    if (duration === undefined) return;
    this.duration = duration;
    this.emit("durationchange", "loadedmetadata");
  }

  get currentTime() {
    return this.#time;
  }

  set currentTime(time) {
    this.#time = time;
    this.emit("seeking");
    queueMicrotask(() => {
      if (time > FakeAudio.end) {
        this.#time = this.duration = FakeAudio.end;
        this.emit("durationchange");
      }
      this.emit("seeked", "timeupdate");
    });
  }

  async play() {
    if (!this.paused) return;
    this.paused = false;
    this.emit("play");
  }

  pause() {
    if (this.paused) return;
    this.paused = true;
    this.emit("pause");
  }

  removeAttribute() {
    this.src = "";
  }
}

let slider, revoked;

beforeEach(() => {
  revoked = [];
  Object.assign(globalThis, {
    Audio: FakeAudio,
    document: { createElement: () => (slider = new FakeElement()) },
    getComputedStyle: () => ({ getPropertyValue: () => "" }),
    matchMedia: () => new EventTarget(),
    requestAnimationFrame: () => 0,
  });
  URL.createObjectURL = () => "blob:1";
  URL.revokeObjectURL = (url) => revoked.push(url);
});

/** A player, its audio element and all that it told. */
function watched(content = "x") {
  const player = new Player(/** @type {any} */ (new FakeElement()), new Blob([content]), { label: "a.ogg" });
  const told = [];
  for (const name of ["ready", "state", "unplayable"]) {
    player.addEventListener(name, () => told.push(name === "state" ? (player.playing ? "playing" : "paused") : name));
  }
  return { player, told, audio: FakeAudio.last };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test("plays, pauses and stays within the recording", async () => {
  const { player, told, audio } = watched();
  audio.load(10);
  await settle();
  player.playFrom(4);
  assert.equal(player.time, 4);
  player.toggle();
  player.seek(99);
  assert.equal(player.time, 10);
  player.seek(-1);
  assert.equal(player.time, 0);
  player.seek(NaN);
  assert.equal(player.time, 0);
  player.rate = 3;
  assert.equal(player.rate, 2);
  assert.deepEqual(told, ["ready", "playing", "paused"]);
});

test("the slider says where it is", async () => {
  const { player, audio } = watched();
  audio.load(100);
  await settle();
  player.seek(83);
  const of = (/** @type {string} */ name) => slider.getAttribute(name);
  assert.deepEqual(["role", "aria-label"].map(of), ["slider", "a.ogg"]);
  assert.deepEqual(["aria-valuemin", "aria-valuenow", "aria-valuemax"].map(of), ["0", "83", "100"]);
  assert.equal(of("aria-valuetext"), "1:23");
  slider.dispatchEvent(Object.assign(new Event("keydown", { cancelable: true }), { key: "ArrowLeft" }));
  assert.equal(of("aria-valuetext"), "1:18");
});

test("a duration that the file does not state is found", async () => {
  const { player, told, audio } = watched();
  const times = [];
  player.addEventListener("time", () => times.push(player.time));
  audio.load(Infinity);
  assert.equal(player.duration, 0);
  await settle();
  assert.deepEqual([player.duration, player.time, player.playing], [10, 0, false]);
  assert.deepEqual(told, ["ready"]);
  assert.deepEqual(times, []); // what happens on the way is nobody's business
});

test("who plays or seeks while the duration is searched is heard", async () => {
  const { player, told, audio } = watched();
  player.play();
  audio.load(Infinity);
  await Promise.resolve();
  player.seek(3);
  await settle();
  assert.deepEqual([player.time, player.playing], [3, true]);
  assert.deepEqual(told, ["playing", "ready"]);
  player.destroy();
});

test("only one plays at a time", async () => {
  const one = watched();
  const other = watched();
  one.player.play();
  other.player.play();
  assert.deepEqual([one.player.playing, other.player.playing], [false, true]);
  assert.equal(Player.current, other.player);
  assert.deepEqual(one.told, ["playing", "paused"]);
  other.player.destroy();
  assert.equal(Player.current, null);
});

test("what cannot be played says so once and is let go of", async () => {
  const { player, told, audio } = watched();
  player.play();
  audio.emit("error");
  await settle();
  player.play();
  assert.deepEqual(told, ["playing", "paused", "unplayable"]);
  assert.deepEqual([slider.hidden, revoked], [true, ["blob:1"]]);
});

test("an empty file cannot be played", async () => {
  const { told } = watched("");
  await settle();
  assert.deepEqual(told, ["unplayable"]);
});

test("a destroyed player is silent and leaves nothing behind", async () => {
  const { player, told, audio } = watched();
  player.destroy();
  audio.load(10);
  await settle();
  await player.play();
  assert.deepEqual(told, []);
  assert.deepEqual([audio.paused, slider.removed, revoked], [true, true, ["blob:1"]]);
});
