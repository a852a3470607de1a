// @ts-check
/** Files on their way to the server, one after another. */
import { sendFile } from "./api.js";

/** @type {Promise<unknown>} */
let last = Promise.resolve();

/**
 * Sends a file when those before it are there.
 * @param {File} file
 * @param {import("./api.js").Wishes} wishes
 * @param {(fraction: number) => void} onProgress called from its beginning on
 * @param {AbortSignal} signal
 * @returns {Promise<import("./api.js").Task | null>} null where it was called off while it waited
 */
export function upload(file, wishes, onProgress, signal) {
  const turn = last.then(() => {
    if (signal.aborted) return null;
    onProgress(0);
    return sendFile(file, wishes, onProgress, signal);
  });
  last = turn.catch(() => {});
  return turn;
}
