// The settings: each choice is saved as it is made, the types with a button; backup and restore.
import { call, doing, say, send } from "./api.js";

async function save(json, line = "Saved") {
  try {
    const settings = await call("PATCH", "/settings", { json });
    say(line);
    return settings;
  } catch (error) {
    say(error.message);
    return null;
  }
}

// Simple choices

for (const field of document.querySelectorAll("[data-setting]")) {
  let before = field.type === "checkbox" ? field.checked : field.value;
  field.addEventListener("change", async () => {
    const name = field.dataset.setting;
    const value = field.type === "checkbox" ? field.checked : field.value;
    const settings = await save({ [name]: value });
    if (settings && name === "theme") location.reload();
    if (settings) before = settings[name];
    if (field.type === "checkbox") field.checked = before;
    else if (field.type !== "radio") field.value = before;
  });
}

const colours = document.getElementById("colours");
colours.addEventListener("change", async (event) => {
  const chosen = [...colours.querySelectorAll("input:checked")].map((input) => input.value);
  if (!(await save({ colours: chosen }))) event.target.checked = !event.target.checked;
});

// Types

const groups = document.getElementById("groups");
const saveTypes = document.getElementById("save-types");
let number = 0;

function touched() {
  saveTypes.hidden = false;
}

function word(name) {
  const item = document.createElement("li");
  item.dataset.word = name;
  item.append(name);
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "link";
  remove.textContent = "×";
  remove.setAttribute("aria-label", `Remove ${name}`);
  remove.addEventListener("click", () => {
    const next = item.nextElementSibling ?? item.previousElementSibling;
    const input = item.closest(".group").querySelector(".add-word input");
    item.remove();
    (next?.querySelector("button") ?? input).focus();
    touched();
  });
  item.append(remove);
  return item;
}

function group({ title, slot, types }) {
  const part = document.getElementById("group").content.firstElementChild.cloneNode(true);
  number += 1;
  const name = part.querySelector(".group-title");
  const place = part.querySelector(".group-slot");
  const input = part.querySelector(".add-word input");
  for (const [field, kind] of [[name, "title"], [place, "slot"], [input, "word"]]) {
    field.id = `group-${number}-${kind}`;
    field.parentElement.querySelector("label").htmlFor = field.id;
  }
  part.querySelector("legend").textContent = title || "New group";
  name.value = title;
  place.value = slot;
  const list = part.querySelector(".words");
  list.append(...types.map(word));
  const add = () => {
    const found = input.value.trim().toLowerCase();
    if (!found) return;
    const taken = [...groups.querySelectorAll("[data-word]")].some((item) => item.dataset.word === found);
    if (taken) say(`${found} is there already`);
    else {
      list.append(word(found));
      input.value = "";
      touched();
    }
    input.focus();
  };
  part.querySelector(".add-word button").addEventListener("click", add);
  input.addEventListener("keydown", (event) => event.key === "Enter" && add());
  for (const field of [name, place]) field.addEventListener("input", touched);
  const remove = part.querySelector(".remove-group");
  remove.setAttribute("aria-label", `Remove the group ${title}`);
  remove.addEventListener("click", () => {
    part.remove();
    touched();
    document.getElementById("add-group").focus();
  });
  return part;
}

function show(types) {
  groups.replaceChildren(...types.map(group));
  saveTypes.hidden = true;
}

document.getElementById("add-group").addEventListener("click", () => {
  const made = group({ title: "", slot: "accessories", types: [] });
  groups.append(made);
  touched();
  made.querySelector(".group-title").focus();
});
saveTypes.addEventListener("click", () =>
  doing(saveTypes, async () => {
    const types = [...groups.children].map((part) => ({
      title: part.querySelector(".group-title").value.trim(),
      slot: part.querySelector(".group-slot").value,
      types: [...part.querySelectorAll("[data-word]")].map((item) => item.dataset.word),
    }));
    const settings = await save({ types }, "Types saved");
    if (settings) show(settings.types);
  }),
);
const usual = document.getElementById("usual-types");
usual.addEventListener("click", () =>
  doing(usual, async () => {
    const settings = await save({ types: null }, "The usual types are back");
    if (settings) show(settings.types);
  }),
);
call("GET", "/settings").then((settings) => show(settings.types), (error) => say(error.message));
addEventListener("beforeunload", (event) => !saveTypes.hidden && event.preventDefault());

// Restoring

const sure = document.getElementById("sure");
const backup = document.getElementById("backup");
const progress = document.getElementById("restoring");
backup.addEventListener("change", () => {
  if (!backup.files.length) return;
  document.getElementById("sure-file").textContent = backup.files[0].name;
  sure.showModal();
});
sure.addEventListener("close", () => {
  if (sure.returnValue !== "yes") backup.value = "";
  sure.returnValue = "";
});
document.getElementById("sure-no").addEventListener("click", () => sure.close());
document.getElementById("sure-yes").addEventListener("click", async () => {
  const [file] = backup.files;
  sure.close("yes");
  progress.hidden = false;
  try {
    await send("/restore", "backup", file, (share) => (progress.value = share), { replace: "true" });
    saveTypes.hidden = true;
    say("Restored: the wardrobe is that of the backup", { later: true });
    location.reload();
  } catch (error) {
    say(error.message);
    progress.hidden = true;
    backup.value = "";
  }
});
