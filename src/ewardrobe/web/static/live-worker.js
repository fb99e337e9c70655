// The socket of the live view, in a thread of its own: frames become JPEG files, and come back with their masks.
// A frame is asked of the page only when the server is about to need one, so that nothing ever queues. What is drawn is
// the frame that the mask belongs to, so that the colours sit on the garments however fast these move.

const FRAME = 1;
const STILL = 2;
const LAYER = 3; // a garment over the frame
const HEAD = 24; // bytes before a mask's runs; see web/live/frames.py
const AT_ONCE = 2; // frames on their way: one that is worked on, one that waits for it
const SEEN = 0.003; // the share of the picture from which a class counts as seen
const KEPT = 150; // latencies that the percentiles are of
const AT_HAND = 3; // frames kept as pictures, for models that keep pace
const REMEMBERED = 300; // frames kept as files, for those that do not
const WINDOW = 2000; // milliseconds over which the rate is counted

const lanes = [0, 1].map(() => ({ context: null, mask: new OffscreenCanvas(1, 1).getContext("2d"), colours: null }));
const sent = new Map(); // number of a frame: { at, taken, jpeg, bitmap }
let opacity = 0.55;
let asked = []; // the models' ids
let worn = null; // the number of the garment that lies over the picture
let settings;
let socket;
let ready = false;
let paused = true;
let wanting = 0; // since when
let prepares = 15; // milliseconds from asking for a frame to sending it
let pulling;
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

function ask(request) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(request));
}

function choose() {
  ready = false;
  if (worn !== null) ask({ wear: worn });
  ask({ lanes: asked });
}

function told(message) {
  if (message.type === "ready") {
    delay = 500;
    ready = true;
    answered = number;
    forget(0);
    message.lanes.forEach((about, index) => {
      const lane = lanes[index];
      lane.classes = about.classes;
      lane.colours = new Uint32Array(256);
      about.classes.forEach((item, label) => (lane.colours[label] = item.kind === "background" ? 0 : opaque(item.colour)));
      Object.assign(lane, { shares: new Float64Array(256), drawn: [], waits: [], last: null, works: 0 });
    });
    postMessage({ type: "ready" });
    want();
  } else if (message.type === "wearing") {
    worn = message.garment;
    for (const lane of lanes) Object.assign(lane, { drawn: [], waits: [] });
    postMessage(message);
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
  clearTimeout(pulling);
  if (!ready || paused || wanting || number - answered >= AT_ONCE) return;
  wanting = clock();
  postMessage({ type: "want" });
}

/** Ask for a frame so that it comes just as the model is done with the one before: no sooner, or it would grow old. */
function pull() {
  if (number === answered) return want();
  const works = Math.min(...asked.map((_, index) => lanes[index].works));
  clearTimeout(pulling);
  pulling = setTimeout(want, Math.max(0, works - prepares));
}

const smooth = (before, now) => before + 0.2 * (now - before);

async function send(kind, bitmap, taken, quality) {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0);
  const jpeg = await canvas.convertToBlob({ type: "image/jpeg", quality });
  const message = new Uint8Array(8 + jpeg.size);
  message.set(new Uint8Array(await jpeg.arrayBuffer()), 8);
  if (!ready) return bitmap.close();
  number += 1;
  message[0] = kind;
  new DataView(message.buffer).setUint32(4, number, true);
  if (wanting) prepares = smooth(prepares, clock() - wanting);
  sent.set(number, { at: clock(), taken, jpeg, bitmap });
  socket.send(message);
  const old = sent.get(number - AT_HAND);
  old?.bitmap?.close();
  if (old) old.bitmap = null;
  forget(REMEMBERED);
}

/** Let go of all frames but the last so many. */
function forget(count) {
  for (const [key, { bitmap }] of sent) {
    if (key > number - count) return;
    bitmap?.close();
    sent.delete(key);
  }
}

