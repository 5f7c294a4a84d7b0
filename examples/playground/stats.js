// What the browser knows about the connection, as rows of words.

import { bytes, milliseconds } from "./units.js";

const VERSIONS = { FEFF: "DTLS 1.0", FEFD: "DTLS 1.2", FEFC: "DTLS 1.3" };

// Resolves to { states, transport }, each a list of [name, value].
export async function describe(pc) {
  const report = pc.signalingState === "closed" ? new Map() : await pc.getStats();
  const all = [...report.values()];
  const transport = all.find(({ type }) => type === "transport");
  const pair = report.get(transport?.selectedCandidatePairId)
    ?? all.find(({ type, nominated, state }) => type === "candidate-pair" && nominated && state === "succeeded");
  const states = [
    ["Signaling", pc.signalingState],
    ["Gathering", pc.iceGatheringState],
    ["ICE", pc.iceConnectionState],
    ["DTLS", pc.sctp?.transport?.state ?? "–"],
    ["SCTP", pc.sctp?.state ?? "–"],
    ["Connection", pc.connectionState],
    ["Largest message", pc.sctp ? bytes(pc.sctp.maxMessageSize) : "–"],
  ];
  if (!transport) return { states, transport: [] };
  return { states, transport: [
    ["This end", candidate(report.get(pair?.localCandidateId))],
    ["Server", candidate(report.get(pair?.remoteCandidateId))],
    ["Path's round trip", pair?.currentRoundTripTime === undefined ? "–" : milliseconds(pair.currentRoundTripTime * 1000)],
    ["Security", VERSIONS[transport.tlsVersion] ?? transport.tlsVersion ?? "–"],
    ["Cipher", cipher(transport.dtlsCipher)],
    ["DTLS role", transport.dtlsRole ?? "–"],
    ["Sent", `${bytes(transport.bytesSent ?? 0)} in ${transport.packetsSent ?? 0} packets`],
    ["Received", `${bytes(transport.bytesReceived ?? 0)} in ${transport.packetsReceived ?? 0} packets`],
  ] };
}

// The server's view, as it sends it over the channel "server".
export function describeServer({ connection, local, remote, rtt, dtls, cipher: suite, role, sent, received }) {
  return [
    ["Connection", connection],
    ["Its end", local ?? "–"],
    ["This page", remote ?? "–"],
    ["Path's round trip", rtt === undefined || rtt === null ? "–" : milliseconds(rtt * 1000)],
    ["Security", dtls ?? "–"],
    ["Cipher", cipher(suite)],
    ["DTLS role", role ?? "–"],
    ["Sent", bytes(sent ?? 0)],
    ["Received", bytes(received ?? 0)],
  ];
}

function candidate(entry) {
  if (!entry) return "–";
  const host = entry.address ? (entry.address.includes(":") ? `[${entry.address}]` : entry.address) : "hidden";
  return `${host}:${entry.port} ${entry.candidateType} ${entry.protocol}`;
}

function cipher(name) {
  return name?.replace(/^TLS_/, "").replaceAll("_", " ").replace("WITH ", "") ?? "–";
}
