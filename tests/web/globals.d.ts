// What the page's scripts find without importing it, and TypeScript does not know.

/** Swagger UI, which docs.html loads as a script of its own. */
declare function SwaggerUIBundle(options: object): void;
