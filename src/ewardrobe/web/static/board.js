// The canvas: garments on a board that is 1 wide and 1.25 high, moved by mouse, finger or keys.
import { hanger } from "./picker.js";

const HEIGHT = 1.25;
const SMALLEST = 0.04;
const LARGEST = 1.5;
const STEP = 0.01;
const GROWTH = 1.08;
const SOLID = 24; // alpha of 255 from which a pixel of a cut-out is the garment
const PROBE = 64;

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export class Board {
  /** `changed()` is run after every change; `say(line)` tells a screen reader. */
  constructor(root, { changed, say }) {
    this.root = root;
    this.changed = changed;
    this.say = say;
    this.pieces = []; // { garment, title, x, y, scale, element, alpha }, the lowest first
    this.past = [];
    this.selected = null;
    this.fingers = new Map();
    root.addEventListener("pointerdown", (event) => this.press(event));
    root.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) root.addEventListener(name, (event) => this.release(event));
    // The browser would give the focus to whatever lies on top, see-through or not.
    root.addEventListener("mousedown", (event) => event.preventDefault());
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    root.addEventListener("focusin", (event) => this.select(this.pieces.find((piece) => piece.element === event.target) ?? this.selected));
  }

  /** What the API takes. */
  get items() {
    return this.pieces.map(({ garment, x, y, scale }) => ({ garment, x: round(x), y: round(y), scale: round(scale) }));
  }

  has(garment) {
    return this.pieces.some((piece) => piece.garment === garment);
  }

  /** Show these items and nothing else. */
  show(items) {
    const known = new Map(this.pieces.map((piece) => [piece.garment, piece]));
    this.pieces = items.map((item) => Object.assign(known.get(item.garment) ?? this.make(item), { x: item.x, y: item.y, scale: item.scale }));
    const chosen = this.pieces.find((piece) => piece === this.selected) ?? null;
    this.draw();
    this.select(chosen);
    this.changed();
  }

  /** Remember the state now, for one step back. */
  remember() {
    this.past.push(this.pieces.map((piece) => ({ ...piece })));
    if (this.past.length > 100) this.past.shift();
  }

  stepBack() {
    const earlier = this.past.pop();
    if (!earlier) return false;
    this.show(earlier);
    return true;
  }

  make(item) {
    const element = document.createElement("button");
    element.type = "button";
    element.className = "piece";
    element.dataset.garment = item.garment;
    const piece = { garment: item.garment, title: item.title, thumbnail: item.thumbnail, element, alpha: null };
    if (item.thumbnail) {
      const image = new Image();
      image.alt = "";
      image.draggable = false;
      image.addEventListener("load", () => (piece.alpha = alphaOf(image)));
      image.src = item.thumbnail;
      element.append(image);
    } else {
      const plate = document.createElement("span");
      plate.className = "plate";
      plate.append(hanger(), item.title);
      element.append(plate);
    }
    const handle = document.createElement("span");
    handle.className = "handle";
    element.append(handle);
    return piece;
  }

  draw() {
    const hint = this.root.querySelector(".hint");
    hint.hidden = this.pieces.length > 0;
    // Only what is no longer there goes, so that the one with the focus keeps it.
    for (const element of this.root.querySelectorAll(".piece")) {
      if (!this.pieces.some((piece) => piece.element === element)) element.remove();
    }
    this.pieces.forEach((piece, layer) => {
      if (piece.element.parentNode !== this.root) this.root.append(piece.element);
      const { style } = piece.element;
      style.left = `${piece.x * 100}%`;
      style.top = `${(piece.y / HEIGHT) * 100}%`;
      style.width = `${piece.scale * 100}%`;
      style.zIndex = layer + 1;
      piece.element.setAttribute("aria-label", `${piece.title}, layer ${layer + 1} of ${this.pieces.length}`);
    });
  }

  select(piece) {
    this.selected = piece;
    for (const other of this.pieces) other.element.classList.toggle("selected", other === piece);
    this.root.dispatchEvent(new CustomEvent("select"));
  }

  take(garment) {
    const piece = this.pieces.find((other) => other.garment === garment);
    if (!piece) return;
    this.remember();
    const place = this.pieces.indexOf(piece);
    this.pieces.splice(place, 1);
    if (this.selected === piece) this.select(null);
    this.draw();
    this.pieces[Math.min(place, this.pieces.length - 1)]?.element.focus({ preventScroll: true });
    this.changed();
    this.say(`${piece.title} is off the board`);
  }

  resize(factor) {
    this.change((piece) => (piece.scale = clamp(piece.scale * factor, SMALLEST, LARGEST)));
  }

  layer(step) {
    const from = this.pieces.indexOf(this.selected);
    const to = clamp(from + step, 0, this.pieces.length - 1);
    if (from < 0 || from === to) return;
    this.remember();
    this.pieces.splice(to, 0, ...this.pieces.splice(from, 1));
    this.draw();
    this.changed();
    this.say(`${this.selected.title}: layer ${to + 1} of ${this.pieces.length}`);
  }

  nudge(x, y) {
    this.change((piece) => this.put(piece, piece.x + x, piece.y + y));
  }

  change(work) {
    if (!this.selected) return;
    this.remember();
    work(this.selected);
    this.draw();
    this.changed();
  }

  put(piece, x, y) {
    piece.x = clamp(x, 0, 1);
    piece.y = clamp(y, 0, HEIGHT);
  }

  key(event) {
    if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.stepBack();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !this.selected) return;
    const step = event.shiftKey ? 5 * STEP : STEP;
    const keys = {
      ArrowLeft: () => this.nudge(-step, 0),
      ArrowRight: () => this.nudge(step, 0),
      ArrowUp: () => this.nudge(0, -step),
      ArrowDown: () => this.nudge(0, step),
      "+": () => this.resize(GROWTH),
      "=": () => this.resize(GROWTH),
      "-": () => this.resize(1 / GROWTH),
      "]": () => this.layer(1),
      "[": () => this.layer(-1),
      Delete: () => this.take(this.selected.garment),
      Backspace: () => this.take(this.selected.garment),
    };
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  }

  wheel(event) {
    // A pinch on a trackpad comes as a wheel with Ctrl; a plain wheel scrolls the page.
    if (!event.ctrlKey || !this.selected) return;
    event.preventDefault();
    this.resize(Math.exp(-event.deltaY / 200));
  }

  /** Where the pointer is, in widths of the board. */
  at(event) {
    const frame = this.root.getBoundingClientRect();
    return { x: (event.clientX - frame.left) / frame.width, y: (event.clientY - frame.top) / frame.width };
  }

  /** The topmost garment under a point; its see-through parts let the one below be taken. */
  under(point) {
    const near = this.pieces.filter((piece) => Math.abs(point.x - piece.x) <= piece.scale / 2 && Math.abs(point.y - piece.y) <= piece.scale / 2);
    return near.findLast((piece) => solidAt(piece, point)) ?? near.at(-1) ?? null;
  }

  press(event) {
    if (event.button) return;
    const point = this.at(event);
    const onHandle = event.target.classList.contains("handle") && this.selected?.element.contains(event.target);
    const piece = onHandle ? this.selected : this.under(point);
    this.fingers.set(event.pointerId, point);
    if (this.fingers.size === 1) {
      this.select(piece);
      if (!piece) return;
      this.remember();
      this.drag = { kind: onHandle ? "scale" : "move", piece, from: point, x: piece.x, y: piece.y, scale: piece.scale, moved: false };
      piece.element.focus({ preventScroll: true });
      event.preventDefault();
    } else if (this.drag && this.fingers.size === 2) {
      this.drag = { ...this.drag, kind: "pinch", spread: this.spread(), scale: this.drag.piece.scale };
    }
    this.root.setPointerCapture(event.pointerId);
  }

  move(event) {
    if (!this.fingers.has(event.pointerId) || !this.drag) return;
    const point = this.at(event);
    this.fingers.set(event.pointerId, point);
    const { drag } = this;
    const { piece } = drag;
    if (drag.kind === "pinch") {
      piece.scale = clamp((drag.scale * this.spread()) / drag.spread, SMALLEST, LARGEST);
    } else if (drag.kind === "scale") {
      const reach = (place) => Math.max(0.01, Math.hypot(place.x - drag.x, place.y - drag.y));
      piece.scale = clamp((drag.scale * reach(point)) / reach(drag.from), SMALLEST, LARGEST);
    } else {
      this.put(piece, drag.x + point.x - drag.from.x, drag.y + point.y - drag.from.y);
    }
    drag.moved = true;
    this.draw();
  }

  release(event) {
    if (!this.fingers.delete(event.pointerId) || !this.drag) return;
    if (this.fingers.size) return;
    if (this.drag.moved) this.changed();
    else this.past.pop();
    this.drag = null;
  }

  spread() {
    const [one, other] = [...this.fingers.values()];
    return Math.max(0.01, Math.hypot(one.x - other.x, one.y - other.y));
  }
}

const round = (value) => Math.round(value * 1e4) / 1e4;

/** The alpha of a picture, 64 by 64, as it lies in its square. */
function alphaOf(image) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = PROBE;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const ratio = PROBE / Math.max(image.naturalWidth, image.naturalHeight);
  const [width, height] = [image.naturalWidth * ratio, image.naturalHeight * ratio];
  pen.drawImage(image, (PROBE - width) / 2, (PROBE - height) / 2, width, height);
  return pen.getImageData(0, 0, PROBE, PROBE).data.filter((_, index) => index % 4 === 3);
}

function solidAt(piece, point) {
  if (!piece.alpha) return true;
  const place = (offset) => clamp(Math.floor((offset / piece.scale + 0.5) * PROBE), 0, PROBE - 1);
  return piece.alpha[place(point.y - piece.y) * PROBE + place(point.x - piece.x)] >= SOLID;
}
