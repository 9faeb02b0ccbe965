package scenario

import "sync"

// cache keeps up to limit values by key. When it is full it starts anew:
// sweeps repeat a few models and machines, and an endless stream of new ones
// must not grow without bound.
type cache[K comparable, V any] struct {
	limit  int
	values map[K]V
}

func newCache[K comparable, V any](limit int) cache[K, V] {
	return cache[K, V]{limit: limit, values: make(map[K]V)}
}

func (c *cache[K, V]) get(key K) (V, bool) {
	v, ok := c.values[key]
	return v, ok
}

func (c *cache[K, V]) put(key K, v V) {
	if len(c.values) >= c.limit {
		clear(c.values)
	}
	c.values[key] = v
}

// shared is a cache for several goroutines; a value is loaded by one of them
// while the others that want it wait.
type shared[K comparable, V any] struct {
	mu    sync.Mutex
	cache cache[K, *loading[V]]
}

type loading[V any] struct {
	once  sync.Once
	value V
	err   error
}

func newShared[K comparable, V any](limit int) shared[K, V] {
	return shared[K, V]{cache: newCache[K, *loading[V]](limit)}
}

func (s *shared[K, V]) get(key K, load func() (V, error)) (V, error) {
	s.mu.Lock()
	l, ok := s.cache.get(key)
	if !ok {
		l = &loading[V]{}
		s.cache.put(key, l)
	}
	s.mu.Unlock()
	l.once.Do(func() { l.value, l.err = load() })
	return l.value, l.err
}
