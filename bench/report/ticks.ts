/** Round numbers from 0 to at least `greatest`, about `wanted` of them: steps of 1, 2 or 5 and their tens. */
export function ticksTo(greatest: number, wanted = 4): number[] {
  if (!(greatest > 0) || !Number.isFinite(greatest)) return [0, 1]
  const rough = greatest / wanted
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power
  return Array.from({ length: Math.ceil(greatest / step) + 1 }, (_, index) =>
    Number((index * step).toPrecision(12)),
  )
}
