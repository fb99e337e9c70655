// Photos in. Each is sent by itself; from then on the server has it, and this page only asks how far it is.
import { call, doing, say, send } from "./api.js";

const POLL = 1200;
const STATES = {
  sending: "being sent",
  waiting: "waits",
  working: "looking for garments…",
  done: "done",
  skipped: "in the wardrobe already",
  failed: "not added",
  cancelled: "cancelled",
};
const drop = document.getElementById("drop");
const list = document.getElementById("uploads");
const rows = new Map(); // by the upload's number: { row, shown: what it shows now }
const outbox = [];
let sending = 0;
let polling;

function makeRow(name) {
  const row = document.getElementById("upload").content.firstElementChild.cloneNode(true);
  row.querySelector(".file").textContent = name;
  document.getElementById("list").hidden = false;
  return row;
}

function setState(row, status, reason = "") {
  row.className = `upload ${status}`;
  row.querySelector(".state").textContent = STATES[status];
  const line = row.querySelector(".reason");
  line.textContent = reason;
  line.hidden = !reason || status === "skipped";
}

async function garmentOf(id) {
  try {
    const garment = await call("GET", `/garments/${id}`);
    return garment.removed_at ? null : garment;
  } catch {
    return null; // it was deleted since
  }
}

function sureOf(garment) {
  const said = garment.provenance.type;
  const kind = garment.type ?? garment.label ?? "garment";
  return said && said.source !== "owner" ? `${kind}, ${Math.round(said.confidence * 100)} % sure` : kind;
}

function fillCard(card, garment) {
  card.href = `/garments/${garment.id}`;
  card.querySelector("img").src = garment.thumbnail ?? "/static/icon.svg";
  card.querySelector(".name").textContent = garment.title;
  card.querySelector(".quiet").textContent = sureOf(garment);
}

/** The garments of which was said that they are not the one they look like. */
const differing = () => new Set(JSON.parse(localStorage.getItem("different") ?? "[]"));

function setRight(button, yes) {
  button.setAttribute("aria-pressed", String(yes));
  button.textContent = yes ? "✓ Right" : "Right";
}

async function showGarment(found) {
  const garment = await garmentOf(found.id);
  if (!garment) return null;
  const item = document.getElementById("garment").content.firstElementChild.cloneNode(true);
  const card = item.querySelector(".card");
  fillCard(card, garment);
  const alike = differing().has(found.id) ? [] : found.look_alikes;
  const other = alike.length ? await garmentOf(alike[0].id) : null;
  if (other) {
    const twin = card.cloneNode(true);
    fillCard(twin, other);
    const beside = item.querySelector(".alike");
    const same = beside.querySelector(".same");
    twin.setAttribute("aria-label", `${other.title}, which you have`);
    beside.insertBefore(twin, beside.querySelector(".judge"));
    beside.hidden = false;
    beside.querySelector(".other").addEventListener("click", () => {
      localStorage.setItem("different", JSON.stringify([...differing(), found.id].slice(-500)));
      beside.hidden = true;
    });
    same.addEventListener("click", () =>
      doing(same, async () => {
        await call("POST", `/garments/${other.id}/merge`, { json: { other: garment.id } });
        item.remove();
        say(`${other.title} has one more photo now`);
      }),
    );
  }
  const [seen] = garment.appearances;
  const right = item.querySelector(".right");
  const mend = item.querySelector(".mend");
  right.hidden = mend.hidden = !seen;
  if (seen) {
    mend.href = `/garments/${garment.id}/mask`;
    mend.setAttribute("aria-label", `Mend the cut-out of ${garment.title}`);
    right.setAttribute("aria-label", `The cut-out of ${garment.title} is right`);
    setRight(right, Boolean(seen.checked_at));
    right.addEventListener("click", () =>
      doing(right, async () => {
        await call("POST", `/garments/${garment.id}/appearances/${seen.id}/accept`);
        setRight(right, true);
      }),
    );
  }
  const reject = item.querySelector(".reject");
  reject.setAttribute("aria-label", `Remove ${garment.title}`);
  reject.addEventListener("click", () =>
    doing(reject, async () => {
      await call("DELETE", `/garments/${garment.id}`);
      item.remove();
      say(`Removed: ${garment.title}`);
    }),
  );
  return item;
}

