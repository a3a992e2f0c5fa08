// Signal strength and response time, airtime, and the search for the stick's best place.

import { get } from "./api.js";
import { chart, extremes, hoursChoice, lastHours, withGaps } from "./charts.js";
import { card, changes, h, pairs, say, show } from "./dom.js";
import { byKey } from "./overview.js";
import { ago, number, t } from "./words.js";

const GUIDELINE_DBM = -88;
const [WEAKEST_DBM, STRONGEST_DBM] = [-104, -34];
const GAP_S = 900;

/** In words: "strong", "fair", "weak" or "bad". */
function quality(dbm) {
  if (dbm >= -76) return "good";
  if (dbm >= -83) return "fair";
  return dbm >= GUIDELINE_DBM ? "weak" : "bad";
}

export function radio(context) {
  const now = nowCard();
  const survey = surveyCard(context);
  const hours = hoursCard();
  const airtime = airtimeCard();
  const element = h(
    "div",
    { class: "view radio" },
    now.element,
    survey.element,
    hours.element,
    airtime.element,
  );
  return {
    element,
    update(state) {
      for (const part of [now, survey, hours, airtime]) part.update(state);
    },
    enter: hours.load,
    tick: survey.tick,
  };
}

/** A scale from the weakest to the strongest signal, with the guideline and a mark for the best. */
function scale() {
  const fill = h("i", { class: "fill" });
  const best = h("i", { class: "best", hidden: true });
  const guide = h("i", { class: "guide" });
  const element = h("div", { class: "scale", "aria-hidden": "true" }, fill, guide, best);
  const at = (dbm) =>
    `${Math.min(100, Math.max(0, (100 * (dbm - WEAKEST_DBM)) / (STRONGEST_DBM - WEAKEST_DBM)))}%`;
  guide.style.left = at(GUIDELINE_DBM);
  return {
    element,
    set(dbm, bestDbm = null) {
      fill.style.width = dbm === null ? "0" : at(dbm);
      element.dataset.quality = dbm === null ? "" : quality(dbm);
      show(best, bestDbm !== null);
      if (bestDbm !== null) best.style.left = at(bestDbm);
    },
  };
}

function strengthOf(state) {
  return whole(byKey(state).get("signal_strength")?.value ?? state.radio?.rssi_dbm);
}

/** Tenths of a dBm are noise. */
function whole(dbm) {
  return dbm === null || dbm === undefined ? null : Math.round(dbm);
}

function nowCard() {
  const figure = h("span", { class: "figure" }, "–");
  const word = h("p", { class: "quality" });
  const bar = scale();
  const facts = h("div");
  const element = card(
    t("strength"),
    { className: "strength" },
    h("p", { class: "big" }, figure, " ", h("span", { class: "unit" }, "dBm")),
    word,
    bar.element,
    h("p", { class: "quiet" }, t("guideline_text")),
    facts,
  );
  const areNew = changes();
  return {
    element,
    update(state) {
      const dbm = strengthOf(state);
      say(figure, dbm === null ? "–" : number(dbm));
      say(word, dbm === null ? t("not_available") : t(`strength_${quality(dbm)}`));
      word.dataset.quality = dbm === null ? "" : quality(dbm);
      bar.set(dbm);
      const response = byKey(state).get("response_time");
      const told = [
        [
          t("response_time"),
          response && response.value !== null ? `${number(response.value)} ${response.unit}` : null,
        ],
        [t("channel"), state.radio ? String(state.radio.channel) : null],
      ];
      if (areNew(told)) facts.replaceChildren(pairs(told));
    },
  };
}

