import { createHash } from "node:crypto";

/**
 * The headers of a page of the server's own. It has one style and an empty icon, and loads nothing: no script, no image, no frame.
 * @param forms where the page's form may be sent
 */
export const pageHeaders = (style: string, forms = "'none'"): Record<string, string> => ({
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-cache",
  "content-security-policy": [
    "default-src 'none'",
    `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
    "img-src data:",
    "base-uri 'none'",
    `form-action ${forms}`,
    "frame-ancestors 'none'",
  ].join(";"),
});
