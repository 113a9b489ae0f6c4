// What calls carry and answer with.

/** 1 KiB of ASCII. */
export const TEXT = "The quick brown fox jumps over the lazy dog. ".repeat(23).slice(0, 1024);
