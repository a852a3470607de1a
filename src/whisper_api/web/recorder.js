// @ts-check
/** The microphone, without a page around it. */

/** Best first. */
const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const BITS_PER_SECOND = 48_000; // of one channel: more than speech needs
const SLICE_MS = 1_000; // what a recorder hands out so often is not lost with it

const QUIET_DB = -60; // a silent room
const LOUD_DB = -10; // speech right at the microphone

/** @typedef {"insecure" | "denied" | "missing" | "busy" | "unsupported" | "other"} Reason */

/** Why nothing can be recorded. */
export class RecorderError extends Error {
  /** @param {Reason} reason @param {unknown} [cause] */
  constructor(reason, cause) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/** @param {{name?: string}} error of getUserMedia or MediaRecorder @returns {Reason} */
export function reasonOf(error) {
  switch (error?.name) {
    case "NotAllowedError": case "SecurityError": return "denied";
    case "NotFoundError": case "OverconstrainedError": return "missing";
    case "NotReadableError": case "AbortError": return "busy";
    case "NotSupportedError": return "unsupported";
    default: return "other";
  }
}

/** @param {(type: string) => boolean} isTypeSupported @returns {string} "" = let the browser choose */
export const chooseType = (isTypeSupported) => TYPES.find((type) => isTypeSupported(type)) ?? "";

/** @param {Date} date @param {string} type @param {string} [word] @returns {string} recording 2026-11-24 14.05.webm */
export function fileName(date, type, word = "recording") {
  const two = (/** @type {number} */ count) => String(count).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const [, kind] = /^\w+\/([\w.-]+)/.exec(type) ?? [];
  const ending = { mp4: "m4a", ogg: "ogg", wav: "wav" }[kind] ?? "webm";
  return `${word} ${day} ${two(date.getHours())}.${two(date.getMinutes())}.${ending}`; // no colons: Windows
}

/** How loud it is, as the ear has it. @param {Float32Array} samples @returns {number} 0 to 1 */
export function levelOf(samples) {
  if (!samples.length) return 0;
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  const level = (10 * Math.log10(power) - QUIET_DB) / (LOUD_DB - QUIET_DB); // silence: -Infinity
  return Math.min(Math.max(level, 0), 1);
}

/** @param {MediaStream} stream */
const stopTracks = (stream) => stream.getTracks().forEach((track) => track.stop());

/**
 * Events: "state" (it changed), "ended" (the microphone went away: what was recorded so far waits for stop()).
 */
export class Recorder extends EventTarget {
  /** @type {"idle" | "asking" | "recording" | "paused"} */ #state = "idle";
  /** All that one recording has; another one, another object. @type {Session | null} */ #session = null;
  #word;

  /** @param {{word?: string}} [options] word: what its files are called */
  constructor({ word } = {}) {
    super();
    this.#word = word;
  }

  get state() {
    return this.#state;
  }

  /** How much is recorded, without pauses. */
  get seconds() {
    return this.#session?.seconds ?? 0;
  }

  /** How loud it is right now: 0 to 1. */
  get level() {
    return this.#state === "recording" ? this.#session.level : 0;
  }

