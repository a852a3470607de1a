// @ts-check
/** One card on the page: a recording from its upload until it is forgotten. */
import { ApiError, deleteTask, getPeaks } from "./api.js";
import { copy, FORMATS, save, written } from "./files.js";
import { Following } from "./follow.js";
import { clock, fileSize, moment, percent, renamed } from "./format.js";
import { Lines } from "./lines.js";
import { Playback } from "./playback.js";
import { Search } from "./search.js";
import { dropTask, keepTask } from "./store.js";
import { deviceName, languageName, pageLanguage, showTexts, text } from "./texts.js";
import { Transcript } from "./transcript.js";
import { upload } from "./upload.js";

/** @typedef {import("./api.js").Task} Task */
/** @typedef {import("./api.js").Wishes} Wishes */

const RETRY_SECONDS = 15; // where the server does not say when
const SEEK_SECONDS = 5;
const CERTAIN = 0.5; // more likely than all other languages together
const ANOTHER = 0.02; // files say how long they are only about right
const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);

export class Card {
  /**
   * Where the card stands; "queued" to "failed" are the task's own.
   * @type {"waiting" | "uploading" | "checking" | "refused" | "loading" | "queued" | "processing" | "finished" | "failed" | "gone"}
   */
  state = "loading";
  /** @type {Task | null} */ task = null;
  /** @type {string | null} the task's id */ id = null;
  /** @type {Following | null} */ following = null;
  /** @type {File | null} for trying again and for listening */ file = null;
  /** @type {ApiError | null} why the upload was refused */ refusal = null;
  transcript = new Transcript();
  /** @type {Wishes} */ wishes = { language: "", translate: false, hotwords: "" };
  uploaded = 0;
  /** @type {string} a passing complaint about a button that did not work */ complaint = "";
  /** @type {string} what the server says about it */ reason = "";
  /** @type {string} a passing word of a button that did */ copied = "";
  /** The recording at hand is none that the browser plays. */ unplayable = false;
  /** Seconds of the recording at hand, where it must be another one; else 0. */ otherSeconds = 0;
  /** @type {string} how it stood when that was last announced */ announced = "";
  /** Corrections that are nowhere but here. */ unsaved = false;
  /** Send it again by itself until the server takes it. */ persists = false;
  /** Seconds until then. */ retryIn = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ retryTimer = undefined;
  ending = false;
  added = Date.now();
  /** Made with the microphone, so that nobody else has it. */ recorded = false;
  closed = false;
  leave = new AbortController();

