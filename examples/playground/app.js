// Wires the page: one connection at a time, and a card for each thing it can do.

import { Connection } from "./connection.js";
import { Camera } from "./camera.js";
import { Chart } from "./chart.js";
import { Pinger, Throughput } from "./measure.js";
import { FileTransfer } from "./transfer.js";
import { describe, describeServer } from "./stats.js";
import { bits, bytes, milliseconds, rate } from "./units.js";

const $ = (id) => document.getElementById(id);

const STATS_EVERY_MS = 500;

const rttChart = new Chart($("rtt-chart"), {
  series: [{ tone: "--sea" }], span: 30, sliding: true, label: milliseconds,
});
const throughputChart = new Chart($("throughput-chart"), {
  series: [{ tone: "--sea", name: "to the server" }, { tone: "--amber", name: "from the server" }],
  span: 1, sliding: false, label: rate,
});

const BOTH_WAYS = [{ tone: "--sea", name: "to the server" }, { tone: "--amber", name: "from the server" }];
const cameraCharts = {
  rate: new Chart($("camera-rate"), { series: BOTH_WAYS, span: 30, sliding: true, label: bits }),
  frames: new Chart($("camera-frames"), { series: BOTH_WAYS, span: 30, sliding: true, label: (value) => value.toFixed(0) }),
  delay: new Chart($("camera-delay"), {
    series: [{ tone: "--sea", name: "round trip" }, { tone: "--amber", name: "jitter" }], span: 30, sliding: true, label: milliseconds,
  }),
};

let connection = null;
let pinger = null;
let throughput = null;
let transfer = null;
let camera = null;

function connect() {
  connection?.close();
  const mine = connection = new Connection();
  const started = performance.now();
  banner(null);
  $("log").replaceChildren();
  for (const step of $("steps").children) step.className = "";
  enable(false);
  pill("connecting");
  mine.addEventListener("step", ({ detail }) => passStep(detail.name));
  mine.addEventListener("log", ({ detail }) => log(detail.words, started));
  mine.addEventListener("trouble", ({ detail }) => { trouble(detail.words); log(detail.words, started); });
  mine.addEventListener("state", ({ detail }) => { showStats(mine); if (detail.name === "connectionState") showState(mine, detail.value); });
  mine.addEventListener("server", ({ detail }) => { if (mine === connection) rows($("server"), describeServer(detail)); });
  mine.addEventListener("open", () => opened(mine));
  mine.addEventListener("over", () => { if (mine === connection) over(mine); });
  mine.open();
}

function opened({ pc, channels }) {
  pill("connected");
  enable(true);
  pinger = new Pinger(channels.ping, rttChart, showRtt);
  throughput = new Throughput(pc, channels.throughput, throughputChart);
  transfer = new FileTransfer(channels.file);
  camera = new Camera(pc, channels.signal, { local: $("camera-local"), echo: $("camera-echo") }, showCamera);
  channels.chat.addEventListener("message", ({ data }) => say("theirs", typeof data === "string" ? data : `${data.byteLength} bytes`));
}

function over(mine) {
  pinger?.stop();
  if (camera?.stream) cameraOver("The connection is over.");
  camera?.stop();
  pinger = throughput = transfer = camera = null;
  enable(false);
  const failed = !$("banner").hidden;
  pill(failed ? "failed" : "closed");
  if (failed) $("steps").querySelector("li:not(.done)")?.classList.add("bad");
  showStats(mine);
}

function showState(mine, state) {
  if (mine.closed) return;
  if (state === "disconnected") pill("disconnected");
  else if (state === "connected" && transfer) pill("connected");
}

// ---- the frame of the page

function pill(state) {
  const words = { connecting: "connecting", connected: "connected", disconnected: "interrupted, waiting", failed: "not connected", closed: "disconnected" };
  $("pill").dataset.state = state;
  $("pill").querySelector("b").textContent = words[state];
}

function banner(words) {
  $("banner").hidden = !words;
  $("banner").querySelector("p").textContent = words ?? "";
}

function trouble(words) { banner(words); }

function enable(on) {
  for (const button of document.querySelectorAll("form button")) button.disabled = !on;
  for (const field of [$("chat-text"), $("file")]) field.disabled = !on;
  $("disconnect").disabled = !on;
  $("send-back").disabled = !on || $("transfer").dataset.state !== "sent";
}

