// Numbers and times for people.

const trim = (v, digits) => {
  const s = v.toFixed(digits);
  return s.includes(".") ? s.replace(/\.?0+$/, "") : s;
};

export function short(v) {
  if (v === null || v === undefined || Number.isNaN(v)) return "–";
  const a = Math.abs(v);
  if (a >= 1e9) return trim(v / 1e9, 1) + " G";
  if (a >= 1e6) return trim(v / 1e6, 1) + " M";
  if (a >= 1e4) return trim(v / 1e3, 1) + " k";
  if (a >= 100 || a === 0) return trim(v, 0);
  if (a >= 10) return trim(v, 1);
  if (a >= 0.01) return trim(v, 2);
  return v.toExponential(1);
}

export const count = (n) => n === null || n === undefined ? "–" : Math.round(n).toLocaleString("en").replaceAll(",", "\u202f");

export function bytes(v) {
  if (v === null || v === undefined) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let i = 0, a = Math.abs(v);
  while (a >= 1000 && i < units.length - 1) { a /= 1024; v /= 1024; i++; }
  return trim(v, a >= 100 || i === 0 ? 0 : a >= 10 ? 1 : 2) + " " + units[i];
}

export function percent(v) {
  if (v === null || v === undefined) return "–";
  const p = v * 100, a = Math.abs(p);
  return trim(p, a >= 10 || a === 0 ? (a >= 99.95 ? 0 : 1) : a >= 1 ? 1 : 2) + " %";
}

export function duration(s) {
  if (s === null || s === undefined) return "–";
  if (s === 0) return "0 s";
  if (s < 1e-3) return trim(s * 1e6, 0) + " µs";
  if (s < 1) return trim(s * 1e3, s < 0.01 ? 1 : 0) + " ms";
  if (s < 90) return trim(s, s < 10 ? 1 : 0) + " s";
  if (s < 5400) return Math.round(s / 60) + " min";
  if (s < 36 * 3600) return trim(s / 3600, 1) + " h";
  return trim(s / 86400, 1) + " d";
}

export const perSecond = (v) => v === null || v === undefined ? "–" : short(v) + "/s";

export const isBytes = ({ unit = "" }) => unit === "By";

// unitOf returns the function that writes values of a series.
export function unitOf({ metric = "", unit = "", rate = false }) {
  if (unit === "1" && /utilization|ratio|fraction|percent/.test(metric)) return percent;
  if (unit === "%") return (v) => v === null ? "–" : short(v) + " %";
  if (unit === "s" && rate) return percent; // seconds per second: the part of one core or device
  if (unit === "By") return rate ? (v) => v === null ? "–" : bytes(v) + "/s" : bytes;
  if (unit === "s") return duration;
  if (unit === "ms") return rate ? (v) => percent(v === null ? null : v / 1000) : (v) => duration(v === null ? null : v / 1000);
  if (unit === "us") return (v) => duration(v === null ? null : v / 1e6);
  if (unit === "ns") return (v) => duration(v === null ? null : v / 1e9);
  return rate ? perSecond : short;
}

const two = (n) => String(n).padStart(2, "0");

// clock is the local time of Unix seconds, with the day unless it is today.
export function clock(s, withSeconds = false) {
  const d = new Date(s * 1000), now = new Date();
  const time = `${two(d.getHours())}:${two(d.getMinutes())}` + (withSeconds ? `:${two(d.getSeconds())}` : "");
  return d.toDateString() === now.toDateString() ? time : `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${time}`;
}

export const ago = (s, now) => now - s < 2 ? "now" : duration(Math.max(0, now - s)) + " ago";

export function severity(n) {
  if (n >= 21) return ["fatal", "error"];
  if (n >= 17) return ["error", "error"];
  if (n >= 13) return ["warning", "warn"];
  if (n >= 9) return ["info", ""];
  if (n >= 5) return ["debug", ""];
  if (n >= 1) return ["trace", ""];
  return ["–", ""];
}

export const plural = (n, one, many = one + "s") => `${count(n)} ${n === 1 ? one : many}`;
