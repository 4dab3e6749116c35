// The overlay is in a shadow tree of its own, beside the body: the page's style
// doesn't touch it, nor does it touch the page.
let parts, shown, closed; // the texts of the fault that is shown, and of the one that was closed
const dismissed = () => closed;

function overlay() {
  if (parts) return parts;
  const host = document.createElement("portal-devtools");
  const make = (name, properties) => Object.assign(document.createElement(name), properties);
  const sheet = make("link", { rel: "stylesheet", href: "/_dev/overlay.css" });
  const styled = new Promise((resolve) => (sheet.onload = sheet.onerror = resolve));
  const dialog = make("dialog", { tabIndex: -1 });
  const close = make("button", { type: "button", textContent: "Close", title: "Esc" });
  const fault = make("div", { className: "fault" });
  const note = make("p", { className: "note-bar", hidden: true });
  note.setAttribute("role", "status");
  close.onclick = () => dialog.close();
  dialog.append(close, fault);
  host.attachShadow({ mode: "open" }).append(sheet, dialog, note);
  document.documentElement.append(host);
  return (parts = { dialog, fault, note, styled });
}

// showFault covers the page with a fault. What lies below keeps what was typed;
// menus that were open are opened again afterwards.
async function showFault({ title, html }) {
  const { dialog, fault, styled } = overlay();
  if (html !== shown) fault.innerHTML = html;
  dialog.ariaLabel = title;
  shown = html;
  await styled;
  if (dialog.open || !shown) return;
  const popovers = document.querySelectorAll(":popover-open");
  dialog.onclose = () => {
    closed = shown; // by somebody, or by hideFault: then it is nothing
    popovers.forEach((popover) => popover.isConnected && popover.showPopover());
  };
  dialog.showModal();
  dialog.focus(); // not its button, which somebody who is typing would press with a space
}

function hideFault() {
  shown = closed = undefined;
  parts?.dialog.close();
}

// note says something that needs no answer, at the edge of the page, or "" no
// more.
function note(text) {
  if (!text && !parts) return;
  const { note } = overlay();
  note.textContent = text;
  note.hidden = !text;
}
