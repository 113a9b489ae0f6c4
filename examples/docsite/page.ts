// The HTML of the site: one page per package and an index. What comes from packages is text and is escaped; only a rendered
// README goes in as HTML, last on its page, where nothing that it leaves open can swallow what we have to say. The page forbids
// every script but ours, and styles, frames and forms of anybody else.
import { createHash } from "node:crypto";
import { html, verbatim, type Html } from "./html.js";
import { EXPORT_KINDS, type ApiExport, type ApiListing } from "./listing.js";
import type { Package } from "./packages.js";

/** What became of one part of a page. */
export type Part<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** Why a part of a page is missing. */
export interface Failure {
  /** A stable code, as `ERR_BROOD_DEADLINE`. */
  readonly code: string;
  /** What happened, in a sentence or two. */
  readonly text: string;
  /** What became of the actor that worked on it. */
  readonly actor: string;
  /** The actor's last words on stderr. */
  readonly stderr: readonly string[];
}

export interface Page {
  readonly of: Package;
  /** The rendered README; undefined if the package has none. */
  readonly readme: Part<string> | undefined;
  /** Its numbers; undefined likewise. */
  readonly counts: Part<Counts> | undefined;
  readonly api: Part<ApiListing>;
}

/** What a README comes to in numbers. */
export interface Counts {
  readonly words: number;
  readonly headings: number;
  readonly codeBlocks: number;
}

/** What the index says about a page. */
export interface Entry {
  readonly of: Package;
  readonly readme: boolean;
  /** In its README. */
  readonly words: number;
  readonly exports: number;
  readonly failures: readonly Failure[];
}

/** A rendered README stands between these two, and nowhere else. */
export const README_START = '<article class="readme">\n';
export const README_END = "</article></main>";

/** What a page has besides its own matter. */
export interface Frame {
  readonly footer: string;
  /** The one script that may run in it. */
  readonly script: string;
}

export interface PackageFrame extends Frame {
  readonly previous: Package | undefined;
  readonly next: Package | undefined;
}

export function packagePage(page: Page, frame: PackageFrame): Html {
  const { of, readme, counts, api } = page;
  const main = html`<header class="title">
      <h1>${of.name} <span class="version">${of.version}</span></h1>
      ${of.description !== "" && html`<p class="lead">${of.description}</p>`}
      <ul class="facts">
        <li>${of.licence || "no licence named"}</li>
        ${!of.private && html`<li><a href="https://www.npmjs.com/package/${of.name}">npm</a></li>`}
        ${of.repository !== undefined && html`<li><a href="${of.repository}">source</a></li>`}
        ${of.homepage !== undefined && of.homepage !== of.repository && html`<li><a href="${of.homepage}">homepage</a></li>`}
      </ul>
    </header>
    ${apiSection(api, of.name)} ${countsSection(counts)} ${readmeSection(readme)}`;
  return document({
    title: `${of.name} ${of.version}`,
    root: "../",
    // A README shows its badges and pictures from wherever they are.
    images: "'self' file: https: data:",
    nav: html`${link("previous", frame.previous)}${link("next", frame.next)}`,
    main,
    frame,
  });
}

const link = (rel: "previous" | "next", to: Package | undefined): Html | false =>
  to !== undefined &&
  html`<a rel="${rel === "next" ? "next" : "prev"}" class="${rel}" href="${fileOf(to)}" title="${to.name}"
    ><span>${to.name}</span></a
  >`;

/** File name of a package's page. */
export const fileOf = (of: Package): string => `${of.slug}.html`;

function readmeSection(readme: Part<string> | undefined): Html {
  if (readme === undefined) return html`<p class="none">This package has no README.</p>`;
  if (!readme.ok) return failureSection("The README could not be rendered", readme.failure);
  return verbatim(README_START + readme.value + "</article>");
}

function countsSection(counts: Part<Counts> | undefined): Html | undefined {
  if (counts === undefined) return undefined;
  if (!counts.ok) return failureSection("The words of the README could not be counted", counts.failure);
  const { words, headings, codeBlocks } = counts.value;
  return html`<p class="counts">
    README: ${count(words, "word")}, ${count(headings, "heading")}, ${count(codeBlocks, "code block")}
  </p>`;
}

function failureSection(title: string, failure: Failure): Html {
  return html`<section class="failure">
    <h2>${title}</h2>
    <p><code class="code">${failure.code}</code></p>
    <p>${failure.text}</p>
    <p>${failure.actor}</p>
    ${
      failure.stderr.length > 0 &&
      html`<details>
        <summary>The last lines of its stderr</summary>
        <pre>${failure.stderr.join("\n")}</pre>
      </details>`
    }
  </section>`;
}

/** Longest listing that is shown unfolded. */
const FEW_EXPORTS = 6;

