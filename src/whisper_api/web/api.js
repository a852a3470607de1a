// @ts-check
/** Every call to the server is here. */

/**
 * @typedef {object} Task
 * @property {string} task_id
 * @property {"transcribe" | "translate"} task_type
 * @property {"pending" | "processing" | "finished" | "failed"} status
 * @property {string | null} transcript
 * @property {string | null} source_language
 * @property {number | null} language_probability 0 to 1
 * @property {number | null} position_in_queue 1 = next
 * @property {string | null} used_model_size
 * @property {string | null} used_device
 * @property {number} progress 0 to 1
 * @property {import("./transcript.js").Line[]} segments grows while processing
 * @property {number | null} duration seconds of audio
 * @property {number | null} eta_seconds
 * @property {string | null} error
 * @property {string | null} expires_at
 */

/**
 * @typedef {object} Wishes
 * @property {string} language "" = detect
 * @property {boolean} translate to English
 * @property {string} hotwords names and terms that occur
 */

/**
 * @typedef {object} DecoderStatus
 * @property {string | null} max_model_to_use
 * @property {string | null} last_loaded_model_size
 * @property {string | null} used_device
 * @property {string | null} note
 */

const BASE = "/api/v1/";
const PATIENCE_MS = 20_000;
const CHECK_MS = 300_000; // the longest that a server looks at an upload

/** An answer other than a good one; status 0 = no answer at all. */
export class ApiError extends Error {
  /** @param {number} status @param {string} [detail] @param {number} [retryAfter] seconds */
  constructor(status, detail = "", retryAfter = 0) {
    super(detail || `HTTP ${status}`);
    this.status = status;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }

  /** The server answered that it does not know this task (any more). */
  get isGone() {
    return [400, 404].includes(this.status) && this.detail !== ""; // without: a proxy's
  }
}

/** @param {string} text @returns {any} */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(502);
  }
}

/** @param {number} status @param {string} body @param {string | null} retryAfter @returns {ApiError} */
function errorFrom(status, body, retryAfter) {
  let detail;
  try {
    detail = JSON.parse(body).detail;
  } catch {
    // Not from our server (a proxy, say): the status has to do.
  }
  return new ApiError(status, typeof detail === "string" ? detail : "", Number(retryAfter) || 0);
}

/** @param {string} path @param {RequestInit} [request] @returns {Promise<string>} */
async function call(path, request = {}) {
  let response, body;
  try {
    response = await fetch(BASE + path, { ...request, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    body = await response.text();
  } catch {
    throw new ApiError(0);
  }
  if (!response.ok) throw errorFrom(response.status, body, response.headers.get("Retry-After"));
  return body;
}

/** @param {string} id @param {Record<string, string>} [more] */
const query = (id, more = {}) => `?${new URLSearchParams({ task_id: id, ...more })}`;

/** @param {string} id @returns {Promise<Task>} */
export const getTask = async (id) => parse(await call(`status${query(id)}`));

/** What happens to a task; the caller closes it. @param {string} id */
export const eventsOf = (id) => new EventSource(`${BASE}events${query(id)}`);

/** How loud a finished task's recording is all along, from 0 to 1. @param {string} id @returns {Promise<number[]>} */
export const getPeaks = async (id) => parse(await call(`waveform${query(id)}`)).peaks;

/** A finished task's text as a file. @param {string} id @param {string} format @returns {Promise<string>} */
export const getResult = (id, format) => call(`result${query(id, { format })}`);

/**
 * A corrected text as a file; the server keeps nothing of it.
 * @param {{language: string | null, duration: number, segments: import("./transcript.js").Line[]}} text
 * @param {string} format @returns {Promise<string>}
 */
export const writeResult = (text, format) => call(`result?${new URLSearchParams({ format })}`, {
  method: "POST", body: JSON.stringify(text), headers: { "Content-Type": "application/json" },
});

/** Cancels the task or forgets its result. @param {string} id */
export const deleteTask = (id) => call(`task${query(id)}`, { method: "DELETE" });

/** @returns {Promise<DecoderStatus>} */
export const getDecoderStatus = async () => parse(await call("decoder_status"));

/** @returns {Promise<string>} */
export const getVersion = async () => parse(await call("version")).version;

/**
 * Sends a file. XMLHttpRequest, for fetch cannot tell how far an upload is.
 * @param {File} file
 * @param {Wishes} wishes
 * @param {(fraction: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<Task>}
 */
export function sendFile(file, wishes, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", BASE + (wishes.translate ? "translate" : "transcribe"));
    request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    /** @type {ReturnType<typeof setTimeout>} */
    let patience;
    request.upload.onload = () => {
      onProgress(1);
      patience = setTimeout(() => request.abort(), CHECK_MS); // others wait for this one
    };
    request.onloadend = () => clearTimeout(patience);
    request.onerror = request.onabort = () => reject(new ApiError(0));
    request.onload = () => {
      const { status, responseText } = request;
      if (status !== 200) return reject(errorFrom(status, responseText, request.getResponseHeader("Retry-After")));
      try {
        resolve(parse(responseText));
      } catch (error) {
        reject(error);
      }
    };
    signal.addEventListener("abort", () => request.abort());
    const form = new FormData();
    form.append("language", wishes.language);
    form.append("hotwords", wishes.hotwords);
    form.append("timestamp_granularities[]", "word"); // for hearing a word, and for marking uncertain ones
    form.append("file", file);
    request.send(form);
  });
}
