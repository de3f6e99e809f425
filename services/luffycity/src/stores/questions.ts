import { defineStore } from 'pinia'
import { ref } from 'vue'
import {
  askQuestion,
  deleteAnswer,
  deleteQuestion,
  fetchQuestions,
  giveAnswer,
  type Question,
  type Subject,
} from '@/api/questions'
import { createResource } from '@/composables/resource'
import { useSessionStore } from './session'

/** The API's own size of a page. */
export const QUESTIONS_PAGE_SIZE = 10

/** The questions under a lesson, or of a whole course, with their answers. */
export const useQuestionsStore = defineStore('questions', () => {
  const session = useSessionStore()
  const subject = ref<Subject | null>(null)
  /** For whom they were fetched: others see others, and other ones of their own. */
  const reader = ref<string | null>(null)
  const number = ref(1)
  const page = createResource((signal, about: Subject, wanted: number) =>
    fetchQuestions(about, wanted, signal),
  )

  function isAbout({ kind, id }: Subject): boolean {
    return subject.value?.kind === kind && subject.value.id === id
  }

  /** Shows a page of the questions about something. */
  async function open(about: Subject, wanted: number): Promise<void> {
    const person = session.person?.username ?? null
    if (!isAbout(about) || reader.value !== person) {
      subject.value = about
      reader.value = person
      page.reset()
    }
    number.value = wanted
    await page.load(about, wanted)
  }

  /** Fetches the page anew, as after a failure. */
  async function again(): Promise<void> {
    if (subject.value !== null) await page.load(subject.value, number.value)
  }

  /** Asks, and shows the newest questions where that page is open. @throws {ApiError} */
  async function ask(lesson: number, text: string): Promise<void> {
    await askQuestion(lesson, text)
    if (isAbout({ kind: 'section', id: lesson })) await again()
  }

  /** @throws {ApiError} */
  async function answer(question: number, text: string): Promise<void> {
    const given = await giveAnswer(question, text)
    change((questions) =>
      questions.map((one) =>
        one.id === question ? { ...one, answers: [...one.answers, given] } : one,
      ),
    )
  }

  /** Deletes one's own: out of sight at once, and back where that fails. @throws {ApiError} */
  async function removeQuestion(id: number): Promise<void> {
    await optimistic(
      (questions) => questions.filter((one) => one.id !== id),
      () => deleteQuestion(id),
    )
    // Another one may move up from the next page.
    await again()
  }

  /** The same of an answer. @throws {ApiError} */
  async function removeAnswer(id: number): Promise<void> {
    await optimistic(
      (questions) =>
        questions.map((one) => ({
          ...one,
          answers: one.answers.filter((given) => given.id !== id),
        })),
      () => deleteAnswer(id),
    )
  }

  function change(made: (questions: Question[]) => Question[]): void {
    if (page.data) page.data = { ...page.data, results: made(page.data.results) }
  }

  async function optimistic(
    made: (questions: Question[]) => Question[],
    send: () => Promise<unknown>,
  ): Promise<void> {
    const before = page.data
    change(made)
    try {
      await send()
    } catch (error) {
      page.data = before
      throw error
    }
  }

  return { page, open, again, ask, answer, removeQuestion, removeAnswer }
})
