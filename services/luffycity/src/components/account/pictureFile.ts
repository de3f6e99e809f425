/** What the API takes as somebody's picture, so that nobody uploads in vain. */
export const PICTURE_TYPES = ['image/jpeg', 'image/png', 'image/webp', 'image/gif']
const MOST_BYTES = 4 * 1024 * 1024
const MOST_POINTS_OF_A_JPEG = 16_000_000
const MOST_POINTS = 8_500_000

/** Why a file is no picture to send. */
export type PictureProblem = 'notAPicture' | 'tooManyBytes' | 'tooManyPoints'

export class PictureError extends Error {
  override readonly name = 'PictureError'

  constructor(readonly problem: PictureProblem) {
    super(problem)
  }
}

/** The picture in `file`, decoded. @throws {PictureError} for one that the API would refuse */
export async function openPicture(file: File): Promise<ImageBitmap> {
  if (!PICTURE_TYPES.includes(file.type)) throw new PictureError('notAPicture')
  if (file.size > MOST_BYTES) throw new PictureError('tooManyBytes')
  const picture = await createImageBitmap(file).catch(() => {
    throw new PictureError('notAPicture')
  })
  const most = file.type === 'image/jpeg' ? MOST_POINTS_OF_A_JPEG : MOST_POINTS
  if (picture.width * picture.height <= most) return picture
  picture.close()
  throw new PictureError('tooManyPoints')
}
