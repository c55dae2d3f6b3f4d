// What the soft targets of two networks say, computed anew at every movement of the slider; arrays are used again.

const BINS = 10;

/** softmax(z / T) of each row into p; logarithms of the row's sum into logZ, entropies (nats) into entropy. */
function soften(z, n, C, T, p, logZ, entropy) {
  for (let i = 0, row = 0; i < n; i++, row += C) {
    let top = -Infinity;
    for (let c = 0; c < C; c++) if (z[row + c] > top) top = z[row + c];
    let sum = 0;
    let moment = 0;
    for (let c = 0; c < C; c++) {
      const x = (z[row + c] - top) / T;
      const e = Math.exp(x);
      p[row + c] = e;
      sum += e;
      moment += e * x;
    }
    for (let c = 0; c < C; c++) p[row + c] /= sum;
    const log = Math.log(sum);
    logZ[i] = log + top / T;
    entropy[i] = Math.max(0, log - moment / sum); // rounding may leave −1e-17 where a prediction is saturated
  }
}

/** Place of the largest of C numbers from `row` on. */
function largest(z, row, C) {
  let top = 0;
  for (let c = 1; c < C; c++) if (z[row + c] > z[row + top]) top = c;
  return top;
}

/** One network: its logits, and all that is read of them. */
function network(z, labels, C) {
  const n = labels.length;
  const there = n > 0 && z.length === n * C;
  return { z, there, p: new Float64Array(there ? n * C : 0), logZ: new Float64Array(n), entropy: new Float64Array(n), mean: new Float64Array(C * C) };
}

/** Mean soft target of each class: row = label, column = answer; NaN rows for absent classes. */
function classMeans(net, labels, C, count) {
  const { p, mean } = net;
  mean.fill(0);
  for (let i = 0, row = 0; i < labels.length; i++, row += C) {
    const to = labels[i] * C;
    for (let c = 0; c < C; c++) mean[to + c] += p[row + c];
  }
  for (let k = 0; k < mean.length; k++) mean[k] /= count[(k / C) | 0];
}

/** Expected calibration error at T = 1 and the bins it comes from; accuracy too. */
function reliability(net, labels, C) {
  const count = new Float64Array(BINS);
  const sure = new Float64Array(BINS);
  const right = new Float64Array(BINS);
  for (let i = 0, row = 0; i < labels.length; i++, row += C) {
    const top = largest(net.z, row, C);
    let sum = 0;
    for (let c = 0; c < C; c++) sum += Math.exp(net.z[row + c] - net.z[row + top]);
    const bin = Math.min(BINS - 1, Math.floor(BINS / sum));
    count[bin]++;
    sure[bin] += 1 / sum;
    right[bin] += top === labels[i];
  }
  let ece = 0;
  const bins = [];
  for (let b = 0; b < BINS; b++) {
    ece += Math.abs(sure[b] - right[b]) / labels.length;
    if (count[b]) bins.push({ confidence: sure[b] / count[b], accuracy: right[b] / count[b], count: count[b] });
  }
  return { ece, bins };
}

/**
 * Readings of teacher, student and an untrained student on n labelled samples.
 * `at(T)` fills p, entropy and class means of each network, kl per sample, and the soft agreements.
 */
function softReading(logits, labels, C) {
  const n = labels.length;
  const nets = Object.fromEntries(Object.entries(logits).map(([who, z]) => [who, network(z, labels, C)]));
  const { teacher, student, baseline } = nets;
  const count = new Float64Array(C);
  for (const label of labels) count[label]++;
  const kl = new Float64Array(n);
  const both = teacher.there && student.there;
  const lead = teacher.there ? teacher : student; // whose answers order the samples
  let same = 0;
  if (both) for (let i = 0; i < n; i++) same += largest(teacher.z, i * C, C) === largest(student.z, i * C, C);

  /** Mean over samples of Σ min(p of the teacher, p of another). */
  function overlap(other) {
    let sum = 0;
    for (let k = 0; k < n * C; k++) sum += Math.min(teacher.p[k], other.p[k]);
    return sum / n;
  }

  const reading = {
    n, C, teacher, student, baseline, kl, both, count, lead,
    whos: ["teacher", "student"].filter((who) => nets[who].there),
    agreement: both ? same / n : NaN,
    softAgreement: NaN,
    untrainedAgreement: NaN,
    reliability: { teacher: teacher.there ? reliability(teacher, labels, C) : null, student: student.there ? reliability(student, labels, C) : null },
    at(T) {
      for (const net of [teacher, student, baseline]) if (net.there) soften(net.z, n, C, T, net.p, net.logZ, net.entropy);
      for (const net of [teacher, student]) if (net.there) classMeans(net, labels, C, count);
      if (both) {
        for (let i = 0, row = 0; i < n; i++, row += C) {
          let sum = 0;
          for (let c = 0; c < C; c++) sum += teacher.p[row + c] * (teacher.z[row + c] - student.z[row + c]);
          kl[i] = Math.max(0, sum / T - teacher.logZ[i] + student.logZ[i]);
        }
        reading.softAgreement = overlap(student);
      }
      if (teacher.there && baseline.there) reading.untrainedAgreement = overlap(baseline);
    },
    /** The two classes that the teacher, or a student alone, confuses most: [label, answer]. */
    confused() {
      let best = -1;
      let value = -1;
      for (let k = 0; k < C * C; k++) if (k % (C + 1) && lead.mean[k] > value) [best, value] = [k, lead.mean[k]];
      return best < 0 ? [0, 0] : [(best / C) | 0, best % C];
    },
    /** All samples as a pick puts them. */
    order(pick) {
      const order = Array.from({ length: n }, (_, i) => i);
      if (pick === "in order" || !lead.there) return order;
      let key = lead.entropy;
      if (pick === "most disagreeing" && both) key = kl;
      else if (pick === "most confused pair") {
        const [a, b] = reading.confused();
        key = Float64Array.from(labels, (label, i) => (label === a ? lead.p[i * C + b] : label === b ? lead.p[i * C + a] : -1));
      }
      return order.sort((i, j) => key[j] - key[i] || i - j);
    },
  };
  return reading;
}
