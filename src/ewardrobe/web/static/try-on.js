// The fitting room: a person, garments, and the picture of both, with a slider between before and after.
import { Refused, call, doing } from "./api.js";

const room = document.getElementById("fitting");
const fitted = new Set(room.dataset.fitted.split(" "));
const largest = Number(room.dataset.max);
const [before, after, glass] = ["before", "after", "glass"].map((id) => document.getElementById(id));
const [button, state, problem, save] = ["try", "state", "problem", "save"].map((id) => document.getElementById(id));
const share = document.getElementById("share");
const chosen = new Map();
let person = null;
let beforeAddress = null;
let afterAddress = null;
let searches = 0;

function tell(line) {
  problem.textContent = line;
  problem.hidden = !line;
}

function ready() {
  button.disabled = !person || chosen.size === 0;
  const names = [...chosen.values()].join(", ");
  state.textContent = button.disabled
    ? person ? "Choose at least one garment." : chosen.size ? "Choose a photo." : "Choose a photo and at least one garment."
    : `To try on: ${names}`;
}

function slide() {
  glass.style.setProperty("--share", `${share.value}%`);
  share.setAttribute("aria-valuetext", `${share.value} per cent before`);
}

function hideResult() {
  for (const part of [after, save, document.getElementById("slider"), document.getElementById("divider")]) part.hidden = true;
}

function setPerson(source, address) {
  person = source;
  before.src = address;
  before.hidden = false;
  document.getElementById("nobody").hidden = true;
  hideResult();
  tell("");
  ready();
}

for (const input of [document.getElementById("photo"), document.getElementById("camera")]) {
  input.addEventListener("change", () => {
    const file = input.files[0];
    if (!file) return;
    if (file.size > largest) return tell(`${file.name} is too large; at most ${largest >> 20} MiB`);
    if (beforeAddress) URL.revokeObjectURL(beforeAddress);
    beforeAddress = URL.createObjectURL(file);
    for (const radio of document.querySelectorAll("input[name=stored]")) radio.checked = false;
    setPerson({ photo: file }, beforeAddress);
    input.value = "";
  });
}

for (const radio of document.querySelectorAll("input[name=stored]")) {
  radio.addEventListener("change", () => setPerson({ photo_id: radio.value }, radio.dataset.preview));
}

function pieceOf(garment) {
  const item = document.getElementById("piece").content.cloneNode(true);
  const piece = item.querySelector("button");
  piece.querySelector("img").src = garment.thumbnail;
  piece.querySelector(".name").textContent = garment.title;
  piece.setAttribute("aria-pressed", String(chosen.has(garment.id)));
  piece.addEventListener("click", () => {
    if (!chosen.delete(garment.id)) chosen.set(garment.id, garment.title);
    piece.setAttribute("aria-pressed", String(chosen.has(garment.id)));
    ready();
  });
  return item;
}

async function search() {
  const number = ++searches;
  const text = document.getElementById("text").value.trim();
  const query = new URLSearchParams({ limit: "120", ...(text ? { text } : {}) });
  const found = document.getElementById("found");
  try {
    const answer = await call("GET", `/garments?${query}`);
    if (number !== searches) return;
    const fit = answer.garments.filter((garment) => garment.thumbnail && garment.appearances.some((one) => fitted.has(one.label)));
    document.getElementById("pieces").replaceChildren(...fit.map(pieceOf));
    const more = answer.total > answer.garments.length ? " Search to find others." : "";
    found.textContent = fit.length
      ? `${fit.length} can be tried on.${more}`
      : text ? "Nothing like that can be tried on." : "There is nothing to try on yet: add photos of your clothes first.";
  } catch (error) {
    found.textContent = error.message;
  }
}

let typing;
document.getElementById("text").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(search, 250);
});
document.getElementById("find").addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});

async function dress() {
  const form = new FormData();
  for (const [name, value] of Object.entries(person)) form.append(name, value);
  for (const id of chosen.keys()) form.append("garments", id);
  const token = document.querySelector('meta[name="csrf-token"]').content;
  let answer;
  try {
    answer = await fetch("/api/v1/try-on", { method: "POST", headers: { "X-CSRF-Token": token }, body: form });
  } catch {
    throw new Refused(0, "the server does not answer; is it still running?");
  }
  if (!answer.ok) throw new Refused(answer.status, (await answer.json()).detail);
  return answer.blob();
}

button.addEventListener("click", () =>
  doing(button, async () => {
    tell("");
    glass.classList.add("working");
    state.textContent = "Putting it on… this takes a few seconds.";
    try {
      const picture = await dress();
      if (afterAddress) URL.revokeObjectURL(afterAddress);
      afterAddress = URL.createObjectURL(picture);
      after.src = afterAddress;
      await after.decode();
      save.href = afterAddress;
      for (const part of [after, save, document.getElementById("slider"), document.getElementById("divider")]) part.hidden = false;
      slide();
      state.textContent = "Done. Move the slider to compare.";
    } catch (error) {
      tell(error.message);
      state.textContent = "";
    } finally {
      glass.classList.remove("working");
    }
  }),
);

share.addEventListener("input", slide);
slide();
ready();
search();
