// Reads, from the memory in a finished component, what a guest noted while it was built (ts/entry/guest-record.ts).

/** Something that the top level of a module used. */
export interface Use {
  /** As it is written in code: `Date.now()`. */
  readonly what: string;
  /** In places of the built script. */
  readonly stack: string;
}

export interface BuildRecord {
  readonly uses: readonly Use[];
  readonly endpoints: Readonly<Record<string, "call" | "context">>;
}

const BEGIN = Buffer.from('{"brood:build":1,"uses":[');

/** @throws when there is none: the guest was not built by this release, or its memory was torn apart */
export function readRecord(component: Uint8Array): BuildRecord {
  const bytes = Buffer.from(component.buffer, component.byteOffset, component.byteLength);
  for (let at = bytes.indexOf(BEGIN); at >= 0; at = bytes.indexOf(BEGIN, at + 1)) {
    const end = bytes.subarray(at).findIndex((byte) => byte < 0x20 || byte > 0x7e);
    const text = bytes.subarray(at, end < 0 ? bytes.length : at + end).toString("latin1");
    try {
      const { uses, endpoints } = JSON.parse(text) as BuildRecord;
      return { uses, endpoints };
    } catch {
      continue; // a piece of it that was left behind in memory
    }
  }
  throw new Error("the component has no record of its build");
}
