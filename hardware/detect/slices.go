package detect

import (
	"fmt"
	"math"
	"sort"

	"github.com/plimsoll/plimsoll/hardware"
)

// slices makes one device per MIG GPU instance. Compute instances inside one
// GPU instance share its memory, so only the largest of them is kept.
func (b *builder) slices(i int, a *Accelerator, card *hardware.Device) []*hardware.Device {
	best := map[int]int{}
	var order []int
	shared := 0
	for k, s := range a.Slices {
		j, seen := best[s.GPUInstance]
		if !seen {
			best[s.GPUInstance] = k
			order = append(order, s.GPUInstance)
			continue
		}
		shared++
		if s.Multiprocessors > a.Slices[j].Multiprocessors || s.ComputeShare > a.Slices[j].ComputeShare {
			best[s.GPUInstance] = k
		}
	}
	if shared > 0 {
		b.note("device %d: %d MIG compute instances share the memory of another and are not counted", i, shared)
	}
	sort.SliceStable(order, func(x, y int) bool {
		return a.Slices[best[order[x]]].MemoryTotal > a.Slices[best[order[y]]].MemoryTotal
	})
	var out []*hardware.Device
	for _, gi := range order {
		out = append(out, sliceDevice(&a.Slices[best[gi]], a, card))
	}
	if len(out) > 1 {
		b.note("device %d: a program can use one MIG device at a time", i)
	}
	return out
}

// partDevice is one of the equal partitions that a card is set to. Programs see
// all of them at once.
func partDevice(a *Accelerator, card *hardware.Device) *hardware.Device {
	d := *card
	d.Assumed = cloneMap(card.Assumed)
	d.Name = fmt.Sprintf("%s, 1/%d", card.Name, a.Partitions)
	if a.MemoryTotal > 0 {
		d.MemoryBytes, d.UsableBytes, d.FreeBytes = a.MemoryTotal, a.MemoryTotal, a.MemoryFree
	}
	share := 1 / float64(a.Partitions)
	d.BandwidthGBps = round3(card.BandwidthGBps * share)
	scaleRates(&d, share)
	assume(&d.Provenance, "bandwidth_gb_s", fmt.Sprintf("one of %d partitions of the card", a.Partitions))
	assume(&d.Provenance, "tflops", fmt.Sprintf("one of %d partitions of the card", a.Partitions))
	return &d
}

// scaleRates gives a part of a card its part of rates and power.
func scaleRates(d *hardware.Device, share float64) {
	r := &d.Rates
	for _, f := range []*float64{&r.FP32, &r.FP16, &r.FP16Acc32, &r.BF16, &r.FP8, &r.INT8, &r.FP4} {
		*f = round3(*f * share)
	}
	d.TDPWatts = round3(d.TDPWatts * share)
}

// sliceDevice scales a card to one of its slices.
func sliceDevice(s *Slice, a *Accelerator, card *hardware.Device) *hardware.Device {
	d := *card
	d.Assumed = cloneMap(card.Assumed)
	d.Slice = s.Profile
	if d.Slice == "" {
		d.Slice = fmt.Sprintf("%d MiB", s.MemoryTotal/hardware.MiB)
	}
	d.Name = card.Name + " MIG " + d.Slice
	whole := float64(a.MemoryTotal)
	if whole <= 0 {
		whole = float64(card.MemoryBytes)
	}
	d.MemoryBytes, d.UsableBytes, d.FreeBytes = s.MemoryTotal, s.MemoryTotal, s.MemoryFree
	d.NVLinkGBps = 0 // MIG devices cannot reach each other over NVLink
	if whole <= 0 {
		return &d
	}
	share := math.Min(1, float64(s.MemoryTotal)/whole)
	d.BandwidthGBps = round3(card.BandwidthGBps * share)
	assume(&d.Provenance, "bandwidth_gb_s", "the card's bandwidth by the slice's share of its memory")
	compute, why := s.ComputeShare, "the card's rate by the slice's share of its multiprocessors"
	if compute <= 0 || compute > 1 {
		compute, why = share, "the card's rate by the slice's share of its memory"
	}
	scaleRates(&d, compute)
	assume(&d.Provenance, "tflops", why)
	return &d
}
