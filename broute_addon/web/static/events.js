// The journal, the buttons, and what helps when help is needed.

import { get } from "./api.js";
import { card, changes, debounced, h, icon, show } from "./dom.js";
import { clock, isoDay, shortDay, t } from "./words.js";

const PAGE = 50;
const SHOWN_AT_MOST = 500;
const LEVELS = ["debug", "info", "warning", "error"];
const COMMANDS = [
  ["read-now", "read_now"],
  ["reconnect", "reconnect"],
  ["rescan", "rescan"],
  ["read-history", "read_history"],
];

export function events(context) {
  const journal = journalCard();
  const commands = commandsCard(context, journal.load);
  const help = helpCard(context);
  return {
    element: h("div", { class: "view events" }, journal.element, commands.element, help.element),
    update(state) {
      journal.update(state);
      commands.update(state);
      help.update(state);
    },
    enter: journal.load,
  };
}

function journalCard() {
  const body = h("div", { class: "journal" });
  const empty = h("p", { class: "quiet", hidden: true }, t("journal_empty"));
  const older = h(
    "button",
    {
      type: "button",
      class: "button",
      hidden: true,
      onclick: () => {
        limit = Math.min(SHOWN_AT_MOST, limit + PAGE);
        load();
      },
    },
    t("journal_older"),
  );
  const element = card(
    t("journal"),
    { className: "events" },
    empty,
    body,
    h("p", { class: "actions" }, older),
  );
  const isNew = changes();
  const hasMoved = changes();
  const soon = debounced(load, 400);
  let limit = PAGE;

  async function load() {
    const given = await get(`journal?limit=${limit}`);
    if (!given) return;
    show(empty, !given.events.length);
    show(older, given.events.length >= limit && limit < SHOWN_AT_MOST);
    if (isNew(given.events)) body.replaceChildren(...days(given.events));
  }

  return {
    element,
    load,
    update(state) {
      const told = [
        state.connection,
        state.problem,
        state.notices,
        state.steps?.map((step) => [step.state, step.text]),
      ];
      if (element.offsetParent && hasMoved(told)) soon();
    },
  };
}

function days(events) {
  const byDay = new Map();
  for (const event of events) {
    const day = isoDay(new Date(event.at));
    byDay.set(day, [...(byDay.get(day) ?? []), event]);
  }
  return [...byDay.values()].flatMap((ofDay) => [
    h("h3", {}, shortDay(new Date(ofDay[0].at))),
    h(
      "ol",
      {},
      ...ofDay.map(({ at, kind, text }) =>
        h(
          "li",
          { class: kind },
          icon(
            { info: "info", warning: "warning", error: "failed", good: "done" }[kind] ?? "info",
            t(`kind_${kind}`),
          ),
          h("time", { datetime: at }, clock(new Date(at))),
          h("span", {}, text),
        ),
      ),
    ),
  ]);
}

function commandsCard(context, onAsked) {
  const readOnly = h("p", { class: "quiet", hidden: true }, t("read_only"));
  const buttons = COMMANDS.map(([name, key]) =>
    h(
      "button",
      {
        type: "button",
        class: "button",
        "aria-describedby": `${key}-help`,
        onclick: async () => {
          await context.run(name, t(key));
          onAsked();
        },
      },
      t(key),
    ),
  );
  const rows = COMMANDS.map(([, key], at) =>
    h(
      "div",
      { class: "command" },
      buttons[at],
      h("p", { class: "quiet", id: `${key}-help` }, t(`${key}_help`)),
    ),
  );
  const setup = h(
    "button",
    { type: "button", class: "link", onclick: context.openSetup },
    t("setup_again"),
  );
  return {
    element: card(
      t("commands"),
      { className: "commands" },
      readOnly,
      ...rows,
      h("p", { class: "actions" }, setup),
    ),
    update({ may_command: mayCommand, is_reading: isReading, setup_needed: setupNeeded }) {
      show(readOnly, mayCommand === false);
      show(setup, mayCommand !== false && setupNeeded === false);
      buttons.forEach((button, at) => {
        button.disabled =
          mayCommand === false ||
          (["read-now", "read-history"].includes(COMMANDS[at][0]) && !isReading);
      });
    },
  };
}

function helpCard(context) {
  const level = h(
    "select",
    {
      id: "log-level",
      onchange: () => context.run("log-level", t("log_level"), { level: level.value }),
    },
    ...LEVELS.map((name) => h("option", { value: name }, t(`level_${name}`))),
  );
  const isNew = changes();
  return {
    element: card(
      t("help"),
      { className: "help" },
      h("label", { for: "log-level" }, t("log_level")),
      level,
      h("p", { class: "quiet" }, t("log_level_help")),
      h(
        "p",
        { class: "actions" },
        h(
          "a",
          { class: "button", href: "api/diagnostics", download: "broute-diagnostics.json" },
          icon("download"),
          t("diagnostics"),
        ),
      ),
      h("p", { class: "quiet" }, t("diagnostics_help")),
    ),
    update({ log_level: inForce, may_command: mayCommand }) {
      if (inForce && isNew(inForce)) level.value = inForce;
      level.disabled = mayCommand === false;
    },
  };
}
