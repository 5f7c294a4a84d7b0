// What the program playground does with its channels, in a browser: for trying the page without the program.

const connections = [];

window.answer = async (sdp) => {
  const pc = new RTCPeerConnection();
  connections.push(pc);
  pc.addEventListener("datachannel", ({ channel }) => {
    channel.binaryType = "arraybuffer";
    const handle = HANDLERS[channel.label]?.(channel);
    channel.addEventListener("message", ({ data }) => handle?.(data));
  });
  await pc.setRemoteDescription({ type: "offer", sdp });
  const server = pc.createDataChannel("server");
  server.addEventListener("open", () => server.send(JSON.stringify({ connection: "connected", local: "192.0.2.1:4000 (host)",
    remote: "192.0.2.2:5000 (prflx)", rtt: 0.0004, dtls: "DTLS 1.3", cipher: "TLS_AES_128_GCM_SHA256", role: "client",
    sent: 1234, received: 5678 })));
  await pc.setLocalDescription();
  await new Promise((resolve) => {
    const check = () => pc.iceGatheringState === "complete" && resolve();
    pc.addEventListener("icegatheringstatechange", check);
    check();
  });
  return pc.localDescription.sdp;
};

window.stop = () => { for (const pc of connections) pc.close(); };

const HANDLERS = {
  chat: (channel) => (data) => channel.send(data),
  ping: (channel) => (data) => channel.send(data),
  throughput: countAndSend,
  file: keepFile,
};

function countAndSend(channel) {
  let waiting = 0;
  return async (data) => {
    if (typeof data !== "string") {
      waiting -= data.byteLength;
      if (waiting === 0) channel.send(JSON.stringify({ received: true }));
      return;
    }
    const word = JSON.parse(data);
    if (word.up) waiting = word.up;
    if (!word.down) return;
    await sendAll(channel, new Uint8Array(word.down), 65536);
    channel.send(JSON.stringify({ sent: word.down }));
  };
}

function keepFile(channel) {
  let file = null;
  const finish = async () => {
    const body = new Uint8Array(await new Blob(file.parts).arrayBuffer());
    Object.assign(file, { body, sha256: await sha256(body) });
    channel.send(JSON.stringify({ sha256: file.sha256, size: body.length }));
  };
  return async (data) => {
    if (typeof data !== "string") {
      file.parts.push(data);
      file.got += data.byteLength;
      if (file.got === file.header.size) await finish();
      return;
    }
    const word = JSON.parse(data);
    if (!word.sendBack) {
      file = { header: word, parts: [], got: 0 };
      if (word.size === 0) await finish();
      return;
    }
    channel.send(JSON.stringify(file.header));
    await sendAll(channel, file.body, 16384);
    channel.send(JSON.stringify({ sha256: file.sha256, size: file.body.length }));
  };
}

async function sendAll(channel, body, size) {
  channel.bufferedAmountLowThreshold = 1 << 18;
  for (let at = 0; at < body.length; at += size) {
    if (channel.bufferedAmount > 1 << 20) {
      await new Promise((resolve) => channel.addEventListener("bufferedamountlow", resolve, { once: true }));
    }
    channel.send(body.subarray(at, at + size));
  }
}

async function sha256(body) {
  const digest = await crypto.subtle.digest("SHA-256", body);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
