// The calendar: a day opens as a sheet that shows, logs and strikes what was worn.
import { call, doing, say } from "./api.js";
import { PhotoSheet } from "./outfit-photo.js";
import { Picker, picture } from "./picker.js";

const month = document.getElementById("month");
const sheet = document.getElementById("day");
const toast = document.getElementById("toast");
const days = [...month.querySelectorAll(".day")];
let day = ""; // the open one, YYYY-MM-DD
let shown = { outfits: [], garments: [] };
let changed = false;
let pickerShown = false;

const picker = new Picker(document.getElementById("day-pick"), {
  pressed: (garment) => log({ garments: [garment.id] }, garment.title),
  chosen: (id) => [...shown.garments, ...shown.outfits.flatMap((outfit) => outfit.garments)].some((worn) => worn.garment === id),
});
const photos = new PhotoSheet(document.getElementById("log-photo"), {
  day: () => day,
  logged: async (line) => {
    changed = true;
    say(line);
    document.getElementById("log-photo").open = false;
    await refresh();
  },
});

async function log(worn, title) {
  try {
    await call("POST", "/wears", { json: { ...worn, on: day } });
    changed = true;
    say(`Logged: ${title}`);
    await refresh();
  } catch (error) {
    say(error.message);
  }
}

function entry(title, address, image, wears) {
  const item = document.getElementById("logged-item").content.firstElementChild.cloneNode(true);
  item.querySelector(".entry-picture").append(image);
  item.querySelector(".entry-name").textContent = title;
  const link = item.querySelector("a");
  if (address) link.href = address;
  const strike = item.querySelector(".strike");
  strike.setAttribute("aria-label", `Remove ${title} from this day`);
  strike.addEventListener("click", () =>
    doing(strike, async () => {
      await call("DELETE", `/wears?${new URLSearchParams(wears.map((id) => ["id", id]))}`);
      changed = true;
      say(`Removed from this day: ${title}`);
      await refresh();
      sheet.querySelector(".close").focus();
    }),
  );
  return item;
}

function boardOf(outfit, width) {
  const image = new Image();
  image.src = `${outfit.picture}&width=${width}`;
  image.alt = "";
  image.loading = "lazy";
  return image;
}

async function refresh() {
  const found = await call("GET", `/days/${day}`);
  shown = found;
  document.getElementById("logged").replaceChildren(
    ...found.outfits.map((outfit) =>
      entry(outfit.title, outfit.removed ? "" : `/outfits/${outfit.outfit}`, boardOf(outfit, 200), outfit.garments.map((worn) => worn.wear)),
    ),
    ...found.garments.map((worn) => entry(worn.title, `/garments/${worn.garment}`, picture(worn, "tile"), [worn.wear])),
  );
  document.getElementById("nothing").hidden = found.outfits.length + found.garments.length > 0;
  picker.mark();
}

async function showOutfits() {
  const { outfits } = await call("GET", "/outfits?limit=60");
  document.getElementById("no-outfit").hidden = outfits.length > 0;
  document.getElementById("choose-outfit").replaceChildren(
    ...outfits.map((outfit) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quick";
      const name = document.createElement("span");
      name.textContent = outfit.title;
      button.append(boardOf(outfit, 200), name);
      button.addEventListener("click", () => log({ outfit: outfit.id }, outfit.title));
      item.append(button);
      return item;
    }),
  );
}

async function open(chosen) {
  day = chosen;
  changed = false;
  const [year, monthNumber, date] = chosen.split("-").map(Number);
  const name = new Date(year, monthNumber - 1, date).toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  document.getElementById("day-title").textContent = name.replace(",", "");
  document.getElementById("logged").replaceChildren();
  for (const part of sheet.querySelectorAll("details")) part.open = false;
  photos.clear();
  sheet.append(toast); // what is said must be seen above the sheet
  sheet.showModal();
  try {
    await refresh();
  } catch (error) {
    say(error.message);
  }
}

document.getElementById("log-garments").addEventListener("toggle", (event) => {
  if (event.target.open && !pickerShown) picker.show();
  pickerShown ||= event.target.open;
});
document.getElementById("log-outfit").addEventListener("toggle", (event) => {
  if (event.target.open) showOutfits().catch((error) => say(error.message));
});
sheet.querySelector(".close").addEventListener("click", () => sheet.close());
sheet.addEventListener("click", (event) => {
  // The sheet itself is only hit beside its content: on the ground behind it.
  if (event.target === sheet) sheet.close();
});
sheet.addEventListener("close", () => {
  document.body.append(toast);
  if (!changed) return;
  sessionStorage.setItem("day", day);
  if (day.startsWith(month.dataset.month)) location.reload();
  else location.href = `/calendar?month=${day.slice(0, 7)}`;
});

for (const button of days) button.addEventListener("click", () => open(button.dataset.day));
const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
month.addEventListener("keydown", (event) => {
  const place = days.indexOf(event.target);
  if (place < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
  const ends = { Home: 0, End: days.length - 1 };
  const next = days[event.key in ends ? ends[event.key] : place + (steps[event.key] ?? NaN)];
  if (event.key === "PageUp" || event.key === "PageDown") {
    event.preventDefault();
    document.querySelector(`.months [rel=${event.key === "PageUp" ? "prev" : "next"}]`)?.click();
  } else if (event.key in steps || event.key in ends) {
    event.preventDefault();
    if (next) focusDay(next);
  }
});

function focusDay(button) {
  for (const other of days) other.tabIndex = other === button ? 0 : -1;
  button.focus();
}

for (const button of document.querySelectorAll("[data-wear]")) {
  button.addEventListener("click", () =>
    doing(button, async () => {
      await call("POST", "/wears", { json: { outfit: Number(button.dataset.wear) } });
      say("Logged: worn today", { later: true });
      location.href = "/calendar";
    }),
  );
}
const another = document.getElementById("another");
document.getElementById("open-another").addEventListener("click", () => (another.value ? open(another.value) : another.focus()));

const back = sessionStorage.getItem("day");
if (back) {
  sessionStorage.removeItem("day");
  const button = days.find((other) => other.dataset.day === back);
  if (button) focusDay(button);
}
