// The sheet's text into the clipboard.
import { doing, say } from "./api.js";

const button = document.getElementById("copy");
button.addEventListener("click", () =>
  doing(button, async () => {
    const answer = await fetch(`/api/v1/garments/${button.dataset.id}/sheet?format=txt`);
    if (!answer.ok) throw new Error((await answer.json()).detail);
    await navigator.clipboard.writeText(await answer.text());
    say("Copied");
  }),
);
