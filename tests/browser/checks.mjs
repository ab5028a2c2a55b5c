// What must hold of each page of ours, asked by mouse and by looking at pixels. Each check returns
// a list of what is wrong.

/// Of every chart: the stretch of x that it shows, and what its legend tells.
export const chartsOf = (page) => page.evaluate(() =>
  [...document.querySelectorAll(".chart.drawn")].map((element) => {
    const { x } = window.Chart.getChart(element.querySelector("canvas")).scales;
    return {
      id: element.id, x: [x.min, x.max], at: element.querySelector(".at").textContent,
      texts: [...element.querySelectorAll(".key .value")].map((value) => value.textContent),
      canReset: !element.querySelector(".reset").hidden,
    };
  }));

/// Of every chart: how many values it has, and how many pixels of its plot have a colour (axes and
/// grid are grey).
const drawingsOf = (page) => page.evaluate(() => {
  const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  return [...document.querySelectorAll(".chart.drawn")].map((element) => {
    const canvas = element.querySelector("canvas");
    const chart = window.Chart.getChart(canvas);
    const { left, top, width, height } = chart.chartArea;
    const scale = chart.currentDevicePixelRatio;
    copy.canvas.width = Math.ceil(width * scale);
    copy.canvas.height = Math.ceil(height * scale) + 2;
    copy.drawImage(canvas, -left * scale, -top * scale);
    const { data } = copy.getImageData(0, 0, copy.canvas.width, copy.canvas.height);
    let coloured = 0;
    for (let i = 0; i < data.length; i += 4) {
      const [red, green, blue] = [data[i], data[i + 1], data[i + 2]];
      if (data[i + 3] > 60 && Math.max(red, green, blue) - Math.min(red, green, blue) > 40)
        ++coloured;
    }
    const values = chart.data.datasets.reduce((sum, set) =>
      sum + set.data.filter((point) => point.y !== null && point.y !== undefined).length, 0);
    return { id: element.id, coloured, values,
             heat: element.querySelector(".plot.heat") !== null };
  });
});

export async function allChartsDrew(page, fewest) {
  const charts = await drawingsOf(page);
  const wrong = charts.filter((chart) => (chart.values > 0 || chart.heat) && chart.coloured < 8)
    .map((chart) => `chart ${chart.id} is blank (${chart.values} values)`);
  const empty = await page.evaluate(() =>
    [...document.querySelectorAll("figure.chart:not(.drawn)")].map((each) => each.id));
  wrong.push(...empty.map((id) => `chart ${id} was not drawn`));
  if (charts.length < fewest) wrong.push(`there are ${charts.length} charts, not ${fewest}`);
  return wrong;
}

/// Nothing is wider than the window; no legend, no heading and no chart's title is cut.
export const nothingOverflows = (page) => page.evaluate(() => {
  const wrong = [];
  const root = document.documentElement;
  if (root.scrollWidth > window.innerWidth)
    wrong.push(`it is ${root.scrollWidth} px wide in a window of ${window.innerWidth}`);
  for (const heading of document.querySelectorAll("h1, h2, h3, .chart .title"))
    if (heading.scrollWidth > heading.clientWidth + 1)
      wrong.push(`a heading is cut: ${heading.textContent}`);
  for (const keys of document.querySelectorAll(".keys")) {
    const edge = keys.getBoundingClientRect().right + 1;
    const { id } = keys.closest(".chart");
    for (const key of keys.children)
      if (key.getBoundingClientRect().right > edge || key.scrollWidth > key.clientWidth + 1)
        wrong.push(`the legend of ${id} is cut at the right: ${key.textContent}`);
    // Long legends scroll, and must say so by a row that is cut in the middle: never a whole one.
    if (keys.scrollHeight > keys.clientHeight + 1 && keys.children.length <= 8)
      wrong.push(`the legend of ${id} does not show all of its ${keys.children.length} series`);
  }
  return wrong;
});

/// What others wrote stays text: no element came of it, no script holds it.
export const strangersStayText = (page, name) => page.evaluate((text) => {
  const wrong = [];
  if (!document.body.innerText.includes(text)) wrong.push(`${text} is not shown`);
  if (document.querySelector("main img, main iframe, main object, main svg, main script"))
    wrong.push("there is an element that is not ours");
  const scripts = [...document.scripts].filter((each) => each.type !== "application/json");
  if (scripts.some((each) => each.textContent.includes("alert(")))
    wrong.push("a script holds what others wrote");
  return wrong;
}, name);

