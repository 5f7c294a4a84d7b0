// Numbers as people read them.

export function milliseconds(value) {
  if (value >= 10000) return `${(value / 1000).toFixed(1)} s`;
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  if (value >= 100 || value === 0) return `${Math.round(value)} ms`;
  return `${Number(value.toFixed(value < 10 ? 2 : 1))} ms`;
}

export function bytes(value) {
  return scaled(value, "B");
}

export function bits(bytesPerSecond) {
  return scaled(bytesPerSecond * 8, "bit/s");
}

export function rate(bytesPerSecond) {
  return scaled(bytesPerSecond, "B/s");
}

function scaled(value, unit) {
  const prefixes = ["", "k", "M", "G"];
  let step = 0;
  while (value >= 1000 && step < 3) {
    value /= 1000;
    step += 1;
  }
  return `${Number(value.toFixed(step && value < 100 ? 1 : 0))} ${prefixes[step]}${unit}`;
}
