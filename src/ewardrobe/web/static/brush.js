// Mending a cut-out: strokes, boxes and clicks change a mask in this page; "Save" sends it, and nothing before that.
import { call, doing, say } from "./api.js";
import { MaskRaster } from "./mask-raster.js";
import { PhotoView, boxOf, drawAim, loadImage } from "./photo-view.js";
import { onGround } from "./grounds.js";

const HINTS = {
  add: "Paint over what belongs to the garment.",
  take: "Paint over what does not belong to the garment.",
  box: "Drag a box around the garment: what is in it becomes the cut-out.",
  point: "Click on the garment: what is there becomes the cut-out.",
  move: "Drag the photo. Two fingers, or the mouse's wheel, make it larger.",
};
const KEYS = { a: "add", e: "take", b: "box", c: "point", m: "move" };
const INSIDE = [226, 34, 122, 105]; // over the photo; the edge is drawn full
const EDGE = [255, 255, 255, 235];
const ALONE = [128, 128, 122, 250]; // over what is not the garment

const $ = (id) => document.getElementById(id);
const { id, version, appearance, photo, preview: address, width, height } = $("mender").dataset;
const size = { width: Number(width), height: Number(height) };
const path = `/garments/${id}/appearances/${appearance}`;
const image = await loadImage(address);
const shown = { width: image.naturalWidth, height: image.naturalHeight };
const raster = new MaskRaster(shown.width, shown.height);
const overlay = new OffscreenCanvas(shown.width, shown.height);
const pixels = new ImageData(shown.width, shown.height);
const whole = { left: 0, top: 0, right: shown.width, bottom: shown.height };
let last = null; // where the stroke was
let aim = null; // the box that is being dragged
let cursor = null; // the brush under the mouse or the keys
let penDown = false; // the keyboard's own brush
let leaving = false;
let saved = 0; // steps of the past when it was loaded

const tool = () => document.querySelector('input[name="tool"]:checked').value;
/** The brush's radius in pixels of the preview: what is set is its width on the screen. */
const radius = () => Number($("size").value) / 2 / view.scale;

function colour(area) {
  const { width: across, height: down } = shown;
  const alone = $("alone").checked;
  const { data } = raster;
  const left = Math.max(0, area.left - 1);
  const right = Math.min(across, area.right + 1);
  const [top, bottom] = [Math.max(0, area.top - 1), Math.min(down, area.bottom + 1)];
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) {
      const at = y * across + x;
      let value = alone ? (data[at] ? null : ALONE) : data[at] ? INSIDE : null;
      if (data[at] && !alone) {
        const inner = x && y && x < across - 1 && y < down - 1;
        if (!(inner && data[at - 1] && data[at + 1] && data[at - across] && data[at + across])) value = EDGE;
      }
      for (let part = 0; part < 4; part += 1) pixels.data[4 * at + part] = value ? value[part] : 0;
    }
  }
  overlay.getContext("2d").putImageData(pixels, 0, 0, left, top, right - left, bottom - top);
  view.draw();
}

function paint(context) {
  context.drawImage(image, 0, 0);
  context.drawImage(overlay, 0, 0);
  if (aim) drawAim(context, view.scale, aim);
  if (!cursor) return;
  const brush = tool() === "add" || tool() === "take";
  for (const [line, wide] of [["#000", 3], ["#fff", 1.5]]) {
    context.strokeStyle = line;
    context.lineWidth = wide / view.scale;
    context.beginPath();
    context.arc(cursor.x, cursor.y, brush ? radius() : 9 / view.scale, 0, 2 * Math.PI);
    context.stroke();
  }
}

