// What a host and the entry of a process actor agree on before the first frame.

/** The actor's end of the channel. */
export const CHANNEL_FD = 3;
/** The read end of the lifeline; nothing is ever written to it. */
export const LIFELINE_FD = 4;
/** Carries the one-time token; the entry removes it before any code of the user's runs. */
export const CHANNEL_VARIABLE = "BROOD_CHANNEL";
/** Names the file of the entry's compiled code, where there is one to use or to write; removed likewise. */
export const CODE_CACHE_VARIABLE = "BROOD_CODE_CACHE";
