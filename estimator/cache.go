package estimator

import (
	"github.com/plimsoll/plimsoll/estimator/calibration"
	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/estimator/format"
	"github.com/plimsoll/plimsoll/estimator/memory"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/estimator/phase"
	"github.com/plimsoll/plimsoll/estimator/roofline"
	"github.com/plimsoll/plimsoll/hardware"
)

// Cache keeps what many estimates share: the summed-up geometry of models and
// the resolved calibration of machines. It is keyed by identity, so requests
// should share their Model, Weights and Machine values. It is not safe for
// concurrent use: give each worker its own. The zero value is ready.
type Cache struct {
	profiles map[*model.Model]*memory.Profile
	shapes   map[shapeKey]*phase.Shape
	resolved map[ratesKey]roofline.Input
	prefill  phase.Phase
	decode   phase.Phase
}

type shapeKey struct {
	model   *model.Model
	weights *format.Weights
}

type ratesKey struct {
	table         *calibration.Table
	engine        *engine.Engine
	backend, date string
	threads       int
	node          *hardware.Node
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

// rates returns the resolved calibration of a node's processors.
func (c *Cache) rates(t *calibration.Table, s *engine.Settings, n *hardware.Node) (roofline.Input, error) {
	k := ratesKey{table: t, engine: s.Engine, backend: s.Backend, date: s.EngineDate, threads: s.Threads, node: n}
	return keep(&c.resolved, k, func() (roofline.Input, error) { return roofline.Resolve(t, s, n) })
}
