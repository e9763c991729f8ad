import { commandPart } from './command.ts'
import { cut } from './cut/part.ts'
import { forgotten } from './forgotten/part.ts'
import { killed } from './killed/part.ts'
import type { Part } from './part.ts'
import { producer } from './producer/part.ts'
import { restarted } from './restarted/part.ts'
import { sessions } from './sessions/part.ts'
import { takeover } from './takeover/part.ts'

/** Everything that the soak proves, in the order in which it runs. */
export const parts: readonly Part[] = [
  cut,
  takeover,
  killed,
  restarted,
  producer,
  sessions,
  forgotten,
  commandPart('sim', ['--seeds', '100000', '--from', '1'], 'the simulation'),
  commandPart(
    'fuzz',
    ['--seconds', '600'],
    'both roles of the machine and the door, fed with what nobody should send',
  ),
  commandPart('explore', ['--large'], 'every interleaving of small worlds'),
]
