// "From a photo of you": what is worn in it is shown beside the garments it may be; the owner confirms, then it is logged.
import { call, doing, say, send } from "./api.js";
import { picture } from "./picker.js";

const NEW = "new";
const OUT = "out";

export class PhotoSheet {
  /** `day()` is the day to log on; `logged(line)` is run when it is done. */
  constructor(root, { day, logged }) {
    this.root = root;
    this.day = day;
    this.logged = logged;
    this.addresses = [];
    this.form = root.querySelector("#seen");
    this.status = root.querySelector("#looking");
    for (const input of root.querySelectorAll("input[type=file]")) {
      input.addEventListener("change", () => {
        const [file] = input.files;
        input.value = "";
        if (file) this.look(file);
      });
    }
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      doing(event.submitter ?? this.form.querySelector("[type=submit]"), () => this.log());
    });
    this.form.addEventListener("change", () => this.count());
  }

  clear() {
    this.file = null;
    this.form.hidden = true;
    this.status.hidden = true;
    for (const address of this.addresses.splice(0)) URL.revokeObjectURL(address);
  }

  tell(line) {
    this.status.textContent = line;
    this.status.hidden = !line;
  }

  async look(file) {
    this.clear();
    const largest = Number(this.root.querySelector("#photo").dataset.max);
    if (file.size > largest) {
      this.tell(`That is more than ${largest >> 20} MiB.`);
      return;
    }
    this.tell("Looking for your garments…");
    try {
      const seen = await send("/photos/match", "photo", file, () => {});
      this.file = file;
      this.show(seen);
    } catch (error) {
      this.tell(error.message);
    }
  }

  show({ photo, garments }) {
    this.known = photo !== null;
    if (!garments.length) {
      this.tell("No garment was found in this photo.");
      return;
    }
    const matched = garments.filter((garment) => garment.proposed).length;
    this.tell(this.known ? "This photo is in your wardrobe already." : `${garments.length} found, ${matched} of them among your garments. Is that right?`);
    this.root.querySelector("#seen-list").replaceChildren(...garments.map((garment) => this.choice(garment)));
    this.root.querySelector("#keep").closest("p").hidden = this.known;
    this.form.hidden = false;
    this.count();
    this.status.scrollIntoView({ block: "start" });
  }

  choice(garment) {
    const part = document.getElementById("seen-item").content.firstElementChild.cloneNode(true);
    const name = [garment.colour, garment.type ?? garment.label].filter(Boolean).join(" ");
    part.querySelector("legend").textContent = garment.aside ? `${name} (somebody else’s?)` : name;
    part.dataset.number = garment.number;
    const found = new Image();
    found.alt = `Found in the photo: ${name}`;
    found.className = "found-picture";
    found.src = this.addressOf(garment.thumbnail);
    part.insertBefore(found, part.querySelector(".options"));
    const fallback = garment.aside ? OUT : this.known ? OUT : NEW;
    const chosen = garment.proposed && !garment.aside ? String(garment.proposed) : fallback;
    const options = garment.candidates.slice(0, 3).map((match) => this.option(garment, String(match.garment), match.title, picture(match, "tile"), match.score));
    if (!this.known) options.push(this.option(garment, NEW, "A new garment", sign("+")));
    options.push(this.option(garment, OUT, "Leave out", sign("–")));
    for (const option of options) option.querySelector("input").checked = option.querySelector("input").value === chosen;
    part.querySelector(".options").append(...options);
    return part;
  }

  option(garment, value, title, image, score) {
    const label = document.createElement("label");
    label.className = "option";
    const input = document.createElement("input");
    input.type = "radio";
    input.name = `seen-${garment.number}`;
    input.value = value;
    const name = document.createElement("span");
    name.textContent = score && score < 1 ? `${title}, ${Math.round(score * 100)}\u00a0% alike` : title;
    label.append(input, image, name);
    return label;
  }

  addressOf(base64) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const address = URL.createObjectURL(new Blob([bytes], { type: "image/webp" }));
    this.addresses.push(address);
    return address;
  }

  /** By the garment's number in the photo: an owned garment's number, or null for a new one. */
  get chosen() {
    const parts = [...this.form.querySelectorAll(".seen")].map((part) => [part.dataset.number, part.querySelector("input:checked").value]);
    return Object.fromEntries(parts.filter(([, value]) => value !== OUT).map(([number, value]) => [number, value === NEW ? null : Number(value)]));
  }

  count() {
    const many = Object.keys(this.chosen).length;
    const button = this.form.querySelector("#log-seen");
    button.textContent = many ? `Log ${many} garment${many === 1 ? "" : "s"}` : "Log";
    button.disabled = !many;
    // A new garment needs its photo.
    const keep = this.form.querySelector("#keep");
    const fresh = Object.values(this.chosen).includes(null);
    if (fresh) keep.checked = true;
    keep.disabled = fresh;
  }

  async log() {
    const { chosen } = this;
    const owned = Object.values(chosen).filter((garment) => garment !== null);
    if (new Set(owned).size < owned.length) {
      say("The same garment is chosen twice");
      return;
    }
    const many = Object.keys(chosen).length;
    if (this.known || !this.form.querySelector("#keep").checked) {
      await call("POST", "/wears", { json: { garments: owned, on: this.day() } });
    } else {
      await send("/photos/worn", "photo", this.file, () => {}, { garments: JSON.stringify(chosen), on: this.day() });
    }
    this.clear();
    await this.logged(`Logged: ${many} garment${many === 1 ? "" : "s"}`);
  }
}

function sign(text) {
  const tile = document.createElement("span");
  tile.className = "tile sign";
  tile.textContent = text;
  tile.setAttribute("aria-hidden", "true");
  return tile;
}
