// Values as the text reports write them, and where an axis has its ticks. Pure functions.
"use strict";
window.SquallValues = (() => {
  const separated = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");

  // At least three significant digits; whole numbers keep all of theirs.
  function significant(value) {
    const size = Math.abs(value);
    if (size === 0) return "0";
    const sign = value < 0 ? "-" : "";
    if (size < 0.00995) return sign + size.toPrecision(2);
    if (size < 0.995) return sign + size.toFixed(3);
    if (size < 9.995) return sign + size.toFixed(2);
    if (size < 99.95) return sign + size.toFixed(1);
    if (size < 1e15) return sign + separated(size.toFixed(0));
    return value.toPrecision(3);
  }

  const two = (number) => String(Math.floor(number)).padStart(2, "0");

  // "1:05", "1:02:03"; with a fraction where the step between neighbours is below a second.
  function clock(seconds, step) {
    if (seconds < 0) return "-" + clock(-seconds, step);
    const decimals = step > 0 && step < 1 ? Math.min(3, Math.ceil(-Math.log10(step) - 1e-9)) : 0;
    const scale = 10 ** decimals;
    const rounded = Math.round(seconds * scale) / scale;
    const whole = Math.floor(rounded);
    const rest = decimals > 0 ? (rounded - whole).toFixed(decimals).slice(1) : "";
    if (whole < 3600) return Math.floor(whole / 60) + ":" + two(whole % 60) + rest;
    return Math.floor(whole / 3600) + ":" + two((whole / 60) % 60) + ":" + two(whole % 60) + rest;
  }

  function date(seconds, step) {
    const text = new Date(seconds * 1000).toISOString();
    return step >= 86400 ? text.slice(0, 10) : text.slice(0, 16).replace("T", " ");
  }

  // Units that are written once beside an axis, not at each of its ticks.
  const scaled = ["s", "B", "B/s", "share", "clock", "date", "percentile"];
  const unitOfAxis = (unit) => (scaled.includes(unit) ? "" : unit);
  const things = ["requests", "users", "answers", "agents", "machines", "runs"];

  // What the values of a unit are multiplied by to be written, and what stands behind them.
  // `size`: of the greatest of those that are to look alike.
  function scaleOf(unit, size) {
    if (unit === "s") {
      if (size < 999.5e-6) return { factor: 1e6, suffix: " µs" };
      if (size < 0.9995) return { factor: 1e3, suffix: " ms" };
      if (size < 120) return { factor: 1, suffix: " s" };
      if (size < 7200) return { factor: 1 / 60, suffix: " min" };
      return { factor: 1 / 3600, suffix: " h" };
    }
    if (unit === "B" || unit === "B/s") {
      const names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
      let name = 0;
      while (size >= 1024 && name + 1 < names.length) { size /= 1024; ++name; }
      return { factor: 1024 ** -name, suffix: " " + names[name] + unit.slice(1) };
    }
    if (unit === "share") return { factor: 100, suffix: " %" };
    return { factor: 1, suffix: unit ? " " + unit : "" };
  }

  // A value by itself, as in a table.
  function text(value, unit) {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    if (unit === "clock") return clock(value, 1);
    if (unit === "date") return date(value, 60);
    if (unit === "percentile") return "p" + Number(value.toFixed(5));
    const { factor, suffix } = scaleOf(unit, Math.abs(value));
    return significant(value * factor) + suffix;
  }

  // 1, 2 or 5 times a power of ten, so that about `count` steps lie in `range`.
  function niceStep(range, count) {
    const rough = range / Math.max(1, count);
    const power = 10 ** Math.floor(Math.log10(rough));
    const times = rough / power;
    return (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10) * power;
  }

  const clockSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600,
                      43200, 86400, 172800, 604800, 1209600, 2592000, 7776000, 31536000];

  function multiples(low, high, step) {
    const list = [];
    const first = Math.ceil(low / step - 1e-9);
    for (let i = first; i * step <= high + step * 1e-9 && list.length < 100; ++i) list.push(i * step);
    return list;
  }

  const fixed = (value, step) => {
    const decimals = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9)));
    const [whole, fraction] = Math.abs(value).toFixed(decimals).split(".");
    const sign = value < 0 && Number(value.toFixed(decimals)) !== 0 ? "-" : "";
    return sign + separated(whole) + (fraction ? "." + fraction : "");
  };

  // [{value, label}] of a linear axis from `low` to `high`.
  function ticks(low, high, count, unit) {
    if (!(high > low)) return [{ value: low, label: text(low, unit) }];
    if (unit === "clock" || unit === "date") {
      const write = unit === "clock" ? clock : date;
      const rough = (high - low) / Math.max(1, count);
      const step = rough < 1 ? niceStep(high - low, count)
                             : clockSteps.find((each) => each >= rough) || rough;
      return multiples(low, high, step).map((value) => ({ value, label: write(value, step) }));
    }
    const { factor, suffix } = scaleOf(unit, Math.max(Math.abs(low), Math.abs(high)));
    const step = Math.max(niceStep((high - low) * factor, count), things.includes(unit) ? 1 : 0);
    const behind = unitOfAxis(unit) ? "" : suffix;
    return multiples(low * factor, high * factor, step).map((value) => ({
      value: value / factor,
      label: value === 0 ? "0" : fixed(value, step) + behind,
    }));
  }

  const decadeText = (value, unit) => {
    const { factor, suffix } = scaleOf(unit, Math.abs(value) * 1.0001);
    const number = Number((value * factor).toPrecision(3));
    return (Number.isInteger(number) ? separated(String(number)) : String(number)) +
           (unitOfAxis(unit) ? "" : suffix);
  };

  // Of a logarithmic axis: decades, with 2 and 5 where few fit; linear ones within less than one.
  function logTicks(low, high, count, unit) {
    if (!(low > 0) || !(high > low)) return [{ value: low, label: text(low, unit) }];
    const decades = Math.log10(high / low);
    if (decades < 1) return ticks(low, high, count, unit);
    const all = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); ++power)
      for (const times of decades < count / 2.5 ? [1, 2, 5] : [1]) all.push(times * 10 ** power);
    const inside = all.filter((value) => value >= low * 0.999999 && value <= high * 1.000001);
    const every = Math.max(1, Math.ceil(inside.length / (count * 1.5)));
    return inside.filter((_, i) => i % every === 0)
                 .map((value) => ({ value, label: decadeText(value, unit) }));
  }

  // The axis of percentiles runs over 1 / (1 - p).
  const ofPercentile = (percentile) => (percentile < 100 ? 1 / (1 - percentile / 100) : null);
  const toPercentile = (place) => (1 - 1 / place) * 100;

  function percentileTicks(low, high, count) {
    const shown = count < 7 ? [50, 90, 99, 99.9, 99.99, 99.999, 99.9999]
                            : [0, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999, 99.9999];
    return shown.map((each) => ({ value: ofPercentile(each), label: text(each, "percentile") }))
                .filter((tick) => tick.value >= low * 0.999 && tick.value <= high * 1.001);
  }

  return { text, unitOfAxis, ticks, logTicks, percentileTicks, ofPercentile, toPercentile };
})();
