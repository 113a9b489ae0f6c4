// The exported API of an installed package, from its type declarations, by the TypeScript compiler. Reads files, runs nothing.
// What was parsed is
// kept for the next package, up to a limit: packages share dependencies.
import { readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import ts from "typescript";
import { EXPORT_KINDS, type ApiExport, type ApiListing, type ExportKind } from "./listing.js";

/** Longest signature, in characters; the rest is replaced by an ellipsis. */
const SIGNATURE_LENGTH = 240;

// noLib: names and declarations are wanted, not types; without the standard library a program is bound several times faster.
const OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ESNext,
  noLib: true,
  types: [],
  skipLibCheck: true,
  noEmit: true,
};

/** Characters of source that are kept parsed from one listing to the next. */
const KEPT_CHARACTERS = 12_000_000;

const parsed = new Map<string, ts.SourceFile | undefined>();
const host = cachingHost();
const printer = ts.createPrinter({ removeComments: true, omitTrailingSemicolon: true });

export function listApi(packageDir: string): ApiListing {
  forgetIfLarge();
  const place = placeOf(packageDir);
  const entries = entriesOf(place);
  const program = ts.createProgram({ rootNames: entries.map((entry) => entry.file), options: OPTIONS, host });
  const checker = program.getTypeChecker();
  return {
    declarations: entries.map((entry) => relative(place.root, entry.file).split(sep).join("/")),
    exports: entries.flatMap((entry) => exportsOf(program, checker, entry).sort(byName)),
  };
}

const byName = (a: ApiExport, b: ApiExport): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** Where a package lies, and what an importer beside it calls it. */
interface Place {
  readonly dir: string;
  readonly root: string;
  readonly specifier: string;
}

interface Entry {
  readonly from: string;
  readonly file: string;
}

function placeOf(dir: string): Place {
  const marker = `${sep}node_modules${sep}`;
  const at = dir.lastIndexOf(marker);
  if (at === -1) return { dir, root: dirname(dir), specifier: dir };
  const root = dir.slice(0, at + marker.length - 1);
  return { dir, root, specifier: relative(root, dir).split(sep).join("/") };
}

/** The package's main entry if that has declarations (those of @types count), else all paths in its `exports` that have. */
function entriesOf(place: Place): Entry[] {
  const { name, exports } = JSON.parse(readFileSync(join(place.dir, "package.json"), "utf8")) as {
    name: string;
    exports?: unknown;
  };
  const main = resolve(place, "");
  if (main !== undefined) return [{ from: name, file: main }];
  return subpathsOf(exports).flatMap((subpath) => {
    const file = resolve(place, subpath);
    return file === undefined ? [] : [{ from: name + subpath, file }];
  });
}

function resolve(place: Place, subpath: string): string | undefined {
  for (const mode of [ts.ModuleKind.ESNext, ts.ModuleKind.CommonJS] as const) {
    const importer = join(dirname(place.root), "importer.ts");
    const { resolvedModule } = ts.resolveModuleName(
      place.specifier + subpath,
      importer,
      OPTIONS,
      host,
      undefined,
      undefined,
      mode,
    );
    if (resolvedModule !== undefined && /\.d\.[cm]?ts$/.test(resolvedModule.resolvedFileName))
      return resolvedModule.resolvedFileName;
  }
  return undefined;
}

/** `/a` for each `./a` among the `exports` of a package.json. */
function subpathsOf(exports: unknown): string[] {
  if (typeof exports !== "object" || exports === null) return [];
  return Object.keys(exports).flatMap((key) => (key.startsWith("./") && !key.includes("*") ? [key.slice(1)] : []));
}

function exportsOf(program: ts.Program, checker: ts.TypeChecker, entry: Entry): ApiExport[] {
  const file = program.getSourceFile(entry.file);
  const module = file && checker.getSymbolAtLocation(file);
  if (module !== undefined) return exportsOfModule(checker, module, entry.from);
  // A file that is no module declares modules instead: the package itself, or many as @types/node does.
  const declared = checker
    .getAmbientModules()
    .filter((symbol) =>
      symbol.declarations?.some((each) => each.getSourceFile().fileName.startsWith(dirname(entry.file))),
    );
  const itself = declared.find((symbol) => unquoted(symbol.name) === entry.from);
  return itself === undefined
    ? declared.map((symbol) => ambientModule(checker, symbol))
    : exportsOfModule(checker, itself, entry.from);
}

function exportsOfModule(checker: ts.TypeChecker, module: ts.Symbol, from: string): ApiExport[] {
  const all = checker.getExportsOfModule(module);
  // `export =`: the value itself is the API; its properties, if it has any, come after it.
  const whole = module.exports?.get(ts.InternalSymbolName.ExportEquals);
  return (whole === undefined ? all : [whole, ...all])
    .filter((symbol) => symbol.name !== "prototype")
    .map((symbol) => describe(checker, symbol, from));
}

const unquoted = (name: string): string => name.replace(/^"|"$/g, "");

function ambientModule(checker: ts.TypeChecker, symbol: ts.Symbol): ApiExport {
  const name = unquoted(symbol.name);
  const count = checker.getExportsOfModule(symbol).length;
  const signature = `module "${name}" (${count} ${count === 1 ? "export" : "exports"})`;
  return { name, from: name, kind: "module", signature, doc: docOf(checker, symbol), deprecated: false };
}

