// URL and URLSearchParams of a guest against those of Node: a table of everything the standard treats apart, and generated ones.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { attach } from "#brood/actor/guest/host.js";
import { URL as GuestURL, URLSearchParams as GuestParams } from "#brood/actor/guest/url.js";
import { suite } from "../harness/law.js";
import { fakeHost } from "./fake-host.js";
import { BEHIND } from "./url.behind.js";

const law = suite("guest url");

attach(fakeHost());

const PARTS = [
  "href",
  "origin",
  "protocol",
  "username",
  "password",
  "host",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
] as const;

type Parts = Record<(typeof PARTS)[number], string> | "refused";

function partsOf(make: () => object): Parts {
  let url: object;
  try {
    url = make();
  } catch (error) {
    assert.ok(error instanceof TypeError);
    assert.is((error as { code?: unknown }).code, "ERR_INVALID_URL");
    return "refused";
  }
  return Object.fromEntries(PARTS.map((part) => [part, Reflect.get(url, part) as string])) as Parts;
}

/** Whether Node reads all URLs as the standard does; Node 20 does not where a scheme is of its own. */
const current = new URL("a:/..").href === "a:/";

/** The same parts as in Node, or the text that the standard gives where Node is known to be behind it. */
function same(row: string, make: (Class: typeof GuestURL | typeof URL) => object): void {
  const ours = partsOf(() => make(GuestURL));
  const theirs = partsOf(() => make(URL));
  const right = current ? undefined : BEHIND.get(row);
  if (right === undefined)
    assert.equal(ours, theirs, `${row}: ${JSON.stringify(ours)} is not ${JSON.stringify(theirs)}`);
  else assert.is(ours === "refused" ? null : ours.href, right, row);
}

