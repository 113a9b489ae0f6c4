// HTML that is escaped unless said otherwise: every value in an html`...` template is text, except what is Html already.

export class Html {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

export type HtmlValue = string | number | Html | false | undefined | readonly HtmlValue[];

/** Fills a template. Text is escaped for element content and for quoted attributes; `false` and `undefined` are nothing. */
export function html(strings: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(strings.reduce((done, next, i) => done + fill(values[i - 1]) + next));
}

/** HTML from elsewhere, taken as it is. */
export const verbatim = (text: string): Html => new Html(text);

function fill(value: HtmlValue): string {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(fill).join("");
  return escape(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escape = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITIES[char]!);
