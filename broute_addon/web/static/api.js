// The app's API, by relative addresses: behind ingress the page lives below a prefix.

const RETRY_MS = 3000;

/** JSON of `api/…`; null when the app doesn't answer or doesn't know the question. */
export async function get(path) {
  try {
    const response = await fetch(`api/${path}`, { cache: "no-store" });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** Sends a command. Gives `{ok, …answer}`; a refusal's own words are in `problem`. */
export async function command(name, body = {}) {
  try {
    const response = await fetch(`api/command/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-BRoute": "1" },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    const answer = text.startsWith("{") ? JSON.parse(text) : {};
    return { ...answer, ok: response.ok && !answer.problem };
  } catch {
    return { ok: false };
  }
}

/**
 * Follows `api/events` while the page is visible: a hidden tab holds no connection.
 * `onState` gets each state, `onLink` whether the app answers.
 */
export function follow(onState, onLink) {
  let source = null;
  let retry = 0;

  function open() {
    close();
    source = new EventSource("api/events");
    source.onmessage = (event) => {
      onLink(true);
      onState(JSON.parse(event.data));
    };
    source.onerror = () => {
      onLink(false);
      close();
      retry = setTimeout(open, RETRY_MS);
    };
  }

  function close() {
    clearTimeout(retry);
    source?.close();
    source = null;
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => event.persisted && open());
  if (!document.hidden) open();
}
