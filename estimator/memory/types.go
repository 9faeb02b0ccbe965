package memory

// Component names a line of a ledger.
type Component string

// Components of a ledger.
const (
	Weights   Component = "weights"
	KVCache   Component = "kv_cache"
	Recurrent Component = "recurrent_state"
	Compute   Component = "compute"  // compute and graph buffers, activations
	Runtime   Component = "overhead" // device context, libraries, communicators, host process
)

// TowerNote is the note of lines that are an encoder's of images or sound.
const TowerNote = "vision and audio encoder"

// Tower is an encoder that is asked for beside the model, in bytes.
type Tower struct {
	// Weights are those of what is seen, Sound of what is heard.
	Weights, Sound int64
	// Peak is its activations at their largest, with an interval.
	Peak, PeakLow, PeakHigh int64
	// States is what cross-attention keeps of a prompt's images, in elements of
	// keys and values of all layers.
	States int64
}

// Line is one component's bytes in one memory.
type Line struct {
	Component Component
	Bytes     int64
	Low, High int64  // equal to Bytes when exact
	Formula   string // filled only when derivations are asked for
	Source    string // likewise
	Note      string // likewise
}

// Ledger accounts for one memory.
type Ledger struct {
	Name string // as place.Share.Name
	// Capacity is what the memory holds in all, Reserved what the operating
	// system, other processes or the engine's own margin keep (Capacity −
	// Reserved is what the model may use).
	Capacity, Reserved int64
	ReservedWhy        string
	Lines              []Line
	// Need, Low and High are the sums of the lines.
	Need, Low, High int64
	// PoolTokens is, for engines that fill the memory with a paged cache, the
	// number of tokens the pool holds; 0 otherwise. PoolBytes is its size.
	PoolTokens int64
	PoolBytes  int64
	// PoolSeqs is how many of the work's sequences find room with cache and
	// recurrent state, where the model has one; 0 where it has none.
	PoolSeqs int
}

// Usable returns the bytes that the model may take.
func (l *Ledger) Usable() int64 { return l.Capacity - l.Reserved }

// Sum recomputes Need, Low and High from the lines.
func (l *Ledger) Sum() {
	l.Need, l.Low, l.High = 0, 0, 0
	for i := range l.Lines {
		l.Need += l.Lines[i].Bytes
		l.Low += l.Lines[i].Low
		l.High += l.Lines[i].High
	}
}

// Get returns the bytes of a component (0 when absent).
func (l *Ledger) Get(c Component) (bytes, low, high int64) {
	for i := range l.Lines {
		if l.Lines[i].Component == c {
			bytes += l.Lines[i].Bytes
			low += l.Lines[i].Low
			high += l.Lines[i].High
		}
	}
	return
}
