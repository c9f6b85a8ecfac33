// The API reference: Swagger UI on our own description, signed in by the page's session.

const page = document.getElementById("swagger-ui");
const root = document.documentElement;
const csrfToken = document.querySelector('meta[name="csrf-token"]').content;

// Swagger UI knows a dark look by this class; the page's theme is an attribute, or the system's.
const system = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
root.classList.toggle("dark-mode", (root.dataset.theme ?? system) === "dark");

window.SwaggerUIBundle({
  url: page.dataset.description,
  domNode: page,
  deepLinking: true,
  validatorUrl: null,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  requestInterceptor(request) {
    // With a token of its own, a request does not need the session's.
    if (!request.headers.Authorization) {
      request.headers["X-CSRFToken"] = csrfToken;
    }
    return request;
  },
});
