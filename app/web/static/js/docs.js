// The description of the API. Swagger UI is a classic script; `defer` keeps it before this module.
import { boot } from "./core/boot.js";
import { startShell } from "./shell/shell.js";

startShell();

const { SwaggerUIBundle } = /** @type {any} */ (window);
SwaggerUIBundle({
  url: boot.openapi,
  dom_id: "#docs",
  deepLinking: true,
  // Its badge would ask an outside service about our description.
  validatorUrl: null,
  requestInterceptor: (/** @type {any} */ request) => {
    if (boot.csrf && request.method !== "GET") request.headers["X-CSRF-Token"] = boot.csrf;
    return request;
  },
});