function surveyCard(context) {
  const figure = h("span", { class: "figure" }, "–");
  const word = h("p", { class: "quality", role: "status" });
  const bar = scale();
  const best = h("p", { class: "quiet" });
  const progress = h("progress", { max: 1, "aria-label": t("survey_scanning") });
  const samples = h("ol", { class: "samples", "aria-label": t("survey_samples") });
  const results = h(
    "div",
    { class: "results", hidden: true },
    h("p", { class: "big" }, figure, " ", h("span", { class: "unit" }, "dBm")),
    word,
    bar.element,
    best,
    progress,
    samples,
  );
  const button = h("button", { type: "button", class: "button filled", onclick: toggle });
  const element = card(
    t("survey"),
    { className: "survey" },
    h("p", { class: "quiet" }, t("survey_text")),
    results,
    h("p", { class: "actions" }, button),
  );
  let survey = null;

  async function toggle() {
    const isOn = !survey?.is_running;
    button.disabled = true;
    await context.run(
      "survey",
      isOn ? t("survey_start") : t("survey_stop"),
      { on: isOn },
      { isSeen: true },
    );
    button.disabled = false;
  }

  function tick() {
    if (!survey) return;
    const bestDbm = whole(survey.best_dbm);
    const parts = [
      bestDbm === null ? null : `${t("survey_best")}: ${number(bestDbm)} dBm`,
      survey.at ? `${t("updated")} ${ago((Date.now() - new Date(survey.at)) / 1000)}` : null,
    ];
    say(best, parts.filter(Boolean).join(" · "));
  }

  return {
    element,
    tick,
    update(state) {
      survey = state.survey ?? null;
      const isRunning = Boolean(survey?.is_running);
      const measured = survey?.samples ?? [];
      say(button, isRunning ? t("survey_stop") : t("survey_start"));
      if (state.may_command === false || !state.stick) button.disabled = true;
      else if (!element.querySelector(":disabled:focus")) button.disabled = false;
      element.classList.toggle("running", isRunning);
      show(results, isRunning || measured.length);
      show(progress, isRunning);
      if (!survey) return;
      const dbm = whole(survey.now_dbm);
      say(figure, dbm === null ? "–" : number(dbm));
      const isSilent = dbm === null && measured.length > 0;
      say(
        word,
        dbm !== null
          ? t(`strength_${quality(dbm)}`)
          : isSilent
            ? t("survey_silent")
            : isRunning
              ? t("survey_scanning")
              : "",
      );
      word.dataset.quality = dbm === null ? "" : quality(dbm);
      bar.set(dbm, whole(survey.best_dbm));
      if (typeof survey.progress === "number")
        progress.value = survey.progress > 1 ? survey.progress / 100 : survey.progress;
      else progress.removeAttribute("value");
      samples.replaceChildren(
        ...measured.slice(-24).map((sample) => {
          const each = whole(typeof sample === "object" && sample !== null ? sample.dbm : sample);
          return h(
            "li",
            { "data-quality": each === null ? "none" : quality(each) },
            each === null ? "–" : number(each),
          );
        }),
      );
      tick();
    },
  };
}

function hoursCard() {
  const strength = chart({
    series: [{ label: t("strength"), color: "--accent", unit: "dBm", digits: 0 }],
    range: (low, high) => [Math.min(-95, (low ?? -90) - 3), Math.max(-60, (high ?? -60) + 5)],
    guide: { level: GUIDELINE_DBM, label: t("guideline") },
    height: 190,
  });
  const response = chart({
    series: [{ label: t("response_time"), color: "--phase-t", unit: "s", digits: 2 }],
    range: (_, high) => [0, Math.max(1, (high ?? 1) * 1.1)],
    height: 150,
  });
  let hours = 6;
  const element = card(
    t("strength"),
    {
      className: "hours",
      aside: hoursChoice([1, 6, 24], hours, (count) => {
        hours = count;
        load();
      }),
    },
    strength.element,
    h("h3", {}, t("response_time")),
    response.element,
  );
  let loadedAt = 0;

  async function load() {
    loadedAt = Date.now();
    const given = await get(`radio?hours=${hours}`);
    if (!given) return;
    const ends = lastHours(hours, given.at[0]);
    const { times, columns } = withGaps(given.at, [given.rssi_dbm, given.response_s], GAP_S);
    const [low, high] = extremes(columns[0]);
    strength.set(times, [columns[0]], {
      ...ends,
      summary: t("radio_chart", { hours, low: number(low), high: number(high) }),
    });
    const [, slowest] = extremes(columns[1]);
    response.set(times, [columns[1]], {
      ...ends,
      summary: t("response_chart", { hours, high: number(slowest) }),
    });
  }

  return {
    element,
    load,
    update() {
      if (element.offsetParent && Date.now() - loadedAt > 60_000) load();
    },
  };
}

function airtimeCard() {
  const fill = h("i", { class: "fill" });
  const bar = h(
    "div",
    { class: "scale", role: "meter", "aria-label": t("airtime"), "aria-valuemin": "0" },
    fill,
  );
  const text = h("p", { class: "quiet" });
  const element = card(t("airtime"), { className: "airtime" }, bar, text);
  return {
    element,
    update({ airtime }) {
      show(element, airtime);
      if (!airtime) return;
      const [used, budget] = [Number(airtime.used_s), Number(airtime.budget_s)];
      const share = Math.min(1, used / budget);
      fill.style.width = `${100 * share}%`;
      bar.dataset.quality = share > 0.95 ? "bad" : share > 0.8 ? "weak" : "good";
      bar.setAttribute("aria-valuemax", String(budget));
      bar.setAttribute("aria-valuenow", String(used));
      say(text, t("airtime_text", { used: number(used.toFixed(1)), budget: number(budget) }));
    },
  };
}
