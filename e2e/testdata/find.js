// Finds what a person would use on the page: a "field" by its name or label, a
// "link" by its path or text, a "button" by its form's action or its text.
//
// Returns the point to click on. When it lies in something that is closed (a
// menu), that is the point that opens it, and opens is true. When there is
// nothing of the kind, fault says so. scripted: whether scripts of the page run;
// else nothing tells when it was painted.
async (kind, what, scripted) => {
  const isPath = what.startsWith("/");
  const words = (text) => (text ?? "").trim().replace(/\s+/g, " ");
  const name = (el) => words(el.getAttribute("aria-label") ?? (el.matches("input") ? el.value : el.textContent));
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const visible = (el) => el.checkVisibility({ visibilityProperty: true }) && el.getClientRects().length > 0;

  const find = {
    field() {
      const fields = all("input:not([type=hidden]), select, textarea");
      const named = fields.filter((el) => el.name === what);
      return named.length ? named : fields.filter((el) => [...el.labels].some((label) => words(label.textContent).startsWith(what)));
    },
    link: () => all("a[href]").filter((el) => (isPath ? el.getAttribute("href") : name(el)) === what),
    button() {
      const buttons = "button:not([type=button], [type=reset]), input[type=submit]";
      if (!isPath) return all("button, input[type=submit]").filter((el) => name(el) === what);
      return [...document.forms].filter((form) => form.getAttribute("action") === what)
        .flatMap((form) => [...form.elements].filter((el) => el.matches(buttons)));
    },
  };
  const opener = (el) => {
    const closed = el.closest("details:not([open]), [popover]:not(:popover-open)");
    return closed?.matches("details") ? closed.querySelector("summary") : closed && document.querySelector(`[popovertarget="${closed.id}"]`);
  };

  const found = find[kind]();
  if (found.length === 0) return { fault: `there is no ${kind} ${what}` };
  let target = found.find(visible), opens = false;
  if (!target) {
    [target] = found.map(opener).filter((el) => el && visible(el));
    opens = true;
  }
  if (!target) return { fault: `the ${kind} ${what} can't be seen` };
  window.found = target; // for the next script

  const from = scrollY;
  target.scrollIntoView({ block: "center", behavior: "instant" });
  if (scripted && scrollY !== from) { // until then a click goes to a frame that lay there, if that is a process of its own
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  }
  const { left, top, width, height } = target.getClientRects()[0];
  const x = left + width / 2, y = top + height / 2;
  const hit = document.elementFromPoint(x, y);
  if (!target.contains(hit)) return { fault: `the ${kind} ${what} is covered by <${hit?.localName}>` };
  return { x, y, opens };
}
