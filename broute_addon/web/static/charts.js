// Charts by uPlot where it is installed, tables where it is not. Each chart also has its table, for
// those who can't see it.

import { h, say, show, table } from "./dom.js";
import { clock, moment, number, t } from "./words.js";

const ROWS_AT_MOST = 48;
const GAP_S = 180;
const SHORTEST_S = 600;

let loading = null;

/** uPlot, loaded when the first chart needs it; null where it isn't installed. */
function plotter() {
  loading ??=
    document.documentElement.dataset.charts === "no"
      ? Promise.resolve(null)
      : new Promise((resolve) => {
          document.head.append(
            h("link", { rel: "stylesheet", href: "static/vendor/uPlot.min.css" }),
            h("script", {
              src: "static/vendor/uPlot.iife.min.js",
              onload: () => resolve(globalThis.uPlot ?? null),
              onerror: () => resolve(null),
            }),
          );
        });
  return loading;
}

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const themes = new Set();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const redraw of themes) redraw();
});

/**
 * A chart over time.
 *
 * `series`: [{label, color, unit, digits}], with `isBars`, or `isLine` for no filling; colors are
 * names of CSS variables.
 * `range(low, high)` gives the y axis' ends, `guide` a level with its label. `step`: each value
 * stands for that many seconds. `isSigned` false: what lies below zero is told without its sign.
 * `none`: what to say where there is nothing.
 * `set(times, columns, {summary, from, to})`: epoch seconds, numbers or null, the x axis' ends.
 */
export function chart({
  series,
  range,
  guide = null,
  height = 220,
  step = null,
  isSigned = true,
  none = t("chart_empty"),
}) {
  const readout = h("p", { class: "readout", "aria-hidden": "true" });
  const plot = h("div", { class: "plot" });
  const empty = h("p", { class: "quiet empty", hidden: true }, none);
  const tables = h("div");
  const details = h("details", { class: "more" }, h("summary", {}, t("as_table")), tables);
  const frame = h("div", { role: "img", class: "frame" }, plot);
  const element = h(
    "figure",
    { class: "chart" },
    h("div", { class: "above" }, legend(series, guide), readout),
    frame,
    empty,
    details,
  );
  let given = { times: [], columns: series.map(() => []), summary: "", from: 0, to: 1 };
  let drawn = null;
  let isMaking = false;

  async function make() {
    if (isMaking || !plot.clientWidth) return;
    isMaking = true;
    const uPlot = await plotter();
    isMaking = false;
    if (!uPlot) {
      show(frame, false);
      details.open = true;
      element.classList.add("only-table");
      frame.after(h("p", { class: "quiet" }, t("no_charts")));
      return;
    }
    drawn?.destroy();
    drawn = new uPlot(options(uPlot), [given.times, ...given.columns], plot);
  }

  function options(uPlot) {
    const [quiet, line] = [color("--quiet"), color("--line")];
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const axis = { stroke: quiet, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    return {
      width: plot.clientWidth,
      height,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Asia/Tokyo"),
      scales: {
        x: { range: () => [given.from, given.to] },
        y: { range: (_, low, high) => range(low, high) },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 28,
          space: 64,
          values: (_, at) => at.map((each) => clock(new Date(each * 1000))),
        },
        {
          ...axis,
          size: 52,
          gap: 6,
          values: (_, at, _axis, _space, step) => at.map((each) => text(each, decimals(step))),
        },
      ],
      series: [{}, ...series.map((each) => stroke(uPlot, each))],
      hooks: { setCursor: [tell], draw: guide ? [(u) => drawGuide(u, guide, quiet)] : [] },
    };
  }

  function stroke(uPlot, { color: name, isBars, isLine }) {
    const tint = color(name);
    if (isBars) {
      return {
        stroke: tint,
        fill: tint,
        width: 0,
        points: { show: false },
        paths: uPlot.paths.bars({ size: [0.74, 28], radius: 0.15 }),
      };
    }
    return {
      stroke: tint,
      width: 2,
      fill: isLine ? undefined : `${tint}22`,
      points: { show: isLonely, size: 5, fill: tint },
      fillTo: guide ? (u) => u.scales.y.min : 0,
    };
  }

  function tell(u) {
    const at = u.cursor.idx;
    if (at === null || at === undefined) return say(readout, "");
    const values = series.map(({ label, unit, digits }, column) => {
      const value = given.columns[column][at];
      return isKnown(value) ? `${label} ${text(value, digits)} ${unit}` : null;
    });
    say(readout, [when(given.times[at]), ...values.filter(Boolean)].join(" · "));
  }

  function text(value, digits) {
    return number((isSigned ? value : Math.abs(value)).toFixed(digits));
  }

  function when(seconds) {
    if (!step) return moment(new Date(seconds * 1000).toISOString());
    const from = new Date((seconds - step / 2) * 1000);
    return `${clock(from)}–${clock(new Date(from.getTime() + step * 1000))}`;
  }

  function fillTable() {
    if (!details.open) return;
    const every = Math.max(1, Math.ceil(given.times.length / ROWS_AT_MOST));
    const rows = given.times
      .map((seconds, at) => [
        when(seconds),
        ...series.map(({ digits }, column) => {
          const value = given.columns[column][at];
          return isKnown(value) ? text(value, digits) : "–";
        }),
      ])
      .filter((_, at) => (given.times.length - 1 - at) % every === 0);
    const columns = [t("time"), ...series.map(({ label, unit }) => `${label} (${unit})`)];
    tables.replaceChildren(table(given.summary, columns, step ? rows : rows.reverse()));
  }

  details.addEventListener("toggle", fillTable);
  themes.add(() => drawn && make());
  new ResizeObserver(() => {
    if (drawn && plot.clientWidth) drawn.setSize({ width: plot.clientWidth, height });
    else make();
  }).observe(plot);

  return {
    element,
    set(times, columns, { summary, from, to }) {
      given = { times, columns, summary, from, to };
      const hasData = columns.some((column) => column.some(isKnown));
      frame.setAttribute("aria-label", summary);
      show(empty, !hasData);
      element.classList.toggle("has-none", !hasData);
      drawn?.setData([times, ...columns]);
      fillTable();
    },
  };
}

