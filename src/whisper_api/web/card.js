// @ts-check
/** One card on the page: a file from its upload until it is forgotten. */
import { ApiError, deleteTask, getSrt, getTask, sendFile } from "./api.js";
import { dropTask, keepTask } from "./store.js";
import { clock, deviceName, fileSize, languageName, moment, percent, text } from "./texts.js";

/** @typedef {import("./api.js").Task} Task */

const POLL_MS = 1_000;
const POLL_HIDDEN_MS = 10_000; // while the page is in the background
const MAX_BACKOFF_MS = 30_000;
const MAX_RECHECK_MS = 2 ** 31 - 1; // the longest timer; asking earlier than a result expires would prolong it

/** Uploads go one after another. @type {Promise<void>} */
let lastUpload = Promise.resolve();

export class Card {
  /**
   * Where the card stands; "queued" to "failed" are the task's own.
   * @type {"waiting" | "uploading" | "checking" | "refused" | "loading" | "queued" | "processing" | "finished" | "failed" | "gone"}
   */
  state = "loading";
  /** @type {Task | null} */ task = null;
  /** @type {string | null} the task's id */ id = null;
  /** @type {File | null} for trying again */ file = null;
  /** @type {ApiError | null} why the upload was refused */ refusal = null;
  options = { language: "", translate: false };
  uploaded = 0;
  /** The server did not answer the last poll. */ away = false;
  /** @type {string} a passing complaint about a button that did not work */ complaint = "";
  shownSegments = 0;
  added = Date.now();
  closed = false;
  leave = new AbortController();