  /**
   * @param {string} name
   * @param {{announce: (words: string) => void, changed: () => void, closed: (card: Card) => void}} page
   */
  constructor(name, page) {
    this.name = name;
    this.page = page;
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById("card"));
    const copied = /** @type {HTMLElement} */ (template.content.cloneNode(true));
    this.element = /** @type {HTMLElement} */ (copied.querySelector("li"));
    this.part("name").textContent = name;
    this.lines = new Lines(this.part("lines"), {
      play: (seconds) => this.playback.playFrom(seconds),
      edited: () => this.corrected(),
    });
    this.search = new Search(this.part("search"), this.lines);
    this.playback = new Playback(this.part("player"), {
      heard: (seconds) => this.lines.light(seconds),
      opened: (seconds) => {
        const { duration } = this.task ?? {};
        this.otherSeconds = duration && Math.abs(seconds - duration) > ANOTHER * duration + 1 ? seconds : 0;
        this.render();
      },
      unplayable: () => {
        this.unplayable = true;
        this.render();
      },
    });
    this.part("choices").append(...FORMATS.map((format) => this.saveButton(format)));
    this.part("copy").onclick = () => this.copy({ times: false });
    this.part("copy-times").onclick = () => this.copy({ times: true });
    this.part("edit").onclick = () => this.toggleEditing();
    this.part("doubt").onclick = () => this.toggleDoubts();
    this.part("keep").onclick = () => this.file && save(this.file, this.name);
    this.part("retry").onclick = () => this.retry();
    this.part("persist").onclick = () => this.persist(!this.persists);
    this.part("end").onclick = () => this.end();
    const reopen = this.part("reopen").querySelector("input");
    reopen.onchange = () => this.listenTo(reopen.files[0]);
    this.element.addEventListener("keydown", (event) => this.shortcut(event));
    this.showTexts();
  }

  /** @param {string} name class of an element in the card @returns {any} */
  part(name) {
    return this.element.querySelector(`.${name}`);
  }

  /** The upload would be lost if the page were left now. */
  get isSending() {
    return ["waiting", "uploading", "checking"].includes(this.state) || this.persists;
  }

  get isRunning() {
    return this.isSending || ["queued", "processing"].includes(this.state);
  }

  /** A recording that would be lost with the page. */
  get isOnlyHere() {
    return this.recorded && this.transcript.isEmpty && ["refused", "failed", "gone"].includes(this.state);
  }

  get hasEnded() {
    return ["finished", "gone"].includes(this.state);
  }

  // ---- What happens to it ----

  /** @param {File} file @param {Wishes} wishes */
  async send(file, wishes) {
    this.following?.end();
    if (this.id) this.drop(this.id);
    this.playback.peaks = [];
    Object.assign(this, { file, wishes, id: null, task: null, refusal: null, complaint: "", transcript: new Transcript() });
    this.lines.show(this.transcript);
    this.become("waiting");
    const onProgress = (/** @type {number} */ fraction) => {
      this.uploaded = fraction;
      this.become(fraction < 1 ? "uploading" : "checking");
    };
    try {
      const task = await upload(file, wishes, onProgress, this.leave.signal);
      if (!task) return;
      if (this.closed) return this.drop(task.task_id); // cancelled while the server was checking it
      this.persists = false;
      keepTask({ id: task.task_id, name: this.name, added: this.added, language: wishes.language });
      this.follow(task.task_id);
      this.listenTo(file);
    } catch (error) {
      this.refusal = /** @type {ApiError} */ (error);
      this.persists &&= this.mayPersist;
      this.become("refused");
      if (this.persists) this.persist(true);
    }
  }

  /** @param {string} id */
  follow(id) {
    this.id = id;
    this.following = new Following(id, {
      task: (task) => this.take(task),
      away: () => this.render(),
      gone: () => this.lose(),
    });
  }

  /** @param {Task} task */
  take(task) {
    const { transcript } = this;
    if (task.status !== this.task?.status) this.complaint = "";
    this.task = task;
    if (transcript.grow(task.segments) || this.lines.transcript !== transcript) this.lines.show(transcript);
    else this.lines.grow();
    if (task.status === "finished" && this.state === "processing") this.lines.list.scrollTop = 0; // now it is read
    if (task.status === "finished" && this.state !== "finished") this.drawWaveform(task.task_id);
    this.become(task.status === "pending" ? "queued" : task.status);
  }

  /** @param {string} id */
  async drawWaveform(id) {
    try {
      this.playback.show(await getPeaks(id));
    } catch {
      // It is heard without a waveform as well.
    }
  }

  /** The server does not have it any more. */
  lose() {
    this.following?.end();
    if (!this.transcript.edited && this.task?.status !== "finished") { // half a text must not pass for a whole one
      this.transcript = new Transcript();
      this.lines.show(this.transcript);
    }
    if (this.id) dropTask(this.id);
    this.become("gone");
  }

  retry() {
    this.part("name").focus(); // for the button goes
    if (this.file) this.send(this.file, this.wishes);
  }

  get mayPersist() {
    return [0, 503].includes(this.refusal?.status ?? -1);
  }

  /** Whether to send it again and again until the server has room for it. @param {boolean} on */
  persist(on) {
    this.persists = on;
    clearTimeout(this.retryTimer);
    this.retryIn = on ? this.refusal?.retryAfter || RETRY_SECONDS : 0;
    const tick = () => {
      if (this.closed || !this.persists) return;
      if (this.retryIn <= 0 && this.file) return this.send(this.file, this.wishes);
      this.render();
      this.retryIn -= 1;
      this.retryTimer = setTimeout(tick, 1_000);
    };
    if (on) tick();
    else this.render();
    this.page.changed();
  }

  /** Cancel, forget or remove: gone from the server first, then from the page. */
  async end() {
    if (this.ending || (this.unsaved && !confirm(text("unsavedAsk"))) || (this.isOnlyHere && !confirm(text("onlyHereAsk")))) return;
    this.ending = true;
    this.following?.end(); // what is asked of the server from here on says nothing about how the task went
    this.render();
    await this.leaveServer();
    this.ending = false;
    if (this.closed) return;
    if (this.id && this.state !== "gone") this.follow(this.id);
    this.render();
  }

  async leaveServer() {
    const { id } = this;
    if (id && this.state !== "gone" && !await this.attempt(() => deleteTask(id))) return;
    this.closed = true;
    this.persists = false;
    this.playback.close();
    this.search.clear(); // its marks would hold the text
    // A file already with the server is let through, to learn its id and delete it.
    if (this.state !== "checking") this.leave.abort();
    if (id) dropTask(id);
    this.page.closed(this);
  }

  /** Deletes if it can; else the task expires by itself. @param {string} id */
  drop(id) {
    dropTask(id);
    deleteTask(id).catch(() => {});
  }

  /** Does what a button asks, or complains on the card. @param {() => Promise<unknown>} what @returns {Promise<boolean>} done */
  async attempt(what) {
    this.complaint = this.reason = "";
    try {
      await what();
      return true;
    } catch (error) {
      const gone = error instanceof ApiError && error.isGone;
      if (gone) this.lose();
      else {
        this.reason = error instanceof ApiError ? error.detail : "";
        this.complaint = this.reason ? "notAccepted" : "notDone";
      }
      this.render();
      return gone;
    }
  }

  // ---- The text ----

  /** Have the recording heard. @param {File | undefined} file */
  listenTo(file) {
    if (!file) return;
    this.file = file;
    this.unplayable = false;
    this.otherSeconds = 0;
    this.playback.open(file, text("waveform", { name: this.name }), this.task?.duration ?? null);
    this.render();
  }

  corrected() {
    this.unsaved = true;
    this.search.update({ stays: true });
    this.render();
  }

  toggleEditing() {
    this.lines.editing = !this.lines.editing;
    this.part("edit").setAttribute("aria-pressed", String(this.lines.editing));
    this.search.update();
    if (this.playback.player) this.lines.light(this.playback.player.time);
    this.render();
  }

  toggleDoubts() {
    const on = this.part("lines").classList.toggle("doubts");
    this.part("doubt").setAttribute("aria-pressed", String(on));
  }

  /** @param {{times: boolean}} how */
  async copy(how) {
    if (!await copy(this.transcript.toText(how), this.element)) {
      Object.assign(this, { complaint: "notCopied", reason: "" });
      return this.render();
    }
    this.complaint = "";
    this.copied = how.times ? "copy-times" : "copy";
    this.unsaved = false;
    this.page.announce(text("copied"));
    this.render();
    setTimeout(() => {
      this.copied = "";
      this.render();
    }, 2_000);
  }

  /** @param {string} format */
  saveButton(format) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.format = format;
    button.onclick = () => this.attempt(async () => {
      const { task } = this;
      if (!task) return;
      const { unsaved } = this;
      this.unsaved = false; // before: what is typed meanwhile is not in the file
      const ending = task.task_type === "translate" ? `en.${format}` : format;
      try {
        save(await written(task, this.transcript, format), renamed(this.name, ending));
      } catch (error) {
        this.unsaved ||= unsaved;
        throw error;
      }
      this.render();
    });
    return button;
  }

  /** @param {KeyboardEvent} event */
  shortcut(event) {
    // With the option key alone a Mac writes letters: "@" is one of them.
    if (!event.altKey || event.ctrlKey !== IS_MAC || event.metaKey) return;
    /** @type {Record<string, () => void>} */
    const keys = {
      KeyK: () => this.playback.player?.toggle(),
      KeyJ: () => this.playback.skip(-SEEK_SECONDS),
      KeyL: () => this.playback.skip(SEEK_SECONDS),
      Comma: () => this.playback.faster(-1),
      Period: () => this.playback.faster(1),
      KeyE: () => this.hasEnded && this.part("edit").click(),
    };
    if (!keys[event.code]) return;
    event.preventDefault();
    keys[event.code]();
  }

  // ---- How it looks ----

  /** @param {Card["state"]} state */
  become(state) {
    if (this.closed) return;
    this.state = state;
    this.render();
    this.page.changed();
  }

  /** All words anew, in the chosen language. */
  showTexts() {
    showTexts(this.element);
    this.search.input.placeholder = text("search");
    for (const button of this.part("choices").children) {
      button.textContent = text(`format_${button.dataset.format}`);
    }
    if (this.lines.transcript) this.lines.show(this.transcript);
    this.search.update({ stays: true });
    this.playback.render();
    this.render();
  }

  render() {
    const { state, task, refusal, transcript } = this;
    const words = !transcript.isEmpty;
    const status = this.statusWords();
    const news = status !== this.announced;
    const trouble = this.complaint || ["refused", "failed"].includes(state) || (state === "gone" && !words);
    const hopeless = [400, 413].includes(refusal?.status ?? 0);
    const again = this.file && !words && !hopeless && ["refused", "failed", "gone"].includes(state);

    this.element.dataset.state = state;
    this.element.classList.toggle("trouble", Boolean(trouble));
    this.show("status", [status, state === "queued" && !trouble && !this.following?.away && this.leftWords()].filter(Boolean).join(" · "));
    // What the server itself says about a failure.
    this.show("detail", (this.complaint && this.reason) || (state === "refused" && refusal?.detail) || (state === "failed" && task?.error) || "");
    this.show("facts", this.factWords());
    const expires = state === "finished" || state === "failed" ? task?.expires_at : null;
    this.show("expiry", [expires && text("expires", { time: moment(expires, pageLanguage()) }),
      transcript.edited && text("correctedHere")].filter(Boolean).join(" "));
    this.renderBar();

    const readable = this.hasEnded && words;
    this.part("tools").hidden = !readable;
    this.part("reopen").hidden = !(readable && (!this.file || this.unplayable || this.otherSeconds));
    this.show("unplayable", this.unplayable ? text("unplayable") : !this.otherSeconds ? ""
      : text("another", { other: clock(this.otherSeconds), own: clock(task?.duration ?? 0) }));
    this.part("player").classList.toggle("away", !words && !this.isRunning);
    this.part("copy").hidden = this.part("copy-times").hidden = this.part("save").hidden = !readable;
    this.part("copy").querySelector("span").textContent = text(this.copied === "copy" ? "copied" : "copy");
    this.part("copy-times").textContent = text(this.copied === "copy-times" ? "copied" : "copyTimes");
    this.part("lines").setAttribute("aria-label", text("textOf", { name: this.name }));
    this.part("lines").classList.toggle("editing", this.lines.editing);
    this.part("keep").hidden = !this.isOnlyHere;
    this.show("retry", again && !this.persists ? text("retry") : "");
    this.show("persist", state === "refused" && this.mayPersist ? text(this.persists ? "stopTrying" : "keepTrying") : "");
    this.part("persist").setAttribute("aria-pressed", String(this.persists));
    this.part("end").setAttribute("aria-disabled", String(this.ending)); // and not disabled: that would lose the focus
    this.show("end", text(state === "finished" ? "forget" : this.isRunning || state === "loading" ? "cancel" : "remove"));

    this.announced = status;
    const reason = this.complaint ? this.reason : "";
    if (!news || this.persists || !this.element.isConnected) return;
    this.page.announce([`${this.name}: ${status || text("done")}`, reason].filter(Boolean).join(" "));
  }

  /** Puts words into a part; without any it is hidden. @param {string} name @param {string} words */
  show(name, words) {
    const part = this.part(name);
    if (part.textContent !== words) part.textContent = words;
    part.hidden = !words;
  }

  /** @returns {string} */
  statusWords() {
    const { state, task, refusal } = this;
    if (this.complaint) return text(this.complaint);
    if (this.following?.away && ["loading", "queued", "processing"].includes(state)) return text("away");
    switch (state) {
      case "queued": {
        const n = task?.position_in_queue;
        return !n ? text("starting") : n === 1 ? text("queuedNext") : text("queued", { n });
      }
      case "processing": return text(task?.task_type === "translate" ? "translating" : "transcribing");
      case "finished": return this.transcript.isEmpty ? text("silent") : "";
      case "gone": return text(this.transcript.isEmpty ? "gone" : "goneKept");
      case "refused": {
        const status = refusal?.status ?? 0;
        if (this.persists) return text(`again${status}`, { n: Math.max(this.retryIn, 1) });
        return text([0, 400, 413, 503].includes(status) ? `error${status}` : "errorOther",
          { status, n: refusal?.retryAfter || RETRY_SECONDS });
      }
      default: return text(state);
    }
  }

  /** @returns {string} */
  leftWords() {
    return this.task?.eta_seconds ? text("left", { time: clock(this.task.eta_seconds) }) : "";
  }

  /** @param {Task} task @returns {string} */
  languageWords({ source_language: code, language_probability: probability }) {
    if (!code) return "";
    const language = languageName(code);
    if (probability === null) return language;
    return probability >= CERTAIN ? text("detected", { language })
      : text("guessed", { language, probability: percent(probability, pageLanguage()) });
  }

  /** @returns {string} */
  factWords() {
    const { task, state } = this;
    if (!task) return "";
    const language = this.languageWords(task);
    return [
      language && task.task_type === "translate" ? `${language} → ${languageName("en")}` : language,
      task.duration ? clock(task.duration) : "",
      state === "finished" && task.used_model_size ? `${task.used_model_size}, ${deviceName(task.used_device)}` : "",
    ].filter(Boolean).join(" · ");
  }

  renderBar() {
    const { state, task } = this;
    this.part("bar").hidden = !["uploading", "checking", "processing"].includes(state);
    const progress = /** @type {HTMLProgressElement} */ (this.element.querySelector("progress"));
    progress.setAttribute("aria-label", this.part("status").textContent);
    if (state === "checking") progress.removeAttribute("value");
    if (state === "uploading" && this.file) {
      progress.value = this.uploaded;
      this.show("amount", `${percent(this.uploaded, pageLanguage())} · ${fileSize(this.file.size, pageLanguage())}`);
    } else if (state === "processing" && task) {
      progress.value = task.progress;
      this.show("amount", [percent(task.progress, pageLanguage()), this.leftWords()].filter(Boolean).join(" · "));
    } else {
      this.show("amount", "");
    }
  }
}
