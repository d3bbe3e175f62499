// Subscribes this browser with the service's key and hands the subscription over.
"use strict";

const API = "/api/v1/push";
const SCOPE = "/demo/push";
const form = document.getElementById("form");
const field = document.getElementById("token");
const state = document.getElementById("state");

field.value = sessionStorage.getItem("token") || "";

function say(text) {
  state.textContent = text;
}

async function call(method, body) {
  const response = await fetch(`${API}/subscriptions`, {
    method,
    headers: { Authorization: `Token ${field.value.trim()}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) {
    const told = await response.json().catch(() => ({}));
    throw new Error(told.detail || `The service answered ${response.status}`);
  }
}

async function start() {
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) {
    throw new Error("This browser has no web push, or the page was not opened over https or at localhost");
  }
  if ((await Notification.requestPermission()) !== "granted") {
    throw new Error("The browser was not allowed to show notifications");
  }
  const registration = await navigator.serviceWorker.register("/demo/push/worker.js", { scope: SCOPE });
  const { public_key: key } = await (await fetch(`${API}/public-key`)).json();
  const known = await registration.pushManager.getSubscription();
  // One that was made with another key is of no use.
  if (known && encoded(known.options.applicationServerKey) !== key) await known.unsubscribe();
  const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  await call("POST", subscription.toJSON());
}

async function stop() {
  const registration = await navigator.serviceWorker.getRegistration(SCOPE);
  const subscription = registration && (await registration.pushManager.getSubscription());
  if (!subscription) return;
  await subscription.unsubscribe();
  await call("DELETE", { endpoint: subscription.endpoint });
}

function encoded(buffer) {
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function act(action, done) {
  sessionStorage.setItem("token", field.value.trim());
  say("One moment…");
  try {
    await action();
    say(done);
  } catch (error) {
    say(error.message);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  act(start, "Done: when a favourite gets cheaper or is available again, this browser says so.");
});
document.getElementById("stop").addEventListener("click", () => act(stop, "This browser is told nothing any more."));