/** The cut-out as it would be, in the colours of the photo, on the chosen ground. */
function preview() {
  const canvas = $("preview");
  const area = raster.bounds();
  canvas.hidden = !area;
  if (!area) return;
  const [across, down] = [area.right - area.left, area.bottom - area.top];
  canvas.width = across;
  canvas.height = down;
  const context = canvas.getContext("2d");
  const stencil = new ImageData(across, down);
  for (let y = 0; y < down; y += 1) {
    for (let x = 0; x < across; x += 1) {
      stencil.data[4 * (y * across + x) + 3] = 255 * raster.data[(y + area.top) * shown.width + x + area.left];
    }
  }
  context.putImageData(stencil, 0, 0);
  context.globalCompositeOperation = "source-in";
  context.drawImage(image, -area.left, -area.top);
}

function changed() {
  const dirty = raster.past.length !== saved;
  $("undo").disabled = !raster.past.length;
  $("redo").disabled = !raster.future.length;
  $("save").disabled = !dirty;
  preview();
}

function showTool() {
  const chosen = tool();
  $("hint").textContent = HINTS[chosen];
  $("size-row").hidden = !(chosen === "add" || chosen === "take");
  $("keep-row").hidden = !(chosen === "box" || chosen === "point");
  view.moving = chosen === "move";
  $("canvas").dataset.tool = chosen;
  view.draw();
}

function choose(name) {
  $(`tool-${name}`).checked = true;
  showTool();
}

async function ask(json, found) {
  $("busy").hidden = false;
  try {
    const { picture, headers } = await call("POST", `/photos/${photo}/pick`, { json });
    const data = await MaskRaster.read(picture, shown.width, shown.height);
    const different = raster.replace(data, $("keep").checked && !json.appearance);
    colour(whole);
    changed();
    const by = headers.get("X-By") === "colours" ? ", by its colours alone" : "";
    say(different ? `${found}: ${headers.get("X-Label")}${by}` : "It is the same as before");
  } catch (error) {
    say(error.message);
  } finally {
    $("busy").hidden = true;
  }
}

const askBox = (from, to) => {
  const box = boxOf(from, to, shown, size);
  if (box[2] > 3 && box[3] > 3) ask({ box }, "Found in the box");
};
const askPoint = ({ x, y }) => {
  const point = [Math.floor((x * size.width) / shown.width), Math.floor((y * size.height) / shown.height)];
  ask({ point }, "Found there");
};

const stroke = (to, value) => {
  const from = last ?? to;
  colour(raster.stroke(from.x, from.y, to.x, to.y, radius(), value));
  last = to;
};
let value = 1;

const view = new PhotoView($("canvas"), shown.width, shown.height, paint, {
  down(point, event) {
    if (!$("busy").hidden) return;
    if (tool() === "box") {
      aim = { from: point, to: point };
    } else if (tool() !== "point") {
      value = tool() === "add" && event.button !== 2 ? 1 : 0;
      raster.begin();
      stroke(point, value);
    }
  },
  move(point) {
    if (aim) aim.to = point;
    else if (last) stroke(point, value);
    view.draw();
  },
  up(point) {
    if (aim) {
      const { from } = aim;
      aim = null;
      view.draw();
      askBox(from, point);
    } else if (last) {
      last = null;
      if (raster.commit()) changed();
    } else if (tool() === "point" && $("busy").hidden) {
      askPoint(point);
    }
  },
  stop() {
    aim = null;
    last = null;
    colour(raster.cancel() ?? whole);
  },
  hover(point) {
    cursor = point;
    view.draw();
  },
});

// Steps back and again

function step(name) {
  const area = raster[name]();
  if (area) colour(area);
  changed();
}
$("undo").addEventListener("click", () => step("undo"));
$("redo").addEventListener("click", () => step("redo"));
$("in").addEventListener("click", () => view.zoom(1.5));
$("out").addEventListener("click", () => view.zoom(1 / 1.5));
$("fit").addEventListener("click", () => view.fit());
$("alone").addEventListener("change", () => colour(whole));
$("size").addEventListener("input", () => {
  cursor = { x: (view.canvas.clientWidth / 2 - view.x) / view.scale, y: (view.canvas.clientHeight / 2 - view.y) / view.scale };
  view.draw();
});
for (const radio of document.querySelectorAll('input[name="tool"]')) radio.addEventListener("change", showTool);

