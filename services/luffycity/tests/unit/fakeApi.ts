import { vi } from 'vitest'
import type { Banner, Category, Chapter, Course } from '@/api/schemas'

/** What a request brought along. */
export interface Sent {
  headers: Record<string, string>
  body?: string | FormData
}

type Answer = unknown | ((query: URLSearchParams, sent: Sent) => unknown)

/** A response with this status and body, as the API's own error pages are. */
export function failing(status: number, body = '{"code": 500}'): () => Response {
  return () => new Response(body, { status })
}

/** What a path answers that never answers: it ends when it is called off. */
export const never = Symbol('never')

/** An error as the API words it. */
export function refusing(
  status: number,
  error: string,
  more: { msg?: string; errors?: Record<string, string[]>; [name: string]: unknown } = {},
): () => Response {
  return failing(status, JSON.stringify({ code: status, error, msg: error, request_id: 'r1', ...more }))
}

/**
 * Puts an API in the place of `fetch`: paths below `/api/v1/`, each with what it answers; one that is
 * for another method than GET stands as `POST path`.
 *
 * @returns the requests it got, as `path?query` or `POST path?query`
 */
export function fakeApi(answers: Record<string, Answer>): string[] {
  const requests: string[] = []
  const fetcher = async (
    address: string,
    { signal, method, headers, body }: Sent & { signal: AbortSignal; method: string },
  ) => {
    const { pathname, searchParams, search } = new URL(address, 'http://site.test')
    const path = (method === 'GET' ? '' : `${method} `) + pathname.replace('/api/v1/', '')
    requests.push(path + search)
    if (!(path in answers)) throw new Error(`no answer was prepared for ${path}`)
    const prepared = answers[path]
    const answer =
      typeof prepared === 'function' ? await prepared(searchParams, { headers, body }) : prepared
    if (answer === never) return untilCalledOff(signal)
    if (answer instanceof Error) throw answer
    return answer instanceof Response ? answer : new Response(JSON.stringify(answer))
  }
  vi.stubGlobal('fetch', vi.fn(fetcher))
  return requests
}

function untilCalledOff(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
  })
}

export const banner: Banner = {
  title: 'Set sail',
  image: '/media/sail.webp',
  image_set: [{ url: '/media/sizes/sail.640.webp', width: 640 }],
  link: '/courses',
}

export const categories: Category[] = [
  { id: 1, name: 'Python' },
  { id: 2, name: 'Linux' },
]

export function course(change: Partial<Record<keyof Course, unknown>> = {}) {
  return {
    id: 7,
    name: 'Django',
    course_img: '/media/django.webp',
    brief: 'From models to an API',
    attachment_path: null,
    price: '199.00',
    students: 642,
    period: 60,
    sections: 7,
    pub_sections: 5,
    course_type_name: 'Paid',
    level_name: 'Intermediate',
    status_name: 'Online',
    teacher: {
      id: 1,
      name: 'Sail',
      role_name: 'Lecturer',
      title: 'Engineer',
      signature: 'Make it run',
      image: '',
      brief: 'Invented',
    },
    section_list: [{ name: 'Tables', section_link: null, duration: '12:15', free_trail: true }],
    ...change,
  }
}

export function page(...results: unknown[]) {
  return { count: results.length, next: null, previous: null, results }
}

export const chapters: Chapter[] = [
  {
    id: 1,
    chapter: 1,
    name: 'Models',
    summary: 'Tables',
    coursesections: [
      {
        id: 11,
        name: 'From wishes to tables',
        section_type: 2,
        section_link: '/api/v1/course/section/11/video/',
        duration: '12:15',
        free_trail: true,
        done: false,
      },
      {
        id: 12,
        name: 'Relations',
        section_type: 2,
        section_link: null,
        duration: '',
        free_trail: false,
        done: false,
      },
    ],
  },
]

/** An API that answers everything well. */
export function wholeApi() {
  return {
    // The header asks for it as soon as somebody is logged in.
    'cart/': { code: 100, msg: 'ok', result: { items: [], total_amount: '0.00' } } as Answer,
    'home/banner/': { code: 100, msg: 'ok', result: [banner] },
    'course/category/': categories,
    'course/actual/': ((query: URLSearchParams) => 
      query.has('free') ? page() : page(course())) as Answer,
    'course/actual/7/': course() as Answer,
    'course/chapter/': chapters as Answer,
    'course/search/': page(course()) as Answer,
    'course/hot_words/': [{ id: 1, word: 'Linux' }] as Answer,
    'course/suggestions/': [{ id: 7, name: 'Django' }] as Answer,
  }
}

/** What a login gives; its person has the name Nami. */
export const login = { code: 100, msg: 'ok', token: 't1', username: 'nami', name: 'Nami', icon: null }

/** Has this browser remember that somebody is logged in, and gives the answer that says who. */
export function signedIn() {
  localStorage.setItem('luffy.signedIn', 'a')
  return { 'POST user/token/refresh/': login as Answer }
}

/** Those of the requests that are about people: the header asks for other things of its own. */
export function ofPeople(requests: string[]): string[] {
  return requests.filter((one) => one.replace(/^\w+ /, '').startsWith('user/'))
}
