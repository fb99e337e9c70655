// A photo on a canvas that can be zoomed and moved: mouse, wheel, touch (pinch) and keys. Positions are in its pixels.
const LARGEST = 12;

/**
 * `paint(context)` draws in the photo's pixels; `on` may have `down(point, event)`, `move(point, event)`,
 * `up(point, event)` for one pointer that draws, `hover(point)`, and `stop()` when a second finger makes it a pinch.
 */
export class PhotoView {
  constructor(canvas, width, height, paint, on) {
    Object.assign(this, { canvas, width, height, paint, on });
    this.context = canvas.getContext("2d");
    this.scale = 1;
    this.x = 0;
    this.y = 0;
    this.moving = false; // the Move tool, or the space bar
    this.pointers = new Map();
    this.drawing = null;
    this.queued = false;
    this.whole = true;
    new ResizeObserver(() => this.resize()).observe(canvas);
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => this.up(event));
    canvas.addEventListener("pointerleave", () => this.on.hover?.(null));
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  resize() {
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    if (!width || !height) return;
    this.ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * this.ratio);
    this.canvas.height = Math.round(height * this.ratio);
    if (this.whole) this.fit();
    else this.hold();
  }

  get least() {
    return Math.min(this.canvas.clientWidth / this.width, this.canvas.clientHeight / this.height);
  }

  fit() {
    this.scale = this.least;
    this.whole = true;
    this.hold();
  }

  /** Show a part of the photo, with room around it. */
  fitTo({ left, top, right, bottom }) {
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    this.fit();
    const scale = 0.72 * Math.min(width / (right - left), height / (bottom - top));
    this.x = width / 2 - ((left + right) / 2) * this.scale;
    this.y = height / 2 - ((top + bottom) / 2) * this.scale;
    this.zoom(scale / this.scale);
  }

  /** Keep the photo in sight, and draw. */
  hold() {
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    const within = (at, size, room) => (size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, at)));
    this.x = within(this.x, this.width * this.scale, width);
    this.y = within(this.y, this.height * this.scale, height);
    this.draw();
  }

  zoom(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const scale = Math.min(Math.max(this.scale * factor, this.least), Math.max(LARGEST, this.least));
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.whole = scale <= this.least * 1.001;
    this.hold();
  }

  draw() {
    if (this.queued) return;
    this.queued = true;
    requestAnimationFrame(() => {
      this.queued = false;
      const { context, ratio } = this;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, this.canvas.width, this.canvas.height);
      context.setTransform(this.scale * ratio, 0, 0, this.scale * ratio, this.x * ratio, this.y * ratio);
      context.imageSmoothingEnabled = this.scale < 4;
      this.paint(context);
    });
  }

  /** Where an event is, in pixels of the photo. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: (event.clientX - box.left - this.x) / this.scale,
      y: (event.clientY - box.top - this.y) / this.scale,
    };
  }

  /** Move the photo so that a point of it is in sight. */
  show({ x, y }) {
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    const [px, py] = [x * this.scale + this.x, y * this.scale + this.y];
    if (px < 0 || px > width) this.x += width / 2 - px;
    if (py < 0 || py > height) this.y += height / 2 - py;
    this.hold();
  }

  wheel(event) {
    event.preventDefault();
    const box = this.canvas.getBoundingClientRect();
    this.zoom(Math.exp(-event.deltaY * 0.0016), event.clientX - box.left, event.clientY - box.top);
  }

  down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event);
    if (this.pointers.size > 1) {
      if (this.drawing !== null) this.on.stop?.();
      this.drawing = null;
    } else if (!this.moving && event.button !== 1) {
      this.drawing = event.pointerId;
      this.on.down?.(this.at(event), event);
    }
  }

  move(event) {
    this.on.hover?.(event.pointerType === "touch" ? null : this.at(event));
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    if (this.drawing === event.pointerId) {
      const steps = event.getCoalescedEvents?.() ?? [];
      for (const step of steps.length ? steps : [event]) this.on.move?.(this.at(step), step);
    } else {
      this.drag(event, last);
    }
    this.pointers.set(event.pointerId, event);
  }

  /** One finger moves the photo, two pinch it. */
  drag(event, last) {
    const other = [...this.pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
    if (!other) {
      this.x += event.clientX - last.clientX;
      this.y += event.clientY - last.clientY;
      this.hold();
      return;
    }
    const far = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1;
    const box = this.canvas.getBoundingClientRect();
    this.x += (event.clientX - last.clientX) / 2;
    this.y += (event.clientY - last.clientY) / 2;
    const middle = [(event.clientX + other.clientX) / 2 - box.left, (event.clientY + other.clientY) / 2 - box.top];
    this.zoom(far(event, other) / far(last, other), ...middle);
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    if (this.drawing !== event.pointerId) return;
    this.drawing = null;
    if (event.type === "pointercancel") this.on.stop?.();
    else this.on.up?.(this.at(event), event);
  }
}

/** A picture from the server, loaded. */
export async function loadImage(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

/** A box between two corners, in whole pixels of a photo of `size` {width, height} shown at `shown`. */
export function boxOf(a, b, shown, size) {
  const [across, down] = [size.width / shown.width, size.height / shown.height];
  const left = Math.round(Math.min(a.x, b.x) * across);
  const top = Math.round(Math.min(a.y, b.y) * down);
  const right = Math.round(Math.max(a.x, b.x) * across);
  const bottom = Math.round(Math.max(a.y, b.y) * down);
  return [left, top, right - left, bottom - top];
}

/** A dashed box, or a cross, that can be seen on any photo. */
export function drawAim(context, scale, { from, to }) {
  context.save();
  for (const [colour, offset] of [["#000", 0], ["#fff", 5]]) {
    context.strokeStyle = colour;
    context.lineWidth = 2 / scale;
    context.setLineDash([5 / scale, 5 / scale]);
    context.lineDashOffset = offset / scale;
    context.strokeRect(from.x, from.y, to.x - from.x, to.y - from.y);
  }
  context.restore();
}
