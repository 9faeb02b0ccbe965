// Package hardware describes machines: accelerators, processors, memories and
// the links between them. It holds types and arithmetic on them only; finding
// out what a machine is belongs to the packages below it (hardware/detect),
// and the facts about known devices live in the profiles package.
//
// Rates are decimal, as vendors print them (1 GB/s = 1e9 bytes/s, 1 TFLOPS =
// 1e12 operations/s, a fused multiply-add counting as two). Sizes are int64
// bytes.
package hardware
