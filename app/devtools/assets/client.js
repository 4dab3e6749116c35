// The page follows what is saved: it is morphed into what it would be now, so
// that what was typed, the focus and the places that were scrolled to stay.
// Idiomorph and follow stand before this, in one function.
const tag = document.currentScript;
const root = document.documentElement;
const html = "text/html", faultJSON = "application/vnd.portal.fault+json";

let version = tag.dataset.version; // that this page was made at
let wanted = version; // that there is
const answersForm = tag.dataset.method !== "GET"; // asking for its address again gives another page
const tells = "fault" in tag.dataset; // this page does nothing but tell of a fault
const saysState = tag.dataset.fault === "state"; // namely of what the hub knows, and no overlay need say it too
const faults = { hub: null, page: null }; // of the program as a whole, and in making this page

// ---- what is heard

const handlers = {
  hello(state) {
    if (!state.fault || state.fault.html !== dismissed()) setFault("hub", state.fault);
    want(state.version);
  },
  page: (data) => want(data.version),
  asset(data) {
    // What isn't up to date, or couldn't be made, needs more than this.
    if ((version !== wanted || tells || faults.page) && !answersForm) return want(data.version);
    if (!answersForm) version = data.version;
    wanted = data.version;
    for (const url of Object.values(data.urls)) swap(url);
  },
  fault: (fault) => setFault("hub", fault),
  mended: () => setFault("hub", null),
  build() {},
};
const tell = (name, data) => handlers[name](data);

let stream; // of all tabs, or, without a worker, this tab's while somebody looks at it
function listen() {
  if (window.SharedWorker) {
    const { port } = new SharedWorker("/_dev/worker.js");
    port.onmessage = ({ data: [name, data] }) => tell(name, data);
    stream = { look: () => port.postMessage("hi"), pause() {} };
    addEventListener("pagehide", () => port.postMessage("bye"));
    stream.look();
  } else if (!document.hidden) {
    stream = follow(tell);
  }
}

function catchUp() {
  if (document.hidden) return stream?.pause();
  if (stream) stream.look();
  else listen();
  want(wanted);
}

// ---- the page

let refreshing = false, leaving = false, later;
const stays = "This page answers a form, and stays as it is. Reload it to send the form again.";

// want brings the page to a version. Tabs that nobody sees leave the program to
// the others for a moment.
function want(newest) {
  wanted = newest;
  clearTimeout(later);
  if (version === wanted || leaving) return;
  if (document.hidden) later = setTimeout(refresh, 500);
  else refresh();
}

// A page that is about to go must not take the messages that are for the next.
addEventListener("beforeunload", () => {
  leaving = true;
  setTimeout(() => {
    leaving = false;
    want(wanted);
  }, 3000);
});

async function refresh() {
  if (refreshing) return;
  if (answersForm) return note(stays);
  refreshing = true;
  try {
    for (let tries = 0; version !== wanted && tries < 100; tries++) {
      const target = wanted;
      // A connection that was kept open leads to the program before: the next is new.
      if (!(await fetchPage(target))) await new Promise((resolve) => setTimeout(resolve, tries < 6 ? 2 : 30));
    }
    note(version === wanted ? "" : "This page could not be brought up to date. Reload it.");
  } finally {
    refreshing = false;
  }
}

// fetchPage reports whether the page, or why there is none, is that of a
// version. A program that is about to end may answer once more, and one that
// has just begun may have no database yet.
async function fetchPage(target) {
  let answer, text;
  try {
    answer = await fetch(location.href, { headers: { Accept: tells ? html : `${html}, ${faultJSON}` }, cache: "no-store" });
    text = await answer.text();
  } catch {
    return false;
  }
  const made = answer.headers.get("Dev-Version"), kind = answer.headers.get("Content-Type") ?? "";
  const fault = answer.headers.has("Dev-Fault");
  if (!made || made.split(".")[0] !== target.split(".")[0] || (answer.status === 503 && !fault && !tells)) return false;
  if (answer.redirected && new URL(answer.url).pathname !== location.pathname) return location.reload();
  if (kind.startsWith(faultJSON)) {
    setFault("page", JSON.parse(text));
  } else if (fault && !tells) {
    // There is no program, and this page stays as it is: the hub says what is wrong.
  } else if (kind.startsWith(html)) {
    const page = new DOMParser().parseFromString(text, html);
    if (scripts(page) !== scripts(document) || fault !== tells) return location.reload();
    setFault("page", null);
    morph(page);
  } else {
    return location.reload();
  }
  version = made;
  return true;
}

// A script that has run can't be taken back. Those of the browser's extensions
// aren't the page's.
const scripts = (page) => [...page.scripts].map((s) => s.src).filter((src) => src.startsWith(location.origin + "/")).sort().join();

// ---- morphing

let served = attributes(root); // of <html>, and
const open = new WeakMap(); // whether a <details> or <dialog> was open, as the server had them
for (const element of document.querySelectorAll("details, dialog")) open.set(element, element.open);

function attributes(element) {
  return new Map([...element.attributes].map(({ name, value }) => [name, value]));
}

