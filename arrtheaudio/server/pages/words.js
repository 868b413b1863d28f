// Codes and numbers as words.

const LANGUAGES = new Intl.DisplayNames(["en"], { type: "language", fallback: "none" });

export function language(code) {
  if (!code || code === "und") return "Unknown language";
  try {
    return LANGUAGES.of(code) ?? code;
  } catch {
    return code; // no language tag at all
  }
}

const CODECS = {
  aac: "AAC", ac3: "Dolby Digital", eac3: "Dolby Digital Plus", truehd: "Dolby TrueHD", dts: "DTS", flac: "FLAC",
  opus: "Opus", vorbis: "Vorbis", mp3: "MP3", mp2: "MP2", alac: "ALAC", ac4: "Dolby AC-4",
};
const CHANNELS = { 1: "mono", 2: "stereo", 6: "5.1", 7: "6.1", 8: "7.1" };
const KINDS = {
  commentary: "commentary", visual_impaired: "audio description", hearing_impaired: "for the hard of hearing",
  original: "original", forced: "forced",
};

// Return what else there is to know of a track: codec, channels, name, kinds.
export function details(track) {
  const codec = CODECS[track.codec] ?? (track.codec?.startsWith("pcm_") ? "PCM" : track.codec);
  const channels = track.channels && (CHANNELS[track.channels] ?? `${track.channels} channels`);
  const name = track.name && `“${track.name}”`;
  return [codec, channels, name, ...kinds(track)].filter(Boolean).join(" · ");
}

function kinds(track) {
  return Object.keys(KINDS).filter((kind) => track[kind]).map((kind) => KINDS[kind]);
}

// Return a short name for the tracks that are the default ones of a file.
export function defaults(tracks) {
  const chosen = tracks.filter((track) => track.type === "audio" && track.default);
  return chosen.map(label).join(" + ") || "no default";
}

function label(track) {
  return [language(track.language), track.commentary && "commentary", track.visual_impaired && "audio description"]
    .filter(Boolean)
    .join(" ");
}

const NUMBER = new Intl.NumberFormat();

export function number(count) {
  return count === null || count === undefined ? "–" : NUMBER.format(count);
}

export function many(count, one, more = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : more}`;
}

// Return how long something takes: 850 ms, 12 s, 3 min, 2 h.
export function span(seconds) {
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
}

const FAULTS = {
  changed_since_probe: "Changed meanwhile", corrupt: "Damaged", internal: "A defect of ours", io_error: "Disk error",
  network: "Network", no_space: "Disk full", not_a_file: "Not a file", not_found: "Not there", not_media: "Not a video",
  permission_denied: "Not allowed", read_only: "Read-only", timeout: "Took too long", tool_failed: "A tool failed",
  tool_missing: "A tool is missing", truncated: "Cut off", unsupported_container: "Unknown format",
  invalid_record: "No valid job", invalid_json: "No valid job",
};

// Return what went wrong, in a word or two.
export function fault(code) {
  return FAULTS[code] ?? (code || "Failed");
}

const SOURCES = {
  sonarr: "from Sonarr", radarr: "from Radarr", hook: "from a script", batch: "from a batch", api: "asked for here",
  cli: "from the command line",
};

export function source(name) {
  return SOURCES[name] ?? name ?? "";
}