async function showUpload(upload) {
  let known = rows.get(upload.id);
  if (!known) {
    known = { row: makeRow(upload.name), shown: "" };
    rows.set(upload.id, known);
    // The newest first, whatever the order they are told in.
    const after = [...rows].filter(([id]) => id < upload.id).sort(([a], [b]) => b - a)[0];
    list.insertBefore(known.row, after ? after[1].row : null);
    const cancel = known.row.querySelector(".cancel");
    cancel.addEventListener("click", () =>
      doing(cancel, async () => showUpload(await call("DELETE", `/uploads/${upload.id}`))),
    );
  }
  const state = `${upload.status} ${upload.reason}`;
  if (known.shown === state) return;
  known.shown = state;
  setState(known.row, upload.status, upload.reason);
  known.row.querySelector(".cancel").hidden = !["waiting", "working"].includes(upload.status);
  if (upload.garments.length) {
    const grid = known.row.querySelector(".grid");
    const items = await Promise.all(upload.garments.map(showGarment));
    grid.replaceChildren(...items.filter(Boolean));
    grid.hidden = false;
  }
}

function summarise(counts) {
  const left = counts.waiting + counts.working + outbox.length + sending;
  const finished = counts.done + counts.skipped + counts.failed;
  const words = [`${counts.done} added`];
  if (counts.skipped) words.push(`${counts.skipped} known already`);
  if (counts.failed) words.push(`${counts.failed} not added`);
  if (left) words.push(`${left} to go`);
  document.getElementById("summary").textContent = words.join(" · ");
  document.getElementById("clear").hidden = !(finished + counts.cancelled);
  const progress = document.getElementById("progress");
  progress.hidden = !left;
  progress.max = left + finished;
  progress.value = finished;
  document.title = left ? `(${left}) Add · eWardrobe` : "Add · eWardrobe";
  return left;
}

async function refresh() {
  clearTimeout(polling);
  polling = undefined;
  try {
    const { uploads, counts } = await call("GET", "/uploads");
    const told = new Set(uploads.map((upload) => upload.id));
    for (const [id, known] of rows) {
      if (!told.has(id)) {
        known.row.remove();
        rows.delete(id);
      }
    }
    await Promise.all(uploads.map(showUpload));
    document.getElementById("list").hidden = !(uploads.length || outbox.length || sending);
    if (summarise(counts)) polling = setTimeout(refresh, POLL);
  } catch (error) {
    document.getElementById("summary").textContent = error.message;
    polling = setTimeout(refresh, 4 * POLL);
  }
}

async function sendNext() {
  const next = outbox.shift();
  if (!next) return;
  sending += 1;
  const { file, row } = next;
  const bar = row.querySelector(".sending");
  bar.hidden = false;
  setState(row, "sending");
  try {
    const upload = await send("/photos", "photo", file, (share) => (bar.value = share));
    row.remove();
    await showUpload(upload);
  } catch (error) {
    bar.hidden = true;
    setState(row, "failed", error.message);
  }
  sending -= 1;
  if (!polling || !outbox.length) refresh();
  await sendNext();
}

function take(files) {
  const largest = Number(drop.dataset.max);
  for (const file of files) {
    const row = makeRow(file.name || "photo");
    list.prepend(row);
    if (file.size > largest) setState(row, "failed", `that is more than ${largest >> 20} MiB`);
    else outbox.push({ file, row });
    if (file.size <= largest) setState(row, "waiting");
  }
  if (!sending) sendNext();
}

for (const id of ["photos", "camera"]) {
  const input = document.getElementById(id);
  input.addEventListener("change", () => {
    take(input.files);
    input.value = "";
  });
}
for (const name of ["dragenter", "dragover"]) {
  addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  take([...event.dataTransfer.files]);
});
addEventListener("paste", (event) => take([...event.clipboardData.files]));
addEventListener("beforeunload", (event) => {
  // What the server has is safe; what still waits in this window is not.
  if (outbox.length || sending) event.preventDefault();
});
const clear = document.getElementById("clear");
clear.addEventListener("click", () =>
  doing(clear, async () => {
    await call("DELETE", "/uploads");
    await refresh();
  }),
);
refresh();
