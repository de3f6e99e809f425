/**
 * What the API says to the first questions of the page that was opened. The server asks them while the
 * app is still on its way, and sends the answers in the page (nginx/first_answers.js).
 */
interface Sent {
  /** BCP 47: the API names levels and states in the language it was asked in. */
  language: string
  /** By address under the API's root. */
  answers: Map<string, unknown>
}

let sent = readFirstAnswers()

/** The answer to `address`, under the API's root; given out once, as an answer is. */
export function takeFirstAnswer(address: string): unknown {
  if (sent?.language !== document.documentElement.lang) return undefined
  const answer = sent.answers.get(address)
  sent.answers.delete(address)
  return answer
}

/** Forgets them: another page is opened, and what it asks is asked then. */
export function forgetFirstAnswers(): void {
  sent = null
}

function readFirstAnswers(): Sent | null {
  // A page that is gone back to may come from the browser's memory, and be days old.
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
  if (navigation?.type === 'back_forward') return null
  const text = document.getElementById('first-answers')?.textContent
  if (!text) return null
  const { language, answers } = JSON.parse(text) as { language: string; answers: object }
  return { language, answers: new Map(Object.entries(answers)) }
}
