/** Somebody is logged in with this browser: to be said before a page is mounted. */
export function signIn(): void {
  localStorage.setItem('luffy.signedIn', '1')
}

/** What the API answers to who is logged in, beside what a test is about. */
export function personApi() {
  return {
    'POST user/token/refresh/': { code: 100, msg: 'ok', token: 't1', username: 'ada', name: 'Ada', icon: null },
    'cart/': { code: 100, msg: 'ok', result: { items: [], total_amount: '0.00' } },
    'learning/courses/': enrolments(),
  }
}

/** A page of the courses that somebody takes. */
export function enrolments(...ids: number[]) {
  const results = ids.map((id) => ({ id, name: `Course ${id}` }))
  return { code: 100, msg: 'ok', result: { count: ids.length, next: null, previous: null, results } }
}
