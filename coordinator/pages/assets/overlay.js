// Colours, and what Chart.js does not draw: heat maps, whiskers, marks.
"use strict";
window.SquallOverlay = (() => {
  // ---- colours, from the style of the page

  // Asked once of the browser, which would else reckon anew with all that came into the page since.
  const known = new Map();
  function style(name) {
    if (!known.has(name))
      known.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
    return known.get(name);
  }
  const forgetStyle = () => known.clear();
  const isDark = () => style("--is-dark") === "1";

  // A series that is called as another and a comma ("ttft, intervals") has that one's colour.
  function colourOf(spec, index) {
    const { name } = spec.series[index];
    const first = spec.series.findIndex((other) => name.startsWith(other.name + ", "));
    return colourNumber(first >= 0 ? first : index);
  }

  function colourNumber(index) {
    if (index < 8) return style("--series-" + (index + 1));
    return "hsl(" + ((index * 137.5) % 360).toFixed(0) + ", 50%, " + (isDark() ? 65 : 42) + "%)";
  }

  function faded(colour, opacity) {
    if (colour.startsWith("hsl(")) return colour.replace("hsl(", "hsla(").replace(")", `, ${opacity})`);
    const part = (at) => parseInt(colour.slice(at, at + 2), 16);
    return `rgba(${part(1)}, ${part(3)}, ${part(5)}, ${opacity})`;
  }

  // `share` from 0 to 1 between the colours of the style for few and for many.
  function heatColour(share) {
    const stops = [1, 2, 3, 4].map((each) => style("--heat-" + each));
    const place = share * (stops.length - 1);
    const at = Math.min(Math.floor(place), stops.length - 2);
    const part = (colour, from) => parseInt(colour.slice(from, from + 2), 16);
    const mixed = [1, 3, 5].map((from) => Math.round(
      part(stops[at], from) + (part(stops[at + 1], from) - part(stops[at], from)) * (place - at)));
    return `rgb(${mixed.join(", ")})`;
  }

  const hasWhiskers = (series) => series.low !== undefined &&
    (series.style === "points" || series.style === "bars");

  // ---- what Chart.js does not draw

  function clipped(chart, draw) {
    const { left, top, width, height } = chart.chartArea;
    chart.ctx.save();
    chart.ctx.beginPath();
    chart.ctx.rect(left, top, width, height);
    chart.ctx.clip();
    draw(chart.ctx);
    chart.ctx.restore();
  }

  function drawHeat(chart, heat) {
    const most = heat.rows.reduce((before, row) => row.reduce((a, b) => Math.max(a, b), before), 1);
    const { x, y } = chart.scales;
    clipped(chart, (context) => {
      heat.rows.forEach((row, i) => {
        const left = Math.floor(x.getPixelForValue(heat.x_edges[i]));
        const right = Math.ceil(x.getPixelForValue(heat.x_edges[i + 1]));
        if (right < chart.chartArea.left || left > chart.chartArea.right) return;
        row.forEach((count, j) => {
          if (count === 0) return;
          const top = Math.floor(y.getPixelForValue(heat.y_edges[j + 1]));
          const bottom = Math.ceil(y.getPixelForValue(heat.y_edges[j]));
          context.fillStyle = heatColour(Math.log1p(count) / Math.log1p(most));
          context.fillRect(left, top, right - left, bottom - top);
        });
      });
    });
  }

  // Intervals of values that stand alone.
  function drawWhiskers(state, chart) {
    const { x, y } = chart.scales;
    clipped(chart, (context) => state.spec.series.forEach((series, index) => {
      if (!hasWhiskers(series) || state.hidden.has(series.name)) return;
      context.strokeStyle = colourOf(state.spec, index);
      context.lineWidth = 1.5;
      context.beginPath();
      state.places[index].forEach((place, i) => {
        if (series.low[i] === null || series.high[i] === null) return;
        const at = x.getPixelForValue(place);
        const [low, high] = [y.getPixelForValue(series.low[i]), y.getPixelForValue(series.high[i])];
        context.moveTo(at, low);
        context.lineTo(at, high);
        for (const end of [low, high]) { context.moveTo(at - 4, end); context.lineTo(at + 4, end); }
      });
      context.stroke();
    }));
  }

  const shortened = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);

  // On the colour of the card, so that it can be read over lines.
  function label(context, text, x, y, align) {
    const width = context.measureText(text).width;
    const left = align === "right" ? x - width : x;
    context.globalAlpha = 0.8;
    context.fillStyle = style("--card");
    context.fillRect(left - 2, y, width + 4, 13);
    context.globalAlpha = 1;
    context.fillStyle = style("--mark");
    context.textBaseline = "top";
    context.textAlign = "left";
    context.fillText(text, left, y + 1);
    return left + width;
  }

  function line(context, x1, y1, x2, y2) {
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
  }

  // Limits out of sight are said at the edge, one below the other.
  function drawHorizontalMarks(state, chart) {
    const { left, right, top, bottom } = chart.chartArea;
    let outside = 0;
    for (const mark of state.spec.marks) {
      if (!mark.horizontal) continue;
      const y = chart.scales.y.getPixelForValue(mark.at);
      if (y > bottom) continue;
      const text = shortened(mark.label, 48);
      if (y < top) {
        label(chart.ctx, text + " ↑", right - 4, top + 16 + 14 * outside++, "right");
        continue;
      }
      line(chart.ctx, left, y, right, y);
      label(chart.ctx, text, right - 4, y - top < 16 ? y + 2 : y - 15, "right");
    }
  }

  // Labels stand in up to three rows; where there is no room only the line stays, and the readout.
  function drawVerticalMarks(state, chart) {
    const { left, right, top, bottom } = chart.chartArea;
    const context = chart.ctx;
    const ends = [-Infinity, -Infinity, -Infinity];
    const marks = state.spec.marks.filter((mark) => !mark.horizontal).sort((a, b) => a.at - b.at)
      .map((mark) => ({ label: mark.label,
                        x: chart.scales.x.getPixelForValue(state.toAxis(mark.at)) }))
      .filter(({ x }) => x >= left - 1 && x <= right + 1);
    for (const { x } of marks) line(context, x, top, x, bottom);
    for (const mark of marks) {
      const text = shortened(mark.label, 28);
      const width = context.measureText(text).width;
      const row = ends.findIndex((end) => end < mark.x);
      if (row < 0) continue;
      if (mark.x + 3 + width <= right)
        ends[row] = label(context, text, mark.x + 3, top + 1 + row * 14, "left") + 6;
      else if (ends[row] < mark.x - 6 - width)
        ends[row] = label(context, text, mark.x - 3, top + 1 + row * 14, "right") + 6;
    }
  }

  function drawMarks(state, chart) {
    const context = chart.ctx;
    context.save();
    context.setLineDash([3, 3]);
    context.lineWidth = 1;
    context.font = "11px " + style("--font");
    context.strokeStyle = style("--mark");
    drawVerticalMarks(state, chart);
    drawHorizontalMarks(state, chart);
    context.restore();
  }

  const overlay = (state) => ({
    id: "squall",
    beforeDatasetsDraw: (chart) => { if (state.spec.heat) drawHeat(chart, state.spec.heat); },
    afterDatasetsDraw: (chart) => { drawWhiskers(state, chart); drawMarks(state, chart); },
  });

  return { style, forgetStyle, colourOf, faded, hasWhiskers, overlay };
})();
