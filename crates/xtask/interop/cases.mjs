// What is tried between a browser and a peer. `offerer` and `answerer` have the same verbs; which of them is
// the browser is the session's business.

export const SIZES = [0, 1, 60_000, 262_144];
const MANY = 50;
const TEN_MB = 10_000_000;
const UNRELIABLE = {
  unordered: { ordered: false },
  "no-retransmits": { ordered: false, maxRetransmits: 0 },
  "short-lived": { ordered: true, maxPacketLifeTime: 500, protocol: "demo" },
};

/// Without these nothing that follows makes sense.
export const CONNECT = new Set(["connect", "connects"]);

/// Steps of one session, in order, over one connection. Each throws when something is wrong and may return
/// words for the table.
export const FULL = {
  "connect": async ({ offerer, answerer }) => {
    await negotiate(offerer, answerer);
    await bothOpen(offerer, answerer);
    const { tls, cipher } = await offerer.call("state");
    return `${tls} ${cipher ?? ""}`;
  },

  "the two ends agree on the security": async ({ offerer, answerer, variant }) => {
    const [one, other] = [await offerer.call("state"), await answerer.call("state")];
    same(one.tls, other.tls, "DTLS version");
    same(one.tls, "FEFC", "DTLS version");
    // Chromium's statistics do not tell the group.
    const group = one.group ?? other.group ?? null;
    const expected = variant === "no-pqc" ? "x25519" : "X25519MLKEM768";
    if (group) same(group, expected, "group");
    if (one.role && other.role && one.role === other.role) throw new Error(`both are DTLS ${one.role}`);
    return `offerer is ${one.role}${group ? `, ${group}` : ""}`;
  },

  "text there and back": async ({ offerer }) => {
    await offerer.call("send", { data: "hello, wörld ✓" });
    await arrives(offerer, "echo:hello, wörld ✓");
  },

  "empty text": async ({ offerer }) => {
    await offerer.call("send", { data: "" });
    await arrives(offerer, "echo:");
  },

  "text from the answerer": async ({ offerer, answerer }) => {
    await answerer.call("send", { data: "from the answerer" });
    await arrives(offerer, "from the answerer");
  },

  ...Object.fromEntries(SIZES.map((size) => [`binary of ${size} bytes`, async ({ offerer, answerer }) => {
    await offerer.call("send", { size });
    await arrives(answerer, `bin:${size}`);
    await arrives(offerer, `bin:${size}`);
    await nothingBroken(offerer, answerer);
  }])),

  "channels of every reliability, from both ends": async ({ offerer, answerer, browser }) => {
    for (const [from, to, side] of [[offerer, answerer, "o"], [answerer, offerer, "a"]]) {
      for (const [name, dc] of Object.entries(UNRELIABLE)) {
        const label = `${side}-${name}`;
        await from.call("createChannel", { label, dc });
        await channelIs(from, label, "open");
        await channelIs(to, label, "open");
        if (to === browser && browser.page) await carries(browser, label, dc);
        await from.call("send", { label, data: label });
        await arrives(to, label);
      }
    }
  },

  "a channel closed by the offerer": ({ offerer, answerer }) => closing(offerer, answerer, "o-unordered"),
  "a channel closed by the answerer": ({ offerer, answerer }) => closing(answerer, offerer, "o-no-retransmits"),

  "a closed channel's place is used again": async ({ offerer, answerer }) => {
    await offerer.call("createChannel", { label: "again" });
    await channelIs(answerer, "again", "open");
    await offerer.call("send", { label: "again", data: "reused" });
    await arrives(offerer, "echo:reused");
  },

  "ICE restart by the offerer": ({ offerer, answerer }) => restart(offerer, answerer, offerer, "r1"),
  "ICE restart by the answerer": ({ offerer, answerer }) => restart(answerer, offerer, offerer, "r2"),

  "10 MB there": ({ offerer, answerer }) => bulk(offerer, answerer),
  "10 MB back": ({ offerer, answerer }) => bulk(answerer, offerer),
};

/// For a variant that differs in the handshake only.
export const SHORT = Object.fromEntries(["connect", "the two ends agree on the security", "text there and back",
  "binary of 262144 bytes", "10 MB there", "10 MB back"].map((title) => [title, FULL[title]]));

/// With the browser offering, every byte is compared on its way back.
export async function echoRun({ offerer }) {
  const began = Date.now();
  const { messages } = await offerer.call("echoRun", { size: 60_000, total: TEN_MB });
  return `${messages} messages, ${speed(2 * TEN_MB, (Date.now() - began) / 1000)}`;
}

/// Descriptions without candidates, which follow one by one.
export async function trickled({ offerer, answerer }) {
  const { sdp: offer } = await offerer.call("offer", { data: true });
  const { sdp: answer } = await answerer.call("answer", { sdp: bare(offer) });
  await offerer.call("setAnswer", { sdp: bare(answer) });
  for (const [from, to] of [[offer, answerer], [answer, offerer]]) {
    for (const [, candidate] of from.matchAll(/^a=(candidate:.*?)\r?$/gm)) {
      await to.call("addCandidate", { candidate: { candidate, sdpMid: "0", sdpMLineIndex: 0 } });
    }
  }
  await bothOpen(offerer, answerer);
  await offerer.call("send", { data: "trickled" });
  await arrives(offerer, "echo:trickled");
}

