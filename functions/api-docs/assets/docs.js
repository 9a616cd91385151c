// The page talks to the API it came from, and to nothing else.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  filter: true,
  validatorUrl: null,
  requestSnippetsEnabled: true,
});
