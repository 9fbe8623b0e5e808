// Swagger UI on our own document; relative, so that a proxy may put everything below a path of its own.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#pages",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  tryItOutEnabled: true,
  filter: true,
  defaultModelExpandDepth: 2,
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  validatorUrl: null,
});
