// Who a guest is in the tree, as its nurseries ask for it. It hears no signals: its host does. In the bundle of guests this stands for
// nursery/runtime.ts.
import { here, settle, type Here } from "../protocol/here.js";
import type { Spec } from "../protocol/bodies.js";

let tell: (() => Here) | undefined;

/** An instance begins; it is asked only when it opens its first nursery. */
export function bindPlace(spec: () => Spec, endingWithin: () => number | undefined): void {
  tell = () => {
    const { actor, parent, root, path, logLevel } = spec();
    return settle({
      id: actor,
      parent,
      root,
      path,
      logLevel,
      main: undefined,
      loadingMain: false,
      get endingWithin() {
        return endingWithin();
      },
    });
  };
}

export function thisProcess(): Here {
  return here() ?? (tell as () => Here)();
}

export function enter(): void {}

export function leave(): void {}
