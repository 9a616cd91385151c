"use strict";
// The page talks to the API it came from, and to nothing else.

// Swagger UI has a dark theme, which a class on the root turns on.
const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", paint);
paint();

// Swagger UI has no languages. Another language brings its words, which replace the texts of elements as they are made. Descriptions
// come as finished HTML, and code is no text.
const translation = ({ React }) => {
  if (typeof WORDS === "undefined") return {};
  const say = (text) => WORDS[text] ?? text;
  const make = React.createElement;
  React.createElement = (type, given, ...children) => {
    if (typeof type !== "string" || type === "code" || type === "pre") return make(type, given, ...children);
    const told = ["aria-label", "placeholder", "title"].filter((name) => given?.[name] in WORDS).map((name) => [name, say(given[name])]);
    return make(type, told.length === 0 ? given : { ...given, ...Object.fromEntries(told) }, ...children.map(say));
  };
  return {};
};

// The texts of the page are in its attributes.
const page = document.getElementById("docs").dataset;

// Its own filter compares names of tags. This one finds operations: by method, path, name and description.
const search = ({ React }) => ({
  fn: {
    opsFilter: (tagged, phrase) => {
      const words = phrase.toLowerCase().split(/\s+/).filter((word) => word !== "");
      const fits = (tag) => (operation) => {
        const told = ["summary", "operationId", "description"].map((part) => operation.getIn(["operation", part], ""));
        const text = [tag, operation.get("method"), operation.get("path"), ...told].join(" ").toLowerCase();
        return words.every((word) => text.includes(word));
      };
      return tagged.map((group, tag) => group.update("operations", (all) => all.filter(fits(tag)))).filter((group) => group.get("operations").size > 0);
    },
  },
  components: {
    // The document names one server: the one that it came from.
    ServersContainer: () => null,
    FilterContainer: ({ layoutSelectors, layoutActions }) => {
      const phrase = layoutSelectors.currentFilter();
      return React.createElement("div", { className: "search", role: "search" }, React.createElement("input", {
        type: "search",
        "aria-label": page.search,
        placeholder: page.searchHint,
        value: typeof phrase === "string" ? phrase : "",
        onChange: (event) => layoutActions.updateFilter(event.target.value),
      }));
    },
  },
});

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [translation, search],
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  filter: true,
  validatorUrl: null,
  requestSnippetsEnabled: true,
});
