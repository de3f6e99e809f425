import * as v from 'valibot'

// What the pages cannot do without is required; what they can leave out has a value for "not given".
const text = v.nullish(v.string(), '')
const address = v.nullish(v.string(), null)
const count = v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0)), 0)
const id = v.pipe(v.number(), v.integer())

/** The same picture in several widths (pixels), as WebP; none for one that was never made smaller. */
const pictureSet = v.nullish(
  v.array(v.object({ url: v.string(), width: v.pipe(v.number(), v.integer(), v.minValue(1)) })),
  [],
)

/** The API sends decimals as strings ("99.00"), so that no digit is lost; here in yuan. */
const price = v.pipe(
  v.union([v.string(), v.number()]),
  v.transform(Number),
  v.number(),
  v.finite(),
  v.minValue(0),
)

export const bannerSchema = v.object({
  title: text,
  image: address,
  image_set: pictureSet,
  link: text,
})

export const categorySchema = v.object({ id, name: v.string() })

export const teacherSchema = v.object({
  id,
  name: v.string(),
  role_name: text,
  title: text,
  signature: text,
  image: address,
  image_set: pictureSet,
  brief: text,
})

export const sectionSchema = v.object({
  name: v.string(),
  section_type: v.nullish(v.union([v.number(), v.string()]), null),
  duration: text,
  free_trail: v.nullish(v.boolean(), false),
})

/** A lesson among those of its chapter; `section_link` is given where it is free to try. */
export const lessonSchema = v.object({
  ...sectionSchema.entries,
  id,
  section_link: address,
  /** Only where it is known who asks. */
  done: v.nullish(v.boolean(), false),
})

export const courseSchema = v.object({
  id,
  name: v.string(),
  course_img: address,
  course_img_set: pictureSet,
  brief: text,
  price,
  students: count,
  period: count,
  sections: count,
  pub_sections: count,
  course_type_name: text,
  level_name: text,
  status_name: text,
  for_sale: v.nullish(v.boolean(), true),
  teacher: v.nullish(teacherSchema, null),
  section_list: v.nullish(v.array(sectionSchema), []),
  /** The mean of its reviews, from 1 to 5; null without any. */
  rating: v.nullish(v.pipe(v.number(), v.minValue(1), v.maxValue(5)), null),
  reviews: count,
  /** HTML, on the course's own page alone. */
  details: text,
  /** A short link to its page, on that page alone; null where there is none, or not yet. */
  short_url: v.fallback(v.nullish(v.pipe(v.string(), v.regex(/^https?:\/\//)), null), null),
})

export const chapterSchema = v.object({
  id,
  chapter: count,
  name: v.string(),
  summary: text,
  coursesections: v.nullish(v.array(lessonSchema), []),
})

export const coursePageSchema = v.object({ count: v.number(), results: v.array(courseSchema) })

export const suggestionSchema = v.object({ id, name: v.string() })

export const hotWordSchema = v.object({ id, word: v.string() })

export type Suggestion = v.InferOutput<typeof suggestionSchema>
export type HotWord = v.InferOutput<typeof hotWordSchema>
export type PictureSet = v.InferOutput<typeof pictureSet>
export type Banner = v.InferOutput<typeof bannerSchema>
export type Category = v.InferOutput<typeof categorySchema>
export type Teacher = v.InferOutput<typeof teacherSchema>
export type Section = v.InferOutput<typeof sectionSchema>
export type Lesson = v.InferOutput<typeof lessonSchema>
export type Course = v.InferOutput<typeof courseSchema>
export type Chapter = v.InferOutput<typeof chapterSchema>
export type CoursePage = v.InferOutput<typeof coursePageSchema>
