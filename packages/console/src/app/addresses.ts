/** The path of the console, with a slash at its end. The server writes it into the page, because a proxy may mount it below a path. */
export const consolePath = (): string => new URL(document.baseURI).pathname;

/** The address of the server: the console lies directly below it. */
export const apiUrl = (): string => new URL("..", document.baseURI).href;
