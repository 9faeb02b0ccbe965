package estimator

import (
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/memory"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/phase"
	"github.com/plimsoll/plimsoll/hardware"
)

// Cache keeps what many estimates share: the summed-up geometry of models and
// the resolved calibration of machines. It is keyed by identity, so requests
// should share their Model, Weights and Machine values. It is not safe for
// concurrent use: give each worker its own. The zero value is ready.
type Cache struct {
	profiles map[*model.Model]*memory.Profile
	shapes   map[shapeKey]*phase.Shape
	params   map[paramsKey]*calibration.Params
	prefill  phase.Phase
	decode   phase.Phase
}

type shapeKey struct {
	model   *model.Model
	weights *format.Weights
}

type paramsKey struct {
	table                 *calibration.Table
	engine, backend, date string
	device                *hardware.Device
	node                  *hardware.Node
	threads               int
}

// cacheSize bounds each map; beyond it the map starts anew, so that a stream
// of ever new models stays within constant memory.
const cacheSize = 4096

// keep returns the cached value of a key, or makes and remembers it.
func keep[K comparable, V any](m *map[K]V, key K, make_ func() (V, error)) (V, error) {
	if v, ok := (*m)[key]; ok {
		return v, nil
	}
	v, err := make_()
	if err != nil {
		return v, err
	}
	if *m == nil || len(*m) >= cacheSize {
		*m = make(map[K]V)
	}
	(*m)[key] = v
	return v, nil
}

func (c *Cache) profile(m *model.Model) *memory.Profile {
	p, _ := keep(&c.profiles, m, func() (*memory.Profile, error) { return memory.NewProfile(m), nil })
	return p
}

func (c *Cache) shape(m *model.Model, w *format.Weights) *phase.Shape {
	s, _ := keep(&c.shapes, shapeKey{m, w}, func() (*phase.Shape, error) { return phase.NewShape(m, w), nil })
	return s
}

// device returns the calibration of a device, host that of a node's
// processors.
func (c *Cache) device(t *calibration.Table, s *engine.Settings, d *hardware.Device) (*calibration.Params, error) {
	k := paramsKey{table: t, engine: s.Engine.ID, backend: s.Backend, date: s.EngineDate, device: d}
	return keep(&c.params, k, func() (*calibration.Params, error) {
		return t.Lookup(calibration.Key{Engine: k.engine, Backend: k.backend, Date: k.date, Device: d})
	})
}

func (c *Cache) host(t *calibration.Table, s *engine.Settings, n *hardware.Node) (*calibration.Params, error) {
	k := paramsKey{table: t, engine: s.Engine.ID, backend: "cpu", date: s.EngineDate, node: n, threads: s.Threads}
	return keep(&c.params, k, func() (*calibration.Params, error) {
		return t.Lookup(calibration.Key{Engine: k.engine, Backend: k.backend, Date: k.date, Host: &n.Host, Threads: k.threads})
	})
}