async function draw(data) {
  const head = new DataView(data, 0, HEAD);
  const [kind, index, width, height] = [head.getUint8(0), head.getUint8(1), head.getUint16(2, true), head.getUint16(4, true)];
  const key = head.getUint32(8, true);
  const lane = lanes[index];
  answered = Math.max(answered, key);
  const frame = sent.get(key);
  // What was on its way when the picture was frozen would cover the still.
  if (!frame || !lane.colours || (paused && kind !== STILL)) return;
  if (kind === LAYER) cover(lane, width, height, data);
  else colour(lane, width, height, new Uint32Array(data, HEAD), kind);
  lane.last = frame.bitmap ?? (await createImageBitmap(frame.jpeg));
  show(lane);
  const now = clock();
  const worked = (head.getUint32(16, true) + head.getUint32(20, true)) / 1000;
  if (kind === STILL) {
    const garments = lane.garments.map(({ label, score }) => ({ ...shown(lane, label), score }));
    postMessage({ type: "still", lane: index, garments, classes: seen(lane), milliseconds: worked });
    return;
  }
  lane.drawn.push(now);
  lane.waits.push({ sent: now - frame.at, taken: now - frame.taken, worked });
  if (lane.waits.length > KEPT) lane.waits.shift();
  if (lane.waits.length === 1) postMessage({ type: "drawing", lane: index }); // the page's canvas may be hidden still
  lane.works = smooth(lane.works || worked, worked);
  pull();
}

/** A garment as a picture of its own. */
function cover(lane, width, height, data) {
  const [x, y, across, down] = new Uint16Array(data, HEAD, 4);
  lane.picture = null;
  lane.mask.canvas.width = width; // emptied with it
  lane.mask.canvas.height = height;
  if (across && down) lane.mask.putImageData(new ImageData(new Uint8ClampedArray(data, HEAD + 8), across, down), x, y);
  lane.shares.fill(0);
  lane.garment = true;
}

/** The label map as a picture of its own, and how much of it each class has. */
function colour(lane, width, height, runs, kind) {
  lane.garment = false;
  const { canvas } = lane.mask;
  if (canvas.width !== width || canvas.height !== height || !lane.picture) {
    canvas.width = width;
    canvas.height = height;
    lane.picture = lane.mask.createImageData(width, height);
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
  lane.mask.putImageData(lane.picture, 0, 0);
  // Of a stream the mean over a few frames, so that the list does not flicker.
  const weight = kind === STILL ? 1 : 0.25;
  counts.forEach((count, label) => (lane.shares[label] += weight * (count / (width * height) - lane.shares[label])));
}

/** The frame and its mask, enlarged smoothly, in the page's canvas. */
function show({ context, last, mask, garment }) {
  const { canvas } = context;
  if (canvas.width !== last.width || canvas.height !== last.height) {
    canvas.width = last.width;
    canvas.height = last.height;
  }
  context.globalAlpha = 1;
  context.drawImage(last, 0, 0);
  context.globalAlpha = garment ? 1 : opacity;
  context.drawImage(mask.canvas, 0, 0, canvas.width, canvas.height);
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

const tasks = {
  canvas: ({ lane, canvas }) => (lanes[lane].context = canvas.getContext("2d", { alpha: false })),
  look: (look) => {
    opacity = look.opacity;
    // A still is drawn once; it is redrawn for a new look.
    if (paused) for (const lane of lanes) if (lane.last?.width) show(lane);
  },
  open: ({ address, protocols, models }) => {
    asked = models;
    settings = { address, protocols };
    paused = false;
    wanting = 0;
    delay = 500;
    open();
  },
  choose: ({ models }) => {
    asked = models;
    choose();
  },
  frame: async ({ bitmap, taken }) => {
    if (ready && !paused) await send(FRAME, bitmap, taken, 0.8);
    else bitmap.close();
    wanting = 0;
    pull();
  },
  wear: ({ garment }) => ask({ wear: garment }),
  hold: () => {
    paused = true;
  },
  still: ({ bitmap }) => {
    paused = true;
    return ready ? send(STILL, bitmap, clock(), 0.92) : bitmap.close();
  },
  go: () => {
    paused = false;
    wanting = 0;
    answered = number;
    want();
  },
  close: () => {
    settings = null;
    worn = null;
    paused = true;
    socket?.close();
  },
};

self.onmessage = ({ data }) => tasks[data.type](data);