function morph(page) {
  const typed = new Set([...document.querySelectorAll("input, textarea, select")].filter(isTyped));
  const chosen = new Map([...typed].filter((field) => field.localName === "select").map((s) => [s, [...s.options].filter((o) => o.selected).map((o) => o.value)]));
  document.title = page.title;
  morphHead(page);
  const next = attributes(page.documentElement);
  for (const name of new Set([...served.keys(), ...next.keys()])) {
    if (served.get(name) === next.get(name)) continue; // a script may have changed it since
    if (next.has(name)) root.setAttribute(name, next.get(name));
    else root.removeAttribute(name);
  }
  served = next;
  lendIds(page);
  Idiomorph.morph(document.body, page.body, {
    callbacks: {
      beforeNodeMorphed(before, after) {
        if (after.localName === "details" || after.localName === "dialog") {
          if (open.get(before) === after.open) after.open = before.open;
          else open.set(before, after.open);
        }
      },
      beforeAttributeUpdated(name, element) {
        if (name === "selected") return !typed.has(element.closest("select"));
        return !((name === "value" || name === "checked") && typed.has(element));
      },
      afterNodeAdded(element) {
        for (const added of element.querySelectorAll?.("details, dialog") ?? []) open.set(added, added.open);
      },
    },
  });
  for (const element of document.querySelectorAll(`[id^="${lent}"]`)) element.removeAttribute("id");
  for (const [select, values] of chosen) {
    for (const option of select.options) option.selected = values.includes(option.value);
  }
}

// lendIds gives the same id to what is the same field, or <details>, in this page
// and the next: Idiomorph tells elements apart by nothing else.
function lendIds(page) {
  const here = nameless(document);
  for (const [name, there] of nameless(page)) {
    if (here.has(name)) here.get(name).id = there.id = lent + name;
  }
}
const lent = "_dev ";

// nameless returns the elements without an id by what names them: the form, the
// field, and which of its choices; or the summary.
function nameless(page) {
  const found = new Map();
  for (const el of page.querySelectorAll("[name]:is(input, textarea, select, button):not([id]), details:not([id])")) {
    const choice = el.matches("[type=checkbox], [type=radio], button") && el.getAttribute("value");
    let name = [el.localName, el.form?.getAttribute("action"), el.getAttribute("name"), choice, el.querySelector("summary")?.textContent].join();
    while (found.has(name)) name += "+"; // another of the same
    found.set(name, el);
  }
  return found;
}

// isTyped reports whether a field holds something else than the server gave it.
function isTyped(field) {
  switch (field.type) {
    case "hidden": case "submit": case "button": case "reset": case "image":
      return false;
    case "file":
      return field.files.length > 0;
    case "checkbox": case "radio":
      return field.checked !== field.defaultChecked;
    case "select-multiple":
      return [...field.options].some((o) => o.selected !== o.defaultSelected);
    case "select-one": {
      const options = [...field.options], last = options.findLastIndex((o) => o.defaultSelected);
      return field.selectedIndex !== (last >= 0 || field.size > 1 ? last : options.findIndex((o) => !o.disabled));
    }
  }
  return field.value !== field.defaultValue;
}

function morphHead(page) {
  const kept = (el) => !el.matches("title, script, link[rel=stylesheet]");
  const key = (el) => el.outerHTML;
  const next = new Map([...page.head.children].filter(kept).map((el) => [key(el), el]));
  for (const el of [...document.head.children].filter(kept)) {
    if (!next.delete(key(el))) el.remove();
  }
  for (const el of next.values()) document.head.append(document.importNode(el));

  const sheets = [...page.head.querySelectorAll("link[rel=stylesheet]")];
  for (const link of document.head.querySelectorAll("link[rel=stylesheet]")) {
    if (!sheets.some((next) => plain(next, "href") === plain(link, "href"))) link.remove();
  }
  for (const next of sheets) {
    if (!swapSheet(next.getAttribute("href"))) document.head.append(document.importNode(next));
  }
}

// ---- static files

// plain is an element's address without the hash of the content.
const plain = (el, attribute) => withoutHash(el.getAttribute(attribute) ?? "");
const withoutHash = (url) => url.replace(/\.[0-9a-f]{12}(\.\w+)$/, "$1");

// using returns the elements that use a file, under whichever hash.
const using = (url, selector, attribute) => [...document.querySelectorAll(selector)].filter((el) => plain(el, attribute) === withoutHash(url));

// swap shows a file that has changed wherever the page uses it.
function swap(url) {
  if (using(url, "script[src]", "src").length > 0) return answersForm ? note(stays) : location.reload();
  swapSheet(url);
  for (const link of using(url, "link[rel~=icon]", "href")) link.setAttribute("href", url);
  for (const [selector, attribute] of [["img, input[type=image], source, video", "src"], ["video", "poster"], ["image", "href"]]) {
    for (const el of using(url, selector, attribute)) preload(url).then(() => el.setAttribute(attribute, url));
  }
  for (const el of document.querySelectorAll("[srcset]")) {
    el.srcset = el.srcset.replace(/[^\s,]+/g, (word) => (withoutHash(word) === withoutHash(url) ? url : word));
  }
}

// preload keeps the old picture until the new one is there.
function preload(url) {
  const image = new Image();
  image.src = url;
  return image.decode().catch(() => {});
}

// swapSheet puts the new style sheet beside the old one until it is loaded. It
// reports whether the page uses it.
function swapSheet(href) {
  const last = using(href, "link[rel=stylesheet]", "href").at(-1);
  if (last && last.getAttribute("href") !== href) {
    const next = last.cloneNode();
    next.href = href;
    next.onerror = () => next.remove();
    next.onload = () => {
      const all = using(href, "link[rel=stylesheet]", "href");
      for (const older of all.slice(0, all.indexOf(next))) older.remove();
    };
    last.after(next);
  }
  return Boolean(last);
}

// ---- faults

function setFault(source, fault) {
  faults[source] = fault;
  const shown = (!saysState && faults.hub) || faults.page;
  if (shown) showFault(shown);
  else hideFault();
}

listen();
document.addEventListener("visibilitychange", catchUp);
addEventListener("pageshow", (event) => event.persisted && catchUp());
