import { connects } from './connects/case.ts'
import { growth } from './growth/case.ts'
import type { BenchCase } from './harness/types.ts'
import { idleMemory } from './idle-memory/case.ts'
import { requests } from './requests/case.ts'
import { roundTrips } from './round-trips/case.ts'
import { slowConsumer } from './slow-consumer/case.ts'
import { throughput } from './throughput/case.ts'

/** Every case, in the order of their numbers. */
export const cases: readonly BenchCase[] = [
  throughput,
  requests,
  connects,
  roundTrips,
  idleMemory,
  slowConsumer,
  growth,
]
