// A photo with its garments outlined; a box or a click shows what would be cut out, a button takes it over.
import { call, doing, say } from "./api.js";
import { MaskRaster } from "./mask-raster.js";
import { PhotoView, boxOf, drawAim, loadImage } from "./photo-view.js";

const $ = (id) => document.getElementById(id);
const { id, preview: address, width, height } = $("photo").dataset;
const size = { width: Number(width), height: Number(height) };
const image = await loadImage(address);
const shown = { width: image.naturalWidth, height: image.naturalHeight };
const across = shown.width / size.width;
const found = new OffscreenCanvas(shown.width, shown.height);
const outlines = await call("GET", `/photos/${id}/outlines`);
let aim = null;
let cursor = null;
let meant = null; // what was pointed at: the request that the button sends

const tool = () => document.querySelector('input[name="tool"]:checked').value;

function paint(context) {
  context.drawImage(image, 0, 0);
  for (const entry of outlines) drawOutline(context, entry);
  outlines.forEach((entry, at) => drawNumber(context, entry, at + 1));
  if (meant) context.drawImage(found, 0, 0);
  if (aim) drawAim(context, view.scale, aim);
  if (cursor) drawCursor(context);
}

function drawOutline(context, { outlines: rings }) {
  const path = new Path2D();
  for (const ring of rings) {
    ring.forEach(([x, y], at) => path[at ? "lineTo" : "moveTo"](x * across, y * across));
    path.closePath();
  }
  for (const [colour, wide] of [["rgb(0 0 0 / .65)", 4], ["#fff", 2]]) {
    context.strokeStyle = colour;
    context.lineWidth = wide / view.scale;
    context.stroke(path);
  }
}

function drawNumber(context, { outlines: rings }, number) {
  const points = rings.flat();
  if (!points.length) return;
  const middle = [0, 1].map((axis) => {
    const values = points.map((point) => point[axis] * across);
    return (Math.min(...values) + Math.max(...values)) / 2;
  });
  const radius = 13 / view.scale;
  context.fillStyle = "#1d1e1c";
  context.beginPath();
  context.arc(...middle, radius, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = "#fff";
  context.font = `600 ${14 / view.scale}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(String(number), ...middle);
}

function drawCursor(context) {
  for (const [colour, wide] of [["#000", 3], ["#fff", 1.5]]) {
    context.strokeStyle = colour;
    context.lineWidth = wide / view.scale;
    context.beginPath();
    context.arc(cursor.x, cursor.y, 9 / view.scale, 0, 2 * Math.PI);
    context.stroke();
  }
}

async function ask(json) {
  $("busy").hidden = false;
  try {
    const { picture, headers } = await call("POST", `/photos/${id}/pick`, { json });
    const data = await MaskRaster.read(picture, shown.width, shown.height);
    const pixels = new ImageData(shown.width, shown.height);
    for (let at = 0; at < data.length; at += 1) if (data[at]) pixels.data.set([226, 34, 122, 140], 4 * at);
    found.getContext("2d").putImageData(pixels, 0, 0);
    meant = json;
    $("label").value = headers.get("X-Label");
    const sure = Math.round(Number(headers.get("X-Score")) * 100);
    $("found-by").textContent =
      headers.get("X-By") === "model"
        ? `Found as ${headers.get("X-Label")}, ${sure} % sure.`
        : "No garment was recognised there; it is cut out by its colours alone. The brush can mend it afterwards.";
    $("found").hidden = false;
    $("found").scrollIntoView({ block: "nearest" });
    $("take").focus({ preventScroll: true });
  } catch (error) {
    forget();
    say(error.message);
  } finally {
    $("busy").hidden = true;
    view.draw();
  }
}

function forget() {
  meant = null;
  $("found").hidden = true;
  view.draw();
}

const askBox = (from, to) => {
  const box = boxOf(from, to, shown, size);
  if (box[2] > 3 && box[3] > 3) ask({ box });
};
const askPoint = ({ x, y }) => ask({ point: [Math.floor(x / across), Math.floor(y / across)] });

const view = new PhotoView($("canvas"), shown.width, shown.height, paint, {
  down(point) {
    if ($("busy").hidden && tool() === "box") aim = { from: point, to: point };
  },
  move(point) {
    if (aim) aim.to = point;
    view.draw();
  },
  up(point) {
    if (aim) {
      const { from } = aim;
      aim = null;
      askBox(from, point);
      view.draw();
    } else if (tool() === "point" && $("busy").hidden) {
      askPoint(point);
    }
  },
  stop() {
    aim = null;
    view.draw();
  },
});

$("canvas").addEventListener("keydown", (event) => {
  const far = (event.shiftKey ? 40 : 8) / view.scale;
  const way = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] }[event.key];
  if (way) {
    cursor ??= { x: shown.width / 2, y: shown.height / 2 };
    cursor = {
      x: Math.min(shown.width, Math.max(0, cursor.x + way[0])),
      y: Math.min(shown.height, Math.max(0, cursor.y + way[1])),
    };
    if (aim) aim.to = cursor;
    view.show(cursor);
  } else if ((event.key === " " || event.key === "Enter") && !event.repeat) {
    cursor ??= { x: shown.width / 2, y: shown.height / 2 };
    if (tool() === "point") askPoint(cursor);
    else if (aim) {
      const { from } = aim;
      aim = null;
      askBox(from, cursor);
    } else if (tool() === "box") aim = { from: cursor, to: cursor };
    view.draw();
  } else if (event.key === "Escape") {
    aim = null;
    forget();
  } else return;
  event.preventDefault();
});
$("canvas").addEventListener("blur", () => {
  cursor = null;
  view.draw();
});

for (const radio of document.querySelectorAll('input[name="tool"]')) {
  radio.addEventListener("change", () => {
    view.moving = tool() === "move";
    $("canvas").dataset.tool = tool();
  });
}
$("in").addEventListener("click", () => view.zoom(1.5));
$("out").addEventListener("click", () => view.zoom(1 / 1.5));
$("fit").addEventListener("click", () => view.fit());
$("drop").addEventListener("click", forget);
$("take").addEventListener("click", () =>
  doing($("take"), async () => {
    const garment = await call("POST", `/photos/${id}/garments`, { json: { ...meant, label: $("label").value } });
    say(`In the wardrobe: ${garment.title}`, { later: true });
    location.reload();
  }),
);
document.querySelectorAll(".legend .name").forEach((name, at) => (name.dataset.number = at + 1));
$("canvas").dataset.tool = tool();
view.fit();
document.documentElement.dataset.ready = "yes";
