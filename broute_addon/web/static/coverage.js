// How complete the history is, day by day, and how far the reading of the meter's memory is.

import { get } from "./api.js";
import { card, changes, h, icon, say, show } from "./dom.js";
import { addDays, left, month, noon, number, shortDay, t, weekday } from "./words.js";

/** The calendar; `choose` gets a day. */
export function coverageCard(context, choose) {
  const percent = h("strong", { class: "percent" });
  const text = h("p", { class: "quiet" });
  const bar = h("progress", { max: 1, "aria-label": t("history_reading") });
  const barText = h("p", { class: "quiet" });
  const progress = h(
    "div",
    { class: "progress", hidden: true },
    h("p", {}, t("history_reading")),
    bar,
    barText,
  );
  const calendar = h("div", {
    class: "calendar",
    role: "group",
    "aria-label": t("coverage_calendar"),
  });
  const legend = h(
    "ul",
    { class: "legend" },
    ...["none", "part", "full", "gone"].map((level) =>
      h("li", {}, h("i", { class: `key cell ${level}` }), t(`legend_${level}`)),
    ),
  );
  const again = h(
    "button",
    {
      type: "button",
      class: "button",
      onclick: () => context.run("read-history", t("read_history")),
    },
    icon("refresh"),
    t("read_history"),
  );
  const element = card(
    t("coverage"),
    { className: "memory", aside: percent },
    text,
    progress,
    calendar,
    legend,
    h("p", { class: "actions" }, again),
  );
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
    const weekdays = Array.from({ length: 7 }, (_, at) =>
      h("i", { class: "weekday", "aria-hidden": "true" }, weekday(noon(addDays("2024-01-01", at)))),
    );
    calendar.replaceChildren(
      ...weekdays,
      ...Array.from({ length: pad }, () => h("i", { class: "pad" })),
      ...cells,
    );
    mark(shownDay);
    calendar.onkeydown = (event) => {
      const by = {
        ArrowRight: 1,
        ArrowLeft: -1,
        ArrowDown: 7,
        ArrowUp: -7,
        Home: -cells.length,
        End: cells.length,
      }[event.key];
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
    const level =
      known >= expected && expected > 0
        ? "full"
        : known > 0
          ? "part"
          : gone >= expected && expected > 0
            ? "gone"
            : "none";
    const words = [
      t("coverage_day", { day: shortDay(date), known, expected }),
      gone ? t("coverage_gone", { count: gone }) : "",
    ];
    const label = words.filter(Boolean).join(", ");
    const button = h(
      "button",
      {
        type: "button",
        class: `cell ${level}`,
        "data-day": day,
        title: label,
        "aria-label": label,
        tabindex: isFirst ? 0 : -1,
        onclick: () => {
          calendar.querySelectorAll(".cell[tabindex='0']").forEach((each) => {
            each.tabIndex = -1;
          });
          current = at;
          button.tabIndex = 0;
          choose(day);
        },
      },
      day.endsWith("-01") || at === 0 ? h("b", {}, month(date)) : String(date.getUTCDate()),
    );
    return button;
  }

  /** Marks the day that is shown. */
  function mark(day) {
    shownDay = day;
    for (const each of calendar.querySelectorAll("[aria-current]"))
      each.removeAttribute("aria-current");
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
      say(
        text,
        coverage
          ? [
              isWhole
                ? t("coverage_whole", { known: number(coverage.known) })
                : t("coverage_text", {
                    known: number(coverage.known),
                    missing: number(coverage.missing),
                    gone: number(coverage.gone),
                    expected: number(expected),
                  }),
              coverage.oldest
                ? t("coverage_since", { day: shortDay(new Date(coverage.oldest)) })
                : "",
            ].join(" ")
          : t("coverage_none"),
      );
      show(progress, reading?.is_reading);
      if (reading?.is_reading) {
        bar.value = reading.total ? reading.done / reading.total : 0;
        say(
          barText,
          [t("history_progress", reading), left(reading.left_s)].filter(Boolean).join(" · "),
        );
      }
      again.disabled = mayCommand === false || Boolean(reading?.is_reading);
      if (element.offsetParent && loadSoon(coverage?.known)) load();
    },
  };
}
