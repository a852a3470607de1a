// @ts-check
/** The buttons around a player: play, how far it is, how fast. */
import { clock } from "./format.js";
import { Player } from "./player.js";
import { text } from "./texts.js";

const RATES = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

export class Playback {
  /** @type {Player | null} */ player = null;
  /** @type {number[]} how loud the recording is all along, once that is known */ peaks = [];

  /** @param {HTMLElement} root @param {{heard: (seconds: number) => void, opened: (seconds: number) => void, unplayable: () => void}} told */
  constructor(root, told) {
    this.root = root;
    this.told = told;
    this.button = /** @type {HTMLButtonElement} */ (root.querySelector(".play"));
    this.speed = /** @type {HTMLSelectElement} */ (root.querySelector(".speed"));
    this.button.addEventListener("click", () => this.player?.toggle());
    this.speed.addEventListener("change", () => { if (this.player) this.player.rate = Number(this.speed.value); });
    this.speed.append(...RATES.map((rate) => new Option("", String(rate), rate === 1, rate === 1)));
    this.render();
  }

  /** Have a recording played. @param {File} file @param {string} label @param {number | null} duration in seconds, as far as it is known */
  open(file, label, duration) {
    this.close();
    this.root.hidden = false; // before, for the waveform to see how wide it is
    const wave = /** @type {HTMLElement} */ (this.root.querySelector(".wave"));
    const player = new Player(wave, file, { label, nonce: nonce(), duration: duration ?? undefined });
    player.addEventListener("time", () => {
      this.render();
      this.told.heard(player.time);
    });
    for (const name of ["state", "ready"]) player.addEventListener(name, () => this.render());
    player.addEventListener("ready", () => this.told.opened(player.duration));
    player.addEventListener("unplayable", () => {
      this.close();
      this.told.unplayable();
    });
    this.player = player;
    if (this.peaks.length) player.show(this.peaks);
    this.render();
  }

  /** @param {number[]} peaks from 0 to 1 */
  show(peaks) {
    this.peaks = peaks;
    this.player?.show(peaks);
  }

  close() {
    this.player?.destroy();
    this.player = null;
    this.root.hidden = true;
  }

  /** @param {number} seconds */
  playFrom(seconds) {
    this.player?.playFrom(seconds);
  }

  /** Seconds on, or back. @param {number} by */
  skip(by) {
    this.player?.seek(Math.max(this.player.time + by, 0));
  }

  /** @param {number} steps faster, or slower */
  faster(steps) {
    const at = RATES.indexOf(Number(this.speed.value)) + steps;
    if (!this.player || !(at in RATES)) return;
    this.speed.value = String(RATES[at]);
    this.player.rate = RATES[at];
  }

  render() {
    const { player } = this;
    const playing = player?.playing ?? false;
    this.button.setAttribute("aria-label", text(playing ? "pause" : "play"));
    this.button.querySelector("use")?.setAttribute("href", `/assets/icons.svg#${playing ? "pause" : "play"}`);
    const time = `${clock(player?.time ?? 0)} / ${clock(player?.duration ?? 0)}`;
    /** @type {HTMLElement} */ (this.root.querySelector(".clock")).textContent = time;
    for (const option of this.speed.options) option.text = text("rate", { n: Number(option.value) });
  }
}

/** What the server's policy lets the waveform bring its styles by. */
const nonce = () => /** @type {HTMLElement} */ (document.getElementById("start")).nonce;
