// The live view: the camera and the switches. What goes over the socket is the worker's business (live-worker.js).
import { call, doing, say, send } from "./api.js";
import { explain, listCameras, openCamera } from "./camera.js";

const TOO_OLD = "This browser is too old for the live view; a current one will do.";
const LONGEST = 640; // pixels of a frame's longer side; the camera's own picture is shown, and kept, as it is
const live = document.getElementById("live");
const token = document.querySelector('meta[name="csrf-token"]').content;
const byId = (id) => document.getElementById(id);
const panes = [...document.querySelectorAll(".pane")].map((pane) => ({
  pane,
  view: pane.querySelector("canvas"),
  model: pane.querySelector(".model"),
  pace: pane.querySelector(".pace"),
  classes: pane.querySelector(".classes"),
}));
const eye = document.querySelector("video"); // seen itself only until the first frame has come back
const worker = new Worker("/static/live-worker.js");
let stream = null;
let frozen = null; // the picture that is looked at closely
let garment = null; // the number of the one that is put on
let wanted = false;
let fresh = false;

// --- what is remembered of the switches ---
const kept = JSON.parse(localStorage.getItem("live") ?? "{}");
const keep = (changes) => localStorage.setItem("live", JSON.stringify(Object.assign(kept, changes)));

panes.forEach(({ model }, lane) => {
  const known = [...model.options].map((option) => option.value);
  if (known.includes(kept.models?.[lane])) model.value = kept.models[lane];
  else if (known.length > lane) model.value = known[lane];
});
byId("opacity").value = kept.opacity ?? 55;
byId("mirrored").checked = kept.mirrored ?? true;

const models = () => panes.filter(({ pane }) => !pane.hidden).map(({ model }) => model.value);
const post = (message, transfer = []) => worker.postMessage(message, transfer);

const able = "OffscreenCanvas" in window && "transferControlToOffscreen" in HTMLCanvasElement.prototype;
if (able) {
  panes.forEach(({ view }, lane) => {
    const canvas = view.transferControlToOffscreen();
    post({ type: "canvas", lane, canvas }, [canvas]);
  });
} else {
  byId("start").disabled = true;
  trouble(TOO_OLD);
}

function trouble(line) {
  byId("trouble").textContent = line;
  byId("trouble").hidden = !line;
}

const status = (line) => {
  if (byId("status").textContent !== line) byId("status").textContent = line;
};

