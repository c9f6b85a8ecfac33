/* A choice of this browser: on the root element at once, and in a cookie for the pages to come. */

const YEAR_S = 31536000;

export function prefer(name, value) {
  document.documentElement.dataset[name] = value;
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR_S}; samesite=lax`;
}
