// Package place answers where each byte lives: which layers, experts and
// caches sit on which device or on the host, for the engine's own rules of
// offload and split. A Placement is small (a few contiguous ranges), so that
// everything after it is O(pools), not O(tensors).
package place
