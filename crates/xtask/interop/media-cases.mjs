// What is tried with camera and microphone: the browser's media goes to the peer and comes back.

import { Relay } from "./relay.mjs";
import { until } from "./cases.mjs";

export const CODECS = ["VP8", "VP9", "AV1", "H264"];
const LAYERS = [["q", 320], ["h", 640], ["f", 1280]];
const LOSS = 0.05;

/// Offer and answer with media, through a relay where there is one.
export async function connect(session, { codec, simulcast = false }) {
  const { browser, offerer } = session;
  await browser.call("useCamera", { codec, simulcast });
  await negotiate(session, { data: true, audio: true, video: codec });
  await until(async () => (await offerer.call("state")).conn === "connected", "the connection does not come up", 20_000);
  const { srtp } = await browser.call("media");
  return srtp;
}

/// Frames come back: of those that the browser has sent for so long, a share is decoded.
export async function echoed({ browser, seconds }, { least = 0.95, freezes = 0 } = {}) {
  const begin = await flowing(browser);
  await pause(seconds);
  const end = await browser.call("media");
  const sent = end.sent.video.framesSent - begin.sent.video.framesSent;
  const decoded = end.received.video.framesDecoded - begin.received.video.framesDecoded;
  const froze = end.received.video.freezeCount;
  if (decoded < least * sent) throw new Error(`${decoded} of ${sent} frames were decoded`);
  if (freezes !== null && froze > freezes) throw new Error(`the picture froze ${froze} times`);
  const samples = end.received.audio.totalSamplesReceived - begin.received.audio.totalSamplesReceived;
  if (samples < seconds * 40_000) throw new Error(`${samples} samples of sound in ${seconds} s`);
  return `${decoded} of ${sent} frames, ${froze} freezes`;
}

/// One codec, there and back.
export function codecSteps(codec) {
  return {
    "connect": (session) => connect(session, { codec }),
    "the camera comes back": async (session) => {
      const words = await echoed(session);
      const { codecs } = await session.browser.call("media");
      if (!codecs.includes(`video/${codec}`)) throw new Error(`the codec is ${codecs}`);
      return words;
    },
  };
}

/// One codec, there and back over a network that loses packets: they are sent again.
export function lossSteps(codec) {
  return {
    "connect": async (session) => {
      session.relay = await Relay.open();
      return connect(session, { codec });
    },
    "the camera comes back although packets are lost": async (session) => {
      const { browser, peer, relay } = session;
      await flowing(browser);
      relay.loss = LOSS;
      const words = await echoed(session, { least: 0.9, freezes: null });
      relay.loss = 0;
      const [{ sent, received }, { in: { video } }] = [await browser.call("media"), await peer.call("state")];
      for (const [name, count] of Object.entries({
        "the browser's requests": received.video.nackCount, "the browser's repairs": sent.video.retransmittedPacketsSent,
        "our requests": video.nacksSent, "our repairs": video.retransmitted, "recovered packets": video.recovered,
      })) if (!count) throw new Error(`${name}: none`);
      return `${words}; ${relay.lost} of ${relay.seen} packets lost, ${video.recovered} recovered`;
    },
  };
}

/// Three layers arrive, and each can be sent back.
export const SIMULCAST = {
  "connect": (session) => connect(session, { codec: "VP8", simulcast: true }),
  "three layers arrive": async ({ peer }) => {
    await until(async () => {
      const { layers } = (await peer.call("state")).in.video;
      return LAYERS.every(([rid]) => layers.some((layer) => layer.rid === rid && layer.frames > 10));
    }, "not all layers arrive", 30_000);
  },
  ...Object.fromEntries(LAYERS.map(([rid, width]) => [`layer ${rid} comes back`, async ({ browser, peer }) => {
    await peer.call("layer", { rid });
    await until(async () => (await browser.call("media")).width === width, `the picture is not ${width} pixels wide`, 15_000);
    await moves(browser);
  }])),
};

/// What happens during a call.
export const CHANGES = {
  "connect": (session) => connect(session, { codec: "VP8" }),
  "the camera comes back": ({ browser }) => moves(browser),

  "the codec changes": async (session) => {
    await session.browser.call("codec", { kind: "video", name: "VP9" });
    await negotiate(session);
    await until(async () => (await session.browser.call("media")).codecs.includes("video/VP9"), "VP9 does not come back");
    await moves(session.browser);
  },

  "the camera is muted, and goes on": async ({ browser }) => {
    await browser.call("mute", { kind: "video", muted: true });
    await stands(browser);
    await browser.call("mute", { kind: "video", muted: false });
    await moves(browser);
  },

  "the echo is muted, and goes on": async ({ browser, peer }) => {
    await peer.call("mute", { kind: "video", muted: true });
    await stands(browser);
    await peer.call("mute", { kind: "video", muted: false });
    await moves(browser);
  },

  "another track takes its place": async ({ browser }) => {
    await browser.call("anotherTrack", { kind: "video" });
    await moves(browser);
  },

  "the direction changes, and changes back": async (session) => {
    const { browser } = session;
    await browser.call("setDirection", { kind: "video", direction: "sendonly" });
    await negotiate(session);
    await stands(browser);
    await browser.call("setDirection", { kind: "video", direction: "sendrecv" });
    await negotiate(session);
    await moves(browser);
  },

  "one more camera": async (session) => {
    const { browser, peer } = session;
    await browser.call("addTrack", { kind: "video" });
    await negotiate(session);
    const frames = async () => (await peer.call("state")).in.video.framesSent;
    const before = await frames();
    await until(async () => await frames() > before + 30, "nothing comes back of it");
    await moves(browser);
  },

  "that one is stopped": async (session) => {
    await session.browser.call("stopTrack", { kind: "video" });
    await negotiate(session);
    await moves(session.browser);
  },

  "ICE restart": async (session) => {
    await session.browser.call("restartIce");
    await negotiate(session);
    await moves(session.browser);
  },
};

async function negotiate({ offerer, answerer, relay }, what = {}) {
  const { sdp: offer } = await offerer.call("offer", what);
  const { sdp: answer } = await answerer.call("answer", { sdp: relay?.through(offer, 0) ?? offer });
  await offerer.call("setAnswer", { sdp: relay?.through(answer, 1) ?? answer });
}

/// Waits until pictures have come back for a while: encoders and estimators need a moment.
async function flowing(browser) {
  let media;
  await until(async () => {
    media = await browser.call("media");
    return media.received.video.framesDecoded > 20;
  }, "no pictures come back", 20_000);
  return media;
}

async function moves(browser) {
  const decoded = async () => (await browser.call("media")).received.video.framesDecoded;
  const before = await decoded();
  await until(async () => await decoded() > before + 20, "the picture stands still", 15_000);
}

async function stands(browser) {
  const decoded = async () => (await browser.call("media")).received.video.framesDecoded;
  await until(async () => {
    const before = await decoded();
    await pause(0.7);
    return await decoded() === before;
  }, "pictures go on coming", 15_000);
}

function pause(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
