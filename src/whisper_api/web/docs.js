// @ts-check
// Starts Swagger UI (served by this server too) on docs.html.
/* global SwaggerUIBundle */
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null, // never ask another server whether our description is valid
  tryItOutEnabled: true,
});
