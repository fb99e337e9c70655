// Today: thumbs, worn today, kept as an outfit; the forecast where it is allowed.
import { call, doing, say } from "./api.js";

const occasion = document.getElementById("occasion");

for (const outfit of document.querySelectorAll(".outfit")) {
  const garments = outfit.dataset.garments.split(",").map(Number);
  const done = outfit.querySelector(".done");
  const button = (name) => outfit.querySelector(`[data-do="${name}"]`);
  const click = (name, work) => button(name).addEventListener("click", () => doing(button(name), work));

  /** Say below the outfit what was done, with a way back. */
  const tell = (name, line) => {
    done.replaceChildren(line, " ");
    const back = document.createElement("button");
    back.type = "button";
    back.className = "link";
    back.textContent = "Undo";
    back.addEventListener("click", () =>
      doing(back, async () => {
        await call("POST", "/undo");
        done.replaceChildren("Taken back");
        button(name).hidden = false;
      }),
    );
    done.append(back);
    button(name).hidden = true;
  };

  click("wear", async () => {
    await call("POST", "/wears", { json: { garments } });
    tell("wear", "Noted: worn today.");
  });
  click("save", async () => {
    await call("POST", "/outfits", { json: { garments, occasion: occasion.value } });
    tell("save", "Kept among your outfits.");
  });

  const thumb = async (liked) => {
    const pressed = button(liked ? "up" : "down").getAttribute("aria-pressed") === "true";
    if (pressed) {
      await call("DELETE", `/suggestions/votes/${outfit.dataset.vote}`);
      outfit.dataset.vote = "";
    } else {
      outfit.dataset.vote = (await call("POST", "/suggestions/votes", { json: { garments, liked } })).id;
    }
    button("up").setAttribute("aria-pressed", String(liked && !pressed));
    button("down").setAttribute("aria-pressed", String(!liked && !pressed));
    outfit.classList.toggle("refused", !liked && !pressed);
    if (!pressed) say(liked ? "More like this" : "Not again; the next ones take it into account");
  };
  click("up", () => thumb(true));
  click("down", () => thumb(false));
}

const place = document.getElementById("place");
const ask = document.getElementById("ask");
const degrees = (name) => {
  const text = place.elements.namedItem(name).value.trim().replace(",", ".");
  if (text === "") return null;
  if (Number.isNaN(Number(text))) throw new Error(`${name} must be a number`);
  return Number(text);
};
place.addEventListener("submit", (event) => {
  event.preventDefault();
  doing(event.submitter ?? ask, async () => {
    const json = { allowed: place.elements.allowed.checked, latitude: degrees("latitude"), longitude: degrees("longitude") };
    const kept = await call("PUT", "/forecast/settings", { json });
    ask.hidden = !kept.allowed;
    say(kept.allowed ? "Allowed: the button asks for the weather" : "The forecast stays off");
  });
});
ask.addEventListener("click", () =>
  doing(ask, async () => {
    const weather = await call("GET", "/forecast");
    const address = new URLSearchParams(new FormData(document.getElementById("weather")));
    address.set("temperature", weather.temperature);
    address.set("wind", weather.wind);
    if (weather.rain) address.set("rain", "yes");
    else address.delete("rain");
    location.href = `/today?${address}`;
  }),
);