function passStep(name) {
  for (const step of $("steps").children) {
    step.className = "done";
    if (step.dataset.step === name) break;
  }
}

function log(words, started) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  time.textContent = milliseconds(performance.now() - started);
  item.append(time, words);
  $("log").append(item);
  $("log").scrollTop = $("log").scrollHeight;
}

// ---- connection

async function showStats(mine) {
  if (mine !== connection || !mine.pc) return;
  const { states, transport } = await describe(mine.pc);
  if (mine !== connection) return;
  rows($("states"), states);
  rows($("transport"), transport);
}

// Changes only what changed, so that selecting text works and changes can be seen.
function rows(list, entries) {
  for (const [name, value] of entries) {
    let data = list.querySelector(`[data-name="${name}"]`);
    if (!data) {
      const term = document.createElement("dt");
      term.textContent = name;
      data = document.createElement("dd");
      data.dataset.name = name;
      list.append(term, data);
    }
    if (data.textContent === value) continue;
    data.textContent = value;
    data.classList.remove("changed");
    void data.offsetWidth;
    data.classList.add("changed");
  }
}

// ---- chat

const asked = [];

function say(side, text) {
  $("messages").querySelector(".hint")?.remove();
  const item = document.createElement("li");
  item.className = side;
  item.append(text);
  if (side === "mine") asked.push(performance.now());
  else if (asked.length) {
    const note = document.createElement("small");
    note.textContent = `server, after ${milliseconds(performance.now() - asked.shift())}`;
    item.append(note);
  }
  $("messages").append(item);
  $("messages").scrollTop = $("messages").scrollHeight;
}

$("chat-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("chat-text").value;
  if (!text || connection.channels.chat.readyState !== "open") return;
  say("mine", text);
  connection.channels.chat.send(text);
  $("chat-text").value = "";
});

// ---- round trip

function showRtt({ last, median, p95, lost, sent }) {
  const words = (value) => value === undefined ? "–" : milliseconds(value);
  $("rtt-last").textContent = words(last);
  $("rtt-median").textContent = words(median);
  $("rtt-p95").textContent = words(p95);
  $("rtt-lost").textContent = `${lost} of ${sent}`;
}

// ---- throughput

$("throughput-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const total = Number($("throughput-size").value) * 1e6;
  const button = event.target.querySelector("button");
  button.disabled = true;
  throughputChart.clear();
  $("rate-up").textContent = $("rate-down").textContent = "–";
  const run = throughput;
  try {
    $("rate-up").textContent = rate(await run.up(total, (now) => { $("rate-up").textContent = rate(now); }));
    $("rate-down").textContent = rate(await run.down(total, (now) => { $("rate-down").textContent = rate(now); }));
  } catch (error) {
    if (connection && !connection.closed) trouble(`The throughput run stopped: ${error.message}.`);
  }
  throughputChart.draw();
  button.disabled = !throughput;
});

// ---- file

function showTransfer(state, status) {
  $("transfer").dataset.state = state;
  $("file-status").textContent = status;
}

function progress(done, total, began) {
  $("file-progress").value = total ? Math.min(1, Math.max(0, done) / total) : 1;
  const seconds = (performance.now() - began) / 1000;
  $("file-status").textContent = `${bytes(Math.max(0, done))} of ${bytes(total)}, ${rate(done / seconds)}`;
}

function showSums(page, server, good) {
  $("sum-page").textContent = page ?? "not available: browsers compute it only for pages from localhost or HTTPS";
  $("sum-server").textContent = server ?? "–";
  const verdict = $("verdict");
  verdict.hidden = !page || !server;
  const same = page === server;
  verdict.className = `verdict ${same ? "good" : "bad"}`;
  verdict.textContent = same ? good : "✗ The checksums differ";
}

async function sendFile(file) {
  if (!file || !transfer) return;
  const began = performance.now();
  $("file-name").textContent = `${file.name} · ${bytes(file.size)}`;
  $("download").hidden = $("verdict").hidden = true;
  $("sum-page").textContent = $("sum-server").textContent = "–";
  $("send-back").disabled = true;
  showTransfer("sending", "Sending…");
  try {
    const { page, server, size } = await transfer.send(file, (done) => progress(done, file.size, began));
    if (size !== file.size) throw new Error(`the server got ${size} of ${file.size} bytes`);
    showSums(page, server, "✓ Both ends agree");
    showTransfer("sent", `Sent ${bytes(size)} in ${milliseconds(performance.now() - began)}`);
    $("send-back").disabled = false;
  } catch (error) {
    fileFailed("The file was not sent", error);
  }
}

