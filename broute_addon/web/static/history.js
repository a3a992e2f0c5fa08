// The half-hours of a day, how complete the history is, and what Home Assistant got of it.

import { get } from "./api.js";
import { chart } from "./charts.js";
import { card, changes, h, icon, pairs, say, show, table } from "./dom.js";
import { addDays, isoDay, left, moment, month, noon, number, shortDay, t, weekday } from "./words.js";

const HALF_HOUR_S = 1800;

export function history(context) {
  const day = dayCard((shown) => coverage.mark(shown));
  const coverage = coverageCard(context, day.choose);
  const imported = importCard();
  const repair = repairCard();
  const element = h("div", { class: "view history" }, day.element, coverage.element, imported.element, repair.element);
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
  const picker = h("input", { type: "date", "aria-label": t("day_pick"), onchange: () => picker.value && choose(picker.value) });
  const before = h("button", { type: "button", class: "round", "aria-label": t("day_before"), onclick: () => move(-1) }, icon("back"));
  const after = h("button", { type: "button", class: "round", "aria-label": t("day_after"), onclick: () => move(1) }, icon("forth"));
  const totals = h("div", { class: "tiles" });
  const note = h("p", { class: "quiet", role: "status" });
  const bars = chart({
    series: [
      { label: t("bought"), color: "--bought", unit: "kWh", digits: 3, isBars: true },
      { label: t("sold"), color: "--sold", unit: "kWh", digits: 3, isBars: true },
    ],
    range: (low, high) => [Math.min(0, (low ?? 0) * 1.1), Math.max((high ?? 0) * 1.1, low < 0 ? 0.05 : 0.2)],
    step: HALF_HOUR_S,
    isSigned: false,
    none: t("day_empty"),
    height: 240,
  });
  const element = card(t("day"), { className: "day", aside: h("div", { class: "days" }, before, picker, after) },
    totals, bars.element, note,
    h("p", { class: "actions" }, h("a", { class: "button", href: "api/history.csv", download: "" }, icon("download"), t("csv"))));
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
    const of = (way, sign) => slots.map((slot) => (slot[way] === null ? null : sign * Number(slot[way])));
    const midnight = noon(day).getTime() / 1000 - 12 * 3600;
    const [bought, sold] = [number(total?.bought), number(total?.sold)];
    bars.set(times, [of("bought", 1), of("sold", -1)], {
      from: midnight, to: midnight + 86_400, summary: t("day_chart", { day: shortDay(noon(day)), bought, sold }),
    });
    const hasSold = slots.some((slot) => slot.sold !== null);
    const known = slots.filter((slot) => slot.bought !== null).length;
    totals.replaceChildren(...(known ? [tile("bought", t("bought"), bought)] : []), ...(hasSold ? [tile("sold", t("sold"), sold)] : []));
    const missing = slots.filter((slot) => slot.bought === null && new Date(slot.to) <= new Date()).length;
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
  return h("div", { class: `tile ${way}` }, icon(way), h("span", { class: "name" }, name), h("strong", {}, `${kwh} kWh`));
}

