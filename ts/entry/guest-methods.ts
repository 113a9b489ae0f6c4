// In a guest, every spawn method is one thing: an order to the host, which makes and ends the body, where it was granted
// (`nursery/hosted.ts`). In the bundle of guests this stands for nursery/methods.ts.
import type { SourceKind, SpawnMethod } from "../context/surface.js";
import { NotGranted } from "../errors/guest.js";
import { InvalidOption } from "../errors/kinds.js";
import type { Choice } from "../nursery/methods.js";
import type { Body, BodyEnd, Exports, ExportEntry } from "../protocol/body.js";
import { rebuildError, type ErrorData } from "../protocol/error-data.js";
import type { OrderedSource, Told, ToldEnd } from "../protocol/orders.js";
import { SCRIPT, TAG } from "../protocol/script-name.js";
import type { BodyOptions, BodyRequest, Source, SpawnMethodImplementation } from "../spawn/method.js";
import type { Transport } from "../protocol/transport.js";
import { thisProcess } from "./guest-runtime.js";
import { discharge, enlist, relays, type Relayed } from "./guest-relays.js";

const FITTING: Readonly<Record<SourceKind, readonly SpawnMethod[]>> = {
  actor: ["wasm", "forkserver", "main_thread_forkserver", "exec"],
  component: ["wasm"],
  source: ["wasm"],
};

/** As in a process; without `spawn`, the first that was granted. @throws NotGranted */
export function chooseMethod(what: string, spawn: unknown, kind: SourceKind): Choice {
  const fitting = FITTING[kind];
  if (spawn !== undefined && !fitting.includes(spawn as SpawnMethod))
    throw new InvalidOption(`${what}: spawn`, spawn, fitting.map((one) => JSON.stringify(one)).join(" or "));
  const granted = relays().granted();
  const name =
    (spawn as SpawnMethod | undefined) ?? fitting.find((one) => granted.includes(one)) ?? (fitting[0] as SpawnMethod);
  if (!granted.includes(name))
    throw new NotGranted(
      { actor: thisProcess().id, path: thisProcess().path },
      thisProcess().id.name,
      [`actors.${name}`],
      `it starts an actor with ${name}, which it was not granted. Start it with grants: { actors: ["${name}"] }`,
    );
  const reason = spawn === undefined ? "the first that was granted" : "asked for";
  return { name, method: methodNamed(name), reason, explicit: spawn !== undefined };
}

export function methodNamed(name: string): SpawnMethodImplementation {
  return { check() {}, spawn: (request) => new RelayedBody(name, request) };
}

export function preloadOf(preload: BodyOptions["preload"]): BodyOptions["preload"] {
  return preload;
}

class RelayedBody implements Body, Relayed, Exports {
  readonly #method: string;
  readonly #request: BodyRequest;
  readonly #number: number;
  readonly gone: Promise<BodyEnd>;
  #over!: (end: BodyEnd) => void;
  #ended = false;
  pid: number | undefined;
  known = false;
  module: string | undefined;
  instead: Body["instead"];
  table: ReadonlyMap<string, ExportEntry> = new Map();
  /** Calls that wait for the one before: of a component one runs at a time. */
  readonly #calls: { readonly call: number; readonly name: string; readonly args: readonly unknown[] }[] = [];
  #calling = false;