// --- the camera ---
async function start() {
  trouble("");
  let found;
  try {
    found = await openCamera(byId("device").value);
  } catch (error) {
    trouble(explain(error));
    return;
  }
  stop();
  stream = found;
  stream.getVideoTracks()[0].addEventListener("ended", () => {
    stop();
    trouble("The camera was taken away, or another program took it. Plug it in, or close that program, and start it again.");
  });
  eye.srcObject = stream;
  await eye.play().catch(() => {}); // interrupted when it is stopped at once
  if (stream !== found) return;
  await fillCameras();
  if (!eye.videoWidth) await new Promise((resolve) => eye.addEventListener("loadedmetadata", resolve, { once: true }));
  for (const { pane } of panes) pane.querySelector(".scene").style.aspectRatio = `${eye.videoWidth} / ${eye.videoHeight}`;
  const address = new URL("/api/v1/live", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const protocols = [live.dataset.protocol, live.dataset.tokenProtocol + token];
  post({ type: "open", address: address.href, protocols, models: models() });
  status("Getting the model ready…");
  setRunning(true);
}

function stop() {
  if (!stream) return;
  for (const track of stream.getTracks()) track.stop();
  stream = null;
  unfreeze();
  post({ type: "close" });
  eye.srcObject = null;
  garment = null;
  byId("wear").value = "";
  for (const { view, pace, classes } of panes) {
    view.hidden = true;
    pace.textContent = "";
    classes.replaceChildren();
  }
  wanted = false;
  status("");
  setRunning(false);
}

function setRunning(running) {
  for (const { pane } of panes) pane.querySelector(".waiting span").textContent = running ? "Getting the model ready…" : "The camera is off";
  byId("start").textContent = running ? "Stop camera" : "Start camera";
  byId("start").classList.toggle("primary", !running);
  byId("snapshot").disabled = !running;
  byId("freeze").disabled = true; // until there is something to hold
}

async function fillCameras() {
  const select = byId("device");
  const chosen = select.value || kept.device;
  const cameras = await listCameras();
  select.replaceChildren(new Option("The usual one", ""), ...cameras.map(({ label, deviceId }, place) => new Option(label || `Camera ${place + 1}`, deviceId)));
  if (cameras.some(({ deviceId }) => deviceId === chosen)) select.value = chosen;
}

// --- frames for the worker: the newest, and only when it asks ---
function sizeWithin() {
  const factor = Math.min(1, LONGEST / Math.max(eye.videoWidth, eye.videoHeight));
  const size = { resizeWidth: Math.round(eye.videoWidth * factor), resizeHeight: Math.round(eye.videoHeight * factor) };
  return factor < 1 ? { ...size, resizeQuality: "medium" } : {};
}

async function grab() {
  if (!wanted || !fresh || !stream || frozen) return;
  wanted = false;
  fresh = false;
  const taken = performance.timeOrigin + performance.now();
  try {
    const bitmap = await createImageBitmap(eye, sizeWithin());
    post({ type: "frame", bitmap, taken }, [bitmap]);
  } catch {
    wanted = true; // the camera changed its picture just then
  }
}

function onFrame() {
  fresh = true;
  grab();
  watch();
}

const watch = () => (eye.requestVideoFrameCallback ? eye.requestVideoFrameCallback(onFrame) : requestAnimationFrame(onFrame));
watch();

// --- freezing, and adding to the wardrobe ---
async function freeze() {
  const picture = await createImageBitmap(eye);
  frozen = await jpegOf(picture);
  byId("freeze").setAttribute("aria-pressed", "true");
  if (garment !== null) {
    picture.close();
    post({ type: "hold" });
    return;
  }
  for (const { pace, classes } of panes) {
    pace.textContent = "Looking closely…";
    classes.replaceChildren();
  }
  post({ type: "still", bitmap: picture }, [picture]);
}

function unfreeze() {
  if (!frozen) return;
  frozen = null;
  byId("freeze").setAttribute("aria-pressed", "false");
  if (stream) post({ type: "go" });
}

function jpegOf(picture) {
  const canvas = document.createElement("canvas");
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d").drawImage(picture, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.95));
}

async function addToWardrobe() {
  const picture = frozen ?? (await jpegOf(await createImageBitmap(eye)));
  const name = `camera-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.jpg`;
  await send("/photos", "photo", new File([picture], name, { type: "image/jpeg" }), () => {});
  say("Added; its garments appear under “Add”");
}

// --- what the worker tells ---
const percent = (share) => `${share < 0.01 ? "<1" : Math.round(share * 100)} %`;

function showClasses(list, found, detail) {
  const items = found.map((item) => {
    const row = document.createElement("li");
    const swatch = document.createElement("span");
    swatch.className = "swatch";
    swatch.setAttribute("aria-hidden", "true");
    swatch.style.background = `rgb(${item.colour.join(" ")})`;
    const about = document.createElement("span");
    about.className = "quiet";
    about.textContent = detail(item);
    row.append(swatch, `${item.title} `, about);
    return row;
  });
  list.replaceChildren(...items);
}

const heard = {
  want: () => {
    wanted = true;
    grab();
  },
  ready: () => {
    status("");
    unfreeze(); // a still that was asked for when the connection was cut is lost
  },
  cut: () => status("The connection was cut. Trying again…"),
  refused: ({ line }) => {
    stop();
    trouble(`${line[0].toUpperCase()}${line.slice(1)}.`);
  },
  trouble: ({ line }) => {
    byId("wear").value = garment ?? "";
    status(line);
  },
  wearing: (told) => {
    garment = told.garment;
    byId("wear").value = garment ?? "";
    status("");
  },
  drawing: ({ lane }) => {
    panes[lane].view.hidden = !stream;
    byId("freeze").disabled = !stream;
  },
  figures: ({ lanes }) => {
    if (frozen || !stream) return;
    lanes.forEach(({ rate, half, most, classes }, lane) => {
      const { pace, classes: list } = panes[lane];
      pace.dataset.rate = rate ?? "";
      pace.textContent =
        half === null ? "" : `${rate === null ? "" : `${rate.toFixed(1)} pictures a second · `}${Math.round(half)} ms each, 95 % within ${Math.round(most)} ms`;
      showClasses(list, classes, ({ share }) => percent(share));
    });
  },
  still: ({ lane, garments, classes, milliseconds }) => {
    if (!frozen) return;
    const { pace, classes: list } = panes[lane];
    const count = garments.length;
    pace.textContent = `${count} garment${count === 1 ? "" : "s"} in ${Math.round(milliseconds)} ms`;
    const body = classes.filter(({ kind }) => kind === "body");
    showClasses(list, [...garments, ...body], ({ score, share }) => (score === undefined ? percent(share) : `${Math.round(score * 100)} % sure`));
  },
};
worker.onmessage = ({ data }) => heard[data.type](data);
worker.onerror = () => trouble(TOO_OLD);

// --- the switches ---
const onClick = (id, work) => byId(id).addEventListener("click", ({ currentTarget }) => doing(currentTarget, work).finally(() => stream || setRunning(false)));
onClick("start", async () => (stream ? stop() : start()));
onClick("freeze", async () => (frozen ? unfreeze() : freeze()));
onClick("snapshot", addToWardrobe);

// --- a garment of the wardrobe over the picture ---
function wear(number) {
  if (!stream) {
    byId("wear").value = "";
    say("Start the camera first, then choose what to put on");
    return;
  }
  unfreeze();
  if (number !== null) status("Getting the garment ready…");
  post({ type: "wear", garment: number });
}

async function fillWardrobe() {
  const fitted = new Set(live.dataset.fitted.split(" "));
  const { garments } = await call("GET", "/garments?limit=200");
  const fit = garments.filter(({ appearances }) => appearances.some(({ label }) => fitted.has(label)));
  byId("wear").append(...fit.map(({ id, title }) => new Option(title, id)));
}

byId("wear").addEventListener("change", ({ target }) => wear(target.value === "" ? null : Number(target.value)));

function showPanes(two) {
  panes[1].pane.hidden = !two;
  panes[1].view.hidden = true;
  byId("panes").classList.toggle("two", two);
  byId("compare").setAttribute("aria-pressed", String(two));
}

function chooseModels() {
  keep({ models: panes.map(({ model }) => model.value) });
  if (!stream) return;
  unfreeze();
  status("Getting the model ready…");
  post({ type: "choose", models: models() });
}

byId("compare").addEventListener("click", () => {
  showPanes(panes[1].pane.hidden);
  keep({ two: !panes[1].pane.hidden });
  chooseModels();
});
for (const { model } of panes) model.addEventListener("change", chooseModels);
byId("device").addEventListener("change", () => {
  keep({ device: byId("device").value });
  if (stream) start();
});
byId("opacity").addEventListener("input", showLook);
byId("mirrored").addEventListener("change", showLook);

function showLook() {
  const opacity = byId("opacity").value;
  const mirrored = byId("mirrored").checked;
  keep({ opacity, mirrored });
  live.classList.toggle("mirrored", mirrored);
  post({ type: "look", opacity: opacity / 100 });
}

showLook();
showPanes(Boolean(kept.two) && !byId("compare").disabled);
fillCameras();
fillWardrobe().catch((error) => status(error.message));
navigator.mediaDevices?.addEventListener("devicechange", fillCameras);
addEventListener("pagehide", stop);
