// A side panel to pick garments from: search, chips of types, cut-outs to press.
import { call, say } from "./api.js";

const PART = 36;
const CHIPS = 14;

export class Picker {
  /** `pressed(garment)` is run on a click; `chosen(id)` says whether a garment is shown as chosen. */
  constructor(root, { pressed, chosen }) {
    this.root = root;
    this.pressed = pressed;
    this.chosen = chosen;
    this.type = "";
    this.asked = 0;
    this.list = root.querySelector(".picks");
    this.search = root.querySelector("input");
    this.types = root.querySelector(".types");
    this.more = root.querySelector(".more");
    this.search.addEventListener("input", () => {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.show(), 200);
    });
    // Inside a form, Enter would send it.
    this.search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    this.more.addEventListener("click", () => this.show(this.list.children.length));
  }

  /** Show what fits, from `offset` on; a later question makes an earlier answer void. */
  async show(offset = 0) {
    const asked = ++this.asked;
    const query = new URLSearchParams({ limit: PART, offset, text: this.search.value.trim() });
    if (this.type) query.set("type", this.type);
    let found;
    try {
      found = await call("GET", `/garments?${query}`);
    } catch (error) {
      say(error.message);
      return;
    }
    if (asked !== this.asked) return;
    this.showTypes(found.facets.type);
    const items = found.garments.map((garment) => this.item(garment));
    if (offset) this.list.append(...items);
    else this.list.replaceChildren(...items);
    this.more.hidden = this.list.children.length >= found.total;
    const nothing = this.root.querySelector(".nothing-found");
    nothing.hidden = found.total > 0;
    nothing.textContent = this.search.value || this.type ? "Nothing fits." : "There are no garments yet: add photos first.";
  }

  showTypes(counts) {
    const names = Object.keys(counts).slice(0, CHIPS);
    if (this.type && !names.includes(this.type)) names.push(this.type);
    const focused = this.types.contains(document.activeElement) ? document.activeElement.dataset.type : undefined;
    this.types.replaceChildren(
      ...names.map((name) => {
        const chip = document.createElement("button");
        chip.type = "button";
        chip.className = "type";
        chip.dataset.type = name;
        chip.textContent = name;
        chip.setAttribute("aria-pressed", String(name === this.type));
        chip.addEventListener("click", () => {
          this.type = name === this.type ? "" : name;
          this.show();
        });
        return chip;
      }),
    );
    if (focused) this.types.querySelector(`[data-type="${CSS.escape(focused)}"]`)?.focus();
  }

  item(garment) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "pick";
    button.dataset.garment = garment.id;
    button.append(picture(garment, "tile"), words(garment));
    button.addEventListener("click", () => this.pressed(garment));
    button.setAttribute("aria-pressed", String(this.chosen(garment.id)));
    item.append(button);
    return item;
  }

  /** Show again which are chosen. */
  mark() {
    for (const button of this.list.querySelectorAll(".pick")) {
      button.setAttribute("aria-pressed", String(this.chosen(Number(button.dataset.garment))));
    }
  }
}

function words(garment) {
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = garment.title;
  if (garment.status !== "active") {
    const status = document.createElement("small");
    status.textContent = ` ${garment.status}`;
    name.append(status);
  }
  return name;
}

/** A garment's thumbnail in a tile of a class, or a hanger where it has none. */
export function picture(garment, kind) {
  const tile = document.createElement("span");
  tile.className = kind;
  if (garment.thumbnail) {
    const image = document.createElement("img");
    image.src = garment.thumbnail;
    image.alt = "";
    image.loading = "lazy";
    image.draggable = false;
    tile.append(image);
  } else {
    tile.append(hanger());
  }
  return tile;
}

export function hanger() {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("class", "icon none");
  drawing.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", "/static/icons.svg#wardrobe");
  drawing.append(use);
  return drawing;
}
