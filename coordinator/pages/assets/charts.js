// Draws charts given as data (coordinator/pages/chart.hpp) with Chart.js. window.SquallCharts: draw(spec, element), update(id, spec), drawAll(specs), drawRest(), recolour(), resize(width).
"use strict";
window.SquallCharts = (() => {
  const values = window.SquallValues;
  const interaction = window.SquallInteraction;
  const { style, forgetStyle, colourOf, faded, hasWhiskers, overlay } = window.SquallOverlay;
  const states = new Map();  // id of a chart -> all about it

  // ---- from the spec to Chart.js

  const isPercentile = (spec) => spec.x.unit === "percentile";
  const isLog = (spec) => spec.x.logarithmic || isPercentile(spec);
  const toAxis = (spec, x) => (isPercentile(spec) ? values.ofPercentile(x) : x);
  const xText = (spec, x) => {
    if (spec.x.names) return spec.x.names[Math.round(x)] || "";
    return values.text(isPercentile(spec) ? values.toPercentile(x) : x, spec.x.unit);
  };

  function placesOf(spec) {
    return spec.series.map((series) => series.x.map((x) => toAxis(spec, x)));
  }

  function extentOf(spec, places) {
    let low = Infinity;
    let high = -Infinity;
    const include = (x) => {
      if (x === null || (isLog(spec) && x <= 0)) return;
      low = Math.min(low, x);
      high = Math.max(high, x);
    };
    for (const list of places) list.forEach(include);
    if (spec.heat) { include(spec.heat.x_edges[0]); include(spec.heat.x_edges.at(-1)); }
    const apart = spec.series.some((each) => each.style === "points" || each.style === "bars");
    if (low > high || isLog(spec) || spec.x.unit === "clock" || !apart) return [low, high];
    const margin = spec.x.names ? 0.5 : (high - low) * 0.03;
    return [low - margin, high + margin];
  }

  function points(state, index, column) {
    const below = state.spec.y.logarithmic ? (y) => y !== null && y <= 0 : () => false;
    const list = [];
    state.places[index].forEach((x, i) => {
      if (x === null) return;
      const y = column[i];
      list.push({ x, y: y === undefined || below(y) ? null : y });
    });
    return list;
  }

  // A point between gaps would not be seen as a line. Where there is none, one radius holds for all:
  // of many points Chart.js takes long to ask for each.
  function radiiOf(data) {
    const has = (i) => data[i] !== undefined && data[i].y !== null;
    const radii = data.map((_, i) => (has(i) && !has(i - 1) && !has(i + 1) ? 2 : 0));
    return radii.includes(2) ? radii : 0;
  }

  function mainDataset(state, index) {
    const series = state.spec.series[index];
    const colour = colourOf(state.spec, index);
    const histogram = series.style === "bars" && isLog(state.spec);
    const data = points(state, index, series.y);
    const base = {
      data, borderColor: colour, backgroundColor: colour,
      hidden: state.hidden.has(series.name), borderWidth: state.spec.series.length > 8 ? 1.25 : 1.75,
      pointRadius: radiiOf(data), pointHitRadius: 0, borderJoinStyle: "round",
    };
    switch (histogram ? "histogram" : series.style) {
      case "dashed": return { ...base, type: "line", borderDash: [6, 4] };
      case "steps": return { ...base, type: "line", stepped: "before" };
      case "points": return { ...base, type: "line", showLine: false, pointRadius: 3.5, clip: 6 };
      case "histogram":
        return { ...base, type: "line", stepped: "before", fill: "origin",
                 backgroundColor: faded(colour, 0.35) };
      case "bars":
        return { ...base, type: "bar", backgroundColor: faded(colour, 0.65), borderWidth: 1,
                 categoryPercentage: 0.9, barPercentage: 0.95, grouped: true };
      default: return { ...base, type: "line" };
    }
  }

  function bandDatasets(state, index) {
    const series = state.spec.series[index];
    if (!series.low || hasWhiskers(series)) return [];
    const colour = colourOf(state.spec, index);
    const hidden = state.hidden.has(series.name);
    const edge = { type: "line", borderWidth: 0, pointRadius: 0, hidden,
                   stepped: series.style === "steps" ? "before" : false };
    return [
      { ...edge, data: points(state, index, series.low) },
      { ...edge, data: points(state, index, series.high), fill: "-1",
        backgroundColor: faded(colour, 0.16) },
    ];
  }

  function datasets(state) {
    const list = [];
    state.spec.series.forEach((_, index) =>
      list.push(mainDataset(state, index), ...bandDatasets(state, index)));
    if (list.length === 0) list.push({ type: "line", data: [] });
    return list;
  }

  function highestOf(spec) {
    let most = 0;
    for (const series of spec.series)
      for (const column of [series.y, series.high || []])
        for (const y of column) if (y !== null && y > most) most = y;
    return most;
  }

  function leastOf(spec) {
    let least = Infinity;
    for (const series of spec.series)
      for (const y of series.y) if (y !== null && y > 0 && y < least) least = y;
    return Number.isFinite(least) ? least : 0;
  }

  // Limits near what was measured are worth seeing in proportion; those far off would flatten it.
  // Whiskers are not known to Chart.js.
  function suggestedBounds(spec) {
    const most = highestOf(spec);
    const ends = spec.marks.filter((mark) => mark.horizontal && mark.at <= 2.5 * most)
                           .map((mark) => mark.at * 1.02);
    const lows = [];
    for (const series of spec.series) {
      if (!hasWhiskers(series)) continue;
      for (const high of series.high) if (high !== null) ends.push(high);
      for (const low of series.low) if (low !== null) lows.push(low);
    }
    if (most === 0 && ends.length === 0) ends.push(1);
    // Chart.js would show decades around values that are all alike.
    const least = spec.y.logarithmic ? leastOf(spec) : 0;
    if (least > 0 && most < 2 * least) { ends.push(most * 1.5); lows.push(least / 1.5); }
    const positive = spec.y.logarithmic ? lows.filter((low) => low > 0) : lows;
    return { suggestedMax: ends.length > 0 ? Math.max(...ends) : undefined,
             suggestedMin: positive.length > 0 ? Math.min(...positive) : undefined };
  }

  // Below an axis there is room for the beginning of a long name; the cursor tells all of it. Of
  // many names those are written that fit beside each other.
  const fewNames = 12;
  function nameTicks(state, names) {
    const short = names.map((name) => (name.length > 19 ? name.slice(0, 15) + "…" : name));
    const longest = Math.max(...short.map((name) => name.length));
    const room = Math.max(2, Math.floor(state.chart_width() / (longest * 7 + 16)));
    const every = names.length > fewNames ? Math.ceil(names.length / room) : 1;
    return short.map((label, value) => ({ value, label })).filter(({ value }) => value % every === 0);
  }

  function ticksOf(state, scale) {
    const horizontal = scale.axis === "x";
    const axis = state.spec[scale.axis];
    const room = horizontal ? state.chart_width() / 95 : state.plot.clientHeight / 42;
    const count = Math.max(2, Math.floor(room));
    let list;
    if (horizontal && axis.names)
      list = nameTicks(state, axis.names);
    else if (horizontal && isPercentile(state.spec))
      list = values.percentileTicks(scale.min, scale.max, count);
    else if (horizontal ? isLog(state.spec) : axis.logarithmic)
      list = values.logTicks(scale.min, scale.max, count, axis.unit);
    else
      list = values.ticks(scale.min, scale.max, count, axis.unit);
    scale.ticks = list.filter((tick) => tick.value >= scale.min && tick.value <= scale.max)
                      .map((tick) => ({ value: tick.value, shown: tick.label }));
  }

  function axisOptions(state, axis) {
    const spec = state.spec[axis];
    const logarithmic = axis === "x" ? isLog(state.spec) : spec.logarithmic;
    const unit = values.unitOfAxis(spec.unit);
    const title = [spec.label, unit === spec.label ? "" : unit].filter((text) => text).join(", ");
    return {
      type: logarithmic ? "logarithmic" : "linear", axis, bounds: "data",
      position: axis === "x" ? "bottom" : "left", offset: false,
      afterBuildTicks: (scale) => ticksOf(state, scale),
      ticks: { callback: (_, i, all) => all[i].shown, maxRotation: axis === "x" && spec.names && spec.names.length <= fewNames ? 45 : 0,
               autoSkipPadding: 6, color: style("--muted") },
      grid: { color: style("--grid"), drawBorder: false, tickLength: 4, offset: false },
      title: { display: title !== "", text: title, color: style("--muted"),
               font: { size: 12 } },
    };
  }

  // Lines do not run along the edges.
  function widen(scale) {
    if (scale.type === "logarithmic") {
      scale.max *= 1.15;
      scale.min /= 1.15;
      return;
    }
    const margin = (scale.max - scale.min) * 0.05;
    scale.max += margin;
    if (scale.min < 0) scale.min -= margin;
  }

  function scales(state) {
    const { spec } = state;
    const [low, high] = interaction.rangeOf(state);
    const x = { ...axisOptions(state, "x"), min: low, max: high };
    const y = axisOptions(state, "y");
    if (spec.heat)
      Object.assign(y, { type: "logarithmic", min: spec.heat.y_edges[0], max: spec.heat.y_edges.at(-1) });
    else
      Object.assign(y, suggestedBounds(spec),
                    { beginAtZero: !spec.y.logarithmic, afterDataLimits: widen });
    // So that one moment stands at one place in charts below each other.
    const least = state.chart_width() < 500 ? 58 : 78;
    y.afterFit = (scale) => { scale.width = Math.max(scale.width, least); };
    return { x, y };
  }

  // ---- what the cursor stands on

  function nearestIndex(places, x, holds) {
    let low = 0;
    let high = places.length;
    while (low < high) {  // the first above x
      const middle = (low + high) >> 1;
      if (places[middle] <= x) low = middle + 1; else high = middle;
    }
    if (holds || low === places.length) return low - 1;
    if (low === 0) return 0;
    return x - places[low - 1] <= places[low] - x ? low - 1 : low;
  }

  function seriesText(state, index, x) {
    const series = state.spec.series[index];
    const holds = series.style === "steps" || (series.style === "bars" && isLog(state.spec));
    const i = nearestIndex(state.places[index], x, holds);
    if (i < 0 || series.y[i] === undefined) return "–";
    const scale = state.chart.scales.x;
    const apart = Math.abs(scale.getPixelForValue(state.places[index][i]) - scale.getPixelForValue(x));
    if (!holds && apart > Math.max(24, state.chart.chartArea.width / Math.max(4, state.places[index].length)))
      return "–";
    const { unit } = state.spec.y;
    const interval = series.low && series.low[i] !== null && series.high[i] !== null
      ? ` (${values.text(series.low[i], unit)} to ${values.text(series.high[i], unit)})` : "";
    return values.text(series.y[i], unit) + interval;
  }

  function heatText(state, x) {
    const { x_edges, y_edges, rows } = state.spec.heat;
    const i = nearestIndex(x_edges, x, true);
    if (i < 0 || i >= rows.length) return "–";
    const total = rows[i].reduce((sum, count) => sum + count, 0);
    if (total === 0) return "none";
    const j = rows[i].indexOf(Math.max(...rows[i]));
    const { unit } = state.spec.y;
    return `${values.text(total, "")}, most of them ${values.text(y_edges[j], unit)} to ` +
           values.text(y_edges[j + 1], unit);
  }

  function marksNear(state, x) {
    const scale = state.chart.scales.x;
    const at = scale.getPixelForValue(x);
    const near = state.spec.marks.filter((mark) => !mark.horizontal &&
      Math.abs(scale.getPixelForValue(toAxis(state.spec, mark.at)) - at) <= 5);
    return near.slice(0, 3).map((mark) => " · " + mark.label).join("");
  }

  function describe(state, x) {
    state.at.textContent = x === null ? "" : xText(state.spec, x) + marksNear(state, x);
    state.keys.forEach(({ value }, index) => {
      if (x === null) value.textContent = "";
      else value.textContent = state.spec.heat ? heatText(state, x) : seriesText(state, index, x);
    });
  }

  const readout = (state) => state.at.textContent + ": " +
    state.keys.map(({ name, value }) => name + " " + value.textContent).join(", ");

  // ---- elements

  function made(tag, className, parent, text) {
    const element = document.createElement(tag);
    element.className = className;
    if (text !== undefined) element.textContent = text;
    if (parent) parent.append(element);
    return element;
  }

  function makeKeys(state) {
    state.key_box.textContent = "";
    if (state.spec.heat) {
      const key = made("span", "key", state.key_box);
      made("i", "swatch", key).dataset.style = "heat";
      made("span", "name", key, "few to many");
      state.keys = [{ name: "answers", value: made("b", "value", key), swatch: null }];
      return;
    }
    state.keys = state.spec.series.map((series, index) => {
      const button = made("button", series.low ? "key banded" : "key", state.key_box);
      const swatch = made("i", "swatch", button);
      swatch.dataset.style = series.style;
      swatch.style.setProperty("--colour", colourOf(state.spec, index));
      made("span", "name", button, series.name);
      button.type = "button";
      button.setAttribute("aria-pressed", String(!state.hidden.has(series.name)));
      button.title = "show or hide";
      button.addEventListener("click", () => toggle(state, series.name, button));
      return { name: series.name, value: made("b", "value", button), swatch };
    });
  }

  function toggle(state, name, button) {
    if (!state.hidden.delete(name)) state.hidden.add(name);
    button.setAttribute("aria-pressed", String(!state.hidden.has(name)));
    refresh(state);
  }

  function makeElements(state, element) {
    state.element = element;
    element.textContent = "";
    element.classList.add("chart", "laid");
    const head = made(element.tagName === "FIGURE" ? "figcaption" : "div", "head", element);
    state.title = made("span", "title", head, state.spec.title);
    state.at = made("span", "at", head);
    state.reset = made("button", "reset", head, "reset zoom");
    state.reset.type = "button";
    state.reset.hidden = state.group.zoom === null;
    state.plot = made("div", state.spec.heat ? "plot heat" : "plot", element);
    state.canvas = made("canvas", "", state.plot);
    state.canvas.tabIndex = 0;
    state.canvas.setAttribute("role", "img");
    state.canvas.setAttribute("aria-label", state.spec.title +
      ". Arrow keys move the cursor, plus and minus zoom, Escape shows all.");
    state.cursor = made("div", "cursor", state.plot);
    state.selection = made("div", "selection", state.plot);
    state.cursor.hidden = state.selection.hidden = true;
    state.key_box = made("div", "keys", element);
    state.spoken = made("div", "spoken", element);
    state.spoken.setAttribute("role", "status");
    makeKeys(state);
  }

  // ---- what others call

  function take(state, spec) {
    state.spec = { ...spec, series: spec.series || [], marks: spec.marks || [] };
    state.places = placesOf(state.spec);
    state.extent = extentOf(state.spec, state.places);
  }

  function refresh(state) {
    if (!state.chart) return;
    state.chart.data.datasets = datasets(state);
    state.chart.config.options.scales = scales(state);
    state.chart.update("none");
  }

  function prepare(spec) {
    const before = states.get(spec.id);
    if (before) forget(before);
    const state = { hidden: new Set(), chart: null, at_x: null };
    take(state, spec);
    interaction.join(state);
    state.rescale = () => refresh(state);
    state.describe = (x) => describe(state, x);
    state.readout = () => readout(state);
    state.toAxis = (x) => toAxis(state.spec, x);
    state.chart_width = () => (state.plot ? state.plot.clientWidth : 600);
    states.set(spec.id, state);
    return state;
  }

  function forget(state) {
    interaction.leave(state);
    if (state.chart) state.chart.destroy();
    states.delete(state.spec.id);
  }

  function show(state) {
    state.element.classList.add("drawn");
    Chart.defaults.font.family = style("--font");
    state.chart = new Chart(state.canvas, {
      type: "line",
      data: { datasets: datasets(state) },
      plugins: [overlay(state)],
      options: {
        animation: false, responsive: true, maintainAspectRatio: false, parsing: false, events: [],
        layout: { padding: { right: 10, top: 6 } },
        plugins: { legend: { display: false }, tooltip: { enabled: false },
                   filler: { drawTime: "beforeDatasetsDraw" } },
        scales: scales(state),
      },
    });
    interaction.attach(state);
  }

  /// Draws into an element, in place of what it holds.
  function draw(spec, element) {
    const state = prepare(spec);
    makeElements(state, element);
    show(state);
  }

  /// New data for a chart that is drawn; zoom, cursor and what is hidden stay.
  function update(id, spec) {
    const state = states.get(id);
    if (!state) return;
    const names = (each) => each.series.map((series) => series.name).join("\n");
    const before = names(state.spec);
    take(state, spec);
    state.title.textContent = state.spec.title;
    if (!state.spec.heat && names(state.spec) !== before) makeKeys(state);
    refresh(state);
    interaction.point(state, state.at_x);
  }

  // How far above or below the window an element is.
  function distance({ element }) {
    const { top, bottom } = element.getBoundingClientRect();
    return Math.max(top - window.innerHeight, -bottom, 0);
  }

  let waiting = [];  // to be drawn, in the page's order

  function drawNext() {
    const far = waiting.map(distance);
    const [state] = waiting.splice(far.indexOf(Math.min(...far)), 1);
    show(state);
    if (waiting.length === 0) document.documentElement.dataset.charts = "drawn";
  }

  /// All charts of a page, each into the element of its id: first what is on the screen, then what
  /// is nearest to it, wherever the reader is by then; one after the other, so that the page can be
  /// read meanwhile. The document's element then has data-charts="drawn".
  function drawAll(specs) {
    for (const spec of specs) {
      const element = document.getElementById(spec.id);
      if (!element) continue;
      const state = prepare(spec);
      makeElements(state, element);  // all have their places at once: nothing moves later
      waiting.push(state);
    }
    if (waiting.length === 0) document.documentElement.dataset.charts = "drawn";
    const next = () => {
      if (waiting.length === 0) return;
      drawNext();
      setTimeout(next, 0);
    };
    setTimeout(next, 0);
  }

  /// What drawAll() has not come to yet, at once: paper does not wait.
  function drawRest() {
    while (waiting.length > 0) drawNext();
  }

  /// Takes the colours of the page's style again.
  function recolour() {
    forgetStyle();
    for (const state of states.values()) {
      if (!state.chart) continue;
      state.keys.forEach(({ swatch }, index) => {
        if (swatch) swatch.style.setProperty("--colour", colourOf(state.spec, index));
      });
      refresh(state);
    }
  }

  /// Fits all charts to a width in pixels; none: to their places.
  function resize(width) {
    for (const state of states.values()) {
      if (!state.chart) continue;
      if (width) state.chart.resize(width, state.plot.clientHeight); else state.chart.resize();
    }
  }

  return { draw, update, drawAll, drawRest, recolour, resize };
})();
