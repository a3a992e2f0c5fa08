// What is happening, and the power of this moment.

import { get } from "./api.js";
import { chart, extremes, hoursChoice, lastHours, withGaps } from "./charts.js";
import { card, changes, h, icon, pairs, say, show } from "./dom.js";
import { ago, moment, number, t } from "./words.js";

const POINTS_AT_MOST = 20_000;
const FRESH_INTERVALS = 4;

/** The values of a state by their keys. */
export function byKey(state) {
  return new Map(state.values.map((value) => [value.key, value]));
}

export function overview() {
  const now = nowCard();
  const energy = energyCard();
  const steps = stepsCard();
  const hours = hoursCard();
  const element = h(
    "div",
    { class: "view overview" },
    now.element,
    hours.element,
    energy.element,
    steps.element,
  );
  return {
    element,
    update(state) {
      element.classList.toggle("in-trouble", !state.is_reading);
      for (const part of [now, energy, steps, hours]) part.update(state);
    },
    tick: now.tick,
    enter: hours.load,
  };
}

function nowCard() {
  const figure = h("span", { class: "figure" }, "–");
  const unit = h("span", { class: "unit" }, "W");
  const flow = h("p", { class: "flow" });
  const currents = h("div");
  const fresh = h("p", { class: "fresh" });
  const element = card(
    t("power"),
    { className: "now" },
    h("p", { class: "big" }, figure, " ", unit),
    flow,
    currents,
    fresh,
  );
  let at = null;
  let lifetime = 120;
  const isNewFlow = changes();
  const areNewCurrents = changes();

  function tick() {
    const age = at === null ? null : (Date.now() - at) / 1000;
    const isStale = age !== null && age > lifetime;
    element.classList.toggle("stale", isStale || at === null);
    say(
      fresh,
      age === null
        ? t("no_power_yet")
        : `${t("updated")} ${ago(age)}${isStale ? ` · ${t("stale")}` : ""}`,
    );
  }

  return {
    element,
    tick,
    update(state) {
      const values = byKey(state);
      const power = values.get("power");
      const isKnown = power !== undefined && power.value !== null;
      show(element, power || state.is_reading); // before the first reading the steps tell all
      element.classList.toggle("absent", !isKnown);
      at = isKnown ? new Date(power.at).getTime() : null;
      lifetime = Math.max(15, FRESH_INTERVALS * state.poll_interval_s);
      const watts = isKnown ? Number(power.value) : 0;
      say(figure, isKnown ? number(power.value) : "–");
      const way = !isKnown ? "" : watts > 0 ? "bought" : watts < 0 ? "sold" : "none";
      if (isNewFlow(way)) {
        element.dataset.flow = way;
        const words = { bought: t("buying"), sold: t("selling"), none: t("neither") };
        flow.replaceChildren(...(way ? [way === "none" ? "" : icon(way), words[way]] : []));
      }
      const amperes = ["current_r", "current_t"]
        .map((key) => values.get(key))
        .filter((value) => value && value.value !== null)
        .map((value) => [value.name, `${number(value.value)} ${value.unit}`]);
      if (areNewCurrents(amperes)) currents.replaceChildren(pairs(amperes));
      tick();
    },
  };
}

function energyCard() {
  const body = h("div");
  const element = card(t("energy"), { className: "energy" }, body);
  const isNew = changes();
  const tile = (way, name, value) =>
    value &&
    h(
      "div",
      { class: `tile ${way}` },
      icon(way),
      h("span", { class: "name" }, name),
      h("strong", {}, `${number(value.value)} ${value.unit}`),
    );
  return {
    element,
    update(state) {
      const values = byKey(state);
      const keys = [
        "energy_bought_today",
        "energy_sold_today",
        "energy_bought_yesterday",
        "energy_sold_yesterday",
        "energy_bought",
        "energy_sold",
      ];
      const [boughtToday, soldToday, boughtBefore, soldBefore, bought, sold] = keys
        .map((key) => values.get(key))
        .map((value) => (value?.value === null ? undefined : value));
      show(element, [boughtToday, soldToday, bought, sold].some(Boolean));
      if (!isNew([boughtToday, soldToday, boughtBefore, soldBefore, bought, sold])) return;
      const tiles = [
        tile("bought", t("bought_today"), boughtToday),
        tile("sold", t("sold_today"), soldToday),
      ].filter(Boolean);
      body.replaceChildren(
        ...(tiles.length ? [h("div", { class: "tiles" }, ...tiles)] : []),
        pairs([
          [t("yesterday"), both(boughtBefore, soldBefore)],
          [t("counters"), both(bought, sold)],
        ]),
      );
    },
  };
}

/** What was bought and what was sold, side by side. */
function both(bought, sold) {
  const part = (way, value) =>
    value && h("span", {}, icon(way, t(way)), `${number(value.value)} ${value.unit}`);
  const parts = [part("bought", bought), part("sold", sold)].filter(Boolean);
  return parts.length ? h("span", { class: "both" }, ...parts) : null;
}

