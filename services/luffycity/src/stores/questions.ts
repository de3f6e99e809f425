import { defineStore } from 'pinia'
import { ref } from 'vue'
import {
  askQuestion,
  deleteAnswer,
  deleteQuestion,
  fetchQuestions,
  giveAnswer,
  type Question,
} from '@/api/questions'
import { createResource } from '@/composables/resource'

/** The API's own size of a page. */
export const QUESTIONS_PAGE_SIZE = 10

/** The questions under a lesson, with their answers. */
export const useQuestionsStore = defineStore('questions', () => {
  const lesson = ref<number | null>(null)
  const number = ref(1)
  const page = createResource((signal, id: number, wanted: number) =>
    fetchQuestions(id, wanted, signal),
  )

  /** Shows a page of the questions under a lesson. */
  async function open(id: number, wanted: number): Promise<void> {
    if (lesson.value !== id) {
      lesson.value = id
      page.reset()
    }
    number.value = wanted
    await page.load(id, wanted)
  }

  /** Fetches the page anew, as after a failure. */
  async function again(): Promise<void> {
    if (lesson.value !== null) await page.load(lesson.value, number.value)
  }

  /** Asks, and shows the newest questions where that page is open. @throws {ApiError} */
  async function ask(id: number, text: string): Promise<void> {
    await askQuestion(id, text)
    if (lesson.value === id) await again()
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
