// The first run: from nothing to the first reading.

import { command, get } from "./api.js";
import { card, debounced, h, icon, say, show } from "./dom.js";
import { byKey, stepsCard } from "./overview.js";
import { portsPanel } from "./ports.js";
import { number, t } from "./words.js";

const CHECK_AFTER_MS = 350;

const STARTED_WITHIN_MS = 45_000;

/** Where the guide is, kept when the page is drawn anew: "typing", or "waiting" for readings. */
let phase = "typing";
let savedAt = 0;

function isStarting() {
  return Date.now() - savedAt < STARTED_WITHIN_MS;
}

export function setup(context) {
  const ports = portsPanel(context, t("setup_stick"), { isGuide: true });
  const form = credentialsForm(context, ports.chosen, () => enterPhase("waiting"));
  const waiting = waitingPanel(context, () => enterPhase("typing"));
  const close = h(
    "button",
    { type: "button", class: "button", hidden: true, onclick: context.closeSetup },
    t("close"),
  );
  const lead = h(
    "section",
    { class: "hello" },
    h("h2", {}, t("setup_title")),
    h("p", {}, t("setup_lead")),
    close,
  );
  const element = h(
    "div",
    { class: "view setup" },
    lead,
    waiting.element,
    form.element,
    ports.element,
  );

  let latest = null;

  function enterPhase(next) {
    phase = next;
    arrange();
    if (latest) waiting.update(latest);
    element.querySelector(next === "typing" ? "input" : ".awaiting h2")?.focus();
    window.scrollTo({ top: 0 });
  }

  function arrange() {
    show(waiting.element, phase === "waiting");
    show(form.element, phase === "typing");
    show(ports.element, phase === "typing");
    show(lead, phase === "typing");
  }
  arrange();

  return {
    element,
    /** The guide stays until its first reading has been seen. */
    isBusy: () => phase === "waiting",
    /** The app was told to start again a moment ago. */
    isStarting,
    update(state) {
      latest = state;
      for (const part of [form, ports, waiting]) part.update(state);
      show(close, state.setup_needed === false);
    },
    async enter() {
      await Promise.all([form.load(), ports.load()]);
    },
    leave() {
      phase = "typing";
      arrange();
    },
  };
}

function credentialsForm(context, chosenPort, onSaved) {
  const fields = [
    field({ name: "route_b_id", wanted: 32, isSecret: false, onTyped: typed }),
    field({ name: "route_b_password", wanted: 12, isSecret: true, onTyped: typed }),
  ];
  const save = h(
    "button",
    { type: "submit", class: "button filled", disabled: true },
    t("setup_save"),
  );
  const said = h("p", { class: "remedy", role: "alert", hidden: true });
  const byHand = h("p", { class: "hint", hidden: true });
  const where = h(
    "details",
    { class: "more" },
    h("summary", {}, t("setup_where")),
    h("ol", { class: "where" }, ...[1, 2, 3].map((each) => h("li", {}, t(`setup_where_${each}`)))),
  );
  const form = h(
    "form",
    { novalidate: true, autocomplete: "off" },
    ...fields.map((each) => each.element),
    said,
    h("p", { class: "actions" }, save),
  );
  const element = card(t("setup_credentials"), { className: "credentials" }, where, byHand, form);
  const check = debounced(checkNow, CHECK_AFTER_MS);
  let saved = { canSave: true, isSet: [false, false] };
  let asked = 0;

  function values() {
    return Object.fromEntries(
      fields.filter((each) => each.value() !== "").map((each) => [each.name, each.value()]),
    );
  }

  function typed() {
    show(said, false);
    arrange();
    check();
  }

  async function checkNow() {
    const question = ++asked;
    const answer = await command("check-options", values());
    if (question !== asked || !answer.faults) return;
    for (const each of fields) each.judge(answer.faults.find(({ option }) => option === each.name));
    arrange();
  }

  function arrange() {
    const isFilled = fields.some((each) => each.value() !== "");
    save.disabled =
      !saved.canSave ||
      !isFilled ||
      fields.some((each, at) => !(each.isRight() || (each.value() === "" && saved.isSet[at])));
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    save.disabled = true;
    say(save, t("setup_saving"));
    savedAt = Date.now();
    const answer = await command("save-options", { ...values(), ...chosenPort() });
    say(save, t("setup_save"));
    const faults = answer.faults ?? [];
    if (answer.ok && !faults.length) {
      for (const each of fields) each.clear();
      onSaved();
      return;
    }
    savedAt = 0;
    for (const each of fields) each.judge(faults.find(({ option }) => option === each.name));
    const other = faults.find(({ option }) => !fields.some((each) => each.name === option));
    say(
      said,
      answer.problem ??
        other?.text ??
        (faults.length ? "" : t("failed", { name: t("setup_save") })),
    );
    show(said, said.textContent);
    arrange();
  });

  return {
    element,
    update({ may_command: mayCommand }) {
      for (const each of fields) each.allow(mayCommand !== false && saved.canSave);
    },
    async load() {
      const told = await get("setup");
      if (!told) return;
      saved = { canSave: told.can_save !== false, isSet: [told.route_b_id_set, told.password_set] };
      fields.forEach((each, at) => each.setSaved(saved.isSet[at]));
      where.open = !saved.isSet.every(Boolean);
      say(byHand, told.place ?? t("setup_by_hand"));
      show(byHand, !saved.canSave);
      show(form, saved.canSave);
      arrange();
    },
  };
}

