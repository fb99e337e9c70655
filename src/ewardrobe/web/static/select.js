// Many garments at once: chosen one by one, by range, all on the page or all that were found; and the quick buttons.
import { archiving } from "./archive.js";
import { call, doing, say } from "./api.js";

const $ = (id) => document.getElementById(id);
const grid = $("grid");
const items = [...(grid?.querySelectorAll(".item") ?? [])];
const ticks = items.map((item) => item.querySelector(".tick"));
let everything = false; // all that was found, also on other pages
let anchor = 0; // where a range begins

const chosen = () => ticks.filter((tick) => tick.checked).map((tick) => Number(tick.value));
const amount = () => (everything ? Number(grid.dataset.total) : chosen().length);
const noun = (count) => `${count} garment${count === 1 ? "" : "s"}`;

function count() {
  const number = amount();
  $("count").textContent = number ? `${noun(number)} selected` : "None selected";
  for (const button of document.querySelectorAll("#chosen .verbs button:not(#finish)")) button.disabled = !number;
  items.forEach((item, at) => item.classList.toggle("picked", ticks[at].checked));
}

function selecting(on) {
  document.body.classList.toggle("selecting", on);
  $("chosen").hidden = !on;
  $("select").setAttribute("aria-pressed", String(on));
  $("select").textContent = on ? "Done selecting" : "Select";
  for (const label of grid.querySelectorAll(".pick")) label.hidden = !on;
  if (!on) setAll(false);
  count();
}

function setAll(on) {
  everything = false;
  for (const tick of ticks) tick.checked = on;
  count();
}

/** One card, or with Shift all from the last one to it. */
function pick(at, on, range) {
  everything = false;
  const [first, last] = range ? [Math.min(at, anchor), Math.max(at, anchor)] : [at, at];
  for (let each = first; each <= last; each += 1) ticks[each].checked = on;
  anchor = at;
  count();
}

/** Change or remove what is selected, in one step that can be undone. */
function change(button, values, line) {
  return doing(button, async () => {
    const which = everything ? { query: JSON.parse(grid.dataset.query) } : { ids: chosen() };
    const { changed } = await call("PATCH", "/garments", { json: { ...which, ...values } });
    say(`${line}: ${noun(changed)}. “Undo” at the bottom takes it back.`, { later: true });
    location.reload();
  });
}

function ask(dialog) {
  dialog.querySelector("form").reset();
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

const words = (text) => text.split(",").map((word) => word.trim()).filter(Boolean);

if (grid) {
  $("select").addEventListener("click", () => selecting(!document.body.classList.contains("selecting")));
  $("finish").addEventListener("click", () => {
    selecting(false);
    $("select").focus();
  });
  $("all-here").addEventListener("click", () => setAll(true));
  $("none").addEventListener("click", () => setAll(false));
  $("all-found")?.addEventListener("click", () => {
    setAll(true);
    everything = true;
    count();
  });
  items.forEach((item, at) => {
    item.querySelector(".card").addEventListener("click", (event) => {
      if (!document.body.classList.contains("selecting")) return;
      event.preventDefault();
      pick(at, event.shiftKey || !ticks[at].checked, event.shiftKey);
    });
    ticks[at].addEventListener("click", (event) => pick(at, ticks[at].checked, event.shiftKey));
    for (const button of item.querySelectorAll("[data-quick]")) {
      button.addEventListener("click", () => quick(item, button));
    }
  });
  for (const button of document.querySelectorAll("#chosen [data-set]")) {
    button.addEventListener("click", () =>
      change(button, { set: { [button.dataset.set]: button.dataset.value } }, button.textContent.trim()),
    );
  }
  $("put-away").addEventListener("click", async () => {
    const set = await archiving();
    if (set) change($("put-away"), { set }, "Put away");
  });
  $("many-fields").addEventListener("click", async () => {
    if (!(await ask($("many-dialog")))) return;
    const { add_tags: more, drop_tags: less, ...rest } = Object.fromEntries(new FormData($("many-form")));
    const set = Object.fromEntries(Object.entries(rest).filter(([, value]) => value.trim()));
    change($("many-fields"), { set, add_tags: words(more), drop_tags: words(less) }, "Changed");
  });
  $("remove").addEventListener("click", () => change($("remove"), { remove: true }, "Removed"));
  document.addEventListener("keydown", (event) => {
    if (!document.body.classList.contains("selecting") || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") selecting(false);
    if (event.key === "a" && (event.ctrlKey || event.metaKey) && !event.target.matches("input[type=search]")) {
      event.preventDefault();
      setAll(true);
    }
  });
}

/** A favourite, or in the laundry, with one touch on the card. */
function quick(item, button) {
  const on = button.getAttribute("aria-pressed") !== "true";
  const json = button.dataset.quick === "favourite" ? { favourite: on } : { status: on ? "laundry" : "active" };
  doing(button, async () => {
    const garment = await call("PATCH", `/garments/${item.dataset.id}`, { json, version: item.dataset.version });
    item.dataset.version = garment.version;
    button.setAttribute("aria-pressed", String(on));
    const said = { favourite: ["A favourite", "No favourite any more"], laundry: ["In the laundry", "Clean again"] };
    say(`${said[button.dataset.quick][on ? 0 : 1]}: ${garment.title}`);
  });
}
