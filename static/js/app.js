// Small comforts. Every page works without this script.

// A link to a page that asks for confirmation opens the dialog with the same
// question, where the page has one. Escape closes it.
document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const opener = event.target.closest("a[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (dialog) {
    event.preventDefault();
    dialog.showModal();
  }
  const closer = event.target.closest("dialog [data-close]");
  if (closer) {
    event.preventDefault();
    closer.closest("dialog").close();
  }
});

// The menu closes behind somebody who goes on with the keyboard.
const menu = document.getElementById("menu");
menu?.addEventListener("focusout", ({ relatedTarget }) => {
  if (relatedTarget && !menu.contains(relatedTarget) && !relatedTarget.matches("[popovertarget]")) menu.hidePopover();
});

// A form is sent once, even if its button is pressed twice. Somebody who stops
// the page while it is under way can send it again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 3000);
});

// The colours change at once, and what is half typed stays.
document.querySelector("[data-themes]")?.addEventListener("submit", (event) => {
  const form = event.target, chosen = event.submitter;
  event.preventDefault();
  document.documentElement.dataset.theme = chosen.value;
  for (const button of form.querySelectorAll("button")) button.ariaPressed = String(button === chosen);
  fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, chosen)), keepalive: true });
});
