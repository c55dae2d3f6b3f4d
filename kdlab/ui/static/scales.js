// Scales, ticks and places of labels: what a line chart computes before it draws.

/** "nice" steps (1, 2, 5 times a power of ten) from low to high, about `count` of them. */
function niceTicks(low, high, count) {
  const rough = (high - low) / Math.max(1, count) || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((m) => m * power >= rough * 0.999);
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) ticks.push(+(k * step).toPrecision(12));
  return ticks.length < 2 && count < 8 ? niceTicks(low, high, count + 1) : ticks; // one tick says nothing about the scale
}

/** Powers of ten from low to high, with 2 and 5 between them where there are few. */
function logTicks(low, high) {
  const within = [];
  const decades = Math.log10(high / low);
  for (let p = Math.floor(Math.log10(low)); p <= Math.ceil(Math.log10(high)); p++)
    for (const m of decades > 3 ? [1] : decades > 1 ? [1, 3] : [1, 2, 5])
      if (m * 10 ** p >= low * 0.999 && m * 10 ** p <= high * 1.001) within.push(+(m * 10 ** p).toPrecision(6));
  return within;
}

/** Positions near the wanted ones, `gap` apart and between low and high: labels that do not overlap. */
function spread(wanted, gap, low, high) {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  const room = order.length > 1 ? Math.min(gap, (high - low) / (order.length - 1)) : gap;
  const at = new Array(wanted.length);
  let before = low - room;
  for (const i of order) before = at[i] = Math.max(wanted[i], before + room);
  let after = high + room;
  for (const i of order.reverse()) after = at[i] = Math.min(at[i], after - room);
  return at;
}

/** A value as a reader wants it: one decimal for percent, else three digits. */
function reading(value, unit) {
  if (value == null || !Number.isFinite(value)) return "–";
  if (unit === "%") return value.toFixed(1);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(1);
  return size >= 1000 ? value.toFixed(0) : value.toPrecision(3);
}

const tenth = (v) => Math.round(v * 10) / 10; // far quicker than toFixed
const isNumber = (v) => v != null && Number.isFinite(v);

/** Index of the last x that is not after `at`, or -1. */
function lastBefore(xs, at) {
  let low = -1;
  let high = xs.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= at) low = middle;
    else high = middle;
  }
  return low;
}

/** A series' value as of x: its last point that is not after x. */
function valueAt(series, at) {
  const i = lastBefore(series.x, at);
  return i < 0 ? null : series.y[i];
}

/** Range of the y axis. A long chart leaves a steep start out, where that gives the rest half as much room again. */
function yRange(chart, xs) {
  const range = (from) => {
    let low = Infinity;
    let high = -Infinity;
    const see = (v) => {
      if (!isNumber(v) || (chart.log && v <= 0)) return;
      if (v < low) low = v;
      if (v > high) high = v;
    };
    for (const s of chart.series)
      for (let i = 0; i < s.x.length; i++)
        if (s.x[i] >= from) {
          see(s.y[i]);
          if (s.low) see(s.low[i]);
          if (s.high) see(s.high[i]);
        }
    for (const line of chart.lines ?? []) see(line.y);
    return [low, high];
  };
  let [low, high] = range(-Infinity);
  if (xs.length >= 20 && !chart.log) {
    const later = range(xs[0] + 0.12 * (xs.at(-1) - xs[0]));
    if (high - low > 1.5 * (later[1] - later[0]) && later[1] > later[0]) [low, high] = later;
  }
  if (!(low <= high)) [low, high] = [chart.log ? 0.1 : 0, 1];
  if (chart.log) return [low / 1.1, Math.max(high, low * 1.01) * 1.1];
  const pad = high > low ? 0.05 * (high - low) : Math.abs(high) * 0.05 || 0.5;
  const floor = low >= 0 ? 0 : -Infinity; // no axis below 0 for what is never negative
  const ceiling = chart.unit === "%" && high <= 100 ? 100 : Infinity;
  return [Math.max(floor, low - pad), Math.min(ceiling, high + pad)];
}

const textWidth = (() => {
  const known = new Map();
  let pen = null;
  return (text, font) => {
    const key = font + text;
    if (!known.has(key)) {
      pen ??= document.createElement("canvas").getContext("2d");
      pen.font = font;
      if (known.size > 2000) known.clear();
      known.set(key, pen.measureText(text).width);
    }
    return known.get(key);
  };
})();
const FONT = 'system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

/** `text`, cut to `room` pixels with an ellipsis. */
function cut(text, room, font) {
  if (textWidth(text, font) <= room) return text;
  let n = text.length;
  while (n > 1 && textWidth(`${text.slice(0, n)}…`, font) > room) n--;
  return `${text.slice(0, n).trimEnd()}…`;
}

/** Rows (0 lowest) and sides of the marks' texts, so that none overlaps; row -1: no room, the text is left out. */
function placeMarks(marks, sx, right, rows) {
  const taken = Array.from({ length: rows }, () => []);
  return marks.map((mark) => {
    const width = textWidth(mark.text, `11px ${FONT}`) + 6;
    const x = sx(mark.x);
    const left = x + width > right;
    const span = left ? [x - width, x] : [x, x + width];
    const row = taken.findIndex((spans) => spans.every(([a, b]) => span[1] <= a || span[0] >= b));
    if (row >= 0) taken[row].push(span);
    return { ...mark, at: x, left, row };
  });
}
