// What a user does with the playground's page.

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { until } from "./cases.mjs";

const FILE_BYTES = 10_000_000;

export const PAGE = {
  "connects": async ({ page, server }) => {
    const trouble = [];
    page.on("pageerror", (error) => trouble.push(error.message));
    page.trouble = trouble;
    await page.goto(server.url);
    await connected(page);
  },

  "chat is echoed": async ({ page }) => {
    await page.fill("#chat-text", "hello, wörld ✓");
    await page.click("#chat-form button");
    await page.waitForFunction(() => document.querySelector("#messages .theirs")?.textContent.includes("hello, wörld ✓"));
  },

  "round trips are measured": async ({ page }) => {
    await page.waitForFunction(() => /ms/.test(document.querySelector("#rtt-median").textContent));
    return text(page, "#rtt-median");
  },

  "the server's view is shown": async ({ page }) => {
    await page.waitForFunction(() => document.querySelector("#server")?.textContent.includes("DTLS 1."));
  },

  "an empty file": async ({ page }) => {
    await page.setInputFiles("#file", { name: "empty", mimeType: "text/plain", buffer: Buffer.alloc(0) });
    await page.waitForFunction(() => document.querySelector("#file-name").textContent.startsWith("empty"));
    return verdict(page);
  },

  "a file of 10 MB is sent, both hashes agree": async ({ page }) => {
    await page.setInputFiles("#file", { name: "ten.bin", mimeType: "application/octet-stream", buffer: randomBytes(FILE_BYTES) });
    await page.waitForFunction(() => document.querySelector("#file-name").textContent.startsWith("ten.bin"));
    return verdict(page);
  },

  "and comes back, both hashes agree": async ({ page }) => {
    await page.click("#send-back");
    await page.waitForFunction(() => /came back in/.test(document.querySelector("#file-status").textContent));
    return verdict(page);
  },

  "throughput both ways": async ({ page }) => {
    await page.selectOption("#throughput-size", "50");
    await page.click("#throughput-form button");
    await page.waitForFunction(() => !document.querySelector("#throughput-form button").disabled
      && document.querySelector("#rate-down").textContent !== "–", null, { timeout: 55_000 });
    return `${await text(page, "#rate-up")} up, ${await text(page, "#rate-down")} down`;
  },

  "pictures, light and dark, wide and narrow": async ({ page, out, variant }) => {
    const suffix = variant === "mdns" ? "" : `-${variant}`;
    await page.evaluate(() => { scrollTo(0, 0); document.activeElement?.blur(); });
    for (const [name, colorScheme, width] of [["", "light", 1280], ["-dark", "dark", 1280], ["-narrow", "light", 420]]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 1000 });
      await page.waitForTimeout(300);
      await page.screenshot({ path: join(out, `playground${name}${suffix}.png`), fullPage: true });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) throw new Error(`${width} pixels wide, the page is ${overflow} too wide`);
    }
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 1280, height: 1000 });
  },

  "reload while connected": async ({ page }) => {
    await page.reload();
    await connected(page);
  },

  "disconnect and reconnect": async ({ page }) => {
    await page.click("#disconnect");
    await page.waitForFunction(() => document.querySelector("#pill").dataset.state === "closed");
    await page.click("#reconnect");
    await connected(page);
  },

  "nothing was thrown": async ({ page }) => {
    if (page.trouble.length) throw new Error(page.trouble[0]);
  },
};

/// Where there is a camera.
export const CAMERA = {
  "the camera comes back, and the codec changes": async ({ page }) => {
    await page.click("#camera-form button");
    await moves(page, "VP8");
    await page.selectOption("#camera-codec", "H264");
    await moves(page, "H264");
    await page.click("#camera-form button");
    await page.waitForFunction(() => document.querySelector("#camera-status").textContent === "Stopped.");
    await page.click("#camera-form button");
    await moves(page, "H264");
    await page.click("#camera-form button");
    await page.waitForFunction(() => document.querySelector("#camera-status").textContent === "Stopped.");
  },
};

/// The page says in words that the server left.
export async function lostServer({ page, server }) {
  await server.stop();
  await until(() => page.locator("#banner").isVisible(), "the page does not say that the server is gone", 40_000);
  return text(page, "#banner p");
}

async function connected(page) {
  await page.waitForFunction(() => ["connected", "failed"].includes(document.querySelector("#pill").dataset.state), null, { timeout: 20_000 });
  if (await page.locator("#banner").isVisible()) throw new Error(await text(page, "#banner p"));
}

// At least 20 frames a second of a codec come back.
async function moves(page, codec) {
  await page.waitForFunction((name) => document.querySelector("#camera-status").textContent.startsWith(name)
    && Number(document.querySelector("#camera-fps").textContent) >= 20, codec, { timeout: 20_000 });
}

async function verdict(page) {
  await page.waitForFunction(() => ["sent", "failed"].includes(document.querySelector("#transfer").dataset.state), null, { timeout: 55_000 });
  const good = await page.locator("#verdict.good").isVisible();
  if (!good) throw new Error(`${await text(page, "#verdict")} ${await text(page, "#file-status")}`);
  return text(page, "#file-status");
}

function text(page, selector) {
  return page.locator(selector).innerText();
}
