// Chromium through the npm package `playwright-core`, and what a page did while it was open.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/// How people look: on paper-white and on black, at a desk and on a phone.
export const forms = [
  { name: "wide-light", width: 1400, height: 900, scheme: "light" },
  { name: "wide-dark", width: 1400, height: 900, scheme: "dark" },
  { name: "narrow-light", width: 390, height: 844, scheme: "light" },
  { name: "narrow-dark", width: 390, height: 844, scheme: "dark" },
];

/// The package; null where it is not installed. $SQUALL_NODE_MODULES may name the folder.
export function playwright() {
  const from = process.env.SQUALL_NODE_MODULES
    ? path.join(path.resolve(process.env.SQUALL_NODE_MODULES), "..", "anything.js")
    : import.meta.url;
  try {
    return createRequire(from)("playwright-core");
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
    return null;
  }
}

/// $SQUALL_CHROMIUM, or where Debian and others have it; null where it is not installed.
export function chromiumProgram() {
  const places = [process.env.SQUALL_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser",
                  "/usr/bin/google-chrome"];
  return places.find((place) => place && existsSync(place)) ?? null;
}

export const launched = () => playwright().chromium.launch({
  executablePath: chromiumProgram(),
  // As root Chromium has no sandbox; what it opens here are pages of our own.
  args: process.getuid() === 0 ? ["--no-sandbox"] : [],
});

/// A page of its own profile, that notes whatever a page of ours must not do. `may` says which
/// addresses it may ask for.
export async function watched(browser, form, may) {
  const context = await browser.newContext({
    viewport: { width: form.width, height: form.height }, colorScheme: form.scheme,
    deviceScaleFactor: 1,
  });
  context.setDefaultTimeout(180_000);  // on a busy machine a picture of a page takes its time
  const page = await context.newPage();
  const troubles = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()))
      troubles.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => troubles.push(`script failed: ${error.message}`));
  page.on("request", (request) => {
    if (!may(request.url())) troubles.push(`asks for ${request.url()}`);
  });
  page.on("dialog", async (dialog) => {
    troubles.push(`opens a box that says ${dialog.message()}`);
    await dialog.dismiss();
  });
  return { page, troubles, form, close: () => context.close() };
}

/// Asked again and again from here, since a page forbids strings as code.
async function drawnWhen(page, holds, seconds = 60) {
  const until = Date.now() + seconds * 1000;
  while (Date.now() < until) {
    if (await page.evaluate(holds)) return;
    await page.waitForTimeout(5);
  }
  throw new Error(`the charts were not drawn within ${seconds} s`);
}

/// All charts are drawn.
export const allDrawn = (page) =>
  drawnWhen(page, () => document.documentElement.dataset.charts === "drawn");

/// Those that can be seen in the window are drawn.
export const screenDrawn = (page) => drawnWhen(page, () =>
  document.readyState !== "loading" && document.querySelector(".chart.laid") !== null &&
  [...document.querySelectorAll(".chart:not(.drawn)")].every((chart) => {
    const { top, bottom } = chart.getBoundingClientRect();
    return top >= window.innerHeight || bottom <= 0;
  }));

/// The whole page, in pieces that a screen can show: FOLDER/NAME.jpeg, NAME-2.jpeg, …
export async function screenshots(page, folder, name) {
  const piece = 6000;
  const { width, height } = await page.evaluate(() => ({
    width: window.innerWidth, height: document.documentElement.scrollHeight }));
  for (let top = 0, number = 1; top < height; top += piece, ++number)
    await page.screenshot({
      path: path.join(folder, number === 1 ? `${name}.jpeg` : `${name}-${number}.jpeg`),
      type: "jpeg", quality: 80,
      fullPage: true, clip: { x: 0, y: top, width, height: Math.min(piece, height - top) },
    });
}
