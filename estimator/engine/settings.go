package engine

// Settings is a Deployment resolved for one engine, model and machine: every
// default filled in, except that GPULayers and CPUMoE stay Auto where the
// placement is to be searched.
type Settings struct {
	Deployment
	Engine *Engine
	// FlashOn is Deployment.Flash resolved.
	FlashOn bool
	// KVBytesK and KVBytesV are bytes per cached element of the K and V types.
	KVBytesK, KVBytesV float64
	// Cells is the number of cache cells allocated for non-windowed layers
	// (padded as the engine pads), all streams together.
	Cells int
	// Unified is true when one pool of cells serves all slots.
	UnifiedKV bool
}
