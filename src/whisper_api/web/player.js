// @ts-check
/** Plays a recording that the browser has, under its waveform. The buttons are the page's. */
import { clock } from "./format.js";

const EVEN = Array(2_000).fill(0.15); // a line instead of peaks that are not known; more than there are pixels

const STEP = 5; // seconds an arrow key moves
const FAR = 1e7; // seconds; beyond the end of any recording
const MEASURE_MS = 10_000;

/** What plays; there is never more than one. @type {Player | null} */
let current = null;

/**
 * As high as there is room for.
 * @param {number[]} peaks @returns {number[]}
 */
export function stretched(peaks) {
  const loudest = peaks.reduce((one, other) => Math.max(one, other), 0) || 1;
  return peaks.map((peak) => peak / loudest);
}

/**
 * Where a key on the waveform leads.
 * @param {string} key @param {number} time @param {number} duration
 * @returns {number | null} null = not one of ours
 */
export function keyTarget(key, time, duration) {
  switch (key) {
    case "ArrowLeft": return Math.max(time - STEP, 0);
    case "ArrowRight": return Math.min(time + STEP, duration);
    case "Home": return 0;
    case "End": return duration;
    default: return null;
  }
}

/** @param {number} rate @returns {number} */
export const boundRate = (rate) => Math.min(Math.max(rate, 0.5), 2);

/**
 * Events: "ready" (it can be played and its duration is known), "time" (it moved), "state" (it plays or no longer does),
 * "unplayable" (the browser cannot play this, or not on: nothing more will come).
 */
export class Player extends EventTarget {
  #audio = new Audio();
  #leave = new AbortController();
  /** @type {any} the waveform, when there is one */ #wave = null;
  /** @type {HTMLElement} */ #slider;
  /** @type {number[]} */ #peaks = EVEN;
  /** @type {number} seconds, where the file does not say */ #stated;
  #nonce = "";
  #wasPlaying = false;
  /** What to do when the duration has been found, while it is searched. @type {{time: number, plays: boolean} | null} */
  #then = null;

  /** @returns {Player | null} the one that plays now */
  static get current() {
    return current;
  }

