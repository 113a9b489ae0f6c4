// The title of an actor's process, as ps shows it. The system has room for as many bytes as the process was started with: the path comes
// last, since who is cut off there is still seen to be an actor, and whose.

/** The title of the actor at `path`, which the process `host` has started. */
export const titleOf = (path: string, host: number): string => `brood of ${host}: ${path}`;

/** What a title says; undefined where it is none of an actor. */
export function readTitle(title: string): { readonly host: number; readonly path: string } | undefined {
  const [, host, path] = /^brood of (\d+): (.*)$/s.exec(title) ?? [];
  return host === undefined ? undefined : { host: Number(host), path: path as string };
}
