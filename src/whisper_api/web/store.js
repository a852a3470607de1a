// @ts-check
/** What this browser remembers (localStorage); where storage is blocked, nothing is. */

/** @typedef {{id: string, name: string, added: number, language?: string}} StoredTask added: when it was chosen, in ms; language: as asked for */

const PREFIX = "whisper_api.";

/** @param {string} key @returns {any} null where there is nothing */
export function read(key) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key) ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} key @param {any} value */
export function write(key, value) {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // Blocked or full: the page works without it.
  }
}

/** The tasks sent from this browser, newest first. @returns {StoredTask[]} */
export function readTasks() {
  const tasks = read("tasks");
  return Array.isArray(tasks) ? tasks.filter((task) => typeof task?.id === "string") : [];
}

/** @param {StoredTask} task */
export function keepTask(task) {
  write("tasks", [...readTasks(), task].sort((a, b) => b.added - a.added));
}

/** @param {string} id */
export function dropTask(id) {
  write("tasks", readTasks().filter((task) => task.id !== id));
}
