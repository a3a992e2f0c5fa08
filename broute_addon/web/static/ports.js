// The serial ports: what may be the stick, and asking one what is there.

import { command, get } from "./api.js";
import { card, changes, h, icon, say, show } from "./dom.js";
import { t } from "./words.js";

/** Every serial port with a button to ask what is there; also shown when no stick is found. */
export function portsPanel(context, title = t("stick"), { isGuide = false } = {}) {
  const found = h("p", { class: "found", hidden: true });
  const list = h("ul", { class: "ports" });
  const none = h("p", { class: "quiet", hidden: true }, t("port_none"));
  const result = h("p", { role: "status", class: "result", hidden: true });
  const again = h(
    "button",
    { type: "button", class: "button", onclick: load },
    icon("refresh"),
    t("ports_again"),
  );
  const automatic = h(
    "button",
    {
      type: "button",
      class: "button",
      hidden: true,
      onclick: () => context.run("save-options", t("port_auto"), { device: "" }),
    },
    t("port_auto"),
  );
  const element = card(
    title,
    { className: "sticks" },
    found,
    list,
    none,
    result,
    h("p", { class: "actions" }, again, automatic),
  );
  const isNew = changes();
  const isNewStick = changes();
  const keep = h(
    "button",
    {
      type: "button",
      class: "button",
      hidden: true,
      onclick: () => context.run("save-options", t("port_keep"), chosen()),
    },
    t("port_keep"),
  );
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
    const button = h(
      "button",
      {
        type: "button",
        class: "button",
        disabled: !mayCommand,
        onclick: () => attempt({ path, name: name ?? path, isCandidate }, button),
      },
      t("port_try"),
    );
    button.setAttribute("aria-label", `${t("port_try")}: ${name ?? path}`);
    const why = [isCandidate ? t("port_likely") : null, reason].filter(Boolean).join(" · ");
    return h(
      "li",
      { class: isCandidate ? "likely" : "" },
      h(
        "div",
        { class: "said" },
        h("p", { class: "path" }, name ?? path),
        why ? h("p", { class: "quiet" }, why) : null,
      ),
      button,
    );
  }

  async function attempt({ path, name, isCandidate }, button) {
    const buttons = [...list.querySelectorAll("button")];
    buttons.forEach((each) => {
      each.disabled = true;
    });
    result.className = "result";
    say(result, t("port_trying", { port: name }));
    show(result, true);
    const answer = await command("try-port", { port: path });
    buttons.forEach((each) => {
      each.disabled = !mayCommand;
    });
    button.focus();
    proven = answer.ok && !isCandidate && !answer.is_kept ? path : null;
    show(keep, proven !== null && canSave && !isGuide);
    result.classList.add(answer.ok ? "good" : "bad");
    say(
      result,
      answer.ok
        ? `✓ ${answer.text ?? t("asked", { name: t("port_try") })}`
        : (answer.problem ?? t("failed", { name: t("port_try") })),
    );
  }

  return {
    element,
    load,
    chosen,
    update({ stick, may_command: may }) {
      mayCommand = may !== false;
      show(found, stick);
      if (stick && isNewStick(stick))
        found.replaceChildren(icon("done"), ` ${stick.dialect} ${stick.firmware} · ${stick.port}`);
    },
  };
}