  constructor(method: string, request: BodyRequest) {
    this.#method = method;
    this.#request = request;
    this.#number = enlist(this);
    this.gone = new Promise((resolve) => (this.#over = resolve));
  }

  begin(): void {
    const { id, path, token, startTimeout, source, explicit, limits, options } = this.#request;
    relays().order({
      op: "spawn",
      body: this.#number,
      method: this.#method,
      explicit,
      id,
      path,
      token,
      startTimeout,
      source: wordsOf(source),
      env: textsOf(options.env),
      cwd: options.cwd,
      execArgv: options.execArgv,
      preload: options.preload,
      limits: { ...limits },
      actors: [],
    });
  }

  terminate(): void {
    this.#order("terminate");
  }

  kill(): void {
    this.#order("kill");
  }

  // Exports.

  call(call: number, name: string, args: readonly unknown[]): void {
    this.#calls.push({ call, name, args });
    this.#callNext();
  }

  withdraw(call: number): boolean {
    const index = this.#calls.findIndex((waiting) => waiting.call === call);
    if (index >= 0) this.#calls.splice(index, 1);
    return index >= 0;
  }

  stop(): void {
    this.#calls.length = 0;
    this.#order("stop");
  }

  // What comes of it.

  received(bytes: Uint8Array): void {
    this.#request.sink.received(bytes);
  }

  told(told: Told): void {
    const { sink } = this.#request;
    switch (told.on) {
      case "speaks": {
        this.pid = told.pid ?? undefined;
        this.known = told.known;
        this.module = told.module ?? undefined;
        if (told.reason !== undefined && told.reason !== null) this.instead = { method: "exec", reason: told.reason };
        const memory = told.memory ?? undefined;
        return sink.speaks(
          this.#transport(),
          memory === undefined ? undefined : { mapStack: (stack) => this.#tagged(stack), memory },
        );
      }
      case "offers":
        this.table = new Map(
          told.table.map(([name, unsupported]) => [name, { unsupported: unsupported ?? undefined }]),
        );
        return sink.offers(this);
      case "ended":
        return sink.ended();
      case "logged":
        return sink.logged(told.level, told.text);
      case "output":
        return this.#request.output(told.stream, told.text);
      case "returned":
        this.#answered();
        return sink.returned(told.call, told.value);
      case "threw":
        this.#answered();
        return sink.threw(told.call, told.value);
      case "refused":
        this.#answered();
        return sink.refused(told.call, rebuiltOf(told.error));
      case "gone":
        this.#ended = true;
        discharge(this.#number);
        return this.#over(endOf(told.end));
    }
  }

  /** The host knows the sources, once it knows whose lines they are. */
  #tagged(stack: string): string {
    return stack.replaceAll(`${SCRIPT}:`, `${SCRIPT}${TAG}${this.#number}:`);
  }

  #callNext(): void {
    const next = this.#calling ? undefined : this.#calls.shift();
    if (next === undefined) return;
    this.#calling = true;
    relays().order({ op: "call", body: this.#number, ...next });
  }

  #answered(): void {
    this.#calling = false;
    this.#callNext();
  }

  #transport(): Transport {
    const body = this.#number;
    return {
      ahead: 0,
      write(bytes) {
        relays().bytes(body, bytes.slice());
        return true;
      },
      soon: (work) => queueMicrotask(work),
      end: () => this.#order("end"),
      destroy: () => this.#order("destroy"),
    };
  }

  #order(op: "terminate" | "kill" | "end" | "destroy" | "stop"): void {
    if (!this.#ended) relays().order({ op, body: this.#number });
  }
}

function wordsOf(source: Source): OrderedSource {
  switch (source.kind) {
    case "actor":
      return { kind: "actor", module: source.module.href };
    case "source":
      return { kind: "source", code: source.code };
    case "component": {
      const { file, bytes, isolated } = source.origin;
      return { kind: "component", file, bytes, isolated };
    }
  }
}

function textsOf(env: BodyOptions["env"]): Record<string, string> | undefined {
  if (env === undefined) return undefined;
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

const rebuiltOf = (data: ErrorData | undefined): Error =>
  data === undefined || data === null ? new Error("it has failed") : rebuildError(data, "start");

function endOf({ kind, code, signal, error, phase, stderr, memory }: ToldEnd): BodyEnd {
  const rest = { stderr, ...(memory === undefined || memory === null ? {} : { memory }) };
  switch (kind) {
    case "exited":
      return { status: { kind, code: code ?? 0 }, ...rest };
    case "signalled":
      return { status: { kind, signal: signal ?? "" }, ...rest };
    case "lost":
      return { status: { kind }, ...rest };
    case "failed":
      return { status: { kind, error: rebuiltOf(error) }, ...rest };
    case "unborn":
      return { status: { kind, error: rebuiltOf(error), phase: phase ?? "spawn" }, ...rest };
  }
}
