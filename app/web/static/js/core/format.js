// Numbers with units, times in the district's zone.
import { boot } from "./boot.js";
import { lang, t } from "./i18n.js";

const locale = lang === "en" ? "en-GB" : "zh-CN";
const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const parts = new Intl.DateTimeFormat("en-GB", {
  timeZone: boot.zone,
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** @param {number} value */
export function number(value) {
  return whole.format(value);
}

/** @param {number} m2 */
export function area(m2) {
  if (m2 < 10_000) return `${whole.format(m2)} m²`;
  const km2 = m2 / 1e6;
  return `${km2 < 10 ? km2.toFixed(2) : km2 < 1000 ? km2.toFixed(1) : whole.format(km2)} km²`;
}

/** @param {Date} instant */
function split(instant) {
  const found = Object.fromEntries(parts.formatToParts(instant).map((p) => [p.type, p.value]));
  return { year: +found.year, month: +found.month, day: +found.day, clock: `${found.hour}:${found.minute}` };
}

/**
 * `11月21日 14:05` or `21 Nov 14:05`; with the year when it is another one.
 * @param {string|Date} instant
 */
export function moment(instant) {
  const at = split(new Date(instant));
  const month = lang === "en" ? months[at.month - 1] : at.month;
  const other = at.year !== split(new Date()).year;
  return t(other ? "date.moment.year" : "date.moment", { ...at, month });
}

/** What `datetime-local` takes: the wall clock of the district, to the minute. @param {string|Date} instant @param {boolean} [up] */
export function wallOf(instant, up = false) {
  const at = split(new Date(Math[up ? "ceil" : "floor"](new Date(instant).getTime() / 60000) * 60000));
  return `${String(at.year).padStart(4, "0")}-${String(at.month).padStart(2, "0")}-${String(at.day).padStart(2, "0")}T${at.clock}`;
}

/**
 * A calendar day as the server writes it (`2026-11-21`) in words: `11月21日` or `21 Nov`; with another year than this.
 * @param {string} written
 */
export function dayWords(written) {
  const [year, month, date] = written.split("-").map(Number);
  const other = year !== split(new Date()).year;
  return t(other ? "date.day.year" : "date.day", { year, month: lang === "en" ? months[month - 1] : month, day: date });
}

/** The calendar day, `2026-11-21`. @param {string|Date} instant */
export function day(instant) {
  const at = split(new Date(instant));
  return `${at.year}-${String(at.month).padStart(2, "0")}-${String(at.day).padStart(2, "0")}`;
}

/**
 * Relative within a day, otherwise the moment.
 * @param {string|Date} instant
 */
export function since(instant) {
  const minutes = Math.round((Date.now() - new Date(instant).getTime()) / 60_000);
  if (minutes < 0 || minutes >= 24 * 60) return moment(instant);
  if (minutes < 1) return t("time.now");
  if (minutes < 60) return t("time.minutes", { n: minutes });
  return t("time.hours", { n: Math.floor(minutes / 60) });
}

/**
 * How long between now and an instant, in its largest unit.
 * @param {number} ms
 */
export function span(ms) {
  const hours = Math.abs(ms) / 3_600_000;
  if (hours < 1) return t("span.minutes", { n: Math.max(1, Math.round(hours * 60)) });
  if (hours < 48) return t("span.hours", { n: Math.round(hours) });
  return t("span.days", { n: Math.round(hours / 24) });
}

/**
 * The instant at which clocks in the district show a time.
 * @param {string} wall `2026-11-21T14:05`, as a field for date and time has it.
 */
export function instantOf(wall) {
  const asked = Date.parse(`${wall}:00Z`);
  const shows = (/** @type {number} */ instant) => {
    const { year, month, day, clock } = split(new Date(instant));
    const [hour, minute] = clock.split(":").map(Number);
    return Date.UTC(year, month - 1, day, hour, minute);
  };
  // Twice, since the offset may differ between the guess and the answer.
  const near = asked - (shows(asked) - asked);
  return new Date(near - (shows(near) - asked));
}