const ABSOLUTE = [
  "http://example.com",
  "http://example.com/",
  "HTTP://EXAMPLE.com/a",
  "https://user:pass@host.org:8443/p/a/t/h?query=s#hash",
  "http://a@b@c/",
  "http://a:b:c@d/",
  "http://@host/",
  "http://:@host/",
  "http://:pw@host/",
  "http://us%20er@h/",
  "http://u:p@/",
  "http://@/",
  "http://host:80/",
  "https://host:443/",
  "ws://h:80/",
  "wss://h:443",
  "ftp://h:21/x",
  "http://h:443",
  "http://h:0/",
  "http://h:00080/",
  "http://h:65535/",
  "http://h:65536/",
  "http://h:999999/",
  "http://h:/",
  "http://h:8a/",
  "http://h: 80/",
  "http://h:-1/",
  "http:example.com",
  "http:/example.com",
  "http:\\\\example.com\\a\\b?c\\d#e\\f",
  "http:////example.com",
  "http:///",
  "http://",
  "http:",
  "https:?",
  "https:#x",
  "http://ex ample.com/",
  "http://ex%20ample.com/",
  "http://ex%41mple.com/",
  "http://ex%00mple.com",
  "http://ex%zzmple.com",
  "http://a%2fb/",
  "http://a|b/",
  "http://a^b/",
  "http://a<b>/",
  "http://a`b{c}/",
  "http://a'b/",
  'http://a"b/',
  "http://a*b!c$d&e/",
  "http://a_b-c.d~/",
  "http://a,b;c=d+e/",
  "http://(a)/",
  "http://./",
  "http://../",
  "http://a../",
  "http://a./",
  "http://a..b/",
  "http://foo.0x4/",
  "http://foo.09/",
  "http://foo.09../",
  "http://09.2.3.4/",
  "http://09.2.3.4./",
  "http://1/",
  "http://1.2/",
  "http://1.2.3/",
  "http://1.2.3.4/",
  "http://1.2.3.4./",
  "http://1.2.3.4../",
  "http://1.2.3.4.5/",
  "http://256/",
  "http://4294967295",
  "http://4294967296",
  "http://256.1.1.1/",
  "http://1.256/",
  "http://1.16777215",
  "http://1.16777216",
  "http://1.2.65535/",
  "http://1.2.65536",
  "http://0x7f.1/",
  "http://0X7F000001/",
  "http://0x/",
  "http://0x.0x.0/",
  "http://0x1g/",
  "http://017700000001",
  "http://08/",
  "http://01.02.03.04",
  "http://1e2/",
  "http://1..2/",
  "http://.1/",
  "http://+1/",
  "http://a.1/",
  "http://%31%32%37.1/",
  "http://0xffffffff1/",
  "http://0.0.0.0/",
  "http://-1/",
  "http://[::]/",
  "http://[::1]:80/a",
  "http://[1::]/",
  "http://[1:2:3:4:5:6:7:8]/",
  "http://[1:2:3:4:5:6:7::]/",
  "http://[::2:3:4:5:6:7:8]/",
  "http://[1:2:3:4:5:6:7:8:9]/",
  "http://[::1:2:3:4:5:6:7:8]",
  "http://[1::2::3]/",
  "http://[:1]/",
  "http://[1:]/",
  "http://[]/",
  "http://[:]/",
  "http://[:::]/",
  "http://[::1/",
  "http://[::1]a/",
  "http://[::g]/",
  "http://[12345::]/",
  "http://[::1.2.3.4]/",
  "http://[::ffff:1.2.3.4]",
  "http://[1:2:3:4:5:6:1.2.3.4]",
  "http://[1:2:3:4:5:6:7:1.2.3.4]",
  "http://[::1.2.3]",
  "http://[::1.2.3.256]",
  "http://[::01.2.3.4]",
  "http://[::1.2.3.4.5]",
  "http://[::1.2.3.4:5]",
  "http://[1.2.3.4::]",
  "http://[::.2.3.4]",
  "http://[::1.2.3.]",
  "http://[FE80::0:0:A]/",
  "http://[1:0:0:2:0:0:0:3]/",
  "http://[0:0:1:0:0:1:0:0]/",
  "http://[1:0:2:0:3:0:4:0]/",
  "http://[::%31]/",
  "http://[fe80::1%25eth0]/",
  "http://[0:0:0:0:0:0:0:0]",
  "http://[::]:8080",
  "http://[::1]:99999",
  "http://h/a/./b",
  "http://h/a/../b",
  "http://h/../../a",
  "http://h/a/b/..",
  "http://h/a/b/.",
  "http://h/a/b/../",
  "http://h/a/%2e%2e/b",
  "http://h/a/%2E./b",
  "http://h/.%2e/b",
  "http://h/%2e/b",
  "http://h/a/..;/b",
  "http://h/a//../b",
  "http://h//a//b//",
  "http://h/a\\..\\b",
  "http://h/...",
  "http://h/..a",
  "http://h/%2e%2e%2e",
  "http://h/a/..?x",
  "http://h/a/.#x",
  "http://h/%",
  "http://h/%zz",
  "http://h/%7Efoo/../%62",
  "http://h/a b",
  'http://h/"<>`{}|',
  "http://h/é",
  "http://h/日本語?日本語#日本語",
  "http://h/\u{1f41d}",
  "http://h/\ud800x",
  "http://h/a\tb\nc\rd",
  "http://h/'()*!~",
  "http://h/[a]",
  "http://h/a:b@c;d=e,f+g$h&i",
  "http://h?",
  "http://h#",
  "http://h/?#",
  "http://h/?a?b",
  "http://h/#a#b",
  "http://h/?a b\"c<d>e'f`g{h}|i\\^",
  "http://h/#a b\"c<d>e'f`g{h}|i\\^",
  "http://h/?a#b?c",
  "http://h/?%zz%41",
  "x://h/?a'b",
  "x:y?a'b#c`d",
  "http://h/?\u0000\u001f\u007f",
  "http://h/#\u0000\u001f\u007f",
  "http://h/\u0001\u007f",
  "  http://h/a  ",
  "\u0000http://h/\u001f",
  "\thttp://h\n",
  "ht\ntp://h/",
  "http://h\t.com/",
  "http://h/ a ",
  "h ttp://h/",
  "",
  "file:",
  "file:/",
  "file://",
  "file:///",
  "file:///a/b",
  "file:a",
  "file:/a",
  "file://host/a",
  "file://localhost/a",
  "file://LOCALHOST/a",
  "file:///C:/a/../..",
  "file:///C|/a",
  "file:C:/x",
  "file:C|",
  "file://C:/x",
  "file://C|/x",
  "file:///C:",
  "file:///c:/..",
  "file:///%43:/..",
  "file:////a//b",
  "file:\\\\host\\a",
  "file:/..//a",
  "file:?q",
  "file:#h",
  "file://h:80/",
  "file://u@h/",
  "file://1.2/x",
  "file://[::1]/x",
  "file:///C:a",
  "file:///CC:/..",
  "file:.//p",
  "file:/.//p",
  "file://%43%3A",
  "file://%43%7C/",
  "mailto:a@b.c",
  "data:text/plain,a b c",
  "javascript:alert('x')",
  "urn:isbn:1234",
  "about:blank",
  "about:blank?q#h",
  "a:",
  "a:b",
  "a:/",
  "a:/b",
  "a://",
  "a://b",
  "a:///",
  "a:////b",
  "a:/..",
  "a:/../b",
  "a:/b/../..//c",
  "a://h/../x",
  "a:..",
  "a:.",
  "a:/.//b",
  "a:/b/..//c",
  "a://h:80/",
  "a://h:8080/x",
  "a://u:p@h/",
  "a://@h",
  "a://h?q",
  "a://h#f",
  "a:?q",
  "a:#f",
  "a:\\b",
  "a://h\\b",
  "a://H.Com/",
  "a://h h/",
  "a://h%20h/",
  "a://é/",
  "a://[::1]/",
  "a://[::1",
  "a://h^/",
  "a://h|/",
  "a://1.2.3/",
  "a://%41",
  "a:b c",
  "a:b\u0001",
  "a:é",
  "a+b-c.d:x",
  "1a:b",
  "+a:b",
  "a_b:c",
  ":a",
  "://a",
  "//a",
  "/a",
  "a",
  "?a",
  "#a",
  ".",
  "..",
  "a b:c",
  "A:B",
  "blob:https://h:8443/x",
  "blob:http://h/",
  "blob:x",
  "blob:blob:http://h/",
  "blob:ftp://h/",
  "blob:",
  "view-source:x",
  "web+demo:/.//not-a-host/",
  "ws:h",
  "wss:/h",
  "ftp:h",
  "non-special://host:/",
  "non-special://:80/",
  "non-special://u@",
  "non-special://u@:80",
  "x:/a\\b",
  "x:/a|b`c{d}",
];

