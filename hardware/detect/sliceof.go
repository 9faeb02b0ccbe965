package detect

import "github.com/plimsoll/plimsoll/hardware"

// SliceOf scales a card, whose driver reports whole bytes of memory (0: what the
// record says), to one of its MIG slices.
func SliceOf(card *hardware.Device, whole int64, s *Slice) *hardware.Device {
	return sliceDevice(s, &Accelerator{MemoryTotal: whole}, card)
}
