// The offline shell. The server writes `SHELL` above this: a version, and the addresses of the app's own files.
// Only those are kept. Pages, pictures and answers of the API are the owner's, and are never stored here.
// What is kept is used only when the server does not answer, so that nobody sees an old file with a new page.

const OFFLINE = "/offline";

self.addEventListener("install", (event) => {
  self.skipWaiting();
  const keep = async () => {
    const cache = await caches.open(SHELL.version);
    await cache.addAll([OFFLINE, ...SHELL.files].map((address) => new Request(address, { cache: "reload" })));
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== SHELL.version).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
  else if (SHELL.files.includes(pathname)) event.respondWith(fetch(request).catch(async () => (await caches.match(pathname)) ?? Response.error()));
});
