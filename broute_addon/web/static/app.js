// The frame: words, sections, the stream of states, what every section may ask for.

import { command, follow, get } from "./api.js";
import { changes, h, icon, loadIcons, say, show } from "./dom.js";
import { devices } from "./devices.js";
import { events } from "./events.js";
import { history } from "./history.js";
import { overview } from "./overview.js";
import { portsPanel } from "./ports.js";
import { radio } from "./radio.js";
import { setup } from "./setup.js";
import { languageInForce, speak, t } from "./words.js";

const TOAST_MS = 5000;
const VIEWS = { overview, history, radio, devices, events };

const byId = (id) => document.getElementById(id);

let views = {};
let guide = null;
let isGuideWanted = false;
let shownView = null;
let latest = null;

const context = {
  /** Sends a command and says how it went; `isSeen`: when it works that is seen anyway. */
  async run(name, label, body = {}, { isSeen = false } = {}) {
    const answer = await command(name, body);
    const fault = answer.problem ?? answer.faults?.[0]?.text;
    if (!answer.ok || fault) toast(fault ?? t("failed", { name: label }), true);
    else if (!isSeen) toast(t("asked", { name: label }), false);
    return answer;
  },
  openSetup() {
    isGuideWanted = true;
    location.hash = "overview";
    route();
  },
  closeSetup() {
    isGuideWanted = false;
    guide.leave();
    location.hash = "overview";
    route();
    byId("content").focus();
  },
};

let toastTimer = 0;
function toast(text, isBad) {
  const element = byId("toast");
  clearTimeout(toastTimer);
  say(element, text);
  element.classList.toggle("bad", isBad);
  element.classList.add("up");
  toastTimer = setTimeout(() => element.classList.remove("up"), TOAST_MS);
}

/** Draws everything in the language in force. */
function build() {
  document.title = t("title");
  say(document.querySelector("h1"), t("title").replace("B ", "B\u00a0"));
  say(byId("skip"), t("skip"));
  say(byId("offline"), t("offline"));
  byId("loading")?.remove();
  for (const view of Object.values(views)) view.element.remove();
  views = Object.fromEntries(Object.entries(VIEWS).map(([name, make]) => [name, make(context)]));
  views.overview = withPorts(views.overview);
  guide = views.setup = setup(context);
  byId("content").append(...Object.values(views).map((view) => view.element));
  for (const view of Object.values(views)) view.element.hidden = true;
  byId("tabs").setAttribute("aria-label", t("sections"));
  byId("tabs").replaceChildren(
    ...Object.keys(VIEWS).map((name) =>
      h("a", { href: `#${name}`, "data-view": name }, icon(name), h("span", {}, t(`tab_${name}`))),
    ),
  );
  shownView = null;
}

/** While no stick answers, the overview offers the ports. */
function withPorts(view) {
  const ports = portsPanel(context);
  ports.element.hidden = true;
  view.element.append(ports.element);
  return {
    ...view,
    update(state) {
      view.update(state);
      const isNeeded = state.steps?.some(
        ({ key, state: each }) => each === "failed" && (key === "stick" || key === "language"),
      );
      if (isNeeded && ports.element.hidden) ports.load();
      show(ports.element, isNeeded);
      ports.update(state);
    },
  };
}

/** Shows the section that the address names; the guide takes the overview's place. */
function route() {
  if (!latest) return;
  const asked = location.hash.slice(1) in VIEWS ? location.hash.slice(1) : "overview";
  // A stick that is missing is looked for on the overview, with the ports.
  const lacksCredentials = latest.setup_needed && latest.connection === "waiting_for_options";
  const isGuided = lacksCredentials || isGuideWanted || guide.isBusy();
  const name = asked === "overview" && isGuided ? "setup" : asked;
  for (const link of byId("tabs").children) {
    const isCurrent = link.dataset.view === asked;
    if (isCurrent) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    if (link.dataset.view === "overview") {
      link.querySelector("use").setAttribute("href", isGuided ? "#i-setup" : "#i-overview");
      say(link.querySelector("span"), isGuided ? t("tab_setup") : t("tab_overview"));
    }
  }
  if (name === shownView) return;
  shownView = name;
  byId("content").dataset.view = name;
  for (const [each, view] of Object.entries(views)) view.element.hidden = each !== name;
  views[name].update(latest);
  views[name].enter?.();
  showProblem(latest);
}

const isNewProblem = changes();

function showProblem(state) {
  const failed = state.steps?.find((step) => step.state === "failed");
  const remedy = state.remedy ?? failed?.remedy ?? null;
  const all = state.faults ?? state.notices.map((text) => ({ text }));
  // That nothing is typed in yet is no alarm: the guide below is the way on.
  const isCalm = shownView === "setup" && state.connection === "waiting_for_options";
  const isMissing = (text) =>
    isCalm &&
    all.some((fault) => fault.text === text && fault.key === "option_missing_credentials");
  const problem =
    isMissing(state.problem) || (guide.isBusy() && isCalm) ? null : (state.problem ?? null);
  const faults =
    guide.isBusy() && isCalm
      ? []
      : all.filter(({ text }) => text !== state.problem && !isMissing(text));
  byId("problem").classList.toggle("narrow", shownView === "setup");
  if (!isNewProblem([languageInForce(), problem, remedy, faults, isCalm])) return;
  const notice = (text, what, kind, symbol) =>
    h(
      "section",
      { class: `notice ${kind}` },
      icon(symbol),
      h("div", {}, h("p", { class: "title" }, text), what ? h("p", { class: "text" }, what) : null),
    );
  const alarm = (text, what) =>
    h(
      "section",
      { class: "alarm" },
      icon("failed"),
      h(
        "div",
        {},
        h("h2", {}, text),
        what ? h("p", {}, h("strong", {}, t("what_to_do")), " ", what) : null,
      ),
    );
  byId("problem").replaceChildren(
    ...(problem ? [isCalm ? notice(problem, remedy, "calm", "info") : alarm(problem, remedy)] : []),
    ...faults.map(({ text, remedy: what }) =>
      notice(text, what, isCalm ? "calm" : "", isCalm ? "info" : "warning"),
    ),
  );
}

function showChip({ step, is_reading: isReading, problem, connection }) {
  const chip = byId("chip");
  say(chip, step);
  show(chip, step);
  chip.dataset.kind = isReading
    ? connection === "on_hold"
      ? "hold"
      : "good"
    : connection === "waiting_for_options"
      ? "hold"
      : problem
        ? "bad"
        : "busy";
}

async function take(state) {
  if (state.language !== languageInForce()) {
    const labels = await get("labels");
    if (!labels || state.language === languageInForce()) return; // the next state brings it about
    speak(labels);
    build();
  }
  latest = state;
  route();
  views[shownView].update(state);
  showProblem(state);
  showChip(state);
}

async function start() {
  const [labels] = await Promise.all([labelsAtLast(), loadIcons().catch(() => null)]);
  speak({ labels });
  build();
  follow(take, (isUp) => {
    // While the guide waits for the app to start again, silence is no news.
    const isOffline = !isUp && !guide.isStarting();
    show(byId("offline"), isOffline);
    document.body.classList.toggle("is-offline", isOffline);
  });
  window.addEventListener("hashchange", () => {
    route();
    window.scrollTo({ top: 0 });
  });
  setInterval(() => document.hidden || views[shownView]?.tick?.(), 1000);
}

/** The labels, however long the app takes to give them. */
async function labelsAtLast() {
  for (;;) {
    const labels = await get("labels");
    if (labels) return labels.labels ?? labels;
    show(byId("offline"), true);
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
}

start();
