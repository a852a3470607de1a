// @ts-check
/** Menus (details.menu): a click elsewhere or Escape closes them, as people know it. */

addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    const inside = menu.contains(/** @type {Node} */ (event.target));
    if (!inside || /** @type {Element} */ (event.target).closest(".choices button")) menu.removeAttribute("open");
  }
});

addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  menu?.removeAttribute("open");
  menu?.querySelector("summary")?.focus();
});
