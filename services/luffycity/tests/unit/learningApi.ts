import type { MyCourse, OpenedLesson } from '@/api/learning'
import type { Chapter, Lesson } from '@/api/schemas'
import { chapters, course, wholeApi } from './fakeApi'
import { personApi } from './person'

export function good(result: unknown) {
  return { code: 100, msg: 'ok', result }
}

export const lesson: OpenedLesson = {
  id: 11,
  name: 'From wishes to tables',
  section_type: 2,
  duration: '12:15',
  free_trail: true,
  enrolled: true,
  section_link: '/protected/section/a.mp4?expires=4102444800&signature=s',
  course: { id: 7, name: 'Django' },
  chapter: { id: 1, name: 'Models' },
  previous: null,
  next: { id: 12, name: 'Relations' },
  attachments: [],
  progress: { position: 0, duration: 0, done: false },
}

export const myCourse: MyCourse = {
  id: 7,
  name: 'Django',
  course_img: null,
  began: '2026-01-02T03:04:05Z',
  done: 0,
  sections: 2,
  percent: 0,
  go_on: { id: 12, name: 'Relations' },
  position: 0,
  certificate: null,
}

/** An API as somebody has it who takes course 7. */
export function learningApi() {
  return {
    ...wholeApi(),
    ...personApi(),
    'learning/course/7/': good({ ...myCourse, chapters }) as unknown,
    'learning/section/11/': good(lesson) as unknown,
    'learning/section/12/': good({
      ...lesson,
      id: 12,
      name: 'Relations',
      previous: { id: 11, name: lesson.name },
      next: null,
    }) as unknown,
    'learning/section/11/questions/': { count: 0, results: [] } as unknown,
    'learning/section/12/questions/': { count: 0, results: [] } as unknown,
    'PUT learning/section/11/progress/': good({ position: 0, duration: 0, done: false }) as unknown,
    'learning/course/7/reviews/': noReviews as unknown,
    'course/actual/7/': course() as unknown,
  }
}

/** The chapters with something changed in each of their lessons. */
export function chaptersWith(change: (lesson: Lesson) => Partial<Lesson>): Chapter[] {
  return chapters.map((chapter) => ({
    ...chapter,
    coursesections: chapter.coursesections.map((one) => ({ ...one, ...change(one) })),
  }))
}

/** Presses the button of the dialog that is open which does what was asked. */
export function confirm(): void {
  const button = document.querySelector<HTMLButtonElement>('[role="dialog"] .button-danger')
  if (!button) throw new Error('expected a dialog that asks, found none')
  button.click()
}

export const noReviews = {
  count: 0,
  results: [],
  rating: null,
  ratings: { 1: 0, 2: 0, 3: 0, 4: 0, 5: 0 },
}
