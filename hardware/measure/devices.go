package measure

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"github.com/plimsoll/plimsoll/hardware"
	"github.com/plimsoll/plimsoll/hardware/measure/cuda"
)

const (
	copyBytes  = 64 << 20
	leastCopy  = 4 << 20
	mostCopies = 400
	fewCopies  = 4 // even where they take long
	maxDevices = 64
	// deviceLimit is how long all devices may take. A driver that is not kept
	// loaded takes seconds to start.
	deviceLimit = 20 * time.Second
	// Rates outside these are not believed, in GB/s: one lane of the first
	// PCI Express gives 0.25, NVLink between a Grace and its device 450.
	slowestCopy, fastestCopy = 0.01, 2000.0
)

// devices measures how fast devices are filled. The driver is foreign code: it
// is called on a thread of its own, which is left behind when it hangs.
func (r *run) devices(open func() (cuda.Driver, error), limit time.Duration) {
	ctx, cancel := context.WithTimeout(r.ctx, limit)
	defer cancel()
	// There is room for all that can be told, so that the teller ends also
	// when nobody listens.
	told := make(chan deviceNews, 4*maxDevices+4)
	c := &copier{ctx: ctx, name: r.o.Devices, tell: func(n deviceNews) { told <- n }, now: time.Now, size: r.copySize(), budget: r.part(deviceShare)}
	if r.now != nil {
		c.now = r.now
	}
	go func() {
		defer close(told)
		defer func() {
			if p := recover(); p != nil {
				c.tell(deviceNews{note: fmt.Sprintf("NVIDIA devices: the measurement failed: %v", p)})
			}
		}()
		c.all(open)
	}()
	late := func() {
		if r.ctx.Err() == nil {
			r.note(fmt.Sprintf("NVIDIA devices: the driver took longer than %v: what is missing was not measured", limit))
		}
	}
	for ended := ctx.Done(); ; {
		// What was told before the end comes before the end.
		var n deviceNews
		var more bool
		select {
		case n, more = <-told:
		default:
			select {
			case n, more = <-told:
			case <-ended:
				late()
				return
			}
		}
		switch {
		case !more:
			return
		case n.late:
			late()
			return
		}
		r.hear(n)
	}
}

// deviceNews is what the measuring thread has to tell.
type deviceNews struct {
	doing  string
	device *hardware.MeasuredDevice
	note   string
	late   bool // it gave up because the time is over
}

func (r *run) hear(n deviceNews) {
	switch {
	case n.doing != "":
		r.say(n.doing, 1-deviceShare)
	case n.device != nil:
		r.out.Devices = append(r.out.Devices, *n.device)
	default:
		r.note(n.note)
	}
}

// copySize is what is copied at once: less where memory is short.
func (r *run) copySize() int {
	size := int64(copyBytes)
	if free := r.o.AvailableBytes; free > 0 {
		size = min(size, max(free/16, leastCopy))
	}
	return int(size) &^ (page - 1)
}

// copier measures devices one after the other.
type copier struct {
	ctx    context.Context
	d      cuda.Driver
	name   func(reported string, memoryBytes int64) string
	tell   func(deviceNews)
	now    func() time.Time
	size   int           // of a copy, in bytes
	budget time.Duration // for all copies
	each   time.Duration // for those of one kind to one device
}

func (c *copier) all(open func() (cuda.Driver, error)) {
	whole := func(err error) { c.tell(deviceNews{note: "NVIDIA devices were not measured: " + err.Error()}) }
	c.tell(deviceNews{doing: "starting the driver of the devices"})
	var err error
	if c.d, err = open(); err != nil {
		whole(err)
		return
	}
	runtime.LockOSThread() // a context is current on a thread
	defer runtime.UnlockOSThread()
	if err := c.d.Init(); err != nil {
		whole(err)
		return
	}
	n, err := c.d.Count()
	if err == nil && n <= 0 {
		err = errors.New("the driver lists none")
	}
	if err != nil {
		whole(err)
		return
	}
	n = min(n, maxDevices)
	c.each = c.budget / time.Duration(2*n)
	// Written to, or all of it would be one page of zeros.
	pageable := make([]byte, c.size)
	for i := range pageable {
		pageable[i] = byte(i)
	}
	for i := range n {
		if c.ctx.Err() != nil {
			c.tell(deviceNews{late: true})
			return
		}
		c.tell(deviceNews{doing: fmt.Sprintf("copying to device %d of %d", i+1, n)})
		m, err := c.device(i, pageable)
		late := err != nil && c.ctx.Err() != nil
		if err != nil && !late {
			c.tell(deviceNews{note: fmt.Sprintf("NVIDIA device %d: copying to it was not measured: %v", i, err)})
		}
		if m != nil && (m.Pinned != nil || m.Pageable != nil) {
			c.tell(deviceNews{device: m})
		}
		if late {
			c.tell(deviceNews{late: true})
			return
		}
	}
}

// device measures one device. What was measured before an error counts.
func (c *copier) device(i int, pageable []byte) (*hardware.MeasuredDevice, error) {
	dev, err := c.d.Device(i)
	if err != nil {
		return nil, err
	}
	reported, err := c.d.Name(dev)
	if err != nil {
		return nil, err
	}
	memory, err := c.d.Memory(dev)
	if err != nil {
		return nil, err
	}
	m := &hardware.MeasuredDevice{Name: c.name(reported, memory)}
	if m.Name == "" {
		return nil, errors.New("it tells no name")
	}
	held, err := c.d.Retain(dev)
	if err != nil {
		return nil, err
	}
	defer c.d.Release(dev) //nolint:errcheck // nothing more can be done
	if err := c.d.Enter(held); err != nil {
		return nil, err
	}
	defer c.d.Enter(0) //nolint:errcheck // nothing more can be done
	to, err := c.d.Alloc(c.size)
	if err != nil {
		return nil, err
	}
	defer c.d.Free(to) //nolint:errcheck // nothing more can be done
	ordinary, err := c.copies(to, uintptr(unsafe.Pointer(unsafe.SliceData(pageable))))
	runtime.KeepAlive(pageable)
	if err != nil {
		return m, err
	}
	m.Pageable = ordinary
	from, err := c.d.AllocHost(c.size)
	if err != nil {
		return m, fmt.Errorf("pinned memory: %w", err)
	}
	defer c.d.FreeHost(from) //nolint:errcheck // nothing more can be done
	m.Pinned, err = c.copies(to, from)
	return m, err
}

// copies repeats a copy. The first quarter of the repetitions wakes the link,
// which devices that idle slow down, and does not count.
func (c *copier) copies(to cuda.Pointer, from uintptr) (*hardware.Rate, error) {
	var reps []float64
	start := c.now()
	for n := range mostCopies {
		began := c.now()
		if c.ctx.Err() != nil || n >= fewCopies && began.Sub(start) >= c.each {
			break
		}
		err := c.d.Copy(to, from, c.size)
		if err == nil {
			err = c.d.Wait()
		}
		if err != nil {
			return nil, err
		}
		if took := c.now().Sub(began).Seconds(); took > 0 {
			reps = append(reps, float64(c.size)/took)
		}
	}
	if err := c.ctx.Err(); err != nil {
		return nil, err
	}
	if len(reps) < 2 {
		return nil, errors.New("copies took no time")
	}
	rate := rateOf(reps[(len(reps)+3)/4:], 1e9)
	if !(rate.Median >= slowestCopy && rate.Best <= fastestCopy) {
		return nil, fmt.Errorf("%g GB/s is not believed", rate.Median)
	}
	return &rate, nil
}