function describe(checker: ts.TypeChecker, symbol: ts.Symbol, from: string): ApiExport {
  const name =
    symbol.name === ts.InternalSymbolName.ExportEquals ? "export =" : ts.unescapeLeadingUnderscores(symbol.escapedName);
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const declarations = target.declarations ?? symbol.declarations ?? [];
  const [kind, declaration] = mainDeclaration(declarations);
  const overloads = kind === "function" ? declarations.filter(ts.isFunctionDeclaration).length : 1;
  const more = overloads > 1 ? ` (+${overloads - 1} overload${overloads > 2 ? "s" : ""})` : "";
  return {
    name,
    from,
    kind,
    signature: (declaration === undefined ? name : oneLine(signatureOf(declaration), SIGNATURE_LENGTH)) + more,
    doc: docOf(checker, target) || docOf(checker, symbol),
    deprecated: [...target.getJsDocTags(checker), ...symbol.getJsDocTags(checker)].some(
      (tag) => tag.name === "deprecated",
    ),
  };
}

/** Declarations of one name may merge; the one that comes first in `EXPORT_KINDS` stands for all. */
function mainDeclaration(declarations: readonly ts.Declaration[]): [ExportKind, ts.Declaration | undefined] {
  const rank = (declaration: ts.Declaration): number => EXPORT_KINDS.indexOf(kindOf(declaration));
  const first = [...declarations].sort((a, b) => rank(a) - rank(b))[0];
  return first === undefined ? ["value", undefined] : [kindOf(first), first];
}

function kindOf(node: ts.Declaration): ExportKind {
  if (ts.isFunctionDeclaration(node) || ts.isMethodSignature(node) || ts.isMethodDeclaration(node)) return "function";
  if (ts.isClassDeclaration(node)) return "class";
  if (ts.isVariableDeclaration(node) || ts.isPropertySignature(node) || ts.isPropertyDeclaration(node)) return "const";
  if (ts.isEnumDeclaration(node)) return "enum";
  if (ts.isInterfaceDeclaration(node)) return "interface";
  if (ts.isTypeAliasDeclaration(node)) return "type";
  if (ts.isModuleDeclaration(node) || ts.isSourceFile(node) || ts.isNamespaceExport(node)) return "namespace";
  return "value";
}

/** The declaration as written, without its body: what has members is cut before them. */
function signatureOf(node: ts.Declaration): string {
  const file = node.getSourceFile();
  const print = (what: ts.Node): string => printer.printNode(ts.EmitHint.Unspecified, what, file);
  if (ts.isSourceFile(node)) return `namespace of ${node.fileName.split("/node_modules/").at(-1)}`;
  if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)) return header(print(withoutMembers(node)));
  if (ts.isModuleDeclaration(node)) return `namespace ${node.name.text}`;
  if (ts.isEnumDeclaration(node))
    return `enum ${node.name.text} { ${node.members.map((member) => member.name.getText(file)).join(", ")} }`;
  if (ts.isVariableDeclaration(node)) return `${variableKeyword(node)} ${print(node)}`;
  return withoutExport(print(node));
}

function withoutMembers(node: ts.ClassDeclaration | ts.InterfaceDeclaration): ts.Node {
  const { modifiers, name, typeParameters, heritageClauses } = node;
  return ts.isClassDeclaration(node)
    ? ts.factory.createClassDeclaration(modifiers, name, typeParameters, heritageClauses, [])
    : ts.factory.createInterfaceDeclaration(modifiers, node.name, typeParameters, heritageClauses, []);
}

const variableKeyword = (node: ts.VariableDeclaration): string =>
  node.parent.flags & ts.NodeFlags.Const ? "const" : node.parent.flags & ts.NodeFlags.Let ? "let" : "var";
const header = (printed: string): string => withoutExport(printed).replace(/\s*\{\s*\}\s*$/, "");
const withoutExport = (printed: string): string => printed.replace(/^((export|declare|default)\s+)+/, "");

function oneLine(text: string, length: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > length ? `${line.slice(0, length - 1).trimEnd()}…` : line;
}

function docOf(checker: ts.TypeChecker, symbol: ts.Symbol): string {
  const text = oneLine(ts.displayPartsToString(symbol.getDocumentationComment(checker)), 2000);
  // A sentence ends at a full stop that a capital or the end follows; "e.g. this" does not end one.
  const sentence = /^.*?[.!?](?=\s+[^a-z\s]|$)/.exec(text)?.[0] ?? text;
  return oneLine(sentence, SIGNATURE_LENGTH);
}

function cachingHost(): ts.CompilerHost {
  return {
    ...ts.createCompilerHost(OPTIONS, true),
    getSourceFile(fileName, options) {
      if (!parsed.has(fileName)) parsed.set(fileName, parse(fileName, options));
      return parsed.get(fileName);
    },
  };
}

function parse(fileName: string, options: ts.ScriptTarget | ts.CreateSourceFileOptions): ts.SourceFile | undefined {
  try {
    return ts.createSourceFile(fileName, readFileSync(fileName, "utf8"), options, true);
  } catch {
    return undefined;
  }
}

function forgetIfLarge(): void {
  let characters = 0;
  for (const file of parsed.values()) characters += file?.text.length ?? 0;
  if (characters > KEPT_CHARACTERS) parsed.clear();
}
