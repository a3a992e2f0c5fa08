// Who is who: the meter, the stick, and every value that is read.

import { command, get } from "./api.js";
import { card, changes, h, icon, pairs, say, show, table } from "./dom.js";
import { byKey } from "./overview.js";
import { moment, number, shown, t } from "./words.js";

export function devices() {
  const meter = meterCard();
  const stick = stickCard();
  const values = valuesCard();
  return {
    element: h("div", { class: "view devices" }, meter.element, stick.element, values.element),
    update(state) {
      for (const part of [meter, stick, values]) part.update(state);
    },
    enter: meter.load,
  };
}

function meterCard() {
  const facts = h("div");
  const names = h("ul", { class: "properties" });
  const count = h("summary");
  const properties = h("details", { class: "more", hidden: true }, count, names);
  const none = h("p", { class: "quiet" }, t("no_meter"));
  const element = card(t("meter"), {}, none, facts, properties);
  const isNew = changes();
  const areNew = changes();
  let serial = null;
  let uid = null;
  let masked = null;

  async function reveal() {
    const answer = await command("show-serial");
    if (answer.ok) serial = answer.serial_number ?? null;
    if (latest) draw(latest);
  }

  let latest = null;

  function draw(state) {
    const { meter } = state;
    if (meter?.uid !== uid) [serial, uid] = [null, meter?.uid];
    masked = meter?.serial_number ?? null;
    show(none, !meter);
    show(facts, meter);
    if (!meter) return;
    const difference = byKey(state).get("clock_difference");
    const fault = byKey(state).get("fault");
    if (!isNew([meter, serial, difference?.value, fault?.value, state.may_command])) return;
    const shownSerial =
      serial !== null || masked === null
        ? (serial ?? masked)
        : h(
            "span",
            { class: "serial" },
            masked,
            " ",
            state.may_command === false
              ? ""
              : h(
                  "button",
                  {
                    type: "button",
                    class: "link",
                    onclick: reveal,
                    "aria-label": `${t("serial_number")}: ${t("serial_show")}`,
                  },
                  icon("eye"),
                  t("serial_show"),
                ),
          );
    facts.replaceChildren(
      pairs([
        [t("maker"), meter.maker],
        [t("identity"), meter.uid],
        [t("serial_number"), shownSerial],
        [t("standard_version"), meter.standard_version],
        [
          t("clock_difference"),
          difference && difference.value !== null
            ? t("seconds", { count: number(difference.value) })
            : null,
        ],
        [fault?.name, fault ? shown(fault.value) : null],
      ]),
    );
    list(meter.properties);
  }

  function list(given) {
    if (!given || !areNew(given)) return;
    show(properties, given.length);
    say(count, `${t("properties")}: ${given.length}`);
    names.replaceChildren(
      ...given.map((property) => {
        const { epc, name } = typeof property === "string" ? { epc: property, name: "" } : property;
        return h("li", {}, h("code", {}, epc), name ? ` ${name}` : "");
      }),
    );
  }

  return {
    element,
    update(state) {
      latest = state;
      draw(state);
    },
    async load() {
      if (!latest?.meter || latest.meter.properties) return;
      list((await get("diagnostics"))?.profile?.get_map);
    },
  };
}

function stickCard() {
  const facts = h("div");
  const none = h("p", { class: "quiet" }, t("no_stick"));
  const isNew = changes();
  return {
    element: card(t("stick"), {}, none, facts),
    update({ stick, radio, poll_interval_s: interval }) {
      show(none, !stick);
      show(facts, stick);
      if (!stick || !isNew([stick, radio, interval])) return;
      facts.replaceChildren(
        pairs([
          [t("dialect"), stick.dialect],
          [t("firmware"), stick.firmware],
          [t("port"), h("span", { class: "path" }, stick.port)],
          [t("channel"), radio ? String(radio.channel) : null],
          [t("interval"), t("seconds", { count: number(interval) })],
        ]),
      );
    },
  };
}

function valuesCard() {
  const body = h("div");
  const element = card(t("values"), { className: "values" }, body);
  const isNew = changes();
  return {
    element,
    update({ values }) {
      show(element, values.length);
      if (!element.offsetParent || !isNew(values)) return;
      const columns = [t("name"), t("value"), t("time")];
      const rows = values.map(({ name, value, unit, at }) => [
        name,
        `${shown(value)}${value !== null && unit ? ` ${unit}` : ""}`,
        moment(at),
      ]);
      const at = body.querySelector(".scroll")?.scrollLeft ?? 0;
      body.replaceChildren(table(t("values"), columns, rows));
      body.querySelector(".scroll").scrollLeft = at;
    },
  };
}