function decimals(step) {
  return step < 0.1 ? 2 : step < 1 ? 1 : 0;
}

function isKnown(value) {
  return value !== null && value !== undefined;
}

function legend(series, guide) {
  const entries = series.map(({ label, unit, color: name }) =>
    h("li", {}, h("i", { class: `key ${name.slice(2)}` }), `${label} (${unit})`),
  );
  if (guide) entries.push(h("li", {}, h("i", { class: "key dashed" }), guide.label));
  return h("ul", { class: "legend", "aria-hidden": "true" }, ...entries);
}

/** A single value makes no line. */
function isLonely(u) {
  return u.data[0].length < 2;
}

function drawGuide(u, { level }, tint) {
  const y = Math.round(u.valToPos(level, "y", true));
  const { left, width, top, height } = u.bbox;
  if (y < top || y > top + height) return;
  const { ctx } = u;
  ctx.save();
  ctx.strokeStyle = tint;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(left, y);
  ctx.lineTo(left + width, y);
  ctx.stroke();
  ctx.restore();
}

/** The x axis' ends for the last hours; it begins later while there is less than that to show. */
export function lastHours(hours, first) {
  const to = Date.now() / 1000;
  return { to, from: Math.max(to - hours * 3600, Math.min((first ?? 0) - 30, to - SHORTEST_S)) };
}

/** Times and columns with a gap wherever nothing came for long, so that no line bridges it. */
export function withGaps(times, columns, gap = GAP_S) {
  const out = { times: [], columns: columns.map(() => []) };
  times.forEach((at, index) => {
    const before = times[index - 1];
    if (index > 0 && at - before > gap) {
      out.times.push(before + 1);
      out.columns.forEach((column) => column.push(null));
    }
    out.times.push(at);
    columns.forEach((column, c) => out.columns[c].push(column[index] ?? null));
  });
  return out;
}

/** The lowest and the highest of what is known; [null, null] of nothing. */
export function extremes(values) {
  let [low, high] = [null, null];
  for (const value of values) {
    if (!isKnown(value)) continue;
    if (low === null || value < low) low = value;
    if (high === null || value > high) high = value;
  }
  return [low, high];
}

/** A choice of hours: a group of radio-like buttons. `onChoice` gets the number. */
export function hoursChoice(choices, chosen, onChoice) {
  const buttons = choices.map((count) =>
    h(
      "button",
      {
        type: "button",
        class: "segment",
        "aria-pressed": String(count === chosen),
        onclick: () => {
          buttons.forEach((each, at) =>
            each.setAttribute("aria-pressed", String(choices[at] === count)),
          );
          onChoice(count);
        },
      },
      t("hours", { count }),
    ),
  );
  return h("div", { class: "segments", role: "group", "aria-label": t("range") }, ...buttons);
}
