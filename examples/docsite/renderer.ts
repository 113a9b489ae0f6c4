// The actor that renders READMEs. A README is a stranger's input: the parser may loop over it for ever or need more memory than there
// is. This module is started in wasm, from the component that `brood build` made of it: then its limits end it, and nothing else.
import { defineActor } from "brood/actor";
import { markdownToHtml } from "./markdown.js";

export default defineActor({
  /** The HTML of a README, unsanitised: the page that shows it forbids its scripts. */
  render: (markdown: string): string => markdownToHtml(markdown),
});