  /**
   * Asks for the microphone and records.
   * @returns {Promise<boolean>} false: cancelled while it asked, or it was at work already
   * @throws {RecorderError}
   */
  async start() {
    if (this.#state !== "idle") return false;
    const { mediaDevices } = globalThis.navigator ?? {};
    if (!mediaDevices?.getUserMedia) throw new RecorderError("insecure");
    if (!globalThis.MediaRecorder) throw new RecorderError("unsupported");
    const session = new Session();
    this.#session = session;
    this.#become("asking");
    try {
      const audio = { echoCancellation: true, noiseSuppression: true, channelCount: 1 };
      const stream = await mediaDevices.getUserMedia({ audio });
      if (this.#session !== session) { // cancelled while the browser asked
        stopTracks(stream);
        return false;
      }
      session.start(stream, () => this.#lose(session));
    } catch (error) {
      if (this.#session !== session) return false;
      this.cancel();
      throw new RecorderError(reasonOf(error), error);
    }
    this.#become("recording");
    return true;
  }

  pause() {
    if (this.#state !== "recording") return;
    this.#session.pause();
    this.#become("paused");
  }

  resume() {
    if (this.#state !== "paused" || !this.#session.resume()) return;
    this.#become("recording");
  }

  /**
   * Ends the recording.
   * @returns {Promise<File>} what was recorded
   * @throws {RecorderError} "other": there was none, or it was cancelled meanwhile
   */
  async stop() {
    const session = this.#session;
    if (!session?.isRecording) throw new RecorderError("other");
    const sound = await session.stop();
    if (this.#session !== session) throw new RecorderError("other");
    this.#end();
    return new File([sound], fileName(session.began, sound.type, this.#word), { type: sound.type });
  }

  /** Throws everything away. */
  cancel() {
    this.#session?.cancel();
    this.#end();
  }

  #end() {
    this.#session = null;
    this.#become("idle");
  }

  /** @param {Session} session whose microphone went away */
  #lose(session) {
    if (this.#session !== session) return;
    this.#become("paused");
    this.dispatchEvent(new Event("ended"));
  }

  /** @param {Recorder["state"]} state */
  #become(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.dispatchEvent(new Event("state"));
  }
}

/** One recording, from the microphone to its sound. */
class Session {
  began = new Date();
  /** @type {MediaStream | null} */ #stream = null;
  /** @type {MediaRecorder | null} */ #recorder = null;
  /** @type {Blob[]} */ #slices = [];
  /** @type {Promise<unknown>} when the last slice is there */ #complete = Promise.resolve();
  /** @type {AudioContext | null} */ #context = null;
  /** @type {AnalyserNode | null} */ #analyser = null;
  #samples = new Float32Array(2_048);
  /** ms up to the last pause */ #before = 0;
  /** @type {number | null} since when it records, null = it does not */ #since = null;
  /** The microphone went away, or stop() was called. */ #over = false;

  get isRecording() {
    return this.#recorder !== null;
  }

  get seconds() {
    return (this.#before + (this.#since === null ? 0 : performance.now() - this.#since)) / 1_000;
  }

  get level() {
    if (!this.#analyser) return 0;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return levelOf(this.#samples);
  }

  /** @param {MediaStream} stream @param {() => void} onLost the microphone went away */
  start(stream, onLost) {
    this.#stream = stream; // first, so that cancel() stops it if the rest fails
    const mimeType = chooseType((type) => MediaRecorder.isTypeSupported(type));
    const recorder = new MediaRecorder(stream, { ...(mimeType && { mimeType }), audioBitsPerSecond: BITS_PER_SECOND });
    recorder.addEventListener("dataavailable", ({ data }) => data.size && this.#slices.push(data));
    this.#complete = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
    const lose = () => {
      if (this.#over) return;
      this.#over = true;
      this.#hold();
      onLost();
    };
    for (const track of stream.getTracks()) track.addEventListener("ended", lose);
    recorder.addEventListener("error", lose);
    recorder.addEventListener("stop", lose); // nobody asked it to
    recorder.start(SLICE_MS);
    this.#recorder = recorder;
    this.began = new Date();
    this.#since = performance.now();
    this.#listen();
  }

  /** For the level, without which one can record just as well. */
  #listen() {
    try {
      this.#context = new AudioContext();
      this.#context.resume().catch(() => {}); // Safari starts it only when told to
      const analyser = this.#context.createAnalyser();
      this.#context.createMediaStreamSource(this.#stream).connect(analyser);
      this.#analyser = analyser;
    } catch {
      // The level stays 0.
    }
  }

  /** Stops the clock. */
  #hold() {
    this.#before = 1_000 * this.seconds;
    this.#since = null;
  }

  pause() {
    this.#hold();
    if (this.#recorder.state === "recording") this.#recorder.pause();
  }

  /** @returns {boolean} false: there is nothing left to record from */
  resume() {
    if (this.#over) return false;
    this.#recorder.resume();
    this.#since = performance.now();
    return true;
  }

  /** @returns {Promise<Blob>} */
  async stop() {
    this.#over = true;
    this.#hold();
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
    await this.#complete;
    this.#release();
    return new Blob(this.#slices, { type: this.#recorder.mimeType || this.#slices[0]?.type || "" });
  }

  cancel() {
    this.#over = true;
    if (this.#recorder && this.#recorder.state !== "inactive") this.#recorder.stop(); // stop() may be waiting
    this.#release();
    this.#slices = [];
  }

  /** Lets go of the microphone, so that the browser stops showing that it is in use. */
  #release() {
    if (this.#stream) stopTracks(this.#stream);
    this.#context?.close().catch(() => {});
    this.#context = this.#analyser = null;
  }
}
