/* Says in empty fields what is sent then: it is the protocol's. */

const FIELDS = ["epochs", "temperature", "max_tokens"];

/** Show the values of the chosen protocol, and of another one as soon as it is chosen. */
export function showDefaults(form, benchmark) {
  const select = form.elements.protocol;
  const show = () => {
    const name = select.value || benchmark.default_protocol;
    const protocol = benchmark.protocol_details.find((each) => each.name === name);
    for (const field of FIELDS) {
      const value = protocol?.[field] ?? null;
      const words = value === null ? "Provider default" : `${value}, the benchmark's`;
      form.elements[field].placeholder = words;
    }
  };
  select.onchange = show;
  show();
}
