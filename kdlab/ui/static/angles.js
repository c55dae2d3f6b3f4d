// Angles as seen from one sample, worked out from the distances between all of them.

/**
 * Angles in degrees at `vertex` between the ways to i and to j, into `out` (n × n); NaN in the vertex's own row and column.
 * A sample at the vertex's very place is at right angles to all.
 */
function anglesFrom(distances, n, vertex, out) {
  const from = vertex * n;
  for (let i = 0; i < n; i++) {
    const a = distances[from + i];
    for (let j = i; j < n; j++) {
      const b = distances[from + j];
      const c = distances[i * n + j];
      const cosine = a * b > 0 ? (a * a + b * b - c * c) / (2 * a * b) : 0;
      const angle = i === vertex || j === vertex ? NaN : (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI;
      out[i * n + j] = out[j * n + i] = angle;
    }
  }
  return out;
}

/** Smallest and largest of several arrays, rounded outwards to tens of degrees; NaN is left out. */
function tens(...arrays) {
  let [low, high] = [Infinity, -Infinity];
  for (const values of arrays)
    for (const v of values) {
      if (v < low) low = v;
      if (v > high) high = v;
    }
  return low <= high ? [Math.floor(low / 10) * 10, Math.max(Math.ceil(high / 10) * 10, Math.floor(low / 10) * 10 + 10)] : [0, 10];
}

/** The difference that 99 of 100 do not exceed, in steps of a colour scale (`code` steps a degree), at most 255. */
function mostOf(one, other, code) {
  const counts = new Uint32Array(256);
  let total = 0;
  for (let k = 0; k < one.length; k++) {
    const gap = Math.abs(one[k] - other[k]) * code;
    if (gap === gap) { counts[Math.min(255, Math.ceil(gap))]++; total++; }
  }
  let [step, sum] = [0, counts[0]];
  while (step < 255 && sum < 0.99 * total) sum += counts[++step];
  return step;
}

/** Mean absolute difference of two n × n arrays over pairs of two samples; NaN is left out. */
function meanApart(one, other, n) {
  let [sum, count] = [0, 0];
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const gap = Math.abs(one[i * n + j] - other[i * n + j]);
      if (i !== j && gap === gap) { sum += gap; count++; }
    }
  return count ? sum / count : 0;
}