for (const input of ABSOLUTE) {
  const row = JSON.stringify(input);
  law(`${row} is read as Node reads it`, () => same(row, (Class) => new Class(input)));
}

const BASES = [
  "http://user:pw@host:81/a/b/c?q#h",
  "http://h",
  "http://h/",
  "https://h/a",
  "file:///C:/a/b?q#h",
  "file:///a/b/c",
  "file://host/a",
  "file:///C:",
  "a://h/b/c?q#h",
  "a:/b/c?q",
  "a:b?q#h",
  "mailto:x",
  "a:",
  "about:blank",
  "no base",
  "a:/",
  "a://h",
];
const RELATIVE = [
  "",
  "x",
  "/x",
  "//x",
  "///x",
  "////x",
  "\\x",
  "\\\\x",
  "/\\x",
  "?x",
  "#x",
  "?",
  "#",
  ".",
  "./",
  "..",
  "../",
  "../..",
  "../../../../x",
  "./x",
  "../x?y#z",
  "x/",
  "x/../y",
  "x/./y",
  "/..",
  "/.",
  "/./",
  "//",
  "/",
  "http:",
  "http:x",
  "http:/x",
  "http://x",
  "https:x",
  "https:/x",
  "file:",
  "file:x",
  "file:/x",
  "file://x",
  "file:///x",
  "a:",
  "a:x",
  "a:/x",
  "a://x",
  "C:",
  "C|",
  "C:/x",
  "/C:/x",
  "/C|/x",
  "C|/x",
  "//C:/x",
  "///C:/x",
  "x:y",
  "a b",
  "é",
  " x ",
  "\tx",
  "%2e%2e/x",
  "%2e",
  ":x",
  "x:80",
  "//h:80",
  "//u:p@h",
  "//u@h:99/x",
  "?a'b",
  "#a`b",
  "http:?x",
  "http:#x",
  "file:?x",
  "file:#x",
  "/a//b",
  "//.",
  "/.//x",
  ".//x",
  "..//x",
  "/..//x",
  "mailto:x",
  "//[::1]/x",
  "//1.2/x",
  "\u0000",
  "|",
  "/|",
  "C|?x",
  "C|#x",
  "CC|",
  "localhost",
  "//localhost/x",
];
for (const base of BASES) {
  law(`what is relative to ${base} is read as Node reads it`, () => {
    for (const input of RELATIVE) same(JSON.stringify([input, base]), (Class) => new Class(input, base));
  });
}

