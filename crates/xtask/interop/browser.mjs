// Headless Chromium in the variants that matter, and pages in it that act as peers.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HERE, chromiumPath, playwright } from "./setup.mjs";

const ALWAYS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

// A camera and a microphone that are not there, without asking for leave. Pages that have leave do not hide addresses.
const CAMERA = ["--use-fake-device-for-media-stream=fps=30", "--use-fake-ui-for-media-stream"];

/// What each variant adds to the command line. Real browsers hide their addresses behind mDNS names.
export const VARIANTS = {
  "mdns": [],
  "plain": ["--disable-features=WebRtcHideLocalIpsWithMdns", ...CAMERA],
  // Without post-quantum key shares its ClientHello fits one datagram.
  "no-pqc": ["--disable-features=WebRtcPqcForDtls"],
  "camera": CAMERA,
};

/// `more` goes into what Playwright is told, such as a logger; its `args` come after the others.
export async function launch(variant, { args = [], ...more } = {}) {
  const chromium = await playwright();
  const profile = mkdtempSync(join(tmpdir(), "tidewire-interop-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath(chromium), headless: true, args: [...ALWAYS, ...VARIANTS[variant], ...args],
    viewport: { width: 1280, height: 1000 }, ...more,
  });
  return {
    variant, context, version: context.browser()?.version() ?? "",
    close: async () => { await context.close(); rmSync(profile, { recursive: true, force: true }); },
  };
}

/// Serves the page that turns a browser into a peer, from localhost: a secure context.
export async function servePeerPage() {
  const names = ["/peer-page.js", "/peer-media.js"];
  const scripts = new Map(names.map((name) => [name, readFileSync(join(HERE, name))]));
  const page = `<!doctype html><title>peer</title>${names.map((name) => `<script src="${name}"></script>`).join("")}`;
  const server = createServer((request, response) => {
    const script = scripts.get(request.url);
    response.writeHead(200, { "content-type": script ? "text/javascript" : "text/html" });
    response.end(script ?? page);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://localhost:${server.address().port}/`, close: () => server.close() };
}

/// A page that answers the same verbs as the program stdio_peer.
export class BrowserPeer {
  static async open(browser, url) {
    const page = await browser.context.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(url);
    return new BrowserPeer(page);
  }

  constructor(page) { this.page = page; }

  call(cmd, args = {}) {
    return this.page.evaluate((line) => window.peer.call(line), { cmd, ...args });
  }

  reload() { return this.page.reload(); }
  async end() { await this.page.close(); }
}
