// The half-hours of a day, how complete the history is, and what Home Assistant got of it.

import { get } from "./api.js";
import { chart } from "./charts.js";
import { coverageCard } from "./coverage.js";
import { card, changes, h, icon, say } from "./dom.js";
import { importCard, repairCard } from "./statistics.js";
import { addDays, isoDay, noon, number, shortDay, t } from "./words.js";

const HALF_HOUR_S = 1800;

export function history(context) {
  const day = dayCard((shown) => coverage.mark(shown));
  const coverage = coverageCard(context, day.choose);
  const imported = importCard();
  const repair = repairCard();
  const element = h(
    "div",
    { class: "view history" },
    day.element,
    coverage.element,
    imported.element,
    repair.element,
  );
  return {
    element,
    update(state) {
      coverage.update(state);
      imported.update(state);
      day.update(state);
    },
    enter() {
      day.load();
      coverage.load();
      repair.load();
    },
  };
}

function dayCard(onShown) {
  const picker = h("input", {
    type: "date",
    "aria-label": t("day_pick"),
    onchange: () => picker.value && choose(picker.value),
  });
  const before = h(
    "button",
    { type: "button", class: "round", "aria-label": t("day_before"), onclick: () => move(-1) },
    icon("back"),
  );
  const after = h(
    "button",
    { type: "button", class: "round", "aria-label": t("day_after"), onclick: () => move(1) },
    icon("forth"),
  );
  const totals = h("div", { class: "tiles" });
  const note = h("p", { class: "quiet", role: "status" });
  const bars = chart({
    series: [
      { label: t("bought"), color: "--bought", unit: "kWh", digits: 3, isBars: true },
      { label: t("sold"), color: "--sold", unit: "kWh", digits: 3, isBars: true },
    ],
    range: (low, high) => [
      Math.min(0, (low ?? 0) * 1.1),
      Math.max((high ?? 0) * 1.1, low < 0 ? 0.05 : 0.2),
    ],
    step: HALF_HOUR_S,
    isSigned: false,
    none: t("day_empty"),
    height: 240,
  });
  const element = card(
    t("day"),
    { className: "day", aside: h("div", { class: "days" }, before, picker, after) },
    totals,
    bars.element,
    note,
    h(
      "p",
      { class: "actions" },
      h(
        "a",
        { class: "button", href: "api/history.csv", download: "" },
        icon("download"),
        t("csv"),
      ),
    ),
  );
  let chosen = null;
  let isToday = true;
  let asked = 0;
  const isNewHalfHour = changes();

  function move(count) {
    if (chosen) choose(addDays(chosen, count));
  }

  async function choose(day) {
    chosen = day;
    isToday = false;
    await load();
  }

  async function load() {
    const question = ++asked;
    const given = await get(`history${chosen && !isToday ? `?day=${chosen}` : ""}`);
    if (given && question === asked) draw(given);
  }

  function draw({ day, slots, total, first_day: first, last_day: last }) {
    chosen = day;
    onShown(day);
    isToday = isToday || day === last;
    picker.value = day;
    picker.min = first ?? "";
    picker.max = last ?? isoDay(new Date());
    before.disabled = !first || day <= first;
    after.disabled = day >= picker.max;
    const times = slots.map(({ from }) => new Date(from).getTime() / 1000 + HALF_HOUR_S / 2);
    const of = (way, sign) =>
      slots.map((slot) => (slot[way] === null ? null : sign * Number(slot[way])));
    const midnight = noon(day).getTime() / 1000 - 12 * 3600;
    const [bought, sold] = [number(total?.bought), number(total?.sold)];
    bars.set(times, [of("bought", 1), of("sold", -1)], {
      from: midnight,
      to: midnight + 86_400,
      summary: t("day_chart", { day: shortDay(noon(day)), bought, sold }),
    });
    const hasSold = slots.some((slot) => slot.sold !== null);
    const known = slots.filter((slot) => slot.bought !== null).length;
    totals.replaceChildren(
      ...(known ? [tile("bought", t("bought"), bought)] : []),
      ...(hasSold ? [tile("sold", t("sold"), sold)] : []),
    );
    const missing = slots.filter(
      (slot) => slot.bought === null && new Date(slot.to) <= new Date(),
    ).length;
    say(note, known && missing ? t("day_missing", { count: missing }) : "");
  }

  return {
    element,
    choose(day) {
      choose(day);
      element.scrollIntoView({ block: "nearest" });
    },
    load,
    update(state) {
      const isNew = isNewHalfHour(state.coverage?.newest ?? null);
      if (isNew && element.isConnected && isToday && element.offsetParent) load();
    },
  };
}

function tile(way, name, kwh) {
  return h(
    "div",
    { class: `tile ${way}` },
    icon(way),
    h("span", { class: "name" }, name),
    h("strong", {}, `${kwh} kWh`),
  );
}
