// The templates of this thread: started when the first actor of their kind is, a few at most, replaced when they die or grow old, and
// given up where their children keep dying before they speak.
import { channel } from "node:diagnostics_channel";
import { TemplateFailed } from "../errors/template.js";
import { whenInherited } from "../native/inherited.js";
import { relay } from "./relay.js";
import { Template, type TemplateKind } from "./template.js";
import type { TemplateEvent } from "./template-life.js";
import { TemplateShelf } from "./template-shelf.js";

/** Alive at the same time; the least recently used makes room, and reaps its children until they are gone. */
const MOST = 4;
/** Templates of one kind that die of themselves, one after the other, before none is started any more. */
const DEATHS = 3;

/** Published when a template is ready, refused, retired, dead, or when its kind is given up: `{ event, pid, preload, why }`. */
const news = channel("brood:template");

const shelf = new TemplateShelf<Template>(MOST);
/** Kinds that are not forked any more, and why. */
const verdicts = new Map<string, TemplateFailed>();
const deaths = new Map<string, number>();

whenInherited(() => {
  shelf.clear();
  deaths.clear();
});

/**
 * The template of a kind; it is started where there is none.
 * @throws TemplateFailed where this kind is not forked any more, or could not even be started
 */
export function templateFor(kind: TemplateKind): Template {
  const key = keyOf(kind);
  const verdict = verdicts.get(key);
  if (verdict !== undefined) throw verdict;
  const found = shelf.take(key);
  if (found !== undefined) return found;
  let template: Template;
  try {
    template = new Template(kind, { changed }, (stream, text) => relay(stream, `[template] ${text}`));
  } catch (error) {
    throw new TemplateFailed("died", undefined, `it could not be started: ${(error as Error).message}`);
  }
  for (const one of shelf.put(key, template)) one.retire();
  return template;
}

/** All that can be asked now, for those who look from outside. */
export function livingTemplates(): readonly Template[] {
  return shelf.all;
}

/** Ends what was forked ahead and is nobody's yet. */
export function dropSpares(): void {
  for (const template of shelf.all) template.dropSpare();
}

/** Retires all of them, or some: each ends with the last of its actors. */
export function retireTemplates(which: (template: Template) => boolean = () => true): void {
  for (const template of shelf.all.filter(which)) {
    shelf.drop(template);
    template.retire();
  }
}

function keyOf({ flags, env, order }: TemplateKind): string {
  return JSON.stringify([flags, Object.entries(env).sort(), order]);
}

function changed(template: Template, event: TemplateEvent): void {
  const { life, failure, kind } = template;
  const key = keyOf(kind);
  if (!template.serves) shelf.drop(template);
  if (life.broken && !verdicts.has(key)) {
    const why = `${life.early} actors in a row died before they spoke`;
    verdicts.set(key, new TemplateFailed("died", template.pid, `${why}: no more of its kind are forked`));
    tell(template, "broken", why);
  }
  if (life.status === "ready") deaths.delete(key);
  if (failure?.reason === "refused") verdicts.set(key, failure);
  if (failure?.reason === "died" && template.word === undefined) {
    const count = (deaths.get(key) ?? 0) + 1;
    deaths.set(key, count);
    if (count >= DEATHS && !verdicts.has(key)) {
      const why = `${count} templates in a row died before they were ready`;
      verdicts.set(key, new TemplateFailed("died", template.pid, `${why}: no more of their kind are started`));
      tell(template, "broken", why);
    }
  }
  tell(template, life.status === "dead" && failure !== undefined ? failure.reason : event, failure?.why);
}

function tell(template: Template, event: string, why: string | undefined): void {
  if (!news.hasSubscribers) return;
  news.publish({ event, pid: template.pid, preload: template.kind.order.preload, why });
}
