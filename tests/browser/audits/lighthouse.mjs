// Lighthouse's scores of pages, by its phone settings, in a browser that runs already.
//
// On stdin: {"port": 9222, "pages": {"home": "http://…"}}. On stdout one JSON object a line, as soon
// as it is known: {"page", "scores": {category: 0 to 100}, "faults": [{category, audit, title, items}]}.
// A page that could not be measured ends it with an error.

import { text } from 'node:stream/consumers'
import lighthouse from 'lighthouse'

const CATEGORIES = ['performance', 'accessibility', 'best-practices', 'seo']
const ITEMS_SHOWN = 5

/** The audits that took points, by category, with what they found. */
function faultsOf(report, category) {
  return report.categories[category].auditRefs
    .map((ref) => ({ weight: ref.weight, audit: report.audits[ref.id] }))
    .filter(({ weight, audit }) => weight > 0 && audit.score !== null && audit.score < 1)
    .map(({ audit }) => ({
      category,
      audit: audit.id,
      title: audit.title,
      score: audit.score,
      value: audit.displayValue ?? '',
      items: (audit.details?.items ?? []).slice(0, ITEMS_SHOWN),
    }))
}

const { port, pages } = JSON.parse(await text(process.stdin))
for (const [page, url] of Object.entries(pages)) {
  const { lhr: report } = await lighthouse(url, {
    port,
    logLevel: 'error',
    onlyCategories: CATEGORIES,
    formFactor: 'mobile',
    throttlingMethod: 'simulate',
  })
  const { runtimeError } = report
  const scores = CATEGORIES.map((name) => [
    name,
    runtimeError ? 0 : Math.round(report.categories[name].score * 100),
  ])
  const faults = runtimeError
    ? [runtimeError]
    : CATEGORIES.flatMap((name) => faultsOf(report, name))
  console.log(JSON.stringify({ page, url: report.finalDisplayedUrl, scores: Object.fromEntries(scores), faults }))
}
