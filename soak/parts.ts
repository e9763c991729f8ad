import { cut } from './cut/part.ts'
import type { Part } from './part.ts'
import { producer } from './producer/part.ts'
import { sessions } from './sessions/part.ts'
import { takeover } from './takeover/part.ts'

/** Everything that the soak proves, in the order in which it runs. */
export const parts: readonly Part[] = [cut, takeover, producer, sessions]
