// Sorting, filtering, folding: nothing else. The report can be read without it.
addEventListener("DOMContentLoaded", () => {
  const all = (selector, of = document) => [...of.querySelectorAll(selector)];
  for (const hidden of all(".controls")) hidden.hidden = false;
  for (const button of all("[data-fold]")) {
    button.onclick = () => {
      for (const part of all("article details")) part.open = button.dataset.fold === "open";
    };
  }
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  // A second click on the same link changes no address.
  addEventListener("click", event => {
    const link = event.target.closest && event.target.closest("a");
    const to = link && link.getAttribute("href");
    if (to && to === location.hash) reveal();
  });
  if (location.hash) reveal();

  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent : cell.dataset.v;
  };
  const compare = (a, b) => {
    const numbers = a !== "" && b !== "" && !isNaN(a) && !isNaN(b);
    return numbers ? a - b : a < b ? -1 : a > b ? 1 : 0;
  };
  for (const table of all("table.calls")) {
    const heads = all("thead th", table);
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.onclick = () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach(other => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const body = table.tBodies[0];
        const rows = [...body.rows].map(row => [value(row, column), row]);
        rows.sort((a, b) => (down ? -1 : 1) * compare(a[0], b[0]));
        body.append(...rows.map(pair => pair[1]));
      };
    });
  }
  for (const filter of all(".filter")) {
    const rows = [...document.getElementById(filter.dataset.table).tBodies[0].rows];
    const words = filter.querySelector("input[type=search]");
    const bad = filter.querySelector("input[type=checkbox]");
    const count = filter.querySelector("output");
    let texts = null;
    let timer = 0;
    const apply = () => {
      texts = texts || rows.map(row => row.textContent.toLowerCase());
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, at) => {
        const fits = (!bad.checked || row.classList.contains("bad")) && wanted.every(word => texts[at].includes(word));
        row.hidden = !fits;
        shown += fits ? 1 : 0;
      });
      count.textContent = shown + " / " + rows.length;
    };
    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(apply, 120);
    };
    words.oninput = later;
    bad.onchange = later;
  }
});