function coverageCard(context, choose) {
  const percent = h("strong", { class: "percent" });
  const text = h("p", { class: "quiet" });
  const bar = h("progress", { max: 1, "aria-label": t("history_reading") });
  const barText = h("p", { class: "quiet" });
  const progress = h("div", { class: "progress", hidden: true }, h("p", {}, t("history_reading")), bar, barText);
  const calendar = h("div", { class: "calendar", role: "group", "aria-label": t("coverage_calendar") });
  const legend = h("ul", { class: "legend" }, ...["none", "part", "full", "gone"].map((level) =>
    h("li", {}, h("i", { class: `key cell ${level}` }), t(`legend_${level}`))));
  const again = h("button", { type: "button", class: "button", onclick: () => context.run("read-history", t("read_history")) }, icon("refresh"), t("read_history"));
  const element = card(t("coverage"), { className: "memory", aside: percent }, text, progress, calendar, legend, h("p", { class: "actions" }, again));
  const isNewCalendar = changes();
  const loadSoon = changes();
  let current = 0;
  let shownDay = null;

  async function load() {
    const given = await get("coverage");
    if (given && isNewCalendar(given.days)) draw(given.days);
  }

  function draw(days) {
    show(calendar, days.length);
    show(legend, days.length);
    current = Math.max(0, days.length - 1);
    const cells = days.map((day, at) => cell(day, at, at === current));
    const pad = days.length ? (noon(days[0].day).getUTCDay() + 6) % 7 : 0;
    const weekdays = Array.from({ length: 7 }, (_, at) => h("i", { class: "weekday", "aria-hidden": "true" }, weekday(noon(addDays("2024-01-01", at)))));
    calendar.replaceChildren(...weekdays, ...Array.from({ length: pad }, () => h("i", { class: "pad" })), ...cells);
    mark(shownDay);
    calendar.onkeydown = (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 7, ArrowUp: -7, Home: -cells.length, End: cells.length }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      cells[current].tabIndex = -1;
      current = Math.min(cells.length - 1, Math.max(0, current + by));
      cells[current].tabIndex = 0;
      cells[current].focus();
    };
  }

  function cell({ day, known, expected, gone }, at, isFirst) {
    const date = noon(day);
    const level = known >= expected && expected > 0 ? "full" : known > 0 ? "part" : gone >= expected && expected > 0 ? "gone" : "none";
    const words = [t("coverage_day", { day: shortDay(date), known, expected }), gone ? t("coverage_gone", { count: gone }) : ""];
    const label = words.filter(Boolean).join(", ");
    const button = h("button", {
      type: "button", class: `cell ${level}`, "data-day": day, title: label, "aria-label": label, tabindex: isFirst ? 0 : -1,
      onclick: () => {
        calendar.querySelectorAll(".cell[tabindex='0']").forEach((each) => { each.tabIndex = -1; });
        current = at;
        button.tabIndex = 0;
        choose(day);
      },
    }, day.endsWith("-01") || at === 0 ? h("b", {}, month(date)) : String(date.getUTCDate()));
    return button;
  }

  /** Marks the day that is shown. */
  function mark(day) {
    shownDay = day;
    for (const each of calendar.querySelectorAll("[aria-current]")) each.removeAttribute("aria-current");
    calendar.querySelector(`[data-day="${day}"]`)?.setAttribute("aria-current", "date");
  }

  return {
    element,
    load,
    mark,
    update({ coverage, history: reading, may_command: mayCommand }) {
      const expected = coverage ? coverage.known + coverage.missing + coverage.gone : 0;
      say(percent, coverage ? `${coverage.percent} %` : "");
      const isWhole = coverage && coverage.missing === 0 && coverage.gone === 0;
      say(text, coverage ? [isWhole ? t("coverage_whole", { known: number(coverage.known) }) : t("coverage_text", { known: number(coverage.known), missing: number(coverage.missing), gone: number(coverage.gone), expected: number(expected) }), coverage.oldest ? t("coverage_since", { day: shortDay(new Date(coverage.oldest)) }) : ""].join(" ") : t("coverage_none"));
      show(progress, reading?.is_reading);
      if (reading?.is_reading) {
        bar.value = reading.total ? reading.done / reading.total : 0;
        say(barText, [t("history_progress", reading), left(reading.left_s)].filter(Boolean).join(" · "));
      }
      again.disabled = mayCommand === false || Boolean(reading?.is_reading);
      if (element.offsetParent && loadSoon(coverage?.known)) load();
    },
  };
}

function importCard() {
  const mode = h("p", {});
  const facts = h("div");
  const problem = h("p", { class: "remedy", hidden: true });
  const element = card(t("import"), { className: "import" }, mode, facts, problem);
  const isNew = changes();
  return {
    element,
    update({ import: told }) {
      show(element, told);
      if (!told || !isNew(told)) return;
      say(mode, t(`import_${told.mode}`));
      facts.replaceChildren(told.mode === "off" ? "" : pairs([[t("import_last"), told.last ? moment(told.last) : t("import_never")]]));
      say(problem, told.problem);
      show(problem, told.problem);
    },
  };
}

function repairCard() {
  const lead = h("p", { class: "quiet" });
  const problem = h("p", { class: "remedy", hidden: true });
  const plan = h("div");
  const done = h("div");
  const element = card(t("repair"), { className: "repair" }, lead, problem, plan, done);
  const columns = () => ["hour", "kind", "old", "new", "statistic"].map((key) => t(`repair_${key}`));
  const row = (hour) => [moment(hour.start), t(`repair_kind_${hour.kind}`), number(hour.old_sum), number(hour.new_sum), hour.statistic_id];

  return {
    element,
    async load() {
      const given = await get("repair");
      show(element, given);
      if (!given) return;
      const hours = given.hours ?? [];
      const mended = given.done ?? [];
      say(lead, !hours.length ? t("repair_nothing") : given.mode === "repair" ? t("repair_will") : t("repair_dry"));
      say(problem, given.problem);
      show(problem, given.problem);
      plan.replaceChildren(hours.length ? table(t("repair"), columns(), hours.map(row)) : "");
      done.replaceChildren(...(mended.length ? [h("h3", {}, t("repair_done")), table(t("repair_done"), columns(), mended.map(row))] : []));
    },
  };
}
