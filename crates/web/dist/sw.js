// Keeps the files of the page, so that it opens while the node is away. What the node answers
// comes first; calls to it are not touched. The files of one build are kept together: those of two
// do not fit each other.
const KEPT = "polder-page-a11e0633ccb5356c";
const FILES = ["/", "/page.js", "/room.js", "/tiles.js", "/index.css", "/icon.svg", "/map/coast.json", "/map/places.json", "/map/regions.json", "/map/roads.json", "/map/rails.json"];
const PATIENCE_MS = 4000;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(FILES)));
});

self.addEventListener("activate", (event) => event.waitUntil(begin()));

async function begin() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("polder-page") && name !== KEPT).map((name) => caches.delete(name)));
  await self.clients.claim();
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  // What the operator, a demo or an upgrade changes is asked of the node.
  if (/^\/(demo|layers|build\.txt)(\/|$)/.test(new URL(request.url).pathname)) return;
  event.respondWith(answer(request));
});

async function answer(request) {
  const late = new Promise((_, give) => setTimeout(() => give(new Error("late")), PATIENCE_MS));
  try {
    const fresh = await Promise.race([fetch(request), late]);
    // An address with a question brings somebody back from an identity provider: it is not kept.
    if (fresh.ok && !new URL(request.url).search) {
      const copy = fresh.clone();
      void caches.open(KEPT).then((cache) => cache.put(request, copy));
    }
    return fresh;
  } catch (lost) {
    const kept = await caches.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw lost;
  }
}
