// @ts-check
/** The panel in which a recording is made with the microphone. */
import { clock } from "./format.js";
import { Player } from "./player.js";
import { Recorder, RecorderError } from "./recorder.js";
import { text } from "./texts.js";

export class Recording {
  /** @type {Recorder | null} */ recorder = null;
  /** @type {Recorder | null} the one that is being finished */ finishing = null;
  /** @type {WakeLockSentinel | null | undefined} */ lock = null;

  /**
   * @param {HTMLElement} panel @param {HTMLButtonElement} button that opens it
   * @param {{made: (file: File) => void, refused: (words: string) => void}} told
   */
  constructor(panel, button, told) {
    this.panel = panel;
    this.button = button;
    this.told = told;
    button.addEventListener("click", () => this.start());
    this.part("finish").addEventListener("click", () => this.finish());
    this.part("pause").addEventListener("click", () => {
      if (this.recorder?.state === "paused") this.recorder.resume();
      else this.recorder?.pause();
    });
    this.part("cancel").addEventListener("click", () => {
      this.recorder?.cancel();
      this.close();
    });
    document.addEventListener("visibilitychange", () => this.stayAwake());
  }

  /** @param {string} name @returns {any} */
  part(name) {
    return this.panel.querySelector(`.${name}`);
  }

  async start() {
    const recorder = new Recorder({ word: text("recordingName") });
    this.recorder = recorder;
    this.button.disabled = true;
    this.told.refused("");
    recorder.addEventListener("state", () => this.showTexts());
    recorder.addEventListener("ended", () => this.finish());
    Player.current?.pause(); // or it would be heard
    try {
      if (!await recorder.start()) return;
    } catch (error) {
      this.close();
      this.told.refused(text(`mic_${error instanceof RecorderError ? error.reason : "other"}`));
      return;
    }
    this.panel.hidden = false;
    this.part("finish").focus();
    this.showTexts();
    this.tick();
    this.stayAwake();
  }

  async finish() {
    const { recorder } = this;
    if (!recorder || this.finishing === recorder) return; // once only, whoever asks for it
    this.finishing = recorder;
    let file = null;
    try {
      file = await recorder.stop();
    } catch {
      recorder.cancel(); // it was discarded meanwhile, or is lost
    }
    if (this.recorder !== recorder) return;
    this.close();
    if (file) this.told.made(file);
    else this.told.refused(text("mic_other"));
  }

  /** A phone that goes to sleep would hear nothing more. What keeps it awake ends whenever the page is hidden. */
  async stayAwake() {
    const { recorder } = this;
    if (!recorder || document.hidden) return;
    const lock = await navigator.wakeLock?.request("screen").catch(/** @returns {null} */ () => null);
    if (this.recorder !== recorder) return lock?.release();
    this.lock?.release();
    this.lock = lock;
  }

  close() {
    const focused = this.panel.contains(document.activeElement);
    this.recorder = null;
    this.lock?.release();
    this.lock = null;
    this.panel.hidden = true;
    this.button.disabled = false;
    if (focused) this.button.focus();
  }

  /** Level and time, while it lasts. */
  tick() {
    if (!this.recorder) return;
    this.part("time").textContent = clock(this.recorder.seconds);
    this.part("level").firstElementChild.style.inlineSize = `${Math.round(100 * this.recorder.level)}%`;
    requestAnimationFrame(() => this.tick());
  }

  showTexts() {
    const paused = this.recorder?.state === "paused";
    this.panel.classList.toggle("paused", paused);
    this.part("state").textContent = text(paused ? "recordingPaused" : "recording");
    this.part("finish").textContent = text("recordingDone");
    this.part("pause").textContent = text(paused ? "recordingResume" : "recordingPause");
    this.part("cancel").textContent = text("recordingDiscard");
  }
}
