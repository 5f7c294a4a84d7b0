// The interoperation matrix: headless Chromium against the programs stdio_peer and playground. Prints a row a case
// and ends with 0 (all passed), 1 (something failed) or 77 (this machine cannot run it).
//
//   node run.mjs --peer PATH --playground PATH --out FOLDER [--only WORDS]
//   node run.mjs --self --out FOLDER     tries the matrix itself: the browser stands in for both programs

import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { BrowserPeer, launch, servePeerPage } from "./browser.mjs";
import { CONNECT, FULL, SHORT, browserCloses, echoRun, many, peerCloses, reload, trickled } from "./cases.mjs";
import { CAMERA, PAGE, lostServer } from "./page-cases.mjs";
import { CHANGES, CODECS, SIMULCAST, codecSteps, lossSteps } from "./media-cases.mjs";
import { FakePlayground, Playground } from "./playground.mjs";
import { Report } from "./report.mjs";
import { CannotRun } from "./setup.mjs";
import { StdioPeer } from "./stdio.mjs";

const RUN_LIMIT_MS = 900_000;
/// How long media is watched: in every run, and in a long one.
const [WATCHED_S, WATCHED_LONG_S] = [6, 20];

const { values: options } = parseArgs({ options: {
  self: { type: "boolean", default: false }, peer: { type: "string" }, playground: { type: "string" },
  out: { type: "string", default: "." }, only: { type: "string", default: "" }, long: { type: "boolean", default: false },
} });

// Real users' browsers hide their addresses (mdns), so both roles are tried in full with and without.
const SESSIONS = [
  // The smallest step first: when it fails, the browser is not to blame.
  { variant: null, offers: "peer", steps: { ...FULL, "50 connections at once": many, "the peer closes": peerCloses } },
  { variant: "mdns", offers: "browser", steps: { ...FULL, "every byte of 10 MB compared on its way back": echoRun, "page reload": reload, "the peer closes": peerCloses } },
  { variant: "mdns", offers: "peer", steps: { ...FULL, "page reload": reload, "the browser closes": browserCloses } },
  { variant: "mdns", offers: "browser", title: "trickle", steps: { "connect with candidates one by one": trickled } },
  { variant: "plain", offers: "browser", steps: { ...FULL, "page reload": reload, "the browser closes": browserCloses } },
  { variant: "plain", offers: "peer", steps: { ...FULL, "page reload": reload, "the peer closes": peerCloses } },
  { variant: "no-pqc", offers: "browser", steps: SHORT },
  { variant: "no-pqc", offers: "peer", steps: SHORT },
  ...CODECS.flatMap((codec) => ["browser", "peer"].map((offers) =>
    ({ variant: "camera", offers, title: codec, steps: codecSteps(codec) }))),
  ...CODECS.map((codec) => ({ variant: "camera", offers: "browser", title: `${codec} with loss`, steps: lossSteps(codec) })),
  { variant: "camera", offers: "browser", title: "simulcast", steps: SIMULCAST },
  { variant: "camera", offers: "browser", title: "changes", steps: CHANGES },
];

async function main() {
  mkdirSync(options.out, { recursive: true });
  const report = new Report(RUN_LIMIT_MS);
  const site = await servePeerPage();
  const browsers = new Browsers();
  let cannot;
  try {
    report.begin(options.self ? "the browser against itself" : "Chromium against Tidewire");
    for (const session of SESSIONS) await peerSession(report, browsers, site, session);
    for (const variant of ["mdns", "plain"]) await pageSession(report, browsers, variant);
  } catch (error) {
    if (!(error instanceof CannotRun)) throw error;
    cannot = error;
  } finally {
    await browsers.close();
    site.close();
  }
  return report.end(cannot);
}

// One Chromium at a time; the same for neighbours that want the same variant.
class Browsers {
  async in(variant) {
    if (this.current?.variant !== variant) {
      await this.close();
      this.current = await launch(variant);
    }
    return this.current;
  }

  async close() {
    await this.current?.close();
    this.current = null;
  }
}

async function peerSession(report, browsers, site, { variant, offers, title, steps }) {
  const name = variant ? `${variant}, ${offers} offers${title ? `, ${title}` : ""}` : "no browser";
  if (!name.includes(options.only) || (options.self && !variant)) return;
  await report.session(name, async (step) => {
    const chromium = variant && await browsers.in(variant);
    const ours = () => options.self ? BrowserPeer.open(chromium, site.url) : StdioPeer.open(options.peer);
    const browser = variant ? await BrowserPeer.open(chromium, site.url) : await ours();
    const peer = await ours();
    const [offerer, answerer] = offers === "browser" ? [browser, peer] : [peer, browser];
    const seconds = options.long ? WATCHED_LONG_S : WATCHED_S;
    const session = { browser, peer, offerer, answerer, variant, seconds, k: 0 };
    try {
      for (const [title, run] of Object.entries(steps)) await step(title, () => run(session), CONNECT.has(title));
    } finally {
      await Promise.all([browser.end(), peer.end()]);
      session.relay?.close();
    }
  });
}

async function pageSession(report, browsers, variant) {
  const name = `playground, ${variant}`;
  if (!name.includes(options.only)) return;
  await report.session(name, async (step) => {
    const chromium = await browsers.in(variant);
    const server = options.self ? await FakePlayground.open(chromium) : await Playground.open(options.playground);
    const page = await chromium.context.newPage();
    const session = { page, server, out: options.out, variant };
    try {
      const { connects, ...rest } = PAGE;
      const steps = { connects, ...variant === "plain" && !options.self ? CAMERA : {}, ...rest };
      for (const [title, run] of Object.entries(steps)) await step(title, () => run(session), CONNECT.has(title));
      await step("the server goes away", () => lostServer(session));
    } finally {
      await page.close();
      await server.end();
    }
  });
}

process.exitCode = await main().catch((error) => {
  console.error(error);
  return 1;
});