/// Connections between the same two programs, set up all at once, and a megabyte over each.
export async function many({ offerer, answerer }) {
  const began = Date.now();
  await Promise.all(Array.from({ length: MANY }, async (_, index) => {
    const k = index + 100;
    await negotiate(offerer, answerer, () => ({ k }));
    await offerer.call("waitOpen", { k });
    await answerer.call("expect", { k, total: 1_000_000, hash: true });
    const { sha256 } = await offerer.call("bench", { k, size: 16_384, total: 1_000_000, hash: true });
    same((await answerer.call("waitRecv", { k })).sha256, sha256, `SHA-256 over connection ${k}`);
  }));
  return speed(MANY * 1e6, (Date.now() - began) / 1000);
}

/// The page goes away without a word, comes back, and connects anew; the peer's old connection ends.
export async function reload(session) {
  const { offerer, answerer, browser, peer } = session;
  await browser.reload();
  session.k = 1;
  const k = (side) => side === peer ? { k: session.k } : {};
  await negotiate(offerer, answerer, k);
  await until(async () => (await offerer.call("state", k(offerer))).dc === "open", "the reloaded page does not connect");
  await offerer.call("send", { ...k(offerer), data: "reloaded" });
  await arrives(offerer, "echo:reloaded", k(offerer));
  await until(async () => (await peer.call("state")).conn !== "connected", "the old connection still counts as connected", 45_000);
}

/// The peer closes (and, as a process, exits with 0); the browser sees it.
export async function peerCloses({ browser, peer, k }) {
  const was = await browser.call("state");
  if (was.dc !== "open") throw new Error(`the channel was ${was.dc}`);
  await peer.call("close", { k });
  if (peer.exited) same(await peer.exited, 0, "exit code");
  await until(async () => (await browser.call("state")).dc === "closed", "the browser's channel stays open", 15_000);
}

/// The browser closes; the peer sees it.
export async function browserCloses({ browser, peer, k }) {
  await browser.call("close");
  await until(async () => (await peer.call("state", { k })).dc === "closed", "the peer's channel stays open", 15_000);
}

async function negotiate(offerer, answerer, k = () => ({})) {
  const { sdp: offer } = await offerer.call("offer", { data: true, ...k(offerer) });
  const { sdp: answer } = await answerer.call("answer", { sdp: offer, ...k(answerer) });
  await offerer.call("setAnswer", { sdp: answer, ...k(offerer) });
  return { offer, answer };
}

async function bothOpen(...peers) {
  for (const peer of peers) {
    await until(async () => {
      const { conn, dc, tls } = await peer.call("state");
      if (conn === "failed") throw new Error("the connection failed");
      // A browser's statistics come a little later.
      return conn === "connected" && dc === "open" && tls;
    }, "the channel does not open", 20_000);
  }
}

async function closing(closer, other, label) {
  await closer.call("closeChannel", { label });
  await channelIs(closer, label, "closed");
  await channelIs(other, label, "closed");
}

// Negotiates once without a restart: for the credentials now, and because that must change nothing.
async function restart(offerer, answerer, talker, word) {
  const before = ufrag((await negotiate(offerer, answerer)).offer);
  await offerer.call("restartIce");
  const { offer } = await negotiate(offerer, answerer);
  if (ufrag(offer) === before) throw new Error("the new offer carries the old credentials");
  await bothOpen(offerer, answerer);
  await talker.call("send", { data: word });
  await arrives(talker, `echo:${word}`);
}

// The receiver's hash is compared with the sender's.
async function bulk(from, to) {
  await to.call("expect", { total: TEN_MB, hash: true });
  const { t0, sha256 } = await from.call("bench", { size: 65_535, total: TEN_MB, hash: true });
  const { t, got, sha256: there } = await to.call("waitRecv");
  await to.call("expect", { total: 0 });
  same(got, TEN_MB, "bytes that arrived");
  same(there, sha256, "SHA-256 of what arrived");
  if (!sha256) throw new Error("no SHA-256 was told");
  return speed(TEN_MB, t - t0);
}

async function carries(browser, label, dc) {
  const channel = (await browser.call("state")).channels.find((one) => one.label === label);
  for (const [name, value] of Object.entries({ ordered: true, protocol: "", ...dc })) same(channel[name], value, `${label}: ${name}`);
}

async function nothingBroken(...peers) {
  for (const peer of peers) {
    if ((await peer.call("state")).broken) throw new Error("bytes were changed on the way");
  }
}

function arrives(peer, message, k = {}) {
  const short = message.length > 40 ? `${message.slice(0, 40)}…` : message;
  return until(async () => (await peer.call("state", k)).recv.includes(message), `“${short}” does not arrive`);
}

function channelIs(peer, label, state) {
  // A channel that is closed may be listed so, or not at all.
  const found = ({ channels }) => channels.find((channel) => channel.label === label)?.state ?? "closed";
  return until(async () => found(await peer.call("state")) === state, `channel ${label} does not become ${state}`);
}

export async function until(test, words, limit = 10_000) {
  const end = Date.now() + limit;
  while (!await test()) {
    if (Date.now() > end) throw new Error(`${words} (${limit / 1000} s)`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function same(got, expected, what) {
  if (got !== expected) throw new Error(`${what}: ${got}, expected ${expected}`);
}

function ufrag(sdp) {
  return /^a=ice-ufrag:(.*)$/m.exec(sdp)?.[1].trim();
}

function bare(sdp) {
  return sdp.replace(/^a=(candidate:.*|end-of-candidates)\r?\n/gm, "");
}

function speed(bytes, seconds) {
  return `${(bytes / 1e6 / seconds).toFixed(0)} MB/s`;
}
