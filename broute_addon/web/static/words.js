// The words of the language in force, and numbers and times as a household writes them.
// All times are the meter's: Japan, whatever the browser's own time zone.

const ZONE = "Asia/Tokyo";
const DAY_MS = 86_400_000;

let labels = {};
let language = document.documentElement.lang || "en";
const formats = new Map();

/** Takes what `api/labels` gave. */
export function speak(given) {
  labels = given.labels ?? given;
  language = given.language ?? language;
  document.documentElement.lang = language;
  formats.clear();
}

export function languageInForce() {
  return language;
}

/** The label of a key with its fields filled in. */
export function t(key, fields = {}) {
  return (labels[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(fields[name] ?? ""));
}

function time(options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) {
    const locale = language === "ja" ? "ja-JP" : "en-GB";
    formats.set(key, new Intl.DateTimeFormat(locale, { timeZone: ZONE, ...options }));
  }
  return formats.get(key);
}

/** "14:03". */
export function clock(at) {
  return time({ hour: "2-digit", minute: "2-digit" }).format(at);
}

/** "14:03:07". */
export function clockSeconds(at) {
  return time({ hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at);
}

/** "Tue, 24 Nov" / "11月24日(火)". */
export function shortDay(at) {
  return time({ weekday: "short", day: "numeric", month: "short" }).format(at);
}

export function month(at) {
  return time({ month: "short" }).format(at);
}

/** "Tu" / "火". */
export function weekday(at) {
  return time({ weekday: language === "ja" ? "narrow" : "short" })
    .format(at)
    .slice(0, 2);
}

/** "2026-11-24" in Japan. */
export function isoDay(at) {
  return new Date(at.getTime() + 9 * 3_600_000).toISOString().slice(0, 10);
}

/** Noon in Japan of a day "2026-11-24", safe for adding days. */
export function noon(day) {
  return new Date(`${day}T12:00:00+09:00`);
}

export function addDays(day, count) {
  return isoDay(new Date(noon(day).getTime() + count * DAY_MS));
}

/** A moment: the time alone today, with the day otherwise. */
export function moment(text) {
  if (!text) return "";
  const at = new Date(text);
  return isoDay(at) === isoDay(new Date()) ? clock(at) : `${shortDay(at)} ${clock(at)}`;
}

/** A number with its own decimals, grouped by thousands: "12,312.3". Other text stays. */
export function number(value) {
  if (value === null || value === undefined) return "–";
  const match = /^(-?)(\d+)(\.\d+)?$/.exec(String(value));
  if (!match) return String(value);
  return (match[1] ? "−" : "") + match[2].replace(/\B(?=(\d{3})+$)/g, ",") + (match[3] ?? "");
}

/** "3 s ago". */
export function ago(seconds) {
  const past = Math.max(0, Math.round(seconds));
  if (past < 120) return t("ago_seconds", { count: past });
  if (past < 7200) return t("ago_minutes", { count: Math.round(past / 60) });
  if (past < 2 * 86_400) return t("ago_hours", { count: Math.round(past / 3600) });
  return t("ago_days", { count: Math.round(past / 86_400) });
}

/** "about 3 min left"; nothing when it isn't known. */
export function left(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 100) return t("left_seconds", { count: Math.max(5, Math.ceil(seconds / 5) * 5) });
  if (seconds < 6000) return t("left_minutes", { count: Math.ceil(seconds / 60) });
  return t("left_hours", { count: Math.ceil(seconds / 3600) });
}

/** Any value of the state as text. */
export function shown(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? t("yes") : t("no");
  if (/^\d{4}-\d\d-\d\dT/.test(value))
    return `${shortDay(new Date(value))} ${clock(new Date(value))}`;
  return number(value);
}