/** One credential: its input, how many characters it has, and what is wrong with it. */
function field({ name, wanted, isSecret, onTyped }) {
  const input = h("input", {
    id: name,
    type: isSecret ? "password" : "text",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    "aria-describedby": `${name}-help ${name}-fault`,
    oninput: () => {
      count();
      element.classList.remove("right", "wrong");
      isJudged = false;
      onTyped();
    },
  });
  const counter = h("span", { class: "counter" });
  const fault = h("p", { class: "fault", id: `${name}-fault`, role: "status" });
  const saved = h("p", { class: "quiet", hidden: true }, t("set_already"));
  const eye = isSecret
    ? h(
        "button",
        {
          type: "button",
          class: "round",
          "aria-label": t("password_show"),
          "aria-pressed": "false",
          onclick: () => {
            const isShown = input.type === "password";
            input.type = isShown ? "text" : "password";
            eye.setAttribute("aria-pressed", String(isShown));
            eye.setAttribute("aria-label", isShown ? t("password_hide") : t("password_show"));
          },
        },
        icon("eye"),
      )
    : null;
  const element = h(
    "div",
    { class: "field" },
    h("div", { class: "name" }, h("label", { for: name }, t(name)), counter),
    h("div", { class: "input" }, input, eye),
    h("p", { class: "quiet", id: `${name}-help` }, t(`${name}_help`)),
    saved,
    fault,
  );
  let isJudged = false;
  let hasFault = false;

  /** Characters as the product counts them: folded, without what it forgives. */
  function count() {
    const folded = input.value.normalize("NFKC").replace(/[\s\-‐‑‒–—―−ー]/gu, "");
    say(counter, input.value ? t("characters", { count: [...folded].length, wanted }) : "");
  }

  return {
    name,
    element,
    value: () => input.value,
    isRight: () => isJudged && !hasFault && input.value !== "",
    judge(found) {
      isJudged = true;
      hasFault = Boolean(found) && input.value !== "";
      const isRight = !hasFault && input.value !== "";
      element.classList.toggle("wrong", hasFault);
      element.classList.toggle("right", isRight);
      input.setAttribute("aria-invalid", String(hasFault));
      say(fault, hasFault ? found.text : isRight ? `✓ ${t("looks_right")}` : "");
    },
    setSaved(isSet) {
      show(saved, isSet);
    },
    allow(mayType) {
      if (input.disabled === mayType) input.disabled = !mayType;
    },
    clear() {
      input.value = "";
      count();
      say(fault, "");
      element.classList.remove("right", "wrong");
      isJudged = false;
    },
  };
}

function waitingPanel(context, onBack) {
  const heading = h("h2", { tabindex: "-1" }, t("setup_waiting"));
  const saved = h(
    "p",
    { class: "starting", role: "status" },
    icon("active"),
    t("setup_restarting"),
  );
  const figure = h("span", { class: "figure" });
  const first = h(
    "div",
    { class: "first", hidden: true },
    h("p", { class: "big" }, figure, " ", h("span", { class: "unit" }, "W")),
  );
  const finish = h(
    "button",
    { type: "button", class: "button filled", hidden: true, onclick: context.closeSetup },
    t("setup_finish"),
  );
  const back = h(
    "button",
    { type: "button", class: "button", hidden: true, onclick: onBack },
    t("setup_again"),
  );
  const steps = stepsCard();
  const element = h(
    "div",
    { class: "awaiting" },
    h(
      "section",
      { class: "card" },
      heading,
      saved,
      first,
      h("p", { class: "actions" }, finish, back),
    ),
    steps.element,
  );
  return {
    element,
    update(state) {
      steps.update(state);
      const power = byKey(state).get("power");
      const isThere = state.is_reading && power !== undefined && power.value !== null;
      // Until the app has started again, what it tells is of before.
      const isOld = state.connection === "waiting_for_options" && isStarting();
      const hasFailed =
        !isOld && (state.steps?.some((step) => step.state === "failed") ?? Boolean(state.problem));
      say(heading, isThere ? t("setup_first") : t("setup_waiting"));
      show(saved, isOld);
      show(steps.element, !isOld);
      show(first, isThere);
      show(finish, isThere);
      show(back, !isThere && hasFailed);
      if (isThere) say(figure, number(power.value));
    },
  };
}
