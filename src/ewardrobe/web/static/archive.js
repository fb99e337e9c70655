// What became of a garment that is put away, and why: asked in a dialog.

/** The fields to set, or null when it was cancelled. */
export function archiving() {
  const dialog = document.getElementById("archive-dialog");
  const form = document.getElementById("archive-form");
  form.reset();
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue ? Object.fromEntries(new FormData(form)) : null), { once: true });
  });
}
