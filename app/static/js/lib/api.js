/* Calls of /api/v1 with the session cookie and its CSRF token. */

import { find } from "./dom.js";

class ApiError extends Error {
  constructor(message, { status = 0, code = "", action = "", retryAfterS = null } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.action = action;
    this.retryAfterS = retryAfterS;
  }
}

function headersFor(hasBody) {
  const headers = {
    Accept: "application/json",
    "X-CSRFToken": find("meta[name=csrf-token]")?.content ?? "",
  };
  if (hasBody) {
    headers["Content-Type"] = "application/json";
  }
  return headers;
}

async function errorFrom(response) {
  const problem = await response.json().catch(() => ({}));
  const retryAfterS = Number(response.headers.get("Retry-After")) || null;
  let message = problem.detail || problem.title || "The server could not answer.";
  const fields = Object.values(problem.errors ?? {}).flat();
  if (response.status === 422 && fields.length > 0) {
    message = fields.map(String).join(" ");
  }
  return new ApiError(message, {
    status: response.status,
    code: problem.code,
    action: problem.action,
    retryAfterS,
  });
}

/** Send a request and return the parsed body; throws ApiError with words for the user. */
export function request(method, url, { body, signal } = {}) {
  return send(url, {
    method,
    signal,
    headers: headersFor(body !== undefined),
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

/** Send what a form holds to a page that answers JSON. */
export function postForm(url, form) {
  return send(url, { method: "POST", headers: headersFor(false), body: new URLSearchParams(new FormData(form)) });
}

async function send(url, options) {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") {
      throw error;
    }
    throw new ApiError("The server cannot be reached. Check your connection.");
  }
  if (response.status === 401) {
    document.dispatchEvent(new CustomEvent("session-ended"));
  }
  if (!response.ok) {
    throw await errorFrom(response);
  }
  return response.status === 204 ? null : response.json();
}

export const get = (url, options) => request("GET", url, options);
export const post = (url, body, options) => request("POST", url, { ...options, body });
export const patch = (url, body, options) => request("PATCH", url, { ...options, body });
