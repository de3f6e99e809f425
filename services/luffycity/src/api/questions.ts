import * as v from 'valibot'
import { getJson, sendForResult, sendForWords } from './client'
import { placeSchema } from './learning'
import { pageOf } from './pages'

const writtenSchema = v.object({
  id: v.number(),
  /** Empty when they have left the site. */
  author: v.nullish(v.string(), ''),
  /** Whether who asks for it wrote it, and may delete it. */
  own: v.boolean(),
  text: v.string(),
  written: v.string(),
})

const answerSchema = v.object({ ...writtenSchema.entries, by_staff: v.boolean() })
const questionSchema = v.object({ ...writtenSchema.entries, answers: v.array(answerSchema) })
/** One of a whole course: with the lesson that it stands under. */
const courseQuestionSchema = v.object({ ...questionSchema.entries, section: placeSchema })

export type Answer = v.InferOutput<typeof answerSchema>
export type Question = v.InferOutput<typeof questionSchema> &
  Partial<Pick<v.InferOutput<typeof courseQuestionSchema>, 'section'>>

export interface QuestionPage {
  /** How many there are on all pages. */
  count: number
  results: Question[]
}

/** What questions are about: one lesson, or all those of a course that one may see. */
export interface Subject {
  kind: 'section' | 'course'
  id: number
}

export const LONGEST_TEXT = 1000

/** A page of the questions with their answers, the newest first. @throws {ApiError} */
export function fetchQuestions(
  { kind, id }: Subject,
  page: number,
  signal?: AbortSignal,
): Promise<QuestionPage> {
  const schema = kind === 'course' ? pageOf(courseQuestionSchema) : pageOf(questionSchema)
  return getJson(`learning/${kind}/${id}/questions/`, schema, { query: { page }, signal })
}

/** @throws {ApiError} word `not_enrolled` */
export function askQuestion(lesson: number, text: string): Promise<Question> {
  return sendForResult('POST', `learning/section/${lesson}/questions/`, questionSchema, {
    body: { text },
  })
}

/** @throws {ApiError} words `not_enrolled` and `too_many_answers` */
export function giveAnswer(question: number, text: string): Promise<Answer> {
  return sendForResult('POST', `learning/question/${question}/answers/`, answerSchema, {
    body: { text },
  })
}

/** Deletes one's own question, with its answers. @throws {ApiError} */
export function deleteQuestion(question: number): Promise<string> {
  return sendForWords('DELETE', `learning/question/${question}/`)
}

/** Deletes one's own answer. @throws {ApiError} */
export function deleteAnswer(answer: number): Promise<string> {
  return sendForWords('DELETE', `learning/answer/${answer}/`)
}
