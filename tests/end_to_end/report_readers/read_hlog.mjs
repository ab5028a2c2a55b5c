// Reads a histogram log through the npm package `hdr-histogram-js`, as other tools do, and compares
// it with the JSON report of the same run. Usage: node read_hlog.mjs LOG REPORT.json;
// $SQUALL_NODE_MODULES may name the folder that holds the package. Exit codes: 0 all is well, 1
// not, 77 the package is not installed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const from = process.env.SQUALL_NODE_MODULES
  ? path.join(path.resolve(process.env.SQUALL_NODE_MODULES), "..", "anything.js")
  : import.meta.url;
let hdr;
try {
  hdr = createRequire(from)("hdr-histogram-js");
} catch (error) {
  if (error.code !== "MODULE_NOT_FOUND") throw error;
  console.log("skipped: the npm package hdr-histogram-js is not installed; run: npm ci");
  process.exit(77);
}

const log = readFileSync(process.argv[2], "utf8");
const report = JSON.parse(readFileSync(process.argv[3], "utf8"));
const durations = report.phases.measure.durations;

// Values of a bucket, by HdrHistogram's layout with 2048 sub-buckets in units of a microsecond.
function valuesOf(index) {
  const bucket = Math.max(0, Math.floor(index / 1024) - 1);
  const width = 2 ** bucket;
  const lowest = (index - bucket * 1024) * width;
  return { lowest, highest: lowest + width - 1 };
}

function bucketAtRank(counts, rank) {
  for (const [index, times] of counts) {
    rank -= times;
    if (rank <= 0) return valuesOf(index);
  }
  throw new Error("fewer values than ranks");
}

const sums = new Map();
const times = new Map();
const reader = new hdr.HistogramLogReader(log);
for (let interval = reader.nextIntervalHistogram(); interval !== null;
  interval = reader.nextIntervalHistogram()) {
  assert.ok(interval.endTimeStampMsec > interval.startTimeStampMsec);
  assert.ok(Math.abs(interval.startTimeStampMsec - Date.parse(report.run.started_at)) < 3600e3);
  if (!sums.has(interval.tag))
    sums.set(interval.tag, hdr.build({
      lowestDiscernibleValue: 1, highestTrackableValue: 2 ** 37 - 1,
      numberOfSignificantValueDigits: 3, bitBucketSize: 64,
    }));
  sums.get(interval.tag).add(interval);
  times.set(interval.tag, (times.get(interval.tag) ?? 0) + 1);
}

let compared = 0;
for (const [metric, row] of Object.entries(durations)) {
  const counts = row?.histogram.counts ?? [];
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) {
    assert.ok(!sums.has(metric), `${metric} is in the log and not in the report`);
    continue;
  }
  const read = sums.get(metric);
  assert.ok(read, `${metric} is in the report and not in the log`);
  assert.equal(read.totalCount, total, `values of ${metric}`);
  for (const percentile of [1, 25, 50, 75, 90, 95, 99, 99.9, 100]) {
    const rank = Math.max(1, Math.ceil((percentile / 100) * total - 1e-9));
    assert.equal(read.getValueAtPercentile(percentile), bucketAtRank(counts, rank).highest,
      `p${percentile} of ${metric}`);
    ++compared;
  }
  for (const estimate of row.percentiles) {
    if (!estimate.enough || estimate.at_least || row.unanswered > 0) continue;
    const value = read.getValueAtPercentile(estimate.percentile);
    assert.equal(read.lowestEquivalentValue(Math.floor(estimate.value * 1e6 + 1e-6)),
      read.lowestEquivalentValue(value), `p${estimate.percentile} of ${metric} as reported`);
    ++compared;
  }
}
assert.ok(compared > 20, "nothing was compared");
const intervals = Math.max(...times.values());
assert.ok(intervals >= Number(process.argv[4] ?? 1), `only ${intervals} intervals`);
console.log(`ok: ${sums.size} metrics in up to ${intervals} intervals, ${compared} percentiles equal`);