  /**
   * @param {HTMLElement} container
   * @param {Blob} file
   * @param {{label: string, nonce?: string, height?: number, duration?: number}} options
   *   label: the waveform's name for screen readers; nonce: of style-src in the page's Content-Security-Policy;
   *   height in pixels; duration in seconds, if it is known
   */
  constructor(container, file, { label, nonce = "", height = 56, duration = 0 }) {
    super();
    this.#nonce = nonce;
    this.#stated = duration;
    this.#slider = this.#buildSlider(label, height);
    container.append(this.#slider);
    this.#audio.preload = "metadata";
    this.#audio.preservesPitch = true;
    this.#listen();
    if (!file.size) { // browsers would complain aloud about its range
      queueMicrotask(() => this.#giveUp());
      return;
    }
    this.#audio.src = URL.createObjectURL(file);
    this.#open();
  }

  get playing() {
    return this.#then?.plays ?? (!this.#audio.paused && !this.#audio.ended);
  }

  /** @returns {number} seconds */
  get time() {
    return this.#then?.time ?? this.#audio.currentTime;
  }

  /** @returns {number} seconds; 0 as long as it is not known */
  get duration() {
    const { duration } = this.#audio;
    return Number.isFinite(duration) && duration > 0 ? duration : this.#stated;
  }

  get rate() {
    return this.#audio.playbackRate;
  }

  set rate(rate) {
    this.#audio.playbackRate = boundRate(rate);
  }

  /** Does nothing where the browser does not let it. */
  async play() {
    if (this.#leave.signal.aborted) return;
    if (this.#then) this.#then.plays = true;
    else await this.#audio.play().catch(() => {});
  }

  pause() {
    if (this.#then) this.#then.plays = false;
    else this.#audio.pause();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  /** @param {number} seconds */
  seek(seconds) {
    if (this.#leave.signal.aborted || !Number.isFinite(seconds)) return;
    const time = Math.min(Math.max(seconds, 0), this.duration || FAR);
    if (this.#then) this.#then.time = time;
    else this.#audio.currentTime = time;
  }

  /** @param {number} seconds */
  playFrom(seconds) {
    this.seek(seconds);
    this.play();
  }

  /** Shows how loud it is all along, instead of an even line. @param {number[]} peaks from 0 to 1 */
  show(peaks) {
    this.#peaks = stretched(peaks);
    this.#wave?.load(this.#audio.src, [this.#peaks], this.duration).catch(() => {}); // the sound is there: only draws
  }

  /** Takes the colours of the page anew; by itself it does so when the system turns dark or light. */
  recolour() {
    this.#wave?.setOptions(this.#colours());
  }

  destroy() {
    this.#leave.abort();
    this.#then = null;
    this.#release();
    this.#slider.remove();
  }

  // ---- The sound ----

  #listen() {
    const { signal } = this.#leave;
    const on = (/** @type {string} */ name, /** @type {() => void} */ act) =>
      this.#audio.addEventListener(name, () => this.#then || act(), { signal });
    on("play", () => {
      if (current !== this) current?.pause();
      current = this;
      this.#follow();
    });
    for (const name of ["play", "pause", "ended"]) on(name, () => this.#tellState());
    for (const name of ["timeupdate", "seeking", "ended"]) on(name, () => this.#tellTime());
    for (const name of ["seeking", "durationchange"]) on(name, () => this.#describe(true));
    this.#audio.addEventListener("error", () => this.#giveUp(), { signal });
    for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
      matchMedia(query).addEventListener("change", () => this.recolour(), { signal });
    }
  }

  async #open() {
    const { signal } = this.#leave;
    await this.#heard(["loadedmetadata"]);
    if (signal.aborted) return;
    if (!Number.isFinite(this.#audio.duration)) await this.#measure();
    if (signal.aborted) return;
    this.#describe(true);
    this.#tell("ready");
    await this.#draw().catch(() => {}); // it plays without a waveform as well
  }

  /** What a browser records states no duration (crbug.com/642012), but gives it away once sought to its end. */
  async #measure() {
    const audio = this.#audio;
    const { signal } = this.#leave;
    this.#then = { time: audio.currentTime, plays: !audio.paused };
    audio.pause();
    const patience = AbortSignal.timeout(MEASURE_MS);
    audio.currentTime = FAR;
    while (!Number.isFinite(audio.duration) && !patience.aborted && !signal.aborted) {
      await this.#heard(["durationchange", "timeupdate", "seeked"], patience);
    }
    if (signal.aborted) return;
    audio.currentTime = this.#then.time;
    await this.#heard(["seeked"], patience);
    if (signal.aborted) return;
    const { time, plays } = this.#then; // either may have changed meanwhile
    this.#then = null;
    if (time !== audio.currentTime) this.seek(time);
    if (plays) this.play();
  }

  /** Waits for one of these events, or until it is over. @param {string[]} names @param {AbortSignal} [patience] */
  #heard(names, patience) {
    return new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
      const over = new AbortController();
      const { signal } = over;
      const done = () => resolve(over.abort());
      for (const name of names) this.#audio.addEventListener(name, done, { signal });
      for (const end of [this.#leave.signal, patience]) end?.addEventListener("abort", done, { signal });
      if (patience?.aborted) done();
    });
  }

  #giveUp() {
    if (this.#leave.signal.aborted) return;
    const wasPlaying = this.playing;
    this.#leave.abort();
    this.#then = null;
    this.#release();
    this.#slider.hidden = true;
    if (wasPlaying) this.#tellState();
    this.#tell("unplayable");
  }

  /** Lets go of the file. */
  #release() {
    if (current === this) current = null;
    const { src } = this.#audio;
    this.#wave?.destroy();
    this.#wave = null;
    this.#audio.pause(); // its events do not come any more
    this.#audio.removeAttribute("src");
    this.#audio.load();
    URL.revokeObjectURL(src);
  }

  /** @param {string} name */
  #tell(name) {
    this.dispatchEvent(new Event(name));
  }

  #tellState() {
    const { playing } = this;
    if (playing === this.#wasPlaying) return;
    this.#wasPlaying = playing;
    if (!playing && current === this) current = null;
    this.#describe(true);
    this.#tell("state");
  }

  #tellTime() {
    this.#describe(false);
    this.#tell("time");
  }

  /** "timeupdate" comes only four times a second. */
  #follow() {
    requestAnimationFrame(() => {
      if (this.#leave.signal.aborted || !this.playing) return;
      if (!this.#then) this.#tellTime();
      this.#follow();
    });
  }

  // ---- The waveform ----

  /** @param {string} label @param {number} height */
  #buildSlider(label, height) {
    const slider = document.createElement("div");
    slider.className = "waveform";
    slider.tabIndex = 0;
    slider.style.height = `${height}px`; // from the start, so that nothing jumps
    slider.setAttribute("role", "slider");
    slider.setAttribute("aria-label", label);
    slider.setAttribute("aria-valuemin", "0");
    slider.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const target = keyTarget(event.key, this.time, this.duration);
      if (target === null) return;
      event.preventDefault();
      this.seek(target);
    });
    slider.addEventListener("focus", () => this.#describe(true));
    this.#slider = slider;
    this.#describe(true);
    return slider;
  }

  /** Tells screen readers where it is. @param {boolean} always else not while they would talk into what is heard */
  #describe(always) {
    const slider = this.#slider;
    if (!always && this.playing && slider.matches(":focus")) return;
    const now = String(Math.floor(this.time));
    const max = String(Math.floor(this.duration));
    if (slider.getAttribute("aria-valuenow") === now && slider.getAttribute("aria-valuemax") === max) return;
    slider.setAttribute("aria-valuemax", max);
    slider.setAttribute("aria-valuenow", now);
    slider.setAttribute("aria-valuetext", clock(this.time));
  }

  #colours() {
    const style = getComputedStyle(this.#slider);
    const colour = (/** @type {string[]} */ ...names) => names.map((name) => style.getPropertyValue(name)).find(Boolean);
    return {
      waveColor: colour("--wave", "--line") ?? "silver",
      progressColor: colour("--accent") ?? "gray",
      cursorColor: colour("--ink") ?? "black",
    };
  }

  async #draw() {
    const { signal } = this.#leave;
    const { duration } = this;
    if (!duration) return;
    const { default: WaveSurfer } = await import("./vendor/wavesurfer.js");
    if (signal.aborted) return;
    this.#wave = WaveSurfer.create({
      container: this.#slider,
      media: this.#audio,
      peaks: [this.#peaks],
      duration,
      height: this.#slider.clientHeight || parseInt(this.#slider.style.height, 10),
      barWidth: 2,
      barGap: 1,
      barRadius: 2,
      barMinHeight: 2, // else silence would look like a hole
      cursorWidth: 2,
      dragToSeek: { debounceTime: 0 },
      cspNonce: this.#nonce,
      ...this.#colours(),
    });
  }
}
