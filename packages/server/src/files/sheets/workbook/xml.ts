import { SaxesParser } from "saxes";
import { MAX_DEPTH, MAX_TAG_BYTES } from "./limits.js";
import { Refused } from "./messages.js";

const CHUNK_BYTES = 64 * 1024;

/** A tag's or attribute's name without its prefix. */
const local = (name: string): string => name.slice(name.indexOf(":") + 1);

export interface Tag {
  readonly name: string;
  /** The names of the tags around it, the outermost first. */
  readonly path: readonly string[];
  /** An attribute by its name without a prefix. */
  readonly attribute: (name: string) => string | undefined;
}

export interface XmlHandlers {
  readonly open?: (tag: Tag) => void;
  /** The text since the last tag, where `path` ends with the tag that holds it. */
  readonly text?: (text: string, path: readonly string[]) => void;
  readonly close?: (name: string, path: readonly string[]) => void;
}

const encodingOf = (bytes: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" => {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  return bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-8";
};

/**
 * Reads a part of a workbook tag by tag. Prefixes are left out: programs differ in them. Neither the depth nor the size of a tag
 * can fill the memory, and a document type, with which XML makes much of little, is refused.
 * @throws Refused, and others for what is not well-formed
 */
export const readXml = (bytes: Uint8Array, { open, text, close }: XmlHandlers): void => {
  // Namespaces off: saxes looks for a prefix through all tags that are open.
  const parser = new SaxesParser<{ xmlns: false; position: false }>({ xmlns: false, position: false });
  const path: string[] = [];
  let fed = 0;
  let lastTag = 0;
  parser.on("error", () => {
    throw new Refused("content");
  });
  parser.on("doctype", () => {
    throw new Refused("content");
  });
  parser.on("opentag", (tag) => {
    lastTag = fed;
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
    lastTag = fed;
    const name = path.pop();
    if (name !== undefined) close?.(name, path);
  });

  const decoder = new TextDecoder(encodingOf(bytes), { fatal: true });
  for (; fed < bytes.length; ) {
    const chunk = bytes.subarray(fed, fed + CHUNK_BYTES);
    fed += chunk.length;
    parser.write(decoder.decode(chunk, { stream: fed < bytes.length }));
    if (fed - lastTag > MAX_TAG_BYTES) throw new Refused("cell");
  }
  parser.close();
};
