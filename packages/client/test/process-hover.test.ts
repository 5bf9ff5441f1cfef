import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// What an editor shows in an app that installed the client alone: the built declarations, through TypeScript's language service.

const APP = `
import { createInvigilClient, type RoomEvent, type RouterInputs, type RouterOutputs } from "@invigil/client";
export const invigil = createInvigilClient({ url: "http://127.0.0.1:7001" });
export const made = await invigil.room.create.mutate({ name: "Algebra", participants: [] });
export const teacher = made.createTeacher;
export const listed = await invigil.cheat.listRecords.query({ roomId: made.id, pageSize: 20 });
export const detected = listed.records[0]?.detectTime;
export const heard = (event: RoomEvent) => event.type === "devices_changed" && event.devices;
export type Inputs = RouterInputs;
export type Outputs = RouterOutputs;
`;

let folder: string;
let file: string;
let service: ts.LanguageService;
let program: ts.Program;
let checker: ts.TypeChecker;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "invigil-hover-"));
  mkdirSync(join(folder, "node_modules/@invigil"), { recursive: true });
  symlinkSync(resolve(import.meta.dirname, ".."), join(folder, "node_modules/@invigil/client"));
  file = join(folder, "app.mts");
  writeFileSync(file, APP);
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.esnext.disposable.d.ts"],
    types: [],
    strict: true,
  };
  service = ts.createLanguageService({
    fileExists: (name) => ts.sys.fileExists(name),
    readFile: (name) => ts.sys.readFile(name),
    directoryExists: (name) => ts.sys.directoryExists(name),
    realpath: (name) => ts.sys.realpath?.(name) ?? name,
    getCompilationSettings: () => options,
    getScriptFileNames: () => [file],
    getScriptVersion: () => "1",
    getScriptSnapshot: (name) => {
      const text = ts.sys.readFile(name);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => folder,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
  });
  const compiled = service.getProgram();
  if (!compiled) throw new Error("the app does not compile");
  program = compiled;
  checker = program.getTypeChecker();
});
afterAll(() => {
  service?.dispose();
  rmSync(folder, { recursive: true });
});

/** The position of a word of the app, at its end if it occurs in another one. */
const at = (text: string, word: string): number => {
  const begin = APP.indexOf(text);
  if (begin === -1) throw new Error(`the app has no ${text}`);
  return begin + text.lastIndexOf(word);
};
const hover = (text: string, word: string): { code: string; documentation: string } => {
  const info = service.getQuickInfoAtPosition(file, at(text, word));
  return {
    code: ts.displayPartsToString(info?.displayParts),
    documentation: ts.displayPartsToString(info?.documentation),
  };
};

describe("an app that installed the client", () => {
  it("compiles", () => {
    const faults = service.getSemanticDiagnostics(file);
    expect(faults.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
  });

  it.each([
    ["invigil.room.create", "create", /^Creates a room.*For administrators and teachers\./s],
    ["invigil.cheat.listRecords", "listRecords", /^Returns the cheat records/],
    ['{ name: "Algebra"', "name", /^The name of the room.* 1 to 63 characters\.$/],
    [
      "pageSize: 20",
      "pageSize",
      /^The number of rows per page\. 0 means the default\. 0 to 1,000\. Default: `20`\.$/,
    ],
    ["made.createTeacher", "createTeacher", /^The user id of the teacher who created the room\./],
    ["?.detectTime", "detectTime", /^When the detector saw it, by its own clock\.$/],
    ["event.devices", "devices", /^The number of devices that have the page open/],
  ])("sees what %s is about", (text, word, sentence) => {
    expect(hover(text, word).documentation).toMatch(sentence);
  });

  it.each([
    ["create.mutate", "mutate", "CreateRoomInput"],
    ["made =", "made", "Room"],
    ["listed =", "listed", "CheatRecordPage"],
  ])("sees the names of shapes at %s, and no list of error codes", (text, word, name) => {
    const { code } = hover(text, word);
    expect(code).toContain(name);
    expect(code).not.toMatch(/PAYLOAD_TOO_LARGE|INTERNAL_SERVER_ERROR/);
    expect(code.length).toBeLessThan(400);
  });

  it.each([
    ["invigil.room.create", "create", /^ +create: TRPCMutationProcedure<\{\n? +input: CreateRoomInput;/],
    ["made.createTeacher", "createTeacher", /^ +createTeacher: string;/],
  ])("is led from %s to a declaration that people can read", (text, word, declaration) => {
    const [found] = service.getDefinitionAtPosition(file, at(text, word)) ?? [];
    const declared = found && program.getSourceFile(found.fileName)?.text;
    const line = declared?.lastIndexOf("\n", found?.textSpan.start) ?? 0;
    expect(declared?.slice(line + 1)).toMatch(declaration);
  });

  it("has a sentence for every procedure, and every field that it takes and returns", () => {
    const source = program.getSourceFile(file);
    const types = source?.statements.filter(ts.isTypeAliasDeclaration) ?? [];
    const silent: string[] = [];
    let said = 0;
    const seen = new Set<ts.Type>();
    const visit = (type: ts.Type, path: string): void => {
      if (seen.has(type)) return;
      seen.add(type);
      if (type.isUnionOrIntersection()) {
        for (const part of type.types) visit(part, path);
        return;
      }
      if (checker.isArrayType(type)) {
        // Safe: an array type refers to the type of its elements.
        for (const element of checker.getTypeArguments(type as ts.TypeReference)) visit(element, `${path}[]`);
        return;
      }
      if (!(type.flags & ts.TypeFlags.Object) || checker.getIndexInfosOfType(type).length > 0) return;
      // Types of the language, such as dates.
      if (type.symbol?.declarations?.some((one) => program.isSourceFileDefaultLibrary(one.getSourceFile())))
        return;
      for (const field of type.getProperties()) {
        const name = `${path}.${field.name}`;
        if (field.getDocumentationComment(checker).length === 0) silent.push(name);
        else said += 1;
        visit(checker.getTypeOfSymbol(field), name);
      }
    };
    for (const { name, type } of types)
      for (const noun of checker.getTypeFromTypeNode(type).getProperties())
        for (const verb of checker.getTypeOfSymbol(noun).getProperties()) {
          const path = `${name.text}.${noun.name}.${verb.name}`;
          if (verb.getDocumentationComment(checker).length === 0) silent.push(path);
          visit(checker.getTypeOfSymbol(verb), path);
        }
    expect(silent).toEqual([]);
    expect(said).toBeGreaterThan(300);
  });
});
