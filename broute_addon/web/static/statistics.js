// What Home Assistant got of the history.

import { get } from "./api.js";
import { card, changes, h, pairs, say, show, table } from "./dom.js";
import { moment, number, t } from "./words.js";

/** Whether and when the history was written as statistics. */
export function importCard() {
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
      facts.replaceChildren(
        ["off", "nowhere"].includes(told.mode)
          ? ""
          : pairs([[t("import_last"), told.last ? moment(told.last) : t("import_never")]]),
      );
      say(problem, told.problem);
      show(problem, told.problem);
    },
  };
}

/** What would be mended in the energy sensors' own statistics, and what was. */
export function repairCard() {
  const lead = h("p", { class: "quiet" });
  const problem = h("p", { class: "remedy", hidden: true });
  const plan = h("div");
  const done = h("div");
  const element = card(t("repair"), { className: "repair" }, lead, problem, plan, done);
  const columns = () =>
    ["hour", "kind", "old", "new", "statistic"].map((key) => t(`repair_${key}`));
  const row = (hour) => [
    moment(hour.start),
    t(`repair_kind_${hour.kind}`),
    number(hour.old_sum),
    number(hour.new_sum),
    hour.statistic_id,
  ];

  return {
    element,
    async load() {
      const given = await get("repair");
      show(element, given);
      if (!given) return;
      const hours = given.hours ?? [];
      const mended = given.done ?? [];
      say(
        lead,
        !hours.length
          ? t("repair_nothing")
          : given.mode === "repair"
            ? t("repair_will")
            : t("repair_dry"),
      );
      say(problem, given.problem);
      show(problem, given.problem);
      plan.replaceChildren(hours.length ? table(t("repair"), columns(), hours.map(row)) : "");
      done.replaceChildren(
        ...(mended.length
          ? [h("h3", {}, t("repair_done")), table(t("repair_done"), columns(), mended.map(row))]
          : []),
      );
    },
  };
}