// ---- by mouse

async function plotOf(page, id) {
  const canvas = page.locator(`[id="${id}"] canvas`);
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  const area = await canvas.evaluate((each) => {
    const { left, right, top, bottom } = window.Chart.getChart(each).chartArea;
    return { left, right, top, bottom };
  });
  const y = box.y + (area.top + area.bottom) / 2;
  return { at: (share) => [box.x + area.left + share * (area.right - area.left), y] };
}

async function drag(page, id, from, to) {
  const plot = await plotOf(page, id);
  await page.mouse.move(...plot.at(from));
  await page.mouse.down();
  await page.mouse.move(...plot.at((from + to) / 2));
  await page.mouse.move(...plot.at(to));
  await page.mouse.up();
}

const same = (one, other) => {
  const size = Math.abs(one.x[1] - one.x[0]) || 1;
  return one.x.every((end, i) => Math.abs(end - other.x[i]) < 1e-6 * size);
};

/// Over each chart the legend tells values, and those linked to it tell theirs of the same place.
export async function hoverTellsValues(page, ids, linked) {
  const wrong = [];
  for (const id of ids) {
    // A chart of few points: some places lie far from all of them.
    let told = false;
    for (const share of [0.5, 0.25, 0.75, 0.95, 0.05, 0.62]) {
      const plot = await plotOf(page, id);
      await page.mouse.move(...plot.at(share));
      const charts = await chartsOf(page);
      const chart = charts.find((each) => each.id === id);
      if (chart.at === "") wrong.push(`${id} does not say where the cursor is`);
      for (const other of charts.filter((each) => linked.includes(id) && linked.includes(each.id)))
        if (other.at.split(" · ")[0] !== chart.at.split(" · ")[0])
          wrong.push(`${other.id} shows ${other.at || "nothing"} when ${id} shows ${chart.at}`);
      told = chart.texts.some((text) => /[0-9]/.test(text));
      if (told) break;
    }
    if (!told) wrong.push(`${id} does not tell a value`);
  }
  await page.mouse.move(0, 0);
  const left = (await chartsOf(page)).filter((chart) => chart.at !== "");
  wrong.push(...left.map((chart) => `${chart.id} keeps its cursor when the mouse is gone`));
  return wrong;
}

/// Dragging over a chart zooms it and those linked to it, no other; a double click and the button
/// show all again. `grows`: time goes on in the charts meanwhile.
export async function dragZoomsAndResets(page, id, linked, grows = false) {
  const wrong = [];
  const group = linked.includes(id) ? linked : [id];
  const before = await chartsOf(page);
  const check = async (what, zoomed) => {
    for (const [i, chart] of (await chartsOf(page)).entries()) {
      const expected = zoomed && group.includes(chart.id);
      if (same(before[i], chart) === expected && (expected || !grows))
        wrong.push(`${what}: ${chart.id} ${expected ? "shows all" : "is zoomed"}`);
      if (chart.canReset !== expected)
        wrong.push(`${what}: the button of ${chart.id} is ${expected ? "hidden" : "there"}`);
      if (expected && chart.x[1] - chart.x[0] >= 0.9 * (before[i].x[1] - before[i].x[0]))
        wrong.push(`${what}: ${chart.id} shows as much as before`);
    }
  };
  await drag(page, id, 0.3, 0.6);
  await check("after dragging", true);
  const plot = await plotOf(page, id);
  await page.mouse.dblclick(...plot.at(0.5));
  await check("after a double click", false);
  await drag(page, group.at(-1), 0.7, 0.4);
  await check("after dragging to the left", true);
  await page.locator(`[id="${group[0]}"] .reset`).click();
  await check("after the button", false);
  const click = await plotOf(page, id);
  await page.mouse.click(...click.at(0.4));
  await check("after a click", false);
  await page.mouse.move(0, 0);
  return wrong;
}

/// The button on top turns light into dark and back, charts included.
export async function themeSwitches(page) {
  const look = () => page.evaluate(() => {
    const [canvas] = document.querySelectorAll(".chart.drawn canvas");
    return getComputedStyle(document.body).backgroundColor + canvas.toDataURL();
  });
  const before = await look();
  await page.locator("button.theme").click();
  const other = await look();
  await page.locator("button.theme").click();
  const wrong = [];
  if (other === before) wrong.push("the button does not switch between light and dark");
  if ((await look()) !== before) wrong.push("switching back does not look as before");
  return wrong;
}
