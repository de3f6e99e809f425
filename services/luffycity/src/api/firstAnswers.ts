/**
 * What the API says to the first questions of the page that was opened. The server asks them while the
 * app is still on its way, and sends the answers in the page (nginx/first_answers.js).
 */
interface Sent {
  /** BCP 47: the API names levels and states in the language it was asked in. */
  language: string
  /** By address under the API's root. */
  answers: Record<string, unknown>
}

let sent: Sent | null = read()

/** The answer to `address`, under the API's root; given out once, as an answer is. */
export function takeFirstAnswer(address: string): unknown {
  if (sent?.language !== document.documentElement.lang) return undefined
  const answer = sent.answers[address]
  delete sent.answers[address]
  return answer
}

/** Forgets them: another page is opened, and what it asks is asked then. */
export function forgetFirstAnswers(): void {
  sent = null
}

function read(): Sent | null {
  // A page that is gone back to may come from the browser's memory, and be days old.
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
  if (navigation?.type === 'back_forward') return null
  const text = document.getElementById('first-answers')?.textContent
  return text ? (JSON.parse(text) as Sent) : null
}
