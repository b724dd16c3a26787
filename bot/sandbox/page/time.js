// Times as a person in China reads them, always Asia/Shanghai and always relative to the sandbox's clock.

const ZONE = "Asia/Shanghai";
const PARTS = new Intl.DateTimeFormat("en-CA", {
  timeZone: ZONE, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", weekday: "short",
});
const WEEKDAYS = { Sun: "周日", Mon: "周一", Tue: "周二", Wed: "周三", Thu: "周四", Fri: "周五", Sat: "周六" };

/** Split a moment (milliseconds or ISO text) into its Beijing parts; null when it is no moment. */
export function parts(moment) {
  const at = typeof moment === "number" ? moment : Date.parse(moment);
  if (!Number.isFinite(at)) return null;
  const found = Object.fromEntries(PARTS.formatToParts(new Date(at)).map((part) => [part.type, part.value]));
  return {
    at, year: Number(found.year), month: Number(found.month), day: Number(found.day), date: `${found.year}-${found.month}-${found.day}`,
    time: `${found.hour}:${found.minute}`, second: found.second, weekday: WEEKDAYS[found.weekday] ?? "",
  };
}

const dayNumber = (date) => Date.parse(`${date}T00:00:00Z`) / 86_400_000;

/** 14:30 today, 昨天 14:30, 3月1日 14:30, 2025年12月3日 14:30. */
export function when(moment, now) {
  const then = parts(moment);
  const today = parts(now);
  if (!then || !today) return "";
  const days = dayNumber(today.date) - dayNumber(then.date);
  if (days === 0) return then.time;
  if (days === 1) return `昨天 ${then.time}`;
  if (then.year === today.year) return `${then.month}月${then.day}日 ${then.time}`;
  return `${then.year}年${then.month}月${then.day}日 ${then.time}`;
}

/** As `when`, for the narrow place in a conversation list. */
export function whenShort(moment, now) {
  const then = parts(moment);
  const today = parts(now);
  if (!then || !today) return "";
  const days = dayNumber(today.date) - dayNumber(then.date);
  if (days === 0) return then.time;
  if (days === 1) return "昨天";
  return `${then.month}月${then.day}日`;
}

export function longDate(moment) {
  const then = parts(moment);
  return then ? `${then.year}年${then.month}月${then.day}日 ${then.weekday}` : "";
}

/** The ISO text (with +08:00) of a Beijing date and time, e.g. ("2026-03-02", "09:00"). */
export const beijing = (date, time) => `${date}T${time.length === 5 ? `${time}:00` : time}+08:00`;

/** The Beijing date `days` after the one of `moment`. */
export function dateAfter(moment, days) {
  const then = parts(moment);
  return new Date((dayNumber(then.date) + days) * 86_400_000).toISOString().slice(0, 10);
}

export function toIso(ms) {
  const then = parts(ms);
  return `${then.date}T${then.time}:${then.second}+08:00`;
}
