// Captures what Chromium sends, before it is encrypted, as test data for the payload formats:
//
//   node crates/xtask/interop/capture.mjs --out crates/rtp/testdata/chromium [--only WORDS]
//
// Two connections in one page send to each other. Of each stream come NAME.rtp, its packets each with its length before
// it (RFC 4571), and NAME.sdp, what the offer says of it.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { launch, servePeerPage } from "./browser.mjs";
import { chromiumPath, playwright } from "./setup.mjs";

const { values: options } = parseArgs({ options: { out: { type: "string" }, only: { type: "string", default: "" } } });

const DUMPS = ["--force-fieldtrials=WebRTC-Debugging-RtpDump/Enabled/", "--enable-logging=stderr", "--vmodule=*/webrtc/*=3"];

/// No file is longer: what comes after the last picture that fits is left out.
const MAX_FILE = 60_000;

/// Streams with layers also get the header extensions that Chromium does not offer by itself, but for these.
const NOT_OURS = ["corruption-detection", "generic-frame-descriptor-00"];

const STREAMS = [
  { name: "opus", kind: "audio", codec: "opus" },
  { name: "opus_dtx", kind: "audio", codec: "opus", fmtp: "usedtx=1;stereo=1" },
  { name: "vp8", codec: "VP8" },
  { name: "vp8_l1t3", codec: "VP8", mode: "L1T3" },
  { name: "vp9", codec: "VP9" },
  { name: "vp9_l2t3_key", codec: "VP9", mode: "L2T3_KEY", width: 480, kbps: 300 },
  { name: "h264", codec: "H264", line: "packetization-mode=1" },
  { name: "h264_single", codec: "H264", line: "packetization-mode=0" },
  { name: "av1", codec: "AV1" },
  { name: "av1_l2t2", codec: "AV1", mode: "L2T2", width: 480, kbps: 200 },
];

/// Runs in the page: sends one stream for a while, with a key frame every second, and answers its part of the offer.
async function send({ kind = "video", codec, line = "", mode, fmtp, width = 320, kbps = 100, notOurs }) {
  const [sender, receiver] = [new RTCPeerConnection(), new RTCPeerConnection()];
  sender.onicecandidate = ({ candidate }) => receiver.addIceCandidate(candidate);
  receiver.onicecandidate = ({ candidate }) => sender.addIceCandidate(candidate);
  const video = { width, height: width * 9 / 16, frameRate: 10 };
  const stream = await navigator.mediaDevices.getUserMedia(kind === "video" ? { video } : { audio: true });
  const [track] = stream.getTracks();
  const encoding = kind === "video" ? { maxBitrate: kbps * 1000, ...mode && { scalabilityMode: mode } } : {};
  const transceiver = sender.addTransceiver(track, { direction: "sendonly", sendEncodings: [encoding] });
  const { codecs } = RTCRtpReceiver.getCapabilities(kind);
  transceiver.setCodecPreferences(codecs.filter(({ mimeType, sdpFmtpLine }) =>
    mimeType === `${kind}/${codec}` && (sdpFmtpLine ?? "").includes(line)).slice(0, 1));
  const isWanted = ({ uri, direction }) => direction !== "stopped" || (mode && !notOurs.some((name) => uri.endsWith(name)));
  transceiver.setHeaderExtensionsToNegotiate(transceiver.getHeaderExtensionsToNegotiate()
    .map((one) => ({ ...one, direction: isWanted(one) ? "sendrecv" : "stopped" })));
  await sender.setLocalDescription();
  await receiver.setRemoteDescription(sender.localDescription);
  const answer = await receiver.createAnswer();
  await receiver.setLocalDescription(answer);
  // Without a limit, a bandwidth estimator probes with so much padding that little else fits into a file.
  const limited = answer.sdp.replace(/(m=.*\r\nc=.*\r\n)/, `$1b=AS:${kbps}\r\n`);
  const sdp = fmtp ? limited.replace(/a=fmtp:(\d+) /, `a=fmtp:$1 ${fmtp};`) : limited;
  await sender.setRemoteDescription({ type: "answer", sdp });
  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  while (sender.connectionState !== "connected") await pause(10);
  for (let second = 0; second < 4; second += 1) {
    await pause(1000);
    if (kind === "video") await transceiver.sender.setParameters(transceiver.sender.getParameters(), { encodingOptions: [{ keyFrame: true }] });
  }
  const stats = [...(await sender.getStats()).values()].find(({ type }) => type === "outbound-rtp");
  track.stop();
  sender.close();
  receiver.close();
  return { sdp: sender.localDescription.sdp, ssrc: stats.ssrc, mode: stats.scalabilityMode, keys: stats.keyFramesEncoded };
}

