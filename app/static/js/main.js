/* Starts what every page has, and loads what this page needs. */

import { startCopy } from "./components/copy.js";
import { startDismiss } from "./components/dismiss.js";
import { startDialogs } from "./components/dialog.js";
import { startErrors } from "./components/errors.js";
import { startFilters } from "./components/filters.js";
import { startKeptForms } from "./components/kept_form.js";
import { startKeys } from "./components/keys.js";
import { startMenus } from "./components/menu.js";
import { startSubmitOnce } from "./components/submit_once.js";
import { startTheme } from "./components/theme.js";
import { startTimes } from "./components/times.js";
import { startToasts } from "./components/toast.js";
import { startTooltips } from "./components/tooltip.js";
import { find } from "./lib/dom.js";
import { restoreFocus } from "./lib/reload.js";

const ON_DEMAND = [
  ["#palette", () => import("./components/palette.js")],
  ["[data-live-run]", () => import("./components/live_run.js")],
  ["[data-rescoring]", () => import("./components/rescoring.js")],
  ["[data-run-row], [data-newest-run]", () => import("./components/run_rows.js")],
  ["[data-run-form]", () => import("./components/estimate.js")],
  ["[data-field-rules]", () => import("./components/field_rules.js")],
  ["[data-enter-moves-on]", () => import("./components/enter_key.js")],
  ["[data-try-url]", () => import("./components/try_sample.js")],
  ["[data-benchmark-picker]", () => import("./components/benchmark_picker.js")],
  ["[data-model-picker]", () => import("./components/model_picker.js")],
  ["[data-mark-rows]", () => import("./components/mark_rows.js")],
  ["[data-reader-list]", () => import("./components/reader_list.js")],
  ["[data-compare-form]", () => import("./components/compare_select.js")],
  ["[data-bulk]", () => import("./components/bulk_bar.js")],
  ["[data-connection-test]", () => import("./components/connection_test.js")],
  ["[data-delivery-log]", () => import("./components/delivery_log.js")],
  ["[data-presets]", () => import("./components/connection_presets.js")],
  ["[data-prices]", () => import("./components/price_rows.js")],
  ["[data-tag-list]", () => import("./components/tag_list.js")],
  ["[data-run-notes]", () => import("./components/run_notes.js")],
  ["[data-own-scorer]", () => import("./components/own_scorer.js")],
  ["[data-reset-link]", () => import("./components/reset_link.js")],
  ["[data-countdown]", () => import("./components/countdown.js")],
];

startTheme();
startDialogs();
startDismiss();
startMenus();
startCopy();
startFilters();
startKeys();
startTimes();
startTooltips();
startToasts();
startErrors();
startSubmitOnce();
restoreFocus();

const parts = ON_DEMAND.flatMap(([selector, load]) => {
  const node = find(selector);
  return node ? [load().then((module) => module.start(node))] : [];
});

Promise.allSettled(parts).then(() => {
  startKeptForms();
  document.documentElement.dataset.started = ""; // told to browser tests, which type faster than people
});
