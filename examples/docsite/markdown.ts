// README text to HTML: marked with GitHub's rules and nothing of our own, so that the host can say what a page must contain.
import { Marked } from "marked";

const marked = new Marked({ gfm: true, async: false });

export function markdownToHtml(markdown: string): string {
  return marked.parse(markdown, { async: false });
}
