// From an offer to its answer, over HTTP.

const GATHERING_LIMIT_MS = 3000;

// A failure that has words for people.
export class Trouble extends Error {}

// Offers what `pc` has, and takes the server's answer.
export async function connect(pc) {
  await pc.setLocalDescription();
  await gathered(pc);
  let response;
  try {
    response = await fetch("/offer", {
      method: "POST", headers: { "content-type": "application/sdp" }, body: pc.localDescription.sdp,
    });
  } catch {
    throw new Trouble("The server cannot be reached. Is the program still running?");
  }
  const body = await response.text();
  if (!response.ok) throw new Trouble(`The server refused: ${body.trim() || response.statusText}.`);
  if (pc.signalingState === "closed") return;
  await pc.setRemoteDescription({ type: "answer", sdp: body });
}

// Asks for the server's state again and again, until it is gone: then tells null.
export async function watchState(every, tell) {
  for (;;) {
    let state = null;
    try {
      state = await (await fetch("/state")).json();
    } catch {
      // There is nobody left to ask.
    }
    tell(state);
    if (!state) return;
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

// Waits until the offer holds every candidate, but never long.
function gathered(pc) {
  return new Promise((resolve) => {
    const check = () => pc.iceGatheringState === "complete" && resolve();
    pc.addEventListener("icegatheringstatechange", check);
    setTimeout(resolve, GATHERING_LIMIT_MS);
    check();
  });
}
