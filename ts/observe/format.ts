// A dump as text for people: a tree at the left, what there is to say of each line at the right. What actors say of themselves is
// theirs: nothing of it reaches the terminal but letters.
import type {
  ActorDump,
  Amount,
  AskedDump,
  CancelDump,
  ChildDump,
  PoolDump,
  ProcessFigures,
  ScopeDump,
  StreamDump,
  SubscribersDump,
  SupervisionDump,
  TaskDump,
  TreeDump,
} from "../protocol/tree.js";

/** A line and what hangs on it. */
export interface Twig {
  readonly label: string;
  readonly words: readonly (string | undefined)[];
  readonly twigs: readonly Twig[];
}

/** Labels longer than this do not push the others' words to the right. */
const WIDEST = 48;
/** Longer texts are cut. */
const LONGEST = 120;

/** A dump as text, a line for each scope, actor, call, context and task. */
export function formatTree(dump: TreeDump): string {
  const { name, path, pid, node, at, took, process: figures, scopes } = dump;
  const twigs = scopes.length === 0 ? [leaf("no nursery is open", [])] : scopes.map((scope) => scopeTwig(scope));
  return formatTwig({
    label: `${path === "" ? plain(name) : plain(path)} (${pid})`,
    words: [`node ${plain(node)}`, ...processWords(figures), `${plain(at)}, took ${time(took)}`],
    twigs,
  });
}

/** A tree of lines as text. */
export function formatTwig(root: Twig): string {
  const lines: { readonly left: string; readonly right: string }[] = [];
  const draw = ({ label, words, twigs }: Twig, first: string, rest: string): void => {
    lines.push({ left: first + label, right: words.filter((word) => word !== undefined && word !== "").join("  ") });
    for (const [index, twig] of twigs.entries()) {
      const last = index === twigs.length - 1;
      draw(twig, rest + (last ? "└─ " : "├─ "), rest + (last ? "   " : "│  "));
    }
  };
  draw(root, "", "");
  const width = Math.max(...lines.map(({ left }) => (left.length > WIDEST ? 0 : left.length)));
  return lines.map(({ left, right }) => `${left.padEnd(width)}  ${right}`.trimEnd() + "\n").join("");
}

function scopeTwig(scope: ScopeDump, more: readonly string[] = []): Twig {
  const { kind, name, status, for: age, note, supervision, pool } = scope;
  return {
    // What was given no name is named after what it is.
    label: kind === name ? plain(kind) : `${plain(kind)} ${plain(name)}`,
    words: [
      `${plain(status)} ${time(age)}`,
      ...(supervision === undefined ? [] : supervisionWords(supervision)),
      ...(pool === undefined ? [] : poolWords(pool)),
      note === undefined ? undefined : plain(note),
      ...more,
    ],
    twigs: [
      ...(supervision === undefined
        ? [...scope.actors.map((one) => actorTwig(one)), ...scope.scopes.map((one) => scopeTwig(one))]
        : childTwigs(supervision, scope)),
      ...(supervision === undefined ? rest(scope.more, "actor", "actors") : rest(scope.more, "child", "children")),
    ],
  };
}

/** In start order, those that are down too: that is how a strategy looks at them. */
function childTwigs({ children }: SupervisionDump, { actors, scopes }: ScopeDump): Twig[] {
  const [restActors, restScopes] = [[...actors], [...scopes]];
  const known = children.map((child) => {
    const actor = child.up && child.kind === "actor" ? restActors.shift() : undefined;
    if (actor !== undefined) return actorTwig(actor, childWords(child));
    const scope = child.up && child.kind === "supervisor" ? restScopes.shift() : undefined;
    if (scope !== undefined) return scopeTwig(scope, childWords(child));
    return leaf(`child ${plain(child.id)}`, [`${plain(child.status)} ${time(child.for)}`, ...childWords(child)]);
  });
  return [...known, ...restActors.map((one) => actorTwig(one)), ...restScopes.map((one) => scopeTwig(one))];
}

const childWords = ({ restart, restarts }: ChildDump): string[] => [
  plain(restart),
  ...(restarts === 0 ? [] : [`restarted ${count(restarts, "time", "times")}`]),
];

const supervisionWords = ({ strategy, restarts, recent, intensity, period }: SupervisionDump): string[] => [
  plain(strategy),
  `${count(restarts, "restart", "restarts")}, ${recent} of at most ${intensity} in ${time(period)}`,
];

const poolWords = ({ size, actors, busy, starting, queued, calls, failed, replaced }: PoolDump): string[] => [
  `${busy} of ${count(actors, "actor", "actors")} busy${actors < size ? `, at most ${size}` : ""}`,
  ...(starting === 0 ? [] : [`${starting} starting`]),
  `${count(queued, "call waits", "calls wait")}`,
  `${count(calls, "call", "calls")} so far${failed === 0 ? "" : `, ${failed} failed`}`,
  ...(replaced === 0 ? [] : [`${count(replaced, "actor", "actors")} replaced`]),
];