// Characters that are special somewhere, and words in which they are.
const piece = fc.constantFrom(
  ..."/\\?#@:.%[]|&=+ a1xZ-_~`'\"<>{}\t\u0000\u007f",
  "..",
  "%2e",
  "%2E%2e",
  "://",
  "http:",
  "https:",
  "file:",
  "ws:",
  "a:",
  "C:",
  "C|",
  "localhost",
  "0x7f",
  "127.1",
  "[::1]",
  "::",
  "é",
  "\u{1f41d}",
  "%41",
  "%zz",
  "host",
  "example.com",
  ":80",
  ":443",
  "user:pw@",
);
const words = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));

/** Node maps names that are not ASCII, which a guest refuses. */
const hasForeignName = (input: string): boolean => /[^\0-\x7f]|%[89a-f]/i.test(input);

/** Older versions of Node take `a:+` in the path of a file for a drive, which `..` does not leave. */
const hasLongDrive = (input: string): boolean => /[a-z](?::|\||%3a|%7c)[^\\/]/i.test(input) && /\.|%2e/i.test(input);

function sameGenerated(input: string, base: string | undefined): void {
  if (hasForeignName(input)) return;
  if (!current && /^file:/i.test(base ?? input) && hasLongDrive(input.replace(/^file:/i, ""))) return;
  const make = (Class: typeof GuestURL | typeof URL): object => new Class(input, base);
  const parts = [partsOf(() => make(GuestURL)), partsOf(() => make(URL))];
  const special = parts.every((one) => one === "refused" || /^(?:https?|wss?|ftp|file):$/.test(one.protocol));
  if (current || special) assert.equal(...(parts as [Parts, Parts]), JSON.stringify([input, base]));
}

const start = fc.constantFrom("", "http://", "https:", "file:", "file://", "a:", "a://", "http://h/", "ws://");

law("generated texts are read as Node reads them", () => {
  fc.assert(
    fc.property(start, words, (start, rest) => sameGenerated(start + rest, undefined)),
    { numRuns: 6_000 },
  );
});

law("generated references are read as Node reads them", () => {
  fc.assert(fc.property(words, fc.constantFrom(...BASES.filter((base) => base !== "no base")), sameGenerated), {
    numRuns: 6_000,
  });
});

const SETTABLE = [
  "href",
  "protocol",
  "username",
  "password",
  "host",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
] as const;
const SET_ON = [
  "http://user:pw@host:81/a/b?q#h",
  "https://h/",
  "file:///C:/a",
  "file://host/a",
  "a://h:8080/b?q#h",
  "a:/b",
  "mailto:x@y",
  "a://",
  "a:/.//b",
  "http://h:8080/",
];
const SET_TO = [
  "",
  "x",
  "X y",
  "https",
  "https:",
  "ws:foo",
  "file",
  "a",
  "1x",
  "h:90",
  "h:",
  ":90",
  "h:99999",
  "h:8a",
  "h/p",
  "h?q",
  "h#f",
  "h\\p",
  "u@h",
  "[::1]",
  "[::1]:7",
  "[::1",
  "1.2",
  "0x7f.1:8",
  "80",
  "443",
  "21",
  " 80",
  "8 0",
  "90x",
  "x90",
  "65536",
  "0",
  "/p",
  "p/../q",
  "//p",
  "..",
  "\\p\\q",
  "?x",
  "??x",
  "#x",
  "##x",
  "a b'c\"d",
  "%41%zz",
  "\tx\n",
  "C|",
  "/C|/x",
  "h h",
  "h%41",
  "localhost",
  "\u0000",
  "/.//x",
];
for (const part of SETTABLE) {
  law(`setting ${part} does what it does in Node`, () => {
    for (const start of SET_ON) {
      for (const value of SET_TO) {
        same(JSON.stringify([start, part, value]), (Class) => {
          const url = new Class(start);
          Reflect.set(url, part, value);
          return url;
        });
      }
    }
  });
}

law("a host that is not ASCII is refused, and the error says what to write", () => {
  for (const host of ["b\u00fccher.example", "%C3%BC.example", "\u65e5\u672c"]) {
    assert.throws(
      () => new GuestURL(`http://${host}/`),
      (error: Error & { code?: string }) =>
        error instanceof TypeError && error.code === "ERR_INVALID_URL" && /not ASCII.*xn--/.test(error.message),
    );
  }
  assert.is(new GuestURL("http://xn--bcher-kva.example/").hostname, "xn--bcher-kva.example");
});

