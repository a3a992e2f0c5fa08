// Small helpers for making and changing elements. No strings become HTML, ever.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `h("p", {class: "quiet", onclick: f}, "text", child)`, without null children. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Puts the symbols of icons.svg into the page: each use from outside would ask for it again. */
export async function loadIcons() {
  const response = await fetch("static/icons.svg");
  const sprite = new DOMParser().parseFromString(
    await response.text(),
    "image/svg+xml",
  ).documentElement;
  sprite.setAttribute("hidden", "");
  document.body.append(document.adoptNode(sprite));
}

/** A symbol of icons.svg; `label` for those that say more than the words beside them. */
export function icon(name, label = null) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("class", `icon icon-${name}`);
  if (label === null) svg.setAttribute("aria-hidden", "true");
  else {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  }
  svg.append(use);
  return svg;
}

/** Sets an element's text only when it changes: screen readers and selections are left alone. */
export function say(element, text) {
  const wanted = text ?? "";
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** Shows an element or takes it away. */
export function show(element, isShown) {
  if (element.hidden === Boolean(isShown)) element.hidden = !isShown;
}

/** A card with its heading. `aside` stands at the heading's right. */
export function card(title, { aside = null, className = "" } = {}, ...children) {
  const heading = h("h2", { id: `h${++headings}` }, title);
  const head = aside ? h("div", { class: "head" }, heading, aside) : heading;
  return h(
    "section",
    { class: `card ${className}`.trim(), "aria-labelledby": heading.id },
    head,
    ...children,
  );
}
let headings = 0;

/** Words and values side by side: `[["Port", "ttyUSB0"], …]`, without those that have none. */
export function pairs(entries) {
  return h(
    "dl",
    { class: "pairs" },
    ...entries
      .filter(([, value]) => value !== null && value !== undefined && value !== "")
      .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

/** A table of texts; from the second column on they stand at the right. */
export function table(caption, columns, rows) {
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...columns.map((text) => h("th", { scope: "col" }, text)))),
      h(
        "tbody",
        {},
        ...rows.map((row) =>
          h(
            "tr",
            {},
            ...row.map((text, at) =>
              at === 0 ? h("th", { scope: "row" }, text) : h("td", {}, text),
            ),
          ),
        ),
      ),
    ),
  );
}

/** Calls `f` once, `delay` ms after the last call. */
export function debounced(f, delay) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...values), delay);
  };
}

/** Remembers what was drawn last: true when `value` differs from the one before. */
export function changes() {
  let last;
  return (value) => {
    const text = JSON.stringify(value);
    if (text === last) return false;
    last = text;
    return true;
  };
}
