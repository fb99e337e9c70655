// The outfits: one tap says that one was worn today.
import { call, doing, say } from "./api.js";

for (const button of document.querySelectorAll("[data-wear]")) {
  button.addEventListener("click", () =>
    doing(button, async () => {
      await call("POST", "/wears", { json: { outfit: Number(button.dataset.wear) } });
      button.textContent = "✓ Worn today";
      say("Noted in the calendar: worn today");
    }),
  );
}
