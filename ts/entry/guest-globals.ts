// The globals of a guest are there before any other module is evaluated: this one is imported first.
import { installPrelude } from "../actor/guest/install.js";
import { guestHost } from "./guest-host.js";

installPrelude(guestHost);

// TODO-PRELUDE: until the prelude has them.
const g = globalThis as any;
g.TextEncoder ??= class {
  encode(s: string) {
    return guestHost.live
      ? guestHost.encode(s)
      : Uint8Array.from(unescape(encodeURIComponent(s)), (c: string) => c.charCodeAt(0));
  }
  encodeInto(s: string, t: Uint8Array) {
    const b = this.encode(s);
    t.set(b);
    return { read: s.length, written: b.length };
  }
};
g.TextDecoder ??= class {
  decode(b: Uint8Array) {
    return guestHost.live ? guestHost.decode(b) : decodeURIComponent(escape(String.fromCharCode(...b)));
  }
};
g.AbortController ??= class {
  signal: any = { aborted: false, addEventListener() {} };
  abort(r: unknown) {
    this.signal.aborted = true;
    this.signal.reason = r;
  }
};
