// What import.meta.url is in a guest: a place relative to its artifact, wherever that is, and URLs made of it.
import * as assert from "uvu/assert";
import { artifactUrl, besideArtifact } from "#brood/protocol/artifact-url.js";
import { suite } from "../harness/law.js";

const law = suite("artifact URLs");

law("a URL made of a module's own leads to the file that the same words lead to beside the module", () => {
  for (const [module, words, path] of [
    ["greeter.js", "./other.js", "other.js"],
    ["greeter.js", "../other.js", "../other.js"],
    ["greeter.js", "../../up/other.js", "../../up/other.js"],
    ["../lib/greeter.js", "./other.js", "../lib/other.js"],
    ["../lib/greeter.js", "../other.js", "../other.js"],
    ["../../a b/gr\u00fcn.js", "./#x?y.js", "../../a b/"],
    ["deep/er/greeter.js", "../x%20y.js", "deep/x y.js"],
  ] as const) {
    const url = new URL(words, artifactUrl(module));
    assert.is(url.protocol, "brood-artifact:");
    assert.is(besideArtifact(url.href), path, `${words} from ${module}`);
  }
  assert.is(besideArtifact(artifactUrl("../lib/greeter.js")), "../lib/greeter.js");
});

law("any other URL is none of these", () => {
  for (const url of ["file:///a.js", "https://example.org/~/a.js", "brood-artifact:a", ""])
    assert.is(besideArtifact(url), undefined);
});

law.run();
