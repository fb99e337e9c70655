// A mask as bytes (0 or 1 a pixel), strokes on it, and the way back. No canvas: what is painted is exact.
const KEPT = 60;

export class MaskRaster {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(width * height);
    this.before = null; // the data as it was when the stroke began
    this.dirty = null;
    this.past = [];
    this.future = [];
  }

  /** The bytes of a picture of the same size: from 128 on is inside. */
  static async read(blob, width, height) {
    const image = await createImageBitmap(blob);
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0, width, height);
    const pixels = context.getImageData(0, 0, width, height).data;
    const data = new Uint8Array(width * height);
    for (let at = 0; at < data.length; at += 1) data[at] = pixels[4 * at] >= 128 ? 1 : 0;
    return data;
  }

  begin() {
    this.before = this.data.slice();
    this.dirty = null;
  }

  /** Paint from one point to another; the rectangle that may have changed. */
  stroke(x0, y0, x1, y1, radius, value) {
    const left = Math.max(0, Math.floor(Math.min(x0, x1) - radius));
    const top = Math.max(0, Math.floor(Math.min(y0, y1) - radius));
    const right = Math.min(this.width, Math.ceil(Math.max(x0, x1) + radius) + 1);
    const bottom = Math.min(this.height, Math.ceil(Math.max(y0, y1) + radius) + 1);
    const [dx, dy] = [x1 - x0, y1 - y0];
    const length = dx * dx + dy * dy;
    for (let y = top; y < bottom; y += 1) {
      for (let x = left; x < right; x += 1) {
        const [px, py] = [x + 0.5 - x0, y + 0.5 - y0];
        const along = length ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
        const [ox, oy] = [px - along * dx, py - along * dy];
        if (ox * ox + oy * oy <= radius * radius) this.data[y * this.width + x] = value;
      }
    }
    const area = { left, top, right, bottom };
    if (right > left && bottom > top) this.dirty = this.dirty ? union(this.dirty, area) : area;
    return area;
  }

  /** Keep the stroke as one step; whether it changed anything. */
  commit() {
    const { before, dirty } = this;
    this.before = null;
    if (!before || !dirty) return false;
    const step = { area: dirty, old: cut(before, this.width, dirty), now: cut(this.data, this.width, dirty) };
    if (step.old.every((value, at) => value === step.now[at])) return false;
    this.past.push(step);
    if (this.past.length > KEPT) this.past.shift();
    this.future = [];
    return true;
  }

  /** Throw the stroke away that is under way. */
  cancel() {
    if (this.before) this.data.set(this.before);
    this.before = null;
    return this.dirty;
  }

  /** Another mask in the place of this one, as one step; or, with `keep`, added to it. */
  replace(data, keep = false) {
    this.begin();
    for (let at = 0; at < data.length; at += 1) this.data[at] = data[at] | (keep ? this.data[at] : 0);
    this.dirty = { left: 0, top: 0, right: this.width, bottom: this.height };
    return this.commit();
  }

  undo() {
    const step = this.past.pop();
    if (!step) return null;
    this.future.push(step);
    return this.put(step.area, step.old);
  }

  redo() {
    const step = this.future.pop();
    if (!step) return null;
    this.past.push(step);
    return this.put(step.area, step.now);
  }

  put(area, values) {
    const width = area.right - area.left;
    for (let y = area.top; y < area.bottom; y += 1) {
      const row = values.subarray((y - area.top) * width, (y - area.top + 1) * width);
      this.data.set(row, y * this.width + area.left);
    }
    return area;
  }

  /** The smallest rectangle around what is marked; null when nothing is. */
  bounds() {
    let found = null;
    for (let y = 0; y < this.height; y += 1) {
      const row = this.data.subarray(y * this.width, (y + 1) * this.width);
      const left = row.indexOf(1);
      if (left < 0) continue;
      const area = { left, top: y, right: row.lastIndexOf(1) + 1, bottom: y + 1 };
      found = found ? union(found, area) : area;
    }
    return found;
  }

  /** A grey PNG, 255 inside. */
  async toBlob() {
    const canvas = new OffscreenCanvas(this.width, this.height);
    const pixels = new ImageData(this.width, this.height);
    for (let at = 0; at < this.data.length; at += 1) {
      pixels.data.fill(this.data[at] ? 255 : 0, 4 * at, 4 * at + 3);
      pixels.data[4 * at + 3] = 255;
    }
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    return canvas.convertToBlob({ type: "image/png" });
  }
}

function union(a, b) {
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

function cut(data, width, { left, top, right, bottom }) {
  const part = new Uint8Array((right - left) * (bottom - top));
  for (let y = top; y < bottom; y += 1) {
    part.set(data.subarray(y * width + left, y * width + right), (y - top) * (right - left));
  }
  return part;
}
