// @ts-check
/** Every call to the server is here. */

/**
 * @typedef {object} Task
 * @property {string} task_id
 * @property {"transcribe" | "translate"} task_type
 * @property {"pending" | "processing" | "finished" | "failed"} status
 * @property {string | null} transcript
 * @property {string | null} source_language
 * @property {number | null} position_in_queue 1 = next
 * @property {string | null} used_model_size
 * @property {string | null} used_device
 * @property {number} progress 0 to 1
 * @property {{start: number, end: number, text: string}[]} segments grows while processing
 * @property {number | null} duration seconds of audio
 * @property {number | null} eta_seconds
 * @property {string | null} error
 * @property {string | null} expires_at
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

/** @param {string} path @param {string} [method] @returns {Promise<string>} */
async function call(path, method = "GET") {
  let response, body;
  try {
    response = await fetch(BASE + path, { method, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    body = await response.text();
  } catch {
    throw new ApiError(0);
  }
  if (!response.ok) throw errorFrom(response.status, body, response.headers.get("Retry-After"));
  return body;
}

/** @param {string} id */
const query = (id) => `?${new URLSearchParams({ task_id: id })}`;

/** @param {string} id @returns {Promise<Task>} */
export const getTask = async (id) => parse(await call(`status${query(id)}`));

/** @param {string} id @returns {Promise<string>} the subtitles as text */
export const getSrt = (id) => call(`srt${query(id)}`);

/** Cancels the task or forgets its result. @param {string} id */
export const deleteTask = (id) => call(`task${query(id)}`, "DELETE");

/** @returns {Promise<DecoderStatus>} */
export const getDecoderStatus = async () => parse(await call("decoder_status"));

/** @returns {Promise<string>} */
export const getVersion = async () => parse(await call("version")).version;

/**
 * Sends a file. XMLHttpRequest, for fetch cannot tell how far an upload is.
 * @param {File} file
 * @param {{language: string, translate: boolean}} options language "" = detect
 * @param {(fraction: number) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<Task>}
 */
export function sendFile(file, options, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const language = options.language ? `?${new URLSearchParams({ language: options.language })}` : "";
    request.open("POST", BASE + (options.translate ? "translate" : "transcribe") + language);
    request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    request.upload.onload = () => onProgress(1);
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
    form.append("file", file);
    request.send(form);
  });
}
