/* [data-reset-link]: the secret of a reset link stands behind the # of the address. It is taken from
   there, so that it stays in no history, and sent on. */

export function start(form) {
  const secret = location.hash.slice(1);
  if (secret) {
    history.replaceState(null, "", location.pathname);
    form.elements.namedItem("link").value = secret;
    form.requestSubmit();
  }
}