/// Lines of what Chromium dumps that were sent, as bytes.
function sentPacket(line) {
  const [, hex] = /^O [\d:.]+ 0000 ([\da-f ]+?) ?# RTP_DUMP/.exec(line) ?? [];
  return hex && Buffer.from(hex.replaceAll(" ", ""), "hex");
}

function isOfStream(packet, ssrc) {
  const isRtcp = packet[1] >= 192 && packet[1] <= 223;
  return !isRtcp && packet.readUInt32BE(8) === ssrc;
}

/// As many packets as fit; whole pictures, where they end with a marker.
function file(packets, isVideo) {
  const parts = [];
  let length = 0;
  let whole = 0;
  for (const packet of packets) {
    length += 2 + packet.length;
    if (length > MAX_FILE) break;
    parts.push(Buffer.concat([Buffer.from([packet.length >> 8, packet.length & 0xff]), packet]));
    if (packet[1] & 0x80) whole = parts.length;
  }
  return Buffer.concat(isVideo ? parts.slice(0, whole) : parts);
}

/// What tells about the stream, without addresses and keys.
function description(sdp, version, { name, fmtp }) {
  const told = /^(m=|a=(mid|rtpmap|fmtp|extmap|ssrc|ssrc-group):)/;
  const lines = sdp.slice(sdp.indexOf("\r\nm=") + 2).split("\r\n").filter((line) => told.test(line) && !/ (msid|cname):/.test(line));
  const session = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", `s=${name} by Chromium ${version}${fmtp ? `, answered with ${fmtp}` : ""}`, "t=0 0"];
  return [...session, ...lines, ""].join("\r\n");
}

async function main() {
  mkdirSync(options.out, { recursive: true });
  const scratch = mkdtempSync(join(tmpdir(), "tidewire-capture-"));
  const [log, program] = [join(scratch, "log"), join(scratch, "chromium")];
  // Renderers log to stderr only, which Playwright keeps to itself.
  writeFileSync(program, `#!/bin/sh\nexec "${chromiumPath(await playwright())}" "$@" 2>>"${log}"\n`, { mode: 0o755 });
  const site = await servePeerPage();
  const chromium = await launch("camera", { args: DUMPS, executablePath: program });
  try {
    for (const stream of STREAMS.filter(({ name }) => name.includes(options.only))) {
      truncateSync(log);
      const page = await chromium.context.newPage();
      await page.goto(site.url);
      const { sdp, ssrc, mode, keys } = await page.evaluate(send, { ...stream, notOurs: NOT_OURS });
      await page.close();
      const sent = readFileSync(log, "latin1").split("\n").map(sentPacket);
      const packets = file(sent.filter((packet) => packet && isOfStream(packet, ssrc)), stream.kind !== "audio");
      writeFileSync(join(options.out, `${stream.name}.rtp`), packets);
      writeFileSync(join(options.out, `${stream.name}.sdp`), description(sdp, chromium.version, stream));
      console.log(`${stream.name}: ${packets.length} bytes, ${mode ?? ""} ${keys ?? ""}`);
    }
  } finally {
    await chromium.close();
    site.close();
    rmSync(scratch, { recursive: true });
  }
}

await main();
