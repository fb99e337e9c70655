// The socket of the live view, in a thread of its own: frames become JPEG files, masks become pictures.
// A frame is asked of the page only when the server is about to need one, so that nothing ever queues.

const FRAME = 1;
const STILL = 2;
const HEAD = 24; // bytes before a mask's runs; see web/live/frames.py
const AT_ONCE = 2; // frames on their way: one that is worked on, one that waits for it
const SEEN = 0.003; // the share of the picture from which a class counts as seen
const KEPT = 150; // latencies that the percentiles are of
const WINDOW = 2000; // milliseconds over which the rate is counted

const lanes = [0, 1].map(() => ({ context: null, classes: [], colours: null, picture: null, pixels: null, shares: [], drawn: [], waits: [] }));
const sent = new Map(); // number of a frame: { at, taken }
let asked = []; // the models' ids
let settings;
let socket;
let ready = false;
let paused = true;
let wanting = false;
let number = 0;
let answered = 0;
let delay = 500;

const clock = () => performance.timeOrigin + performance.now(); // the same in the page and here
const opaque = ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;

function open() {
  ready = false;
  socket = new WebSocket(settings.address, settings.protocols);
  socket.binaryType = "arraybuffer";
  socket.onopen = choose;
  socket.onmessage = ({ data }) => (typeof data === "string" ? told(JSON.parse(data)) : draw(data));
  socket.onclose = ({ code, reason }) => {
    ready = false;
    if (!settings) return;
    if (reason) {
      // It was told why, and trying again would not help.
      settings = null;
      postMessage({ type: "refused", line: reason, stale: code });
      return;
    }
    postMessage({ type: "cut" });
    setTimeout(() => settings && open(), delay);
    delay = Math.min(2 * delay, 5000);
  };
}

function choose() {
  ready = false;
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ lanes: asked }));
}

function told(message) {
  if (message.type === "ready") {
    delay = 500;
    ready = true;
    answered = number;
    sent.clear();
    message.lanes.forEach((about, index) => {
      const lane = lanes[index];
      lane.classes = about.classes;
      lane.colours = new Uint32Array(256);
      about.classes.forEach((item, label) => (lane.colours[label] = item.kind === "background" ? 0 : opaque(item.colour)));
      Object.assign(lane, { shares: new Float64Array(256), drawn: [], waits: [] });
    });
    postMessage({ type: "ready" });
    want();
  } else if (message.type === "still") {
    lanes[message.lane].garments = message.garments;
  } else {
    if (message.type === "refused") answered = Math.max(answered, message.frame);
    postMessage({ type: "trouble", line: message.line });
    want();
  }
}

/** Ask the page for the newest frame, if the server can take one. */
function want() {
  if (!ready || paused || wanting || number - answered >= AT_ONCE) return;
  wanting = true;
  postMessage({ type: "want" });
}

async function send(kind, bitmap, taken, quality) {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0);
  bitmap.close();
  const jpeg = await canvas.convertToBlob({ type: "image/jpeg", quality });
  const message = new Uint8Array(8 + jpeg.size);
  message.set(new Uint8Array(await jpeg.arrayBuffer()), 8);
  if (!ready) return;
  number += 1;
  message[0] = kind;
  new DataView(message.buffer).setUint32(4, number, true);
  sent.set(number, { at: clock(), taken });
  socket.send(message);
}

function draw(data) {
  const head = new DataView(data, 0, HEAD);
  const [kind, index, width, height] = [head.getUint8(0), head.getUint8(1), head.getUint16(2, true), head.getUint16(4, true)];
  const frame = head.getUint32(8, true);
  const lane = lanes[index];
  answered = Math.max(answered, frame);
  const times = sent.get(frame);
  for (const key of sent.keys()) if (key < frame - 50) sent.delete(key);
  // What was on its way when the picture was frozen would cover the still.
  if (!times || !lane.colours || (paused && kind === FRAME)) return;
  paint(lane, width, height, new Uint32Array(data, HEAD), kind);
  const now = clock();
  if (kind === STILL) {
    const garments = lane.garments.map(({ label, score }) => ({ ...shown(lane, label), score }));
    postMessage({ type: "still", lane: index, garments, classes: seen(lane), milliseconds: head.getUint32(20, true) / 1000 });
    return;
  }
  lane.drawn.push(now);
  lane.waits.push({ sent: now - times.at, taken: now - times.taken, model: head.getUint32(20, true) / 1000 });
  if (lane.waits.length > KEPT) lane.waits.shift();
  want();
}

function paint(lane, width, height, runs, kind) {
  const { canvas } = lane.context;
  if (canvas.width !== width || canvas.height !== height || !lane.picture) {
    canvas.width = width;
    canvas.height = height;
    lane.picture = lane.context.createImageData(width, height);
    lane.pixels = new Uint32Array(lane.picture.data.buffer);
  }
  const counts = new Float64Array(256);
  let start = 0;
  for (const run of runs) {
    const end = run & 0xffffff;
    const label = run >>> 24;
    lane.pixels.fill(lane.colours[label], start, end);
    counts[label] += end - start;
    start = end;
  }
  lane.context.putImageData(lane.picture, 0, 0);
  // Of a stream the mean over a few frames, so that the list does not flicker.
  const weight = kind === STILL ? 1 : 0.25;
  counts.forEach((count, label) => (lane.shares[label] += weight * (count / (width * height) - lane.shares[label])));
}

const shown = (lane, label) => ({ title: lane.classes[label].title, colour: lane.classes[label].colour });

/** The classes in the picture but the background, the largest first. */
function seen(lane) {
  return lane.classes
    .map((item, label) => ({ ...shown(lane, label), kind: item.kind, share: lane.shares[label] }))
    .filter((item) => item.kind !== "background" && item.share >= SEEN)
    .sort((one, other) => other.share - one.share);
}

function percentile(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
}

setInterval(() => {
  if (paused || !ready) return;
  const now = clock();
  const figures = asked.map((_, index) => {
    const lane = lanes[index];
    while (lane.drawn.length && lane.drawn[0] < now - WINDOW) lane.drawn.shift();
    const waits = lane.waits.map((wait) => wait.sent);
    const gaps = lane.drawn.length > 1 ? (lane.drawn.length - 1) / ((lane.drawn.at(-1) - lane.drawn[0]) / 1000) : null;
    return { rate: gaps, half: percentile(waits, 0.5), most: percentile(waits, 0.95), classes: seen(lane) };
  });
  postMessage({ type: "figures", lanes: figures });
}, 500);

function clear() {
  for (const { context } of lanes) context?.clearRect(0, 0, context.canvas.width, context.canvas.height);
}

const tasks = {
  canvas: ({ lane, canvas }) => (lanes[lane].context = canvas.getContext("2d")),
  open: ({ address, protocols, models }) => {
    asked = models;
    settings = { address, protocols };
    paused = false;
    delay = 500;
    open();
  },
  choose: ({ models }) => {
    asked = models;
    clear();
    choose();
  },
  frame: async ({ bitmap, taken }) => {
    if (ready && !paused) await send(FRAME, bitmap, taken, 0.8);
    else bitmap.close();
    wanting = false;
    want();
  },
  still: ({ bitmap }) => {
    paused = true;
    clear();
    return ready ? send(STILL, bitmap, clock(), 0.92) : bitmap.close();
  },
  go: () => {
    paused = false;
    wanting = false;
    answered = number;
    clear();
    want();
  },
  close: () => {
    settings = null;
    paused = true;
    wanting = false;
    clear();
    socket?.close();
  },
};

self.onmessage = ({ data }) => tasks[data.type](data);
