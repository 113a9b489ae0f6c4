// A cluster: equal actors, one for each core by default, under names of their own. They are there together or not at all: when one
// of them dies the others are ended.
import { availableParallelism } from "node:os";
import type { ActorSource, Nursery, OptionsOf, Portal, SourceKind } from "../context/surface.js";
import { InvalidOption } from "../errors/kinds.js";
import { checkObject } from "../portal/check.js";
import { checkCount, checkNursery } from "./inside.js";
import { ActorNursery } from "./nursery.js";
import { chooseMethod } from "./methods.js";
import { checkName, checkStartOptions, type AnyOptions } from "./options.js";
import { checkSource } from "./source.js";
import type { ScopeDump } from "../protocol/tree.js";

type WithoutOnDeath<O> = O extends unknown ? Omit<O, "onDeath"> : never;

/** Options of a cluster: those of a start under the spawn method of its actors, and its own. */
export type ClusterOptions<K extends SourceKind = "actor"> = WithoutOnDeath<OptionsOf[K]> & OwnClusterOptions;

/** Those of the cluster itself. */
export interface OwnClusterOptions {
  /** Names the cluster. Default `cluster`. */
  name?: string | undefined;
  /** How many actors. Default: one for each name, or `os.availableParallelism()`. */
  size?: number | undefined;
  /** Their names, each once. Default: `cluster-1`, `cluster-2` and so on. */
  names?: readonly string[] | undefined;
  /** The nursery that it hangs on, and ends with. Default: none; it is a scope of its own, to be closed. */
  nursery?: Nursery | undefined;
}

/** Equal actors by name. */
export interface Cluster<E> extends AsyncDisposable {
  readonly name: string;
  /** In the order of their names. */
  readonly portals: ReadonlyMap<string, Portal<E>>;
  readonly status: "open" | "ending" | "ended";
  /** Aborts when one of them has died, or the cluster is cancelled; its `reason` is why. */
  readonly signal: AbortSignal;
  /** Ends them all and waits until they are gone. */
  cancel(reason?: unknown): Promise<void>;
  /** The same, then throws what it has failed with, where it hangs on no nursery. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts equal actors side by side; resolves when all are ready.
 * @throws StartFailed one of them did not become ready: none is left; InvalidOption; NurseryClosed; Cancelled
 */
export async function openCluster<E, S extends SourceKind>(
  what: ActorSource<E, S>,
  options: ClusterOptions<NoInfer<S>> = {} as ClusterOptions<NoInfer<S>>,
): Promise<Cluster<E>> {
  const { name, names, outer, start } = clusterSettings(what, options as OwnClusterOptions & AnyOptions);
  const scope = new ClusterScope({ name, onDeath: "fail" }, undefined, outer);
  try {
    const portals = await Promise.all(names.map((one) => scope.start(what, { ...start, name: one })));
    return new ActorCluster(scope, new Map(portals.map((portal, index) => [names[index] as string, portal])));
  } catch (error) {
    await scope.cancel(error);
    throw error;
  }
}

interface ClusterSettings {
  readonly name: string;
  readonly names: readonly string[];
  readonly outer: ActorNursery | undefined;
  readonly start: AnyOptions;
}

function clusterSettings(what: unknown, options: OwnClusterOptions & AnyOptions): ClusterSettings {
  const source = checkSource("openCluster", what);
  checkObject("openCluster", options);
  const { name: method } = chooseMethod("openCluster", options.spawn, source.kind);
  if (options.onDeath !== undefined)
    throw new InvalidOption(
      "openCluster: onDeath",
      options.onDeath,
      "nothing: a cluster ends when one of its actors dies. Where one is to be replaced, make a pool",
    );
  checkStartOptions("openCluster", options, "cluster", method);
  const { name = "cluster", nursery, size, names, ...start } = options;
  checkName("openCluster: name", name);
  checkCount("openCluster: size", size, 1);
  return {
    name,
    names: namesOf(name, size, names),
    outer: nursery === undefined ? undefined : checkNursery("openCluster: nursery", nursery),
    start,
  };
}

function namesOf(name: string, size: number | undefined, names: unknown): readonly string[] {
  if (names === undefined)
    return Array.from({ length: size ?? availableParallelism() }, (_, index) => `${name}-${index + 1}`);
  const accepted = "an array of names, each once, as many as size says";
  if (!Array.isArray(names) || names.length === 0) throw new InvalidOption("openCluster: names", names, accepted);
  if (size !== undefined && names.length !== size) {
    throw new InvalidOption(
      `openCluster: names: ${names.length} of them`,
      names,
      `${size} names, since size is ${size}; without size there is an actor for each name`,
    );
  }
  for (const [index, one] of names.entries()) {
    checkName(`openCluster: names[${index}]`, one);
    if (names.indexOf(one) !== index)
      throw new InvalidOption(`openCluster: names[${index}]`, one, "a name that no other one of them has");
  }
  return [...(names as string[])];
}

class ClusterScope extends ActorNursery {
  protected override get kind(): ScopeDump["kind"] {
    return "cluster";
  }
}

class ActorCluster<E> implements Cluster<E> {
  readonly #scope: ActorNursery;
  readonly portals: ReadonlyMap<string, Portal<E>>;

  constructor(scope: ActorNursery, portals: ReadonlyMap<string, Portal<E>>) {
    this.#scope = scope;
    this.portals = portals;
  }

  get name(): string {
    return this.#scope.name;
  }
  get status(): "open" | "ending" | "ended" {
    return this.#scope.status;
  }
  get signal(): AbortSignal {
    return this.#scope.signal;
  }
  cancel(reason?: unknown): Promise<void> {
    return this.#scope.cancel(reason);
  }
  close(): Promise<void> {
    return this.#scope.close();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.#scope[Symbol.asyncDispose]();
  }
}