function apiSection(api: Part<ApiListing>, packageName: string): Html {
  if (!api.ok) return failureSection("The exported API could not be listed", api.failure);
  const { declarations, exports } = api.value;
  if (declarations.length === 0)
    return html`<p class="none">No API listing: this package ships no type declarations.</p>`;
  const open = verbatim(exports.length <= FEW_EXPORTS ? " open" : "");
  const entries = [...new Set(exports.map((each) => each.from))];
  return html`<details class="api" ${open}>
    <summary>
      <h2>API</h2>
      <span class="count">${count(exports.length, "export")}</span> <span class="kinds">${summaryOf(exports)}</span>
    </summary>
    ${entries.map(
      (from) =>
        html`${entries.length > 1 && html`<h3><code>${from}</code></h3> `}
          <ul>
            ${exports.filter((each) => each.from === from).map((each) => exportItem(each, packageName))}
          </ul> `,
    )}
    <p class="source">
      From
      ${declarations.length === 1 ? html`<code>${declarations[0]}</code>` : count(declarations.length, "declarations file")}.
    </p>
  </details>`;
}

function summaryOf(exports: readonly ApiExport[]): string {
  const kinds = EXPORT_KINDS.map((kind) => ({ kind, n: exports.filter((each) => each.kind === kind).length })).filter(
    ({ n }) => n > 0,
  );
  return kinds.map(({ kind, n }) => count(n, kind)).join(", ");
}

function exportItem(of: ApiExport, packageName: string): Html {
  // No heading of a README is named like this: see anchors.js.
  const id = `api:${of.from === packageName ? "" : `${of.from}/`}${of.name}`.replace(/\s+/g, "-");
  return html`<li id="${id}">
    <div class="name">
      <a href="#${encodeURIComponent(id)}"><b>${of.name}</b></a>
      <span class="kind ${of.kind}">${of.kind}</span
      >${of.deprecated && html` <span class="kind deprecated">deprecated</span>`}
    </div>
    <pre><code>${of.signature}</code></pre>
    ${of.doc !== "" && html`<p>${of.doc}</p> `}
  </li> `;
}

/** `1 type`, `3 types`, `2 classes`. */
function count(n: number, word: string): string {
  const plural = word.endsWith("s") ? `${word}es` : `${word}s`;
  return `${n.toLocaleString("en-US")} ${n === 1 ? word : plural}`;
}

export function indexPage(entries: readonly Entry[], frame: Frame): Html {
  const incomplete = entries.filter((entry) => entry.failures.length > 0);
  const total = entries.reduce((sum, entry) => sum + entry.exports, 0);
  const words = entries.reduce((sum, entry) => sum + entry.words, 0);
  const main = html`<header class="title">
      <h1>Packages</h1>
      <p class="lead">
        ${count(entries.length, "package")}, ${count(entries.filter((entry) => entry.readme).length, "README")},
        ${count(words, "word")}, ${count(total, "exported name")}
      </p>
    </header>
    ${
      incomplete.length > 0 &&
      html`<section class="failure">
        <h2>${count(incomplete.length, "page")} could not be completed</h2>
        <ul>
          ${incomplete.map((entry) => html`<li><a href="packages/${fileOf(entry.of)}">${entry.of.name}</a> ${entry.failures.map((failure) => html`<code>${failure.code}</code> `)}</li> `)}
        </ul>
      </section>`
    }
    <form class="search" role="search" hidden>
      <label for="search">Search</label>
      <input
        id="search"
        type="search"
        placeholder="Search by name or description"
        autocomplete="off"
        spellcheck="false"
      />
      <output for="search" id="matches"></output>
    </form>
    <ul class="packages" id="packages">
      ${entries.map(indexItem)}
    </ul>
    <p class="none" id="nothing" hidden>No package matches.</p>`;
  return document({ title: "Packages", root: "", images: "'none'", nav: undefined, main, frame });
}

function indexItem(entry: Entry): Html {
  const { of } = entry;
  const api = entry.exports > 0 ? count(entry.exports, "export") : "no declarations";
  return html`<li data-text="${`${of.name} ${of.description}`.toLowerCase()}">
    <h2><a href="packages/${fileOf(of)}">${of.name}</a> <span class="version">${of.version}</span></h2>
    <p>${of.description}</p>
    <ul class="facts">
      <li>${of.licence || "no licence named"}</li>
      <li>${api}</li>
      <li>${entry.readme ? count(entry.words, "word") : "no README"}</li>
      ${entry.failures.map((failure) => html`<li class="bad">${failure.code}</li>`)}
    </ul>
  </li> `;
}

/** The source expression that allows exactly this inline script. */
const hashOf = (script: string): string => `sha256-${createHash("sha256").update(script).digest("base64")}`;

interface Document {
  readonly title: string;
  /** Way to the site's root: empty or `../`. */
  readonly root: string;
  /** Where images may come from, as a policy says it. */
  readonly images: string;
  readonly nav: Html | undefined;
  readonly main: Html;
  readonly frame: Frame;
}

function document({ title, root, images, nav, main, frame }: Document): Html {
  // A page opened as a file is not `self` to every browser, hence `file:`.
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(frame.script)}'`,
    "style-src 'self' file:",
    `img-src ${images}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  // To the letter, for its hash.
  const script = verbatim(`<script>${frame.script}</script>`);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="stylesheet" href="${root}styles.css" />
      </head>
      <body>
        <nav class="bar"><a class="home" href="${root}index.html">All packages</a>${nav}</nav>
        <main>${main}</main>
        <footer>${frame.footer}</footer>
        ${script}
      </body>
    </html> `;
}