/** The steps on the way to the meter's history; also shown by the first-run guide. */
export function stepsCard(title = t("steps")) {
  const list = h("ol", { class: "steps" });
  const isNew = changes();
  return {
    element: card(title, { className: "happening" }, list),
    update(state) {
      const steps = state.steps ?? [
        {
          key: "reading",
          title: state.step,
          state: state.is_reading ? "done" : "active",
          at: state.since,
          text: state.problem,
        },
      ];
      // What to do stands with the problem on top of the page, once.
      const told = steps.map((each) =>
        each.remedy === state.remedy ? { ...each, remedy: null } : each,
      );
      if (isNew(told)) list.replaceChildren(...told.map(step));
    },
  };
}

function step({ title, state, at, text, remedy }) {
  return h(
    "li",
    { class: `step ${state}` },
    icon(state, t(`state_${state}`)),
    h(
      "div",
      { class: "said" },
      h("p", { class: "title" }, title, at ? h("time", { datetime: at }, moment(at)) : null),
      text ? h("p", { class: "text" }, text) : null,
      remedy ? h("p", { class: "remedy" }, h("strong", {}, t("what_to_do")), " ", remedy) : null,
    ),
  );
}

function hoursCard() {
  const power = chart({
    series: [
      { label: t("bought"), color: "--bought", unit: "W", digits: 0 },
      { label: t("sold"), color: "--sold", unit: "W", digits: 0 },
    ],
    range: (low, high) => [
      Math.min(0, (low ?? 0) * 1.1),
      Math.max((high ?? 0) * 1.1, low < 0 ? 0 : 200),
    ],
  });
  const currents = chart({
    series: [
      { label: t("current_r"), color: "--phase-r", unit: "A", digits: 1, isLine: true },
      { label: t("current_t"), color: "--phase-t", unit: "A", digits: 1, isLine: true },
    ],
    range: (low, high) => [Math.min(0, (low ?? 0) * 1.1), Math.max((high ?? 0) * 1.1, 2)],
    height: 150,
  });
  let hours = 6;
  let points = { at: [], power: [], current_r: [], current_t: [] };
  let isLoaded = false;
  const element = card(
    t("live_chart"),
    {
      className: "hours",
      aside: hoursChoice([1, 6, 24], hours, (count) => {
        hours = count;
        load();
      }),
    },
    power.element,
    h("h3", {}, t("currents")),
    currents.element,
  );
  show(element, false);

  async function load() {
    const given = await get(`live?hours=${hours}`);
    if (given) points = given;
    isLoaded = true;
    draw();
  }

  function draw() {
    const ends = lastHours(hours, points.at[0]);
    const { times, columns } = withGaps(points.at, [
      points.power,
      points.current_r,
      points.current_t,
    ]);
    show(element, times.length);
    const [bought, sold] = bySign(columns[0]);
    const [low, high] = extremes(columns[0]);
    power.set(times, [bought, sold], {
      ...ends,
      summary: t("live_chart_power", { hours, low: number(low), high: number(high) }),
    });
    const [, highest] = extremes([...columns[1], ...columns[2]]);
    currents.set(times, [columns[1], columns[2]], {
      ...ends,
      summary: t("live_chart_currents", { hours, high: number(highest) }),
    });
  }

  return {
    element,
    load,
    update(state) {
      const values = byKey(state);
      const newest = values.get("power");
      if (!isLoaded || !newest || newest.value === null) return;
      const at = Math.floor(new Date(newest.at).getTime() / 1000);
      if (at <= (points.at.at(-1) ?? 0)) return;
      const value = (key) =>
        (values.get(key)?.value ?? null) === null ? null : Number(values.get(key).value);
      points.at.push(at);
      for (const key of ["power", "current_r", "current_t"]) points[key].push(value(key));
      const oldest = at - hours * 3600;
      let surplus = points.at.length - POINTS_AT_MOST;
      while (points.at[Math.max(0, surplus)] < oldest) surplus = Math.max(0, surplus) + 1;
      if (surplus > 0) for (const column of Object.values(points)) column.splice(0, surplus);
      draw();
    },
  };
}

/** What is bought and what is sold as two lines that meet at zero. */
function bySign(column) {
  const bought = column.map((value) => (value === null || value < 0 ? null : value));
  const sold = column.map((value) => (value === null || value >= 0 ? null : value));
  for (let at = 1; at < column.length; at++) {
    const [before, after] = [column[at - 1], column[at]];
    if (before === null || after === null || before < 0 === after < 0) continue;
    if (after < 0) sold[at - 1] ??= 0;
    else sold[at] ??= 0;
    if (after < 0) bought[at] ??= 0;
    else bought[at - 1] ??= 0;
  }
  return [bought, sold];
}
