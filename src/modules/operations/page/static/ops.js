"use strict";
/* What the page does beyond plain forms and htmx. It works without any of this, only less smoothly. */

/* Swap style "patch": changes what differs and leaves the rest alone, so that focus, selection, open details and
   what was typed outlive an update. Elements are the same if they have the same id, else if they stand in the same
   place. */
(() => {
  const KEPT = new Set(["open"]); // of details and dialogs: whoever looks has opened them

  const isSame = (old, made) =>
    old.nodeType === made.nodeType && old.nodeName === made.nodeName && (old.id || "") === (made.id || "");

  function patchAttributes(old, made) {
    let isHtmx = false;
    for (const { name, value } of [...made.attributes]) {
      if (old.getAttribute(name) !== value) {
        isHtmx ||= name.startsWith("hx-");
        old.setAttribute(name, value);
      }
    }
    for (const { name } of [...old.attributes]) {
      if (!made.hasAttribute(name) && !KEPT.has(name)) old.removeAttribute(name);
    }
    return isHtmx;
  }

  function patchNode(old, made, fresh) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== made.nodeValue) old.nodeValue = made.nodeValue;
      return;
    }
    if (old.isEqualNode(made)) return;
    if (patchAttributes(old, made)) fresh.push(old);
    patchChildren(old, made, fresh);
  }

  function remove(node) {
    if (node.nodeType === Node.ELEMENT_NODE) htmx.remove(node);
    else node.remove();
  }

  function patchChildren(old, made, fresh) {
    const byId = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
    let next = old.firstChild;
    for (const child of [...made.childNodes]) {
      const wanted = child.id ? byId.get(child.id) : next;
      if (wanted && isSame(wanted, child)) {
        if (wanted === next) next = next.nextSibling;
        else old.insertBefore(wanted, next);
        patchNode(wanted, child, fresh);
      } else {
        old.insertBefore(child, next);
        fresh.push(child);
      }
    }
    while (next) {
      const following = next.nextSibling;
      remove(next);
      next = following;
    }
  }

  htmx.defineExtension("patch", {
    isInlineSwap: (style) => style === "patch",
    handleSwap: (style, target, fragment) => {
      if (style !== "patch") return false;
      const fresh = [];
      patchChildren(target, fragment, fresh);
      return fresh;
    },
  });
})();

/* Whether the numbers are live. */
(() => {
  const state = document.getElementById("live");
  const word = document.getElementById("live-word");
  const show = (level, text) => {
    state.className = `state ${level}`;
    word.textContent = text;
  };
  document.addEventListener("htmx:sseOpen", () => show("ok", "live"));
  document.addEventListener("htmx:sseError", () => show("warn", "interrupted, trying again"));
})();

/* What went wrong on the way to the service, or before it came to the page's own answers. */
(() => {
  const say = (text) => {
    const told = document.createElement("p");
    told.className = "done";
    told.textContent = text;
    document.getElementById("said").replaceChildren(told);
  };
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if ((xhr.getResponseHeader("content-type") || "text/html").startsWith("text/html")) return;
    event.detail.shouldSwap = false;
    say(`This did not work: the service answered ${xhr.status}.`);
  });
  document.body.addEventListener("htmx:sendError", () => say("The service can't be reached."));
})();

/* The question before an act, in a dialog. */
(() => {
  const dialog = document.getElementById("dialog");
  const body = document.getElementById("dialog-body");
  const said = document.getElementById("said");
  let asker = null;
  let timer = 0;
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (!dialog.open) asker = event.target.id;
  });
  // Only once htmx has taken in what came: until then its forms would load pages.
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target === body && !dialog.open) dialog.showModal();
    if (event.detail.target === said) {
      clearTimeout(timer);
      timer = setTimeout(() => said.replaceChildren(), 8000);
    }
  });
  document.body.addEventListener("acted", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    const isOutside = event.target === dialog;
    if (!isOutside && !event.target.closest("[data-close]")) return;
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("close", () => {
    body.replaceChildren();
    const button = asker && document.getElementById(asker)?.querySelector("button");
    if (button) button.focus();
  });
})();

/* Colours change at once; the server keeps the choice for the next visit. */
document.getElementById("theme").addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = event.submitter.value;
  const form = event.currentTarget;
  if (chosen === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  for (const button of form.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.value === chosen));
  }
  fetch(form.action, { method: "POST", body: new URLSearchParams({ theme: chosen }), redirect: "manual" });
});

/* The numbers under the pointer. */
(() => {
  const LEFT = 40, RIGHT = 6, WIDTH = 360;
  const short = (value) => {
    if (value === null || value === undefined) return "–";
    if (Math.abs(value) >= 10000) return `${(value / 1000).toPrecision(3)} k`;
    return Math.abs(value) >= 100 || Number.isInteger(value) ? value.toFixed(0) : String(Number(value.toPrecision(3)));
  };
  const charts = document.getElementById("history");

  function leave(figure) {
    figure.classList.remove("pointed");
    for (const shown of figure.querySelectorAll("[data-series]")) {
      if (shown.dataset.last !== undefined) shown.textContent = shown.dataset.last;
      delete shown.dataset.last;
    }
    const time = figure.querySelector(".at");
    if (time) time.remove();
  }

  charts.addEventListener("pointermove", (event) => {
    const picture = event.target.closest("svg[data-chart]");
    if (!picture) return;
    const figure = picture.closest("figure");
    const points = JSON.parse(picture.dataset.points);
    const length = Math.max(...points.lines.map((values) => values.length));
    const box = picture.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * WIDTH;
    const index = Math.min(length - 1, Math.max(0, Math.round(((at - LEFT) / (WIDTH - LEFT - RIGHT)) * (length - 1))));
    const x = LEFT + ((WIDTH - LEFT - RIGHT) * index) / Math.max(length - 1, 1);
    const cursor = picture.querySelector(".cursor");
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    figure.classList.add("pointed");
    for (const shown of figure.querySelectorAll("[data-series]")) {
      shown.dataset.last ??= shown.textContent;
      shown.textContent = short(points.lines[shown.dataset.series]?.[index]);
    }
    let time = figure.querySelector(".at");
    if (!time) {
      time = document.createElement("small");
      time.className = "at";
      figure.querySelector(".title").after(time);
    }
    time.textContent = new Date(Date.parse(points.from) + index * points.step * 1000).toISOString().slice(11, 16);
  });
  charts.addEventListener("pointerout", (event) => {
    const picture = event.target.closest("svg[data-chart]");
    if (picture && !picture.contains(event.relatedTarget)) leave(picture.closest("figure"));
  });
})();