// The keyboard

function moveCursor(event) {
  const far = (event.shiftKey ? 40 : 6) / view.scale;
  const [dx, dy] = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] }[event.key];
  cursor ??= { x: shown.width / 2, y: shown.height / 2 };
  cursor = {
    x: Math.min(shown.width, Math.max(0, cursor.x + dx)),
    y: Math.min(shown.height, Math.max(0, cursor.y + dy)),
  };
  if (penDown) stroke(cursor, tool() === "add" ? 1 : 0);
  if (aim) aim.to = cursor;
  view.show(cursor);
}

function press() {
  cursor ??= { x: shown.width / 2, y: shown.height / 2 };
  if (tool() === "point") {
    askPoint(cursor);
  } else if (tool() === "box") {
    if (aim) {
      const { from } = aim;
      aim = null;
      askBox(from, cursor);
    } else {
      aim = { from: cursor, to: cursor };
    }
    view.draw();
  } else if (!penDown && tool() !== "move") {
    penDown = true;
    raster.begin();
    stroke(cursor, tool() === "add" ? 1 : 0);
  }
}

function release() {
  if (!penDown) return;
  penDown = false;
  last = null;
  if (raster.commit()) changed();
}

$("canvas").addEventListener("keydown", (event) => {
  if (event.key.startsWith("Arrow") && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    moveCursor(event);
  } else if (event.key === " " || event.key === "Enter") {
    event.preventDefault();
    if (!event.repeat) press();
  } else if (event.key === "Escape" && aim) {
    aim = null;
    view.draw();
  }
});
$("canvas").addEventListener("keyup", (event) => (event.key === " " || event.key === "Enter") && release());
$("canvas").addEventListener("blur", release);
addEventListener("keydown", (event) => {
  if (event.target.matches("input:not([type=radio], [type=range], [type=checkbox]), select, textarea")) return;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key === "z" || key === "y") {
      event.preventDefault();
      step(key === "y" || event.shiftKey ? "redo" : "undo");
    }
    return;
  }
  if (event.altKey) return;
  if (KEYS[key]) choose(KEYS[key]);
  else if (key === "[" || key === "]") {
    $("size").value = Number($("size").value) * (key === "]" ? 1.25 : 0.8);
    view.draw();
  } else if (key === "+" || key === "=") view.zoom(1.25);
  else if (key === "-") view.zoom(0.8);
  else if (key === "0") view.fit();
});

// The server

function refused(error) {
  if (error.status === 412) {
    $("changed").hidden = false;
    $("changed").scrollIntoView({ block: "center" });
  }
  throw error;
}

function leave(line, to) {
  leaving = true;
  say(line, { later: true });
  location.href = to;
}

$("save").addEventListener("click", () =>
  doing($("save"), async () => {
    const form = new FormData();
    form.append("mask", await raster.toBlob(), "mask.png");
    await call("PUT", `${path}/mask`, { form, version }).catch(refused);
    leave("The cut-out is mended", `/garments/${id}`);
  }).finally(() => changed()),
);
$("redo-mask").addEventListener("click", () =>
  doing($("redo-mask"), () => ask({ appearance: Number(appearance), model: $("model").value || null }, "Found again")),
);
$("reset")?.addEventListener("click", () =>
  doing($("reset"), async () => {
    await call("POST", `${path}/mask/reset`, { version }).catch(refused);
    leave("Put back as it was found", `/garments/${id}`);
  }),
);
$("reload").addEventListener("click", () => {
  leaving = true;
  location.reload();
});
addEventListener("beforeunload", (event) => {
  if (!leaving && raster.past.length !== saved) event.preventDefault();
});

onGround($("pictures"));
const { picture } = await call("GET", `${path}/mask/preview`);
raster.data.set(await MaskRaster.read(picture, shown.width, shown.height));
saved = raster.past.length;
colour(whole);
showTool();
changed();
view.resize();
const start = raster.bounds();
if (start) view.fitTo(start);
document.documentElement.dataset.ready = "yes";
