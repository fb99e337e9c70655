// What every page does: the app can be installed, and the place one is at shows in a menu wider than the screen.
navigator.serviceWorker?.register("/service-worker.js").catch(() => {}); // not in a private window, say

const menu = document.querySelector(".top nav");
const here = menu?.querySelector("[aria-current]");
if (here) menu.scrollLeft = here.offsetLeft - menu.offsetLeft - (menu.clientWidth - here.clientWidth) / 2;
