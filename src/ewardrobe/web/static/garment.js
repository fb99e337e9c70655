// One garment: what was changed in the form is saved, and nothing else; a change from elsewhere is never overwritten.
import { call, doing, say } from "./api.js";
import { archiving } from "./archive.js";
import { onGround } from "./grounds.js";

const garment = document.getElementById("garment");
const form = document.getElementById("fields");
const path = `/garments/${garment.dataset.id}`;
const before = new Map([...new FormData(form)]);
let leaving = false;

const changes = () => Object.fromEntries([...new FormData(form)].filter(([name, value]) => value !== before.get(name)));

async function change(method, json) {
  try {
    return await call(method, path, { json, version: garment.dataset.version });
  } catch (error) {
    if (error.status === 412) {
      const notice = document.getElementById("changed");
      notice.hidden = false;
      notice.scrollIntoView({ block: "center" });
    }
    throw error;
  }
}

function show(line) {
  leaving = true;
  say(line, { later: true });
  location.reload();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const json = changes();
  if (!Object.keys(json).length) {
    say("Nothing was changed");
    return;
  }
  doing(event.submitter ?? form.querySelector(".primary"), async () => {
    await change("PATCH", json);
    show("Saved");
  });
});

for (const button of form.querySelectorAll("[data-use]")) {
  button.addEventListener("click", () => {
    const field = form.elements.namedItem(button.dataset.for);
    field.value = button.dataset.use;
    field.focus();
  });
}

const click = (id, work) => {
  const button = document.getElementById(id);
  button.addEventListener("click", () => doing(button, () => work(button)));
};
const pressed = (button) => button.getAttribute("aria-pressed") === "true";

click("worn", async () => {
  await call("POST", `${path}/wears`, { json: {} });
  show("Noted: worn today");
});
click("favourite", async (button) => {
  await change("PATCH", { favourite: !pressed(button) });
  show(pressed(button) ? "No favourite any more" : "A favourite");
});
click("laundry", async (button) => {
  await change("PATCH", { status: pressed(button) ? "active" : "laundry" });
  show(pressed(button) ? "Clean again" : "In the laundry");
});
click("remove", async () => {
  await change("DELETE");
  leaving = true;
  say("Removed; “Undo” at the bottom brings it back", { later: true });
  location.href = "/";
});
click("archive", async () => {
  const fields = await archiving();
  if (!fields) return;
  await change("PATCH", fields);
  show("Put away; find it under Status");
});
for (const button of document.querySelectorAll("[data-split]")) {
  button.addEventListener("click", () =>
    doing(button, async () => {
      const own = await call("POST", `${path}/appearances/${button.dataset.split}/move`, { json: { to: null }, version: garment.dataset.version });
      leaving = true;
      say("A garment of its own now", { later: true });
      location.href = `/garments/${own.id}`;
    }),
  );
}
document.getElementById("reload").addEventListener("click", () => {
  leaving = true;
  location.reload();
});
addEventListener("beforeunload", (event) => {
  if (!leaving && Object.keys(changes()).length) event.preventDefault();
});

onGround(document.querySelector(".pictures"));
