// The API reference: Swagger UI on our own description, signed in by the page's session.

const page = document.getElementById("swagger-ui");
const csrfToken = document.querySelector('meta[name="csrf-token"]').content;

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
