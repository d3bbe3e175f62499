// The service worker of web push: shows what Wishkeep sends. A shop can take it as it is.
"use strict";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => event.waitUntil(show(event.data.json())));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.url));
});
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

async function show(told) {
  const shown = await self.registration.getNotifications({ tag: told.tag });
  // After a failure the same message may come twice: the second time it does not disturb.
  const known = shown.some((notification) => notification.data.id === told.id);
  await self.registration.showNotification(told.title, {
    body: told.body,
    lang: told.lang,
    dir: told.dir,
    tag: told.tag,
    renotify: !known,
    icon: told.image,
    image: told.image,
    data: { id: told.id, url: told.url },
  });
}

async function open(url) {
  const target = new URL(url, self.location.origin).href;
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const same = windows.find((client) => client.url === target);
  await (same ? same.focus() : self.clients.openWindow(target));
}

async function renew(event) {
  const options = event.oldSubscription && event.oldSubscription.options;
  const fresh = event.newSubscription || (options && (await self.registration.pushManager.subscribe(options)));
  if (!fresh) return;
  // With the session's cookie, which the shop's pages have.
  await fetch("/api/v1/push/subscriptions", {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", "X-Requested-With": "XMLHttpRequest" },
    body: JSON.stringify(fresh.toJSON()),
  });
}
