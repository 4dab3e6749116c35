// Lists what is wrong with the page as it is, as sentences. axe is loaded.
async ({ width, maxBytes }) => {
  const faults = [];
  const words = (el) => (el?.outerHTML ?? String(el?.nodeName)).replace(/\s+/g, " ").slice(0, 100);

  // Nothing is judged half-way through a movement that ends.
  await document.fonts.ready;
  const moving = document.getAnimations().filter((a) => a.playState === "running" &&
    a.timeline === document.timeline && Number.isFinite(a.effect.getComputedTiming().endTime));
  await Promise.allSettled(moving.map((a) => a.finished));

  if (document.title.trim().startsWith("·")) faults.push("title: it names the site, and not the page");

  const [page] = performance.getEntriesByType("navigation");
  const resources = performance.getEntriesByType("resource");
  const parts = resources.filter((r) => /\.(css|js)$/.test(new URL(r.name).pathname));
  const bytes = parts.reduce((sum, r) => sum + r.decodedBodySize, page.decodedBodySize);
  if (bytes > maxBytes) {
    faults.push(`weight: the page with its styles and scripts is ${bytes} bytes, more than ${maxBytes}`);
  }
  // What is for developers only may wait for what is theirs.
  const blocking = resources.filter((r) => r.renderBlockingStatus === "blocking" && !r.name.includes("/_dev/"));
  if (blocking.length > 1) {
    faults.push(`render-blocking: the page waits for ${blocking.map((r) => r.name).join(" and ")}`);
  }

  // A phone's innerWidth grows with what is too wide, so the width is given.
  const { scrollWidth } = document.documentElement;
  if (scrollWidth > width) {
    const wide = [...document.body.querySelectorAll("*")].filter((el) => el.getBoundingClientRect().right + scrollX > width);
    faults.push(`scrolling sideways: ${scrollWidth} px in a window of ${width}: ${words(wide.at(-1))}`);
  }

  const judge = async (context, runOnly, kinds) => {
    const results = await axe.run(context, { runOnly, resultTypes: kinds, preload: false }); // preload would fetch from other hosts
    for (const { id, help, nodes } of kinds.flatMap((kind) => results[kind])) {
      for (const node of nodes) {
        const why = [...node.any, ...node.all, ...node.none].map((check) => check.message).join(" ");
        faults.push(`axe ${id}: ${help}: ${node.target.join(" ")}: ${why}`);
      }
    }
  };
  await judge(document, ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], ["violations"]);

  // axe can't tell the contrast over a gradient: each of its colours takes its
  // place. What it can't tell after that is a fault too, but for what lies
  // behind an open menu or dialog.
  const front = document.querySelector(":popover-open, dialog:modal") ?? document;
  const body = getComputedStyle(document.body);
  const colours = [body.backgroundColor, ...(body.backgroundImage.match(/\b(rgba?|color|oklch)\([^()]*\)/g) ?? [])];
  for (const colour of colours.filter((c) => !/[,/] ?0\)$/.test(c))) {
    document.body.style.background = colour;
    await judge(front, ["color-contrast"], ["violations", "incomplete"]);
  }
  document.body.style.background = "";

  // Last, since what moves may move late. Nobody has touched this page yet: that
  // hadRecentInput is true on a phone comes from its viewport.
  const shifts = await new Promise((resolve) => {
    const seen = [];
    const observer = new PerformanceObserver((list) => seen.push(...list.getEntries()));
    observer.observe({ type: "layout-shift", buffered: true });
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve([...seen, ...observer.takeRecords()]))));
  });
  const shift = shifts.reduce((sum, entry) => sum + entry.value, 0);
  // A browser on a busy machine may paint a page of which it has read a half: the
  // footer, or what stands at the right, moves by a hair then.
  if (shift > 0.02) {
    const sources = shifts.flatMap((entry) => entry.sources).map((source) => words(source.node));
    faults.push(`layout shift: ${shift.toFixed(3)}: ${[...new Set(sources)].join(", ")}`);
  }
  return faults;
}
