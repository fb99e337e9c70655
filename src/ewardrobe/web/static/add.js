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

function link(id, name) {
  const made = document.createElement("a");
  made.href = `/garments/${id}`;
  made.textContent = name;
  return made;
}

async function showGarment(found) {
  const item = document.getElementById("garment").content.firstElementChild.cloneNode(true);
  item.querySelector("a").href = `/garments/${found.id}`;
  item.querySelector(".name").textContent = found.title;
  const sure = found.type_confidence === null ? "" : `${Math.round(found.type_confidence * 100)} % sure`;
  item.querySelector(".quiet").textContent = [found.type ?? found.class, sure].filter(Boolean).join(", ");
  const alike = item.querySelector(".alike");
  if (found.look_alikes.length) {
    alike.hidden = false;
    const others = found.look_alikes.slice(0, 3).map((other) => link(other.id, `number ${other.id}`));
    alike.querySelector("span").append(...others.flatMap((other, index) => (index ? [", ", other] : [other])));
  }
  const reject = item.querySelector(".reject");
  reject.addEventListener("click", () =>
    doing(reject, async () => {
      await call("DELETE", `/garments/${found.id}`);
      item.remove();
      say("Removed");
    }),
  );
  try {
    const garment = await call("GET", `/garments/${found.id}`);
    if (garment.removed_at) return null;
    item.querySelector("img").src = garment.thumbnail ?? "/static/icon.svg";
    item.querySelector(".name").textContent = garment.title;
  } catch {
    return null; // it was deleted since
  }
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
  known.row.querySelector(".cancel").hidden = upload.status !== "waiting";
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
