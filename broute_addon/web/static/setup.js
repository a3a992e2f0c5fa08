// The first run: from nothing to the first reading.

import { command, get } from "./api.js";
import { card, changes, debounced, h, icon, say, show } from "./dom.js";
import { byKey, stepsCard } from "./overview.js";
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
  const close = h("button", { type: "button", class: "button", hidden: true, onclick: context.closeSetup }, t("close"));
  const lead = h("section", { class: "hello" }, h("h2", {}, t("setup_title")), h("p", {}, t("setup_lead")), close);
  const element = h("div", { class: "view setup" }, lead, waiting.element, form.element, ports.element);

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
  const save = h("button", { type: "submit", class: "button filled", disabled: true }, t("setup_save"));
  const said = h("p", { class: "remedy", role: "alert", hidden: true });
  const byHand = h("p", { class: "hint", hidden: true });
  const where = h("details", { class: "more" }, h("summary", {}, t("setup_where")),
    h("ol", { class: "where" }, ...[1, 2, 3].map((each) => h("li", {}, t(`setup_where_${each}`)))));
  const form = h("form", { novalidate: true, autocomplete: "off" }, ...fields.map((each) => each.element), said,
    h("p", { class: "actions" }, save));
  const element = card(t("setup_credentials"), { className: "credentials" }, where, byHand, form);
  const check = debounced(checkNow, CHECK_AFTER_MS);
  let saved = { canSave: true, isSet: [false, false] };
  let asked = 0;

  function values() {
    return Object.fromEntries(fields.filter((each) => each.value() !== "").map((each) => [each.name, each.value()]));
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
    save.disabled = !saved.canSave || !isFilled || fields.some((each, at) => !(each.isRight() || (each.value() === "" && saved.isSet[at])));
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
    say(said, answer.problem ?? other?.text ?? (faults.length ? "" : t("failed", { name: t("setup_save") })));
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
    id: name, type: isSecret ? "password" : "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
    "aria-describedby": `${name}-help ${name}-fault`, oninput: () => {
      count();
      element.classList.remove("right", "wrong");
      isJudged = false;
      onTyped();
    },
  });
  const counter = h("span", { class: "counter" });
  const fault = h("p", { class: "fault", id: `${name}-fault`, role: "status" });
  const saved = h("p", { class: "quiet", hidden: true }, t("set_already"));
  const eye = isSecret ? h("button", {
    type: "button", class: "round", "aria-label": t("password_show"), "aria-pressed": "false", onclick: () => {
      const isShown = input.type === "password";
      input.type = isShown ? "text" : "password";
      eye.setAttribute("aria-pressed", String(isShown));
      eye.setAttribute("aria-label", isShown ? t("password_hide") : t("password_show"));
    },
  }, icon("eye")) : null;
  const element = h("div", { class: "field" },
    h("div", { class: "name" }, h("label", { for: name }, t(name)), counter),
    h("div", { class: "input" }, input, eye),
    h("p", { class: "quiet", id: `${name}-help` }, t(`${name}_help`)), saved, fault);
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

/** Every serial port with a button to ask what is there; also shown when no stick is found. */
export function portsPanel(context, title = t("stick"), { isGuide = false } = {}) {
  const found = h("p", { class: "found", hidden: true });
  const list = h("ul", { class: "ports" });
  const none = h("p", { class: "quiet", hidden: true }, t("port_none"));
  const result = h("p", { role: "status", class: "result", hidden: true });
  const again = h("button", { type: "button", class: "button", onclick: load }, icon("refresh"), t("ports_again"));
  const automatic = h("button", { type: "button", class: "button", hidden: true, onclick: () => context.run("save-options", t("port_auto"), { device: "" }) }, t("port_auto"));
  const element = card(title, { className: "sticks" }, found, list, none, result, h("p", { class: "actions" }, again, automatic));
  const isNew = changes();
  const isNewStick = changes();
  const keep = h("button", { type: "button", class: "button", hidden: true, onclick: () => context.run("save-options", t("port_keep"), chosen()) }, t("port_keep"));
  element.querySelector(".actions").append(keep);
  let mayCommand = true;
  let canSave = false;
  let proven = null;

  /** The option to save with the rest: a port that would not be found by itself. */
  function chosen() {
    return proven === null ? {} : { device: proven };
  }

  async function load() {
    const [given, options] = await Promise.all([get("ports"), get("setup")]);
    canSave = options !== null && options.can_save !== false;
    show(automatic, options?.device && canSave);
    if (!given) return;
    show(none, !given.ports.length);
    if (isNew([given.ports, mayCommand])) list.replaceChildren(...given.ports.map(row));
  }

  function row({ path, name, is_candidate: isCandidate, reason }) {
    const button = h("button", { type: "button", class: "button", disabled: !mayCommand, onclick: () => attempt({ path, name: name ?? path, isCandidate }, button) }, t("port_try"));
    button.setAttribute("aria-label", `${t("port_try")}: ${name ?? path}`);
    const why = [isCandidate ? t("port_likely") : null, reason].filter(Boolean).join(" · ");
    return h("li", { class: isCandidate ? "likely" : "" },
      h("div", { class: "said" }, h("p", { class: "path" }, name ?? path), why ? h("p", { class: "quiet" }, why) : null), button);
  }

  async function attempt({ path, name, isCandidate }, button) {
    const buttons = [...list.querySelectorAll("button")];
    buttons.forEach((each) => { each.disabled = true; });
    result.className = "result";
    say(result, t("port_trying", { port: name }));
    show(result, true);
    const answer = await command("try-port", { port: path });
    buttons.forEach((each) => { each.disabled = !mayCommand; });
    button.focus();
    proven = answer.ok && !isCandidate && !answer.is_kept ? path : null;
    show(keep, proven !== null && canSave && !isGuide);
    result.classList.add(answer.ok ? "good" : "bad");
    say(result, answer.ok ? `✓ ${answer.text ?? t("asked", { name: t("port_try") })}` : answer.problem ?? t("failed", { name: t("port_try") }));
  }

  return {
    element,
    load,
    chosen,
    update({ stick, may_command: may }) {
      mayCommand = may !== false;
      show(found, stick);
      if (stick && isNewStick(stick)) found.replaceChildren(icon("done"), ` ${stick.dialect} ${stick.firmware} · ${stick.port}`);
    },
  };
}

function waitingPanel(context, onBack) {
  const heading = h("h2", { tabindex: "-1" }, t("setup_waiting"));
  const saved = h("p", { class: "starting", role: "status" }, icon("active"), t("setup_restarting"));
  const figure = h("span", { class: "figure" });
  const first = h("div", { class: "first", hidden: true }, h("p", { class: "big" }, figure, " ", h("span", { class: "unit" }, "W")));
  const finish = h("button", { type: "button", class: "button filled", hidden: true, onclick: context.closeSetup }, t("setup_finish"));
  const back = h("button", { type: "button", class: "button", hidden: true, onclick: onBack }, t("setup_again"));
  const steps = stepsCard();
  const element = h("div", { class: "awaiting" },
    h("section", { class: "card" }, heading, saved, first, h("p", { class: "actions" }, finish, back)), steps.element);
  return {
    element,
    update(state) {
      steps.update(state);
      const power = byKey(state).get("power");
      const isThere = state.is_reading && power !== undefined && power.value !== null;
      // Until the app has started again, what it tells is of before.
      const isOld = state.connection === "waiting_for_options" && isStarting();
      const hasFailed = !isOld && (state.steps?.some((step) => step.state === "failed") ?? Boolean(state.problem));
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
