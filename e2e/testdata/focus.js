// Says where the focus is, and whether somebody sees it there. Before that, in
// each step, it remembers how everything looks without the focus.
//
// onIt: whether it is on what find.js has found. seen: whether it has been here
// before. fault: what is wrong with it.
async (arrived) => {
  const outline = ({ outlineStyle, outlineWidth, outlineColor }) =>
    outlineStyle === "none" || outlineWidth === "0px" || /[,/] ?0\)$/.test(outlineColor) ? "" : `${outlineStyle} ${outlineWidth} ${outlineColor}`;
  const indicator = (el) => [outline(getComputedStyle(el)), getComputedStyle(el).boxShadow].join();
  const focused = document.activeElement;
  window.atRest ??= new Map();
  if (!arrived) {
    for (const el of document.body.querySelectorAll("*")) {
      if (!el.matches(":focus-within") && !atRest.has(el)) atRest.set(el, indicator(el));
    }
    return {};
  }

  if (focused === document.body) return { seen: true };
  await Promise.allSettled(document.getAnimations().filter((a) => a instanceof CSSTransition).map((a) => a.finished));
  const what = focused.outerHTML.replace(/\s+/g, " ").slice(0, 100);
  const around = [...(focused.labels ?? [])].flatMap((label) => [label, ...label.querySelectorAll("*")]);
  const showing = [focused, focused.nextElementSibling, ...around].filter((el) => el && atRest.has(el));
  const { left, top, width, height } = focused.getClientRects()[0] ?? {};
  const hit = document.elementFromPoint(left + width / 2, top + height / 2);
  let fault = "";
  if (focused.localName === "iframe") {
    // It is on something in the frame, which shows it there.
  } else if (atRest.has(focused) && showing.every((el) => indicator(el) === atRest.get(el))) {
    fault = `the focus can't be told on ${what}`;
  } else if (![focused, ...around].some((el) => el.contains(hit))) {
    fault = `the focus is out of sight on ${what}`;
  }
  window.walked ??= new Set();
  const seen = walked.has(focused);
  walked.add(focused);
  return { onIt: focused === window.found, seen, fault };
}
