// @ts-check
/** The news of a task: a stream of events while it runs, and a question now and then where there is no stream. */
import { ApiError, eventsOf, getTask } from "./api.js";

/** @typedef {import("./api.js").Task} Task */

const ASK_MS = 1_000;
const ASK_HIDDEN_MS = 10_000; // while the page is in the background
const QUIET_MS = 20_000; // a stream without news for so long may be one whose other end is gone
const MAX_BACKOFF_MS = 30_000;
const MAX_RECHECK_MS = 2 ** 31 - 1; // the longest timer; asking earlier than a result expires would prolong it

/** Browsers open six connections to a server over HTTP/1.1, for all tabs together; uploads and other calls need some. */
const MOST_STREAMS = 2;
let streams = 0;

export class Following {
  /** The server did not answer the last time. */ away = false;
  #over = new AbortController();

  /**
   * @param {string} id of the task
   * @param {{task: (task: Task) => void, away: () => void, gone: () => void}} told what to call with news
   */
  constructor(id, told) {
    this.id = id;
    this.told = told;
    this.#run();
  }

  /** No more news. */
  end() {
    this.#over.abort();
  }

  get #ended() {
    return this.#over.signal.aborted;
  }

  async #run() {
    for (let failures = 0; !this.#ended;) {
      const asked = performance.now();
      const answer = await getTask(this.id).catch((/** @type {ApiError} */ error) => error);
      if (this.#ended) return;
      if (answer instanceof ApiError) {
        if (answer.isGone) return this.told.gone();
        failures += 1;
        this.away = true;
        this.told.away();
        await this.#nap(Math.min(ASK_MS * 2 ** failures, MAX_BACKOFF_MS));
        continue;
      }
      failures = 0;
      this.away = false;
      this.told.task(answer);
      if (["finished", "failed"].includes(answer.status)) await this.#rest(answer);
      else if (streams < MOST_STREAMS && !document.hidden) await this.#listen(answer);
      else await this.#nap(document.hidden ? ASK_HIDDEN_MS : Math.max(ASK_MS, 5 * (performance.now() - asked)));
    }
  }

  /** Until the result expires; asking earlier may prolong it. @param {Task} task */
  async #rest(task) {
    const until = Date.now() + untilExpiry(task);
    while (!this.#ended && Date.now() < until) await this.#nap(until - Date.now());
  }

  /** Follow the stream until it ends, breaks, or nobody looks. What it tells is everything from the beginning. @param {Task} task */
  #listen(task) {
    streams += 1;
    const source = eventsOf(this.id);
    /** @type {Task["segments"]} */
    let heard = [];
    const { promise, resolve } = withResolvers();
    const done = () => resolve();
    let quiet = setTimeout(done, QUIET_MS);
    const tell = (/** @type {Partial<Task>} */ news) => {
      clearTimeout(quiet);
      quiet = setTimeout(done, QUIET_MS);
      Object.assign(task, news);
      if (!this.#ended) this.told.task(task);
    };
    /** @type {Record<string, (data: any) => void>} */
    const events = {
      queued: (data) => tell({ status: "pending", ...data }),
      started: (data) => {
        heard = [];
        tell({ status: "processing", position_in_queue: null, ...data });
      },
      segment: (data) => {
        heard.push(data);
        // A stream begins with what is shown already.
        if (heard.length > task.segments.length) tell({ segments: [...heard] });
      },
      progress: (data) => tell(data),
      finished: (data) => {
        tell({ ...data, segments: heard });
        done();
      },
      failed: done, // what else is to be known, the next question tells
    };
    for (const [name, take] of Object.entries(events)) {
      source.addEventListener(name, (event) => take(JSON.parse(/** @type {MessageEvent} */ (event).data)));
    }
    source.addEventListener("error", done); // asking tells whether the server is away or the task gone
    const over = new AbortController();
    this.#over.signal.addEventListener("abort", done, { signal: over.signal });
    document.addEventListener("visibilitychange", () => document.hidden && done(), { signal: over.signal });
    window.addEventListener("offline", done, { signal: over.signal });
    return promise.finally(() => {
      streams -= 1;
      clearTimeout(quiet);
      source.close();
      over.abort();
    });
  }

  /** Waits; less when the page is looked at again, the network comes back or nobody wants news. @param {number} ms */
  #nap(ms) {
    const { promise, resolve } = withResolvers();
    const over = new AbortController();
    const { signal } = over;
    const timer = setTimeout(resolve, ms);
    document.addEventListener("visibilitychange", () => document.hidden || resolve(), { signal });
    window.addEventListener("online", () => resolve(), { signal });
    this.#over.signal.addEventListener("abort", () => resolve(), { signal });
    return promise.finally(() => {
      clearTimeout(timer);
      over.abort();
    });
  }
}

/** @param {Task} task @returns {number} ms until the server deletes its result */
function untilExpiry(task) {
  const left = task.expires_at ? Date.parse(task.expires_at) - Date.now() : MAX_RECHECK_MS;
  return Math.min(Math.max(left + ASK_MS, MAX_BACKOFF_MS), MAX_RECHECK_MS);
}

/** Promise.withResolvers, which browsers of 2023 lack. @returns {{promise: Promise<void>, resolve: () => void}} */
function withResolvers() {
  /** @type {() => void} */
  let resolve = () => {};
  const promise = new Promise((/** @type {(value: void) => void} */ done) => { resolve = () => done(); });
  return { promise, resolve };
}
