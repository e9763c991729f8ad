import { contract } from '@lastword/sdk'
import { z } from 'zod'

const description = z.object({ sdp: z.string() })
export const signaling = contract({ offer: { payload: description, reply: description } })
