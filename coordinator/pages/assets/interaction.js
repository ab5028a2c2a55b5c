// Cursor, zoom and keyboard of charts; charts of one `linked` name share them.
"use strict";
window.SquallInteraction = (() => {
  const groups = new Map();  // name -> {members, zoom: [low, high] or null}

  function join(state) {
    const { linked, id } = state.spec;
    const name = linked ? "linked " + linked : "alone " + id;
    if (!groups.has(name)) groups.set(name, { members: new Set(), zoom: null });
    state.group = groups.get(name);
    state.group.members.add(state);
  }

  const leave = (state) => state.group.members.delete(state);

  // What the x axis shows: the zoom, else all that any chart of the group has.
  function rangeOf(state) {
    if (state.group.zoom) return state.group.zoom;
    let low = Infinity;
    let high = -Infinity;
    for (const member of state.group.members) {
      low = Math.min(low, member.extent[0]);
      high = Math.max(high, member.extent[1]);
    }
    if (low > high) return [0, 1];
    return low === high ? [low - 0.5, high + 0.5] : [low, high];
  }

  function zoom(state, range) {
    state.group.zoom = range;
    for (const member of state.group.members) {
      if (!member.chart) continue;
      member.reset.hidden = range === null;
      member.rescale();
    }
    point(state, null);
  }

  // The cursor of all charts of the group at x of the axis; null: none.
  function point(state, x) {
    for (const member of state.group.members) {
      if (!member.chart) continue;
      const scale = member.chart.scales.x;
      const inside = x !== null && x >= scale.min && x <= scale.max;
      member.at_x = inside ? x : null;
      member.cursor.hidden = !inside;
      if (inside) {
        const { top, bottom } = member.chart.chartArea;
        member.cursor.style.left = scale.getPixelForValue(x) + "px";
        member.cursor.style.top = top + "px";
        member.cursor.style.height = bottom - top + "px";
      }
      member.describe(member.at_x);
    }
  }

  function showSelection(state, from, to) {
    state.selection.hidden = from === null;
    if (from === null) return;
    const { top, bottom } = state.chart.chartArea;
    state.selection.style.left = Math.min(from, to) + "px";
    state.selection.style.width = Math.abs(to - from) + "px";
    state.selection.style.top = top + "px";
    state.selection.style.height = bottom - top + "px";
  }

  function attachPointer(state) {
    const canvas = state.canvas;
    const least = 8;  // pixels: a click is no zoom
    let from = null;
    const place = (event) => {
      const { left, right } = state.chart.chartArea;
      const x = event.clientX - canvas.getBoundingClientRect().left;
      return Math.min(Math.max(x, left), right);
    };
    const valueAt = (x) => state.chart.scales.x.getValueForPixel(x);
    const end = () => { from = null; showSelection(state, null); };

    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      from = place(event);
      if (event.isTrusted) canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const x = place(event);
      if (from !== null && Math.abs(x - from) >= least) showSelection(state, from, x);
      point(state, valueAt(x));
    });
    canvas.addEventListener("pointerup", (event) => {
      const to = place(event);
      if (from !== null && Math.abs(to - from) >= least)
        zoom(state, [valueAt(Math.min(from, to)), valueAt(Math.max(from, to))]);
      end();
    });
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("pointerleave", () => { if (from === null) point(state, null); });
    canvas.addEventListener("dblclick", () => zoom(state, null));
    state.reset.addEventListener("click", () => { zoom(state, null); canvas.focus(); });
  }

  function attachKeys(state) {
    const scale = () => state.chart.scales.x;
    // In pixels, so that it is right on logarithmic axes too.
    const move = (share) => {
      const { left, right } = state.chart.chartArea;
      const before = state.at_x === null ? (left + right) / 2 : scale().getPixelForValue(state.at_x);
      const after = Math.min(Math.max(before + share * (right - left), left), right);
      point(state, scale().getValueForPixel(after));
      state.spoken.textContent = state.readout();
    };
    const magnify = (times) => {
      const { left, right } = state.chart.chartArea;
      const middle = state.at_x === null ? (left + right) / 2 : scale().getPixelForValue(state.at_x);
      const half = (right - left) / 2 / times;
      const all = [scale().getValueForPixel(middle - half), scale().getValueForPixel(middle + half)];
      zoom(state, [Math.max(all[0], state.extent[0]), Math.min(all[1], state.extent[1])]);
    };
    const actions = {
      ArrowLeft: () => move(-0.01), ArrowRight: () => move(0.01),
      Home: () => move(-1), End: () => move(1),
      "+": () => magnify(2), "=": () => magnify(2), "-": () => magnify(0.5),
      "0": () => zoom(state, null),
      Escape: () => (state.group.zoom ? zoom(state, null) : point(state, null)),
    };
    state.canvas.addEventListener("keydown", (event) => {
      const action = actions[event.key];
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      action();
    });
    state.canvas.addEventListener("blur", () => point(state, null));
  }

  function attach(state) {
    attachPointer(state);
    attachKeys(state);
  }

  return { join, leave, rangeOf, zoom, point, attach };
})();
