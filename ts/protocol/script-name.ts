// How stacks of guests name their scripts.

/** The engine of guests gives every actor's script this name. */
export const SCRIPT = "componentize-qjs:user.js";
/** Behind it a parent that is a guest itself writes whose script it is, as `#2`: its host knows the sources. */
export const TAG = "#";
