import { faultsOfClosing } from './faults-of-closing.ts'
import { faultsOfDelivery } from './faults-of-delivery.ts'
import type { PlantedFault } from './planted-fault.ts'

/** Everything that is built in to be found. */
export const plantedFaults: readonly PlantedFault[] = [...faultsOfDelivery, ...faultsOfClosing]
