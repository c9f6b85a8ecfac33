/* The same words and numbers as the package app/template_filters. */

const NONE = "–";
const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86400;

const isMissing = (value) => value === null || value === undefined;

export function percent(value, digits = 1) {
  return isMissing(value) ? NONE : `${(value * 100).toFixed(digits)}%`;
}

export function interval(bounds, digits = 1) {
  if (!bounds) {
    return "";
  }
  return bounds.map((bound) => (bound * 100).toFixed(digits)).join("–");
}

export function number(value) {
  return isMissing(value) ? NONE : Math.round(value).toLocaleString("en-US");
}

export function compact(value) {
  if (isMissing(value)) {
    return NONE;
  }
  for (const [limit, unit] of [[1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(value) >= limit) {
      const scaled = value / limit;
      return `${scaled.toFixed(scaled >= 100 ? 0 : 1)}${unit}`;
    }
  }
  return String(Math.round(value));
}

export function byteSize(value) {
  if (isMissing(value)) {
    return NONE;
  }
  let size = value;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (size < 1000) {
      return unit === "B" ? `${size} B` : `${size.toFixed(1)} ${unit}`;
    }
    size /= 1000;
  }
  return `${size.toFixed(1)} TB`;
}

export function usd(value) {
  if (isMissing(value)) {
    return "unknown";
  }
  if (value !== 0 && Math.abs(value) < 0.0001) {
    return "under $0.0001";
  }
  const digits = usdDigits(Math.abs(value));
  const options = { minimumFractionDigits: 2, maximumFractionDigits: digits };
  return `$${value.toLocaleString("en-US", options)}`;
}

/** What a run cost; at least what is known, where some answers' tokens are not. */
export function spent({ cost_usd: cost, known_cost_usd: known }) {
  return isMissing(cost) && known ? `at least ${usd(known)}` : usd(cost);
}

/** The tokens of a run as one count. */
export function tokensInAll({ input_tokens: read, output_tokens: made }) {
  return isMissing(read) && isMissing(made) ? "unknown" : compact((read ?? 0) + (made ?? 0));
}

/** The tokens of a run: "12.0k in (8.0k cached), 3.1k out (2.0k reasoning)". */
export function tokenSplit(usage) {
  const { input_tokens: read, output_tokens: made } = usage;
  if (isMissing(read) && isMissing(made)) {
    return "The provider did not count them";
  }
  const missing = usage.samples_without_usage;
  const input = `${compact(read)} in${part(usage.cached_input_tokens, "cached")}`;
  const output = `${compact(made)} out${part(usage.reasoning_tokens, "reasoning")}`;
  return `${input}, ${output}${missing ? `; ${number(missing)} without a count` : ""}`;
}

function part(count, name) {
  return count ? ` (${compact(count)} ${name})` : "";
}

function usdDigits(size) {
  if (size === 0 || size >= 0.1) {
    return 2;
  }
  return size < 0.01 ? 4 : 3;
}

/** A {low, high} range, or one value where both read alike. */
export function range(value, format) {
  if (isMissing(value)) {
    return "unknown";
  }
  const low = format(value.low);
  const high = format(value.high);
  return low === high ? low : `${low}–${high}`;
}

export function duration(seconds) {
  if (isMissing(seconds)) {
    return NONE;
  }
  if (seconds < 1) {
    return `${Math.round(seconds * 1000)} ms`;
  }
  if (seconds < 10) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  const units = [
    [DAY_S, "d", HOUR_S, "h"],
    [HOUR_S, "h", MINUTE_S, "min"],
    [MINUTE_S, "min", 1, "s"],
  ];
  for (const [sizeS, name, belowS, below] of units) {
    if (whole >= sizeS) {
      const rest = Math.floor((whole % sizeS) / belowS);
      return `${Math.floor(whole / sizeS)} ${name}${rest ? ` ${rest} ${below}` : ""}`;
    }
  }
  return `${whole} s`;
}

/** What is left of a wait, in whole seconds. */
export function remaining(seconds) {
  const whole = Math.max(1, Math.ceil(seconds));
  return whole < 10 ? `${whole} s` : duration(whole);
}

export function milliseconds(value) {
  return duration(isMissing(value) ? null : value / 1000);
}

export function ago(date, now = new Date()) {
  const seconds = (now - date) / 1000;
  if (seconds < 0 || seconds >= 7 * DAY_S) {
    return date.toLocaleDateString("en-GB", { day: "2-digit", month: "short", year: "numeric" });
  }
  if (seconds < 45) {
    return "just now";
  }
  if (seconds < HOUR_S) {
    return `${Math.max(1, Math.round(seconds / MINUTE_S))} min ago`;
  }
  if (seconds < DAY_S) {
    return `${Math.round(seconds / HOUR_S)} h ago`;
  }
  if (seconds < 2 * DAY_S) {
    return "yesterday";
  }
  return `${Math.floor(seconds / DAY_S)} days ago`;
}

export function moment(date) {
  return date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

export function clock(date) {
  return date.toLocaleTimeString("en-GB", { hour12: false });
}