  /**
   * @param {string} name
   * @param {{announce: (words: string) => void, changed: (card: Card) => void, closed: (card: Card) => void}} page
   */
  constructor(name, page) {
    this.name = name;
    this.page = page;
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById("card"));
    this.element = /** @type {HTMLElement} */ (template.content.cloneNode(true)).querySelector("li");
    this.part("name").textContent = name;
    this.part("copy").onclick = () => this.copy();
    this.part("txt").onclick = () => this.save(`${this.task.transcript.trim()}\n`, "txt");
    this.part("srt").onclick = () => this.attempt(async () => this.save(await getSrt(this.id), "srt"));
    this.part("retry").onclick = () => {
      this.part("name").focus(); // for the button goes
      this.send(this.file, this.options);
    };
    this.part("end").onclick = () => this.end();
  }

  /** @param {string} name class of an element in the card @returns {any} */
  part(name) {
    return this.element.querySelector(`.${name}`);
  }

  /** The upload would be lost if the page were left now. */
  get isSending() {
    return ["waiting", "uploading", "checking"].includes(this.state);
  }

  get isRunning() {
    return this.isSending || ["queued", "processing"].includes(this.state);
  }

  // ---- What happens to it ----

  /** @param {File} file @param {{language: string, translate: boolean}} options */
  send(file, options) {
    if (this.id) this.drop(this.id);
    Object.assign(this, { file, options, id: null, task: null, refusal: null, complaint: "", away: false, shownSegments: 0 });
    this.part("text").textContent = "";
    this.become("waiting");
    lastUpload = lastUpload.then(() => this.upload());
  }

  async upload() {
    if (this.closed) return;
    const onProgress = (/** @type {number} */ fraction) => {
      this.uploaded = fraction;
      this.become(fraction < 1 ? "uploading" : "checking");
    };
    onProgress(0);
    try {
      const { task_id: id } = await sendFile(this.file, this.options, onProgress, this.leave.signal);
      if (this.closed) return this.drop(id); // cancelled while the server was checking it
      keepTask({ id, name: this.name, added: this.added });
      this.follow(id);
    } catch (error) {
      this.refusal = error;
      this.become("refused");
    }
  }

  /** Asks for the task until it is known how it ended, and then whether it is still there. @param {string} id */
  async follow(id) {
    this.id = id;
    for (let failures = 0; !this.closed && this.id === id;) {
      const asked = performance.now();
      const answer = await getTask(id).catch((/** @type {ApiError} */ error) => error);
      if (this.id !== id) return; // sent again meanwhile
      if (this.ending) { await this.nap(POLL_MS); continue; }
      this.away = answer instanceof ApiError;
      failures = this.away ? failures + 1 : 0;
      if (!(answer instanceof ApiError)) this.take(answer);
      else if (answer.isGone) return this.lose();
      else this.render();
      await this.nap(this.pause(failures, performance.now() - asked));
    }
  }

  /** The server does not have it any more. */
  lose() {
    dropTask(this.id);
    this.become("gone");
  }

  /** @param {number} failures @param {number} took ms of the last call @returns {number} ms until the next */
  pause(failures, took) {
    if (failures) return Math.min(POLL_MS * 2 ** failures, MAX_BACKOFF_MS);
    if (!this.isRunning) {
      const left = this.task.expires_at ? Date.parse(this.task.expires_at) - Date.now() : MAX_RECHECK_MS;
      return Math.min(Math.max(left + POLL_MS, MAX_BACKOFF_MS), MAX_RECHECK_MS);
    }
    return document.hidden ? POLL_HIDDEN_MS : Math.max(POLL_MS, 5 * took); // gentle on a slow server
  }

  /** Waits; less when the page is looked at again, the network comes back or the card closes. @param {number} ms */
  nap(ms) {
    return new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
      const over = new AbortController();
      const { signal } = over;
      const wake = () => resolve(over.abort());
      setTimeout(wake, ms);
      document.addEventListener("visibilitychange", () => document.hidden || wake(), { signal });
      window.addEventListener("online", wake, { signal });
      this.leave.signal.addEventListener("abort", wake, { signal });
    });
  }

  /** @param {Task} task */
  take(task) {
    this.task = task;
    this.complaint = "";
    this.become(task.status === "pending" ? "queued" : task.status);
  }

  /** Cancel, forget or remove: gone from the server first, then from the page. */
  async end() {
    if (this.ending) return;
    this.ending = true; // what is asked of the server from here on says nothing about how the task went
    this.render();
    await this.leaveServer().finally(() => { this.ending = false; });
    if (!this.closed) this.render();
  }

  async leaveServer() {
    if (this.id && this.state !== "gone" && !await this.attempt(() => deleteTask(this.id))) return;
    this.closed = true;
    // A file already with the server is let through, to learn its id and delete it.
    if (this.state !== "checking") this.leave.abort();
    if (this.id) dropTask(this.id);
    this.page.closed(this);
  }

  /** Deletes if it can; else the task expires by itself. @param {string} id */
  drop(id) {
    dropTask(id);
    deleteTask(id).catch(() => {});
  }

  /** Does what a button asks, or complains on the card. @param {() => Promise<unknown>} what @returns {Promise<boolean>} done */
  async attempt(what) {
    this.complaint = "";
    try {
      await what();
      return true;
    } catch (error) {
      if (error.isGone) this.lose();
      else this.complaint = "notDone";
      this.render();
      return error.isGone;
    }
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.task.transcript.trim());
    } catch { // over plain http there is no clipboard but this old one
      getSelection().selectAllChildren(this.part("text"));
      document.execCommand("copy");
    }
    this.show("copy", text("copied"));
    this.page.announce(text("copied"));
    setTimeout(() => this.render(), 2_000);
  }

  /** @param {string} content @param {string} ending */
  save(content, ending) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type: "text/plain;charset=utf-8" }));
    link.download = `${this.name.replace(/\.\w{1,5}$/, "")}${this.task.task_type === "translate" ? ".en" : ""}.${ending}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  /** @param {Card["state"]} state */
  become(state) {
    if (this.closed) return;
    this.state = state;
    this.render();
    this.page.changed(this);
  }

  // ---- How it looks ----

  render() {
    const { state, task } = this;
    const words = Boolean(task?.transcript?.trim());
    const ended = state === "finished" || state === "gone";
    const status = this.statusWords();
    const news = this.part("status").textContent !== status;
    const trouble = this.complaint || ["refused", "failed"].includes(state) || (state === "gone" && !words);
    const hopeless = [400, 413].includes(this.refusal?.status);
    const again = this.file && !words && !hopeless && ["refused", "failed", "gone"].includes(state);

    this.element.classList.toggle("trouble", Boolean(trouble));
    this.show("status", status);
    // What the server itself says about a failure.
    this.show("detail", state === "refused" ? this.refusal.detail : (state === "failed" && task.error) || "");
    this.show("facts", this.factWords());
    const expires = ["finished", "failed"].includes(state) && task.expires_at;
    this.show("expiry", expires ? text("expires", { time: moment(expires) }) : "");
    this.renderBar();
    this.renderText();

    this.show("copy", ended && words ? text("copy") : "");
    this.show("txt", ended && words ? text("txt") : "");
    this.show("srt", state === "finished" && words ? text("srt") : "");
    this.show("retry", again ? text("retry") : "");
    this.part("end").toggleAttribute("disabled", Boolean(this.ending));
    this.show("end", text(state === "finished" ? "forget" : this.isRunning || state === "loading" ? "cancel" : "remove"));

    if (news) this.page.announce(`${this.name}: ${status}`);
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
    if (this.away && ["checking", "loading", "queued", "processing"].includes(state)) return text("away");
    switch (state) {
      case "queued": {
        const n = task.position_in_queue;
        return !n ? text("starting") : n === 1 ? text("queuedNext") : text("queued", { n });
      }
      case "processing": return text(task.task_type === "translate" ? "translating" : "transcribing");
      case "finished": return text(task.transcript?.trim() ? "finished" : "silent");
      case "gone": return text(task?.transcript ? "goneKept" : "gone");
      case "refused":
        return text([0, 400, 413, 503].includes(refusal.status) ? `error${refusal.status}` : "errorOther",
          { status: refusal.status, n: refusal.retryAfter || 30 });
      default: return text(state);
    }
  }

  /** @returns {string} */
  factWords() {
    const { task, state } = this;
    if (!task) return "";
    const language = task.source_language ? languageName(task.source_language) : "";
    return [
      language && task.task_type === "translate" ? `${language} → ${languageName("en")}` : language,
      task.duration ? clock(task.duration) : "",
      state === "finished" && task.used_model_size ? `${task.used_model_size}, ${deviceName(task.used_device)}` : "",
    ].filter(Boolean).join(" · ");
  }

  renderBar() {
    const { state, task } = this;
    this.part("bar").hidden = !["uploading", "checking", "processing"].includes(state);
    const progress = this.element.querySelector("progress");
    progress.setAttribute("aria-label", this.part("status").textContent);
    if (state === "checking") progress.removeAttribute("value");
    if (state === "uploading") {
      progress.value = this.uploaded;
      this.show("amount", `${percent(this.uploaded)} · ${fileSize(this.file.size)}`);
    } else if (state === "processing") {
      progress.value = task.progress;
      const left = task.eta_seconds && text("left", { time: clock(task.eta_seconds) });
      this.show("amount", [percent(task.progress), left].filter(Boolean).join(" · "));
    } else {
      this.show("amount", "");
    }
  }

  /** While it grows only what is new is added, so that a selection or a scrolled place stays. */
  renderText() {
    const box = this.part("text");
    const { task } = this;
    box.setAttribute("aria-label", this.name);
    if (task?.status === "finished") {
      const words = task.transcript?.trim() ?? "";
      if (box.textContent !== words) box.textContent = words;
    } else if (task) {
      if (task.segments.length < this.shownSegments) { // the server began anew
        this.shownSegments = 0;
        box.textContent = "";
      }
      const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
      const news = task.segments.slice(this.shownSegments).map((segment) => segment.text.trim());
      if (news.length) box.append((this.shownSegments ? " " : "") + news.join(" "));
      this.shownSegments = task.segments.length;
      box.hidden = !box.textContent;
      if (atEnd) box.scrollTop = box.scrollHeight;
    }
    box.hidden = !box.textContent;
  }
}
