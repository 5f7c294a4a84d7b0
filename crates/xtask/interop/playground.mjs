// The program playground as a child process; and a stand-in for it that tries the page and these cases without it.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";
import { HERE } from "./setup.mjs";

const START_LIMIT_MS = 10_000;
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
const PAGE_FOLDER = join(HERE, "../../../examples/playground");

export class Playground {
  static async open(path) {
    const child = spawn(path, ["--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
    const url = new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const found = /http:\/\/\S+/.exec(line);
        if (found) resolve(found[0]);
      });
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`playground ended (${code})`)));
      setTimeout(() => reject(new Error("playground did not print its address")), START_LIMIT_MS).unref();
    });
    try {
      return new Playground(child, await url);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  constructor(child, url) {
    Object.assign(this, { child, url });
    this.exited = new Promise((resolve) => child.on("exit", resolve));
  }

  /// As Ctrl-C does: the program says goodbye to its peers.
  async stop() {
    this.child.kill("SIGINT");
    await this.exited;
  }

  async end() {
    this.child.kill("SIGKILL");
    await this.exited;
  }
}

/// Serves the page from its folder, and answers its offers from another page.
export class FakePlayground {
  static async open(browser) {
    const page = await browser.context.newPage();
    page.on("pageerror", (error) => console.error(`the stand-in: ${error.message}`));
    const http = createServer(async (request, response) => {
      if (request.method === "POST") return answer(page, request, response);
      const path = request.url === "/" ? "/index.html" : request.url.split("?")[0];
      try {
        const body = path === "/fake" ? `<!doctype html><title>stand-in</title>` : readFileSync(join(PAGE_FOLDER, path));
        response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "text/html" }).end(body);
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
    const url = `http://localhost:${http.address().port}/`;
    await page.goto(`${url}fake`);
    await page.addScriptTag({ path: join(HERE, "fake-playground.js") });
    return new FakePlayground(http, page, url);
  }

  constructor(http, page, url) { Object.assign(this, { http, page, url }); }

  async stop() {
    await this.page.evaluate(() => window.stop());
    this.http.closeAllConnections();
    this.http.close();
  }

  async end() {
    await this.page.close();
    this.http.close();
  }
}

async function answer(page, request, response) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const sdp = await page.evaluate((offer) => window.answer(offer), Buffer.concat(parts).toString());
  response.writeHead(200, { "content-type": "application/sdp" }).end(sdp);
}
