import { SaxesParser } from "saxes";
import { MAX_DEPTH, MAX_TAG_BYTES } from "./limits.js";
import { Refused } from "./messages.js";

const CHUNK_BYTES = 64 * 1024;

/** A name without its namespace prefix. */
const local = (name: string): string => name.slice(name.indexOf(":") + 1);

export interface Tag {
  readonly name: string;
  /** The names of the enclosing tags, outermost first. */
  readonly path: readonly string[];
  /** Returns an attribute by its name without a prefix. */
  readonly attribute: (name: string) => string | undefined;
}

export interface XmlHandlers {
  readonly open?: (tag: Tag) => void;
  /** The text since the last tag. `path` ends with the tag that contains it. */
  readonly text?: (text: string, path: readonly string[]) => void;
  readonly close?: (name: string, path: readonly string[]) => void;
}

const encodingOf = (bytes: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" => {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  return bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-8";
};

/**
 * Reads a part of a workbook tag by tag. Namespace prefixes are ignored, because programs use different ones.
 * The nesting depth and the size of tags are limited. Document types, which allow entity expansion, are
 * refused.
 * @throws Refused, and errors of the parser for XML that is not well-formed
 */
export const readXml = (bytes: Uint8Array, { open, text, close }: XmlHandlers): void => {
  // Without namespaces, because saxes searches all open tags for each prefix.
  const parser = new SaxesParser<{ xmlns: false; position: false }>({ xmlns: false, position: false });
  const path: string[] = [];
  let position = 0;
  let lastTag = 0;
  parser.on("error", () => {
    throw new Refused("content");
  });
  parser.on("doctype", () => {
    throw new Refused("content");
  });
  parser.on("opentag", (tag) => {
    lastTag = position;
    const { attributes } = tag;
    const name = local(tag.name);
    open?.({
      name,
      path,
      attribute(wanted) {
        const plain = attributes[wanted];
        if (plain !== undefined) return plain;
        for (const key in attributes) if (local(key) === wanted) return attributes[key];
        return undefined;
      },
    });
    path.push(name);
    if (path.length > MAX_DEPTH) throw new Refused("content");
  });
  if (text) {
    parser.on("text", (found) => text(found, path));
    parser.on("cdata", (found) => text(found, path));
  }
  parser.on("closetag", () => {
    lastTag = position;
    const name = path.pop();
    if (name !== undefined) close?.(name, path);
  });

  const decoder = new TextDecoder(encodingOf(bytes), { fatal: true });
  for (; position < bytes.length; ) {
    const chunk = bytes.subarray(position, position + CHUNK_BYTES);
    position += chunk.length;
    parser.write(decoder.decode(chunk, { stream: position < bytes.length }));
    if (position - lastTag > MAX_TAG_BYTES) throw new Refused("cell");
  }
  parser.close();
};