law("canParse and parse say whether a text is a URL, without throwing", () => {
  assert.is(GuestURL.canParse("http://h"), true);
  assert.is(GuestURL.canParse("x", "http://h"), true);
  assert.is(GuestURL.canParse("x"), false);
  assert.is(GuestURL.parse("x"), null);
  assert.is(GuestURL.parse("x", "http://h")?.href, "http://h/x");
});

law("a URL is its text in JSON and as a string", () => {
  const url = new GuestURL("http://h/a b");
  assert.is(JSON.stringify({ url }), '{"url":"http://h/a%20b"}');
  assert.is(`${String(url)}`, "http://h/a%20b");
  assert.is(Object.prototype.toString.call(url), "[object URL]");
});

const QUERIES = [
  "",
  "?",
  "a",
  "a=b",
  "?a=b",
  "a=b&c=d",
  "a=b&a=c",
  "a=&=b&=",
  "&&a&&",
  "a=b=c",
  "a+b=c+d",
  "a%20b=%2B",
  "%zz=%",
  "%C3%A9=é",
  "%C3=%FF",
  "a=%F0%9F%90%9D",
  "%EF%BB%BFx=1",
  "a=\ud800",
  "é=日本",
  "a;b",
  "a=1&b=2&a=3",
  "??a",
  "%e2%82",
  "%41%c3%a9%ff%zz%20+",
];
for (const query of QUERIES) {
  law(`the parameters of ${JSON.stringify(query)} are those of Node`, () => {
    const ours = new GuestParams(query);
    const theirs = new URLSearchParams(query);
    assert.equal([...ours], [...theirs]);
    assert.is(String(ours), String(theirs));
    assert.is(ours.size, [...theirs].length);
  });
}

const name = fc.constantFrom("a", "b", "é", " ", "\u{1f41d}", "");
const operation = fc.oneof(
  fc.tuple(fc.constantFrom("append", "set"), name, fc.string()),
  fc.tuple(fc.constantFrom("delete"), name),
  fc.tuple(fc.constantFrom("delete"), name, name),
  fc.tuple(fc.constant("sort")),
);

law("parameters change, and change their URL, as in Node", () => {
  fc.assert(
    fc.property(words, fc.array(operation, { maxLength: 8 }), (query, operations) => {
      const ours = new GuestURL("http://h/?");
      const theirs = new URL("http://h/?");
      const [mine, its] = [ours.searchParams, theirs.searchParams];
      ours.search = query;
      theirs.search = query;
      for (const [what, ...args] of operations) {
        (Reflect.get(mine, what) as (...args: string[]) => void).call(mine, ...(args as string[]));
        (Reflect.get(its, what) as (...args: string[]) => void).call(its, ...(args as string[]));
        assert.is(ours.href, theirs.href);
        assert.equal([...mine.entries()], [...its.entries()]);
        assert.equal(mine.getAll("a"), its.getAll("a"));
        assert.is(mine.get("b"), its.get("b"));
        assert.is(mine.has("é"), its.has("é"));
        assert.is(mine.has("a", "a"), its.has("a", "a"));
      }
    }),
    { numRuns: 1_000 },
  );
});

law("parameters are made of pairs and of objects as in Node", () => {
  for (const init of [
    [
      ["a", "b"],
      ["a", 1],
    ],
    { a: 1, b: "é", c: null },
    new Map([["x", "y"]]),
    [],
    {},
    undefined,
    5,
    [new Set(["k", "v"])],
  ]) {
    assert.equal([...new GuestParams(init)], [...new URLSearchParams(init as never)]);
  }
  for (const init of [[["a"]], [["a", "b", "c"]], ["ab", "abc"], [1], { [Symbol.iterator]: 1 }, Symbol("x")])
    assert.throws(
      () => new GuestParams(init),
      (error: unknown) => error instanceof TypeError,
    );
});

law("what is no UTF-8 in a query is replaced, and the rest of it read", () => {
  assert.equal([...new GuestParams("%41%ff%zz%C3\u00e9")], [["A\ufffd%zz\ufffd\u00e9", ""]]);
});

law("what is appended while parameters are gone through is met", () => {
  const params = new GuestParams("a=1");
  const met: string[] = [];
  params.forEach((value, key, all) => {
    met.push(`${key}${value}`);
    if (all.size < 3) all.append("b", String(all.size));
  });
  assert.equal(met, ["a1", "b1", "b2"]);
});

law.run();