function actorTwig(actor: ActorDump, extra: readonly string[] = []): Twig {
  const { path, status, for: age, spawnMethod, pid, silent, asked, more, inside } = actor;
  return {
    label: plain(path),
    words: [
      `${plain(status)} ${time(age)}`,
      plain(spawnMethod),
      pid === undefined ? undefined : `pid ${pid}`,
      ...processWords(actor.process),
      ...extra,
      silent === undefined ? undefined : `! ${plain(silent)}`,
    ],
    twigs: [
      ...asked.map(askedTwig),
      ...rest(more, "call", "calls"),
      ...(inside === undefined
        ? []
        : [
            ...inside.tasks.map(taskTwig),
            ...rest(inside.more, "task", "tasks"),
            ...inside.scopes.map((scope) => scopeTwig(scope)),
          ]),
    ],
  };
}

function askedTwig({ kind, context, endpoint, state, age, cancel, stream }: AskedDump): Twig {
  return leaf(`asks ${plain(endpoint)} #${context}`, [
    `${plain(kind)} ${plain(state)} ${time(age)}`,
    cancelWords(cancel),
    ...streamWords(stream),
  ]);
}

function taskTwig({ kind, context, endpoint, state, age, remaining, stream }: TaskDump): Twig {
  return leaf(`runs ${plain(endpoint)} #${context}`, [
    `${plain(kind)} ${plain(state)} ${time(age)}`,
    remaining === undefined ? undefined : `deadline in ${time(remaining)}`,
    ...streamWords(stream),
  ]);
}

function cancelWords(cancel: CancelDump | undefined): string | undefined {
  if (cancel === undefined) return undefined;
  const { via, acknowledged } = cancel;
  const heard =
    acknowledged === undefined ? "not acknowledged yet" : acknowledged ? "acknowledged" : "not acknowledged";
  return `cancel asked (${plain(via)}), ${heard}`;
}

function streamWords(stream: StreamDump | undefined): (string | undefined)[] {
  if (stream === undefined) return [];
  const { sent, sending, sendingFor, unread, received, reading, readingFor, subscribers } = stream;
  return [
    sent.messages === 0 ? undefined : `sent and not consumed ${amount(sent)}`,
    sending === 0 ? undefined : `${count(sending, "send waits", "sends wait")} for credit ${time(sendingFor)}`,
    received.messages === 0 ? undefined : `received ${amount(received)}, unread ${unread}`,
    reading === 0 ? undefined : `${count(reading, "reader waits", "readers wait")} ${time(readingFor)}`,
    subscribers === undefined ? undefined : subscribersWords(subscribers),
  ];
}

const subscribersWords = ({ count: many, pacing, unread, missed }: SubscribersDump): string =>
  [
    count(many, "subscriber", "subscribers"),
    ...(pacing === 0 ? [] : [`${count(pacing, "holds", "hold")} up the stream`]),
    ...(unread === 0 ? [] : [`the slowest has ${unread} unread`]),
    ...(missed === 0 ? [] : [`${missed} missed`]),
  ].join(", ");

export function processWords(figures: ProcessFigures | undefined): (string | undefined)[] {
  if (figures === undefined) return [];
  const { state, cpu, busy, memory, waitsIn } = figures;
  return [
    `${STATES[state] ?? plain(state)}${waitsIn === undefined || busy === undefined ? "" : ` in ${plain(waitsIn)}`}`,
    busy === undefined ? undefined : `${Math.round(busy * 100)} % of a core`,
    `cpu ${time(cpu)}`,
    size(memory),
  ];
}

const STATES: Readonly<Record<string, string>> = {
  R: "runs",
  S: "sleeps",
  D: "waits for a device",
  T: "stopped",
  t: "stopped by a debugger",
  Z: "dead",
  I: "sleeps",
};

const leaf = (label: string, words: readonly (string | undefined)[]): Twig => ({ label, words, twigs: [] });
const rest = (left: number, one: string, more: string): Twig[] =>
  left > 0 ? [leaf(`and ${left} more ${left === 1 ? one : more}`, [])] : [];
const count = (many: number, one: string, more: string): string => `${many} ${many === 1 ? one : more}`;
const amount = ({ messages, bytes }: Amount): string => `${count(messages, "message", "messages")} of ${size(bytes)}`;

/** Bytes, to three digits. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(3, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** power).toPrecision(3))} ${["B", "KiB", "MiB", "GiB"][power]}`;
}

/** A duration in ms, in the unit that it is thought in. */
export function time(ms: number | undefined): string {
  if (ms === undefined) return "";
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const [minutes, hours] = [Math.floor(ms / 60_000) % 60, Math.floor(ms / 3_600_000)];
  if (hours === 0) return `${minutes} min ${Math.floor(ms / 1_000) % 60} s`;
  return hours < 48 ? `${hours} h ${minutes} min` : `${Math.floor(hours / 24)} days`;
}

/** A text from elsewhere, which may hold anything: control characters and marks of direction as their numbers. */
export function plain(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
  return cut.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (found) => `\\u{${(found.codePointAt(0) as number).toString(16)}}`,
  );
}
