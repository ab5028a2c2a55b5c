// Opens pages that squall wrote as people look at them, takes a screenshot of each, and says what
// is wrong. Usage: node pages.mjs FOLDER [DASHBOARD_URL PID]: FOLDER holds the pages and takes the
// screenshots; of a dashboard PID is the run, which is interrupted when it was looked at. Without
// arguments it only says whether it could. Exit codes: 0 all is well, 1 not,
// 77 Chromium or the npm package playwright-core is not installed.
import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { allDrawn, chromiumProgram, forms, launched, playwright, screenDrawn, screenshots,
         watched } from "./browser.mjs";
import { allChartsDrew, chartsOf, dragZoomsAndResets, hoverTellsValues, nothingOverflows,
         strangersStayText, themeSwitches } from "./checks.mjs";

const some = [forms[0], forms[3]];  // wide and light, narrow and dark

// Which pages there must be, the fewest charts that each has, and the charts by which the mouse is
// tried.
const pages = [
  { name: "report", charts: 12, hover: ["percentiles", "histogram-ttft", "course-ttft", "heat-e2e"],
    drag: ["throughput", "percentiles"], stranger: "<script>alert(1)</script>" },
  { name: "comparison", charts: 8, hover: ["changes", "values-ttft-p99", "curves-ttft"],
    drag: ["values-ttft-p50", "curves-e2e"], stranger: "<script>alert(1)</script>" },
  { name: "incomparable", charts: 5, forms: some, hover: ["values-ttft-p50"], drag: ["values-ttft-p50"],
    stranger: "<script>alert(1)</script>" },
  { name: "trend", charts: 4, hover: ["trend-ttft-p50"], drag: ["trend-ttft-p50"],
    stranger: "<script>alert(1)</script>" },
  { name: "campaign", charts: 3, hover: ["chart-front"], drag: ["chart-front"],
    stranger: "<script>alert(1)</script>" },
  { name: "capacity", charts: 3, hover: ["throughput"], drag: ["ttft-against-load"],
    stranger: "<script>alert(1)</script>" },
  { name: "fleet", charts: 4, forms: some, hover: ["tokens"], drag: ["requests"],
    stranger: "<script>alert(1)</script>" },
];
// Bounds that hold on any machine; what was measured is printed.
const slowest_opening = 30_000;  // ms
const largest_report = 5_000_000;  // bytes

const failures = [];

function note(what, wrong) {
  for (const each of wrong) failures.push(`${what}: ${each}`);
}

/// The ids of charts that share zoom and cursor with this one.
const linkedTo = (page, id) => page.evaluate((wanted) => {
  const data = document.getElementById("squall-charts") ??
               document.getElementById("dashboard-charts");
  const specs = JSON.parse(data.textContent);
  const { linked } = specs.find((spec) => spec.id === wanted);
  return linked ? specs.filter((spec) => spec.linked === linked).map((spec) => spec.id) : [wanted];
}, id);

async function checkLooks(opened, wanted) {
  const { page, form, troubles } = opened;
  const what = `${wanted.name} ${form.name}`;
  note(what, await allChartsDrew(page, wanted.charts));
  note(what, await nothingOverflows(page));
  note(what, await strangersStayText(page, wanted.stranger));
  note(what, troubles.splice(0));
}

async function checkByMouse(opened, wanted) {
  const { page, form, troubles } = opened;
  const what = `${wanted.name} ${form.name}`;
  const most = form.width > 640 ? 9 : 1;  // on a phone one chart stands for all
  for (const id of wanted.hover.slice(0, most))
    note(what, await hoverTellsValues(page, [id], await linkedTo(page, id)));
  for (const id of wanted.drag.slice(0, most))
    note(what, await dragZoomsAndResets(page, id, await linkedTo(page, id), wanted.grows));
  note(what, troubles.splice(0));
}

async function checkPage(browser, folder, wanted) {
  const file = path.join(folder, wanted.name + ".html");
  if (!existsSync(file)) return note(wanted.name, ["the page is missing"]);
  const url = pathToFileURL(file).href;
  const may = (address) => address.split("#")[0] === url || address.startsWith("data:");
  const looks = wanted.forms ?? forms;
  for (const form of looks) {
    const opened = await watched(browser, form, may);
    await opened.page.goto(url);
    await allDrawn(opened.page);
    await checkLooks(opened, wanted);
    await screenshots(opened.page, folder, `${wanted.name}-${form.name}`);
    // What a mouse does is the same in light and dark.
    if (form.scheme === "light") await checkByMouse(opened, wanted);
    if (form.name === "wide-dark") note(wanted.name, await themeSwitches(opened.page));
    note(`${wanted.name} ${form.name}`, opened.troubles);
    await opened.close();
  }
  console.log(`${wanted.name}: ${statSync(file).size} bytes, looked at in ${looks.length} forms`);
}

