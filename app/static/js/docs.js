// The API reference: Swagger UI on our own description, signed in by the page's session.

const page = document.getElementById("swagger-ui");
const root = document.documentElement;
const csrfToken = document.querySelector('meta[name="csrf-token"]').content;
const darkSystem = window.matchMedia("(prefers-color-scheme: dark)");

// Swagger UI knows a dark look by this class; the page's theme is an attribute, or the system's.
function followTheme() {
  const theme = root.dataset.theme ?? (darkSystem.matches ? "dark" : "light");
  root.classList.toggle("dark-mode", theme === "dark");
}

followTheme();
darkSystem.addEventListener("change", followTheme);
new MutationObserver(followTheme).observe(root, { attributeFilter: ["data-theme"] });

// What our page has already, and names for what would have none.
function inTheShell({ React }) {
  return {
    components: {
      InfoContainer: () => null,
      // A link within the button that opens an operation; the address changes with it anyway.
      DeepLink: ({ text }) => React.createElement("span", null, text),
      CloseIcon: () => React.createElement("span", null, "Close"),
    },
  };
}

// Tables of responses are regions without a name.
new MutationObserver(() => {
  for (const table of page.querySelectorAll('[role="region"]:not([aria-label])')) {
    const path = table.closest(".opblock")?.querySelector(".opblock-summary-path");
    table.setAttribute("aria-label", `Responses of ${path?.textContent ?? "the operation"}, ${table.id}`);
  }
}).observe(page, { childList: true, subtree: true });

window.SwaggerUIBundle({
  url: page.dataset.description,
  domNode: page,
  deepLinking: true,
  validatorUrl: null,
  presets: [window.SwaggerUIBundle.presets.apis],
  plugins: [inTheShell],
  layout: "BaseLayout",
  requestInterceptor(request) {
    // With a token of its own, a request does not need the session's.
    if (!request.headers.Authorization) {
      request.headers["X-CSRFToken"] = csrfToken;
    }
    return request;
  },
});