$("send-back").addEventListener("click", async () => {
  const began = performance.now();
  $("send-back").disabled = true;
  $("verdict").hidden = true;
  showTransfer("receiving", "Asking for it…");
  try {
    const { name, blob, page, server } = await transfer.sendBack((done, total) => progress(done, total, began));
    showSums(page, server, "✓ Came back intact");
    showTransfer("sent", `${bytes(blob.size)} came back in ${milliseconds(performance.now() - began)}`);
    $("file-progress").value = 1;
    const link = $("download");
    if (link.href) URL.revokeObjectURL(link.href);
    Object.assign(link, { href: URL.createObjectURL(blob), download: name, hidden: false, textContent: `Save ${name}` });
    $("send-back").disabled = false;
  } catch (error) {
    fileFailed("The file did not come back", error);
  }
});

function fileFailed(what, error) {
  showTransfer("failed", `${what}: ${error.message}.`);
}

$("file").addEventListener("change", ({ target }) => { sendFile(target.files[0]); target.value = ""; });
for (const type of ["dragenter", "dragover"]) {
  $("drop").addEventListener(type, (event) => { event.preventDefault(); $("drop").classList.add("over"); });
}
for (const type of ["dragleave", "drop"]) $("drop").addEventListener(type, () => $("drop").classList.remove("over"));
$("drop").addEventListener("drop", (event) => { event.preventDefault(); sendFile(event.dataTransfer.files[0]); });
$("drop").addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); $("file").click(); } });

// ---- camera

function showCamera({ time, up, down, sentFrames, frames, lost, packets, repaired, freezes, jitter, rtt, codec, size }) {
  cameraCharts.rate.add(0, time, up);
  cameraCharts.rate.add(1, time, down);
  cameraCharts.frames.add(0, time, sentFrames);
  cameraCharts.frames.add(1, time, frames);
  if (rtt !== undefined) cameraCharts.delay.add(0, time, rtt);
  if (jitter !== undefined) cameraCharts.delay.add(1, time, jitter);
  $("camera-fps").textContent = frames.toFixed(0);
  $("camera-lost").textContent = `${lost} of ${packets + lost}`;
  $("camera-repaired").textContent = `${repaired}`;
  $("camera-freezes").textContent = `${freezes}`;
  if (codec) $("camera-status").textContent = `${codec}, ${size ?? "no picture yet"}, ${bits(up)} to the server and ${bits(down)} back`;
}

function cameraOver(words) {
  $("camera-form").querySelector("button").textContent = "Start";
  $("camera-status").textContent = words;
}

$("camera-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.target.querySelector("button");
  const mine = camera;
  button.disabled = true;
  try {
    if (mine.stream) {
      await mine.stop();
      cameraOver("Stopped.");
    } else {
      $("camera-status").textContent = "Starting…";
      await mine.start($("camera-codec").value);
      button.textContent = "Stop";
    }
  } catch (error) {
    if (mine.stream) await mine.stop().catch(() => {});
    cameraOver(error.message);
  }
  button.disabled = !camera;
});
$("camera-codec").addEventListener("change", ({ target }) => {
  if (camera?.stream) camera.change(target.value).catch((error) => cameraOver(error.message));
});
$("camera-sound").addEventListener("change", ({ target }) => { $("camera-echo").muted = !target.checked; });

// ---- buttons of the header, and the clockwork

$("reconnect").addEventListener("click", connect);
$("disconnect").addEventListener("click", () => connection?.close());
$("banner").querySelector("button").addEventListener("click", () => banner(null));
$("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  setTheme(dark ? "light" : "dark");
});

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("theme", theme);
  document.dispatchEvent(new Event("themechange"));
}
if (localStorage.getItem("theme")) setTheme(localStorage.getItem("theme"));

addEventListener("pagehide", () => connection?.close());
addEventListener("pageshow", ({ persisted }) => { if (persisted) connect(); });

setInterval(() => { if (connection && !connection.closed) showStats(connection); }, STATS_EVERY_MS);
(function frame() {
  if (pinger) rttChart.draw();
  if (throughput) throughputChart.draw();
  if (camera?.stream) for (const chart of Object.values(cameraCharts)) chart.draw();
  setTimeout(() => requestAnimationFrame(frame), 50);
})();
connect();