/// A report of an hour of 20 agents: small, and there at once, wherever in it the reader begins.
async function checkLongReport(browser, folder) {
  const file = path.join(folder, "hour.html");
  const url = pathToFileURL(file).href;
  const size = statSync(file).size;
  if (size >= largest_report) note("hour", [`it has ${size} bytes`]);
  console.log(`hour: ${size} bytes`);
  for (const place of ["", "#latency"]) {
    const opened = await watched(browser, forms[0], (address) => address.split("#")[0] === url);
    const begun = performance.now();
    await opened.page.goto(url + place, { waitUntil: "commit" });
    await screenDrawn(opened.page);
    const screen = performance.now() - begun;
    const others = await opened.page.locator(".chart:not(.drawn)").count();
    await allDrawn(opened.page);
    const all = performance.now() - begun;
    const text = await opened.page.evaluate(() =>
      performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd);
    console.log(`hour${place}: text can be read after ${text.toFixed(0)} ms, the charts on the ` +
                `screen are drawn after ${screen.toFixed(0)} ms (${others} are not yet), all ` +
                `${(await chartsOf(opened.page)).length} after ${all.toFixed(0)} ms`);
    if (!(all < slowest_opening)) note("hour", [`it takes ${all} ms to open`]);
    note("hour", await allChartsDrew(opened.page, 15));
    note("hour", await nothingOverflows(opened.page));
    note("hour", opened.troubles);
    if (place === "") await screenshots(opened.page, folder, "hour");
    await opened.close();
  }
}

/// The charts that the reader sees come first: in a report that is opened at its resources, those of
/// the beginning wait. Paper waits for none.
async function checkOrder(browser, folder) {
  const url = pathToFileURL(path.join(folder, "hour.html")).href;
  const { page, troubles, close } =
    await watched(browser, forms[0], (address) => address.split("#")[0] === url);
  await page.addInitScript(() => {
    window.drawnInOrder = [];
    document.addEventListener("DOMContentLoaded", () => {
      const seen = new MutationObserver((changes) => changes.forEach(({ target }) => {
        if (target.classList.contains("drawn") && !window.drawnInOrder.includes(target.id))
          window.drawnInOrder.push(target.id);
      }));
      for (const chart of document.querySelectorAll("figure.chart"))
        seen.observe(chart, { attributeFilter: ["class"] });
      if (location.hash !== "#origin") return;
      window.dispatchEvent(new Event("beforeprint"));
      window.missingOnPaper = document.querySelectorAll(".chart:not(.drawn)").length;
      window.dispatchEvent(new Event("afterprint"));
    });
  });
  await page.goto(url + "#resources");
  await allDrawn(page);
  const order = await page.evaluate(() => window.drawnInOrder);
  if (order.length < 15) note("hour", [`only ${order.length} charts were seen to be drawn`]);
  if (order.indexOf("cpu") > order.indexOf("heat-ttft"))
    note("hour", [`opened at its resources it draws ${order.join(", ")}`]);
  await page.goto("about:blank");
  await page.goto(url + "#origin", { waitUntil: "domcontentloaded" });
  const missing = await page.evaluate(() => window.missingOnPaper);
  if (missing !== 0) note("hour", [`${missing} charts would be missing on paper`]);
  note("hour", await allChartsDrew(page, 15));
  note("hour", troubles);
  await close();
}

/// While the run goes on: all forms at once, then by mouse; and what is left when it has ended.
async function checkDashboard(browser, folder, url, run) {
  const wanted = { name: "dashboard", charts: 5, hover: ["tokens", "ttft"], drag: ["in-flight"],
                   grows: true, stranger: "<script>alert(1)</script>" };
  const { origin } = new URL(url);
  const may = (address) => address.startsWith(origin + "/") || address.startsWith("data:");
  const all = [];
  for (const form of forms) {
    const opened = await watched(browser, form, may);
    await opened.page.goto(url, { waitUntil: "domcontentloaded" });
    all.push(opened);
  }
  for (const opened of all) {
    await allDrawn(opened.page);
    await checkLooks(opened, wanted);
    await screenshots(opened.page, folder, `dashboard-${opened.form.name}`);
    if (opened.form.scheme === "light") await checkByMouse(opened, wanted);
  }
  const [first] = all;
  if (await first.page.locator("#end").isVisible())
    note("dashboard", ["the run was over before all was looked at"]);
  process.kill(run, "SIGINT");
  await first.page.locator("#end").waitFor({ state: "visible", timeout: 60_000 });
  note("dashboard at the end", await allChartsDrew(first.page, wanted.charts));
  await screenshots(first.page, folder, "dashboard-ended");
  for (const { troubles, form, close } of all) {
    note(`dashboard ${form.name}`, troubles);
    await close();
  }
  console.log(`dashboard: looked at in ${forms.length} forms while the run went on, and at its end`);
}

if (playwright() === null) {
  console.log("skipped: the npm package playwright-core is not installed; ./dev browser-tools " +
              "installs it");
  process.exit(77);
}
if (chromiumProgram() === null) {
  console.log("skipped: there is no Chromium here; ./dev browser-tools installs it");
  process.exit(77);
}
const [folder, dashboard, run] = process.argv.slice(2);
if (folder !== undefined) {
  const browser = await launched();
  if (dashboard !== undefined) {
    await checkDashboard(browser, folder, dashboard, Number(run));
  } else {
    for (const wanted of pages) await checkPage(browser, folder, wanted);
    await checkLongReport(browser, folder);
    await checkOrder(browser, folder);
  }
  await browser.close();
}
for (const each of failures) console.log(`WRONG ${each}`);
process.exit(failures.length > 0 ? 1 : 0);
