// One outfit: garments from the panel onto the canvas, its name and the rest, saved in one call.
import { call, doing, say } from "./api.js";
import { Board } from "./board.js";
import { Picker } from "./picker.js";

const maker = document.getElementById("maker");
const form = document.getElementById("fields");
const { id, version } = maker.dataset;
const path = `/outfits/${id}`;
let saved = "";
let leaving = false;
let byHand = Boolean(id); // once something was moved, garments that come are laid beside what is there

const board = new Board(document.getElementById("board"), {
  changed: () => {
    picker?.mark();
    showTools();
  },
  say: (line) => (document.getElementById("spoken").textContent = line),
});
const picker = new Picker(document.getElementById("pick"), { pressed, chosen: (garment) => board.has(garment) });

const fields = () => Object.fromEntries(new FormData(form));
const state = () => JSON.stringify([board.items, fields()]);

async function layout(garments) {
  return garments.length ? call("POST", "/outfits/layout", { json: { garments } }) : [];
}

async function pressed(garment) {
  if (board.has(garment.id)) {
    board.take(garment.id);
    if (!byHand) await arrange();
    return;
  }
  try {
    const items = await layout([...board.items.map((item) => item.garment), garment.id]);
    board.remember();
    // What was moved by hand stays where it is; the new one comes where a fresh layout would have it.
    const fresh = items.find((item) => item.garment === garment.id);
    board.show(byHand ? [...board.pieces.map((piece) => ({ ...piece })), fresh] : items);
    board.select(board.pieces.find((piece) => piece.garment === garment.id));
  } catch (error) {
    say(error.message);
  }
}

async function arrange() {
  try {
    board.show(await layout(board.items.map((item) => item.garment)));
    byHand = false;
  } catch (error) {
    say(error.message);
  }
}

const TOOLS = {
  smaller: () => board.resize(1 / 1.08),
  larger: () => board.resize(1.08),
  back: () => board.layer(-1),
  forward: () => board.layer(1),
  off: () => board.take(board.selected.garment),
  arrange: () => {
    board.remember();
    arrange();
  },
  step: () => board.stepBack() || say("There is no earlier step"),
};

function showTools() {
  for (const button of document.querySelectorAll("[data-tool]")) {
    const needs = { arrange: board.pieces.length, step: board.past.length }[button.dataset.tool] ?? board.selected;
    button.disabled = !needs;
  }
}
for (const button of document.querySelectorAll("[data-tool]")) {
  button.addEventListener("click", () => {
    if (!["arrange", "step"].includes(button.dataset.tool)) byHand = true;
    TOOLS[button.dataset.tool]();
  });
}
board.root.addEventListener("select", showTools);
for (const name of ["keydown", "pointermove"]) {
  board.root.addEventListener(name, () => {
    if (board.drag?.moved || name === "keydown") byHand = true;
  });
}

function go(address, line) {
  leaving = true;
  say(line, { later: true });
  if (address) location.href = address;
  else location.reload();
}

async function change(method, json) {
  try {
    return await call(method, path, { json, version });
  } catch (error) {
    if (error.status === 412) {
      const notice = document.getElementById("changed");
      notice.hidden = false;
      notice.scrollIntoView({ block: "center" });
    }
    throw error;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!board.pieces.length) {
    say("Choose at least one garment");
    return;
  }
  doing(event.submitter ?? form.querySelector(".primary"), async () => {
    const json = { ...fields(), items: board.items };
    if (id) {
      await change("PATCH", json);
      go("", "Saved");
    } else {
      const made = await call("POST", "/outfits", { json });
      go(`/outfits/${made.id}`, "Saved");
    }
  });
});

const click = (name, work) => {
  const button = document.getElementById(name);
  button?.addEventListener("click", () => doing(button, () => work(button)));
};
click("worn", async () => {
  await call("POST", "/wears", { json: { outfit: Number(id) } });
  say("Noted in the calendar: worn today");
});
click("favourite", async (button) => {
  const was = button.getAttribute("aria-pressed") === "true";
  await change("PATCH", { favourite: !was });
  go("", was ? "No favourite any more" : "A favourite");
});
click("clone", async () => {
  const made = await call("POST", `${path}/clone`);
  go(`/outfits/${made.id}`, "This is the copy");
});
click("remove", async () => {
  await change("DELETE");
  go("/outfits", "Removed; “Undo” at the bottom brings it back");
});
click("share", async () => {
  const answer = await fetch(document.querySelector("a[download]").href);
  const file = new File([await answer.blob()], "outfit.png", { type: "image/png" });
  // Closing the system's own panel is no failure.
  await navigator.share({ files: [file] }).catch((error) => error.name === "AbortError" || say(error.message));
});
const share = document.getElementById("share");
if (share && navigator.canShare?.({ files: [new File([""], "a.png", { type: "image/png" })] })) share.hidden = false;

document.getElementById("reload").addEventListener("click", () => go("", ""));
addEventListener("beforeunload", (event) => {
  if (!leaving && saved && state() !== saved) event.preventDefault();
});

async function start() {
  try {
    if (id) {
      board.show((await call("GET", path)).items);
    } else {
      const asked = new URLSearchParams(location.search).getAll("garment").map(Number).filter(Boolean);
      board.show(await layout([...new Set(asked)]));
    }
  } catch (error) {
    say(error.message);
  }
  saved = state();
  showTools();
  await picker.show();
}
start();
