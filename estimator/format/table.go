package format

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/model"
)

// Block is a storage type: Bytes hold Elements weights, plus RowBytes per row.
type Block struct {
	Name     string   `json:"name"`
	Aliases  []string `json:"aliases,omitempty"`
	Elements int64    `json:"elements"`
	Bytes    int64    `json:"bytes"`
	RowBytes int64    `json:"row_bytes,omitempty"`
	// Fallback is the type the quantiser takes where a row does not divide.
	Fallback string `json:"fallback,omitempty"`
	Class    Class  `json:"class"`
}

// Size returns the bytes of n elements in rows of the given length.
func (b *Block) Size(n, row int64) int64 {
	// whole blocks first: the product of the largest tensors overflows otherwise
	size := n/b.Elements*b.Bytes + (n%b.Elements*b.Bytes+b.Elements-1)/b.Elements
	if b.RowBytes > 0 && row > 0 {
		size += n / row * b.RowBytes
	}
	return size
}

// Bits returns the bits per weight.
func (b *Block) Bits() float64 { return float64(b.Bytes) * 8 / float64(b.Elements) }

// Rule gives a type to the tensors of some roles where all of When hold.
type Rule struct {
	Roles []string `json:"roles"`
	When  []string `json:"when,omitempty"`
	Type  string   `json:"type"`
}

// Spec is a weight format as the data describe it.
type Spec struct {
	Name    string   `json:"name"`
	Aliases []string `json:"aliases,omitempty"`
	// Kind is mix (rules of a GGUF quantiser), checkpoint (matrices of the
	// layers in one type, the rest in 16 bit) or size (no rules are known: the
	// sizes of another format times a measured factor, or bits per weight).
	Kind  string `json:"kind"`
	Class Class  `json:"class"`
	Base  string `json:"base,omitempty"`
	// Imatrix says whether files of this format are mostly made with an
	// importance matrix; the other case bounds the interval.
	Imatrix bool `json:"imatrix,omitempty"`
	// ImatrixSince is the year and month of a model's release from which that
	// is so, where habits changed.
	ImatrixSince string `json:"imatrix_since,omitempty"`
	Rules        []Rule `json:"rules,omitempty"`
	// Use names the shared rule lists tried after Rules.
	Use []string `json:"use,omitempty"`
	// GGUF is the format that GGUF files of this name really hold.
	GGUF string `json:"gguf,omitempty"`
	// Like and its factors describe formats without rules: the size of Like
	// times DenseFactor or MoEFactor.
	Like        string  `json:"like,omitempty"`
	DenseFactor float64 `json:"dense_factor,omitempty"`
	MoEFactor   float64 `json:"moe_factor,omitempty"`
	// Bits is the number of bits per weight of a format known by that alone.
	Bits float64 `json:"bits,omitempty"`
	// Spread is the half width of the interval as a share of the size.
	Spread float64 `json:"spread,omitempty"`
	Note   string  `json:"note,omitempty"`
	Source string  `json:"source,omitempty"`

	base  *Block
	once  sync.Once
	err   error
	rules map[model.Role][]compiled
	usesI bool // some rule depends on the importance matrix
}

// Data is the content of the format files.
type Data struct {
	Blocks  []Block           `json:"blocks,omitempty"`
	Shared  map[string][]Rule `json:"shared,omitempty"`
	Formats []Spec            `json:"formats,omitempty"`
}

// Table holds all block types and weight formats, read from data.
type Table struct {
	blocks map[string]*Block
	specs  map[string]*Spec // by folded name and alias
	order  []*Spec
	shared map[string][]Rule
}

// NewTable reads the format files: JSON of type Data. Rules are compiled
// when a format is first used. A Table may be used by many goroutines.
func NewTable(files ...[]byte) (*Table, error) {
	t := &Table{blocks: map[string]*Block{}, specs: map[string]*Spec{}, shared: map[string][]Rule{}}
	for _, f := range files {
		var d Data
		if err := json.Unmarshal(f, &d); err != nil {
			return nil, fmt.Errorf("weight formats: %w", err)
		}
		for i := range d.Blocks {
			b := &d.Blocks[i]
			if b.Elements <= 0 || b.Bytes <= 0 {
				return nil, fmt.Errorf("weight formats: block type %s has no size", b.Name)
			}
			t.blocks[fold(b.Name)] = b
			for _, a := range b.Aliases {
				t.blocks[fold(a)] = b
			}
		}
		for k, v := range d.Shared {
			t.shared[k] = v
		}
		for i := range d.Formats {
			t.order = append(t.order, &d.Formats[i])
		}
	}
	for _, s := range t.order {
		if err := t.prepare(s); err != nil {
			return nil, fmt.Errorf("weight format %s: %w", s.Name, err)
		}
	}
	return t, nil
}

func (t *Table) prepare(s *Spec) error {
	for _, n := range append([]string{s.Name}, s.Aliases...) {
		k := fold(n)
		if other := t.specs[k]; other != nil && other != s {
			return fmt.Errorf("the name %s is that of %s already", n, other.Name)
		}
		t.specs[k] = s
	}
	switch s.Kind {
	case "mix", "checkpoint":
		if s.base = t.blocks[fold(s.Base)]; s.base == nil {
			return fmt.Errorf("base type %q is unknown", s.Base)
		}
	case "size":
		if s.Like == "" && s.Bits <= 0 {
			return fmt.Errorf("a format of kind size needs like or bits")
		}
	default:
		return fmt.Errorf("kind %q is none of mix, checkpoint, size", s.Kind)
	}
	return nil
}

// fold reduces a name to lower-case letters and digits, with a dot kept
// between digits.
func fold(s string) string {
	buf := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z':
			buf = append(buf, c+'a'-'A')
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			buf = append(buf, c)
		case c == '.' && i > 0 && i+1 < len(s) && isDigit(s[i-1]) && isDigit(s[i+1]):
			buf = append(buf, c)
		}
	}
	return string(buf)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// Canonical returns the name under which the table knows a weight format. It
// ignores case and separators, understands aliases, row-interleaved variants
// (_R4, _R8) and bits per weight ("EXL3-4.25", "3.9 bpw"). A miss is an error
// that suggests the nearest names.
func (t *Table) Canonical(name string) (string, error) {
	if s, ok := t.find(name); ok {
		return s.Name, nil
	}
	if n, _, ok := bitsName(name); ok {
		return n, nil
	}
	if len(name) > 80 {
		name = name[:80] + "…"
	}
	return "", fmt.Errorf("weight format %q is unknown: did you mean %s?", name, strings.Join(t.nearest(name), ", "))
}

func (t *Table) find(name string) (*Spec, bool) {
	k := fold(name)
	if s, ok := t.specs[k]; ok {
		return s, true
	}
	for _, suffix := range []string{"r4", "r8", "r16"} { // the same blocks, rows interleaved
		if base, ok := strings.CutSuffix(k, suffix); ok {
			if s, ok := t.specs[base]; ok {
				return s, true
			}
		}
	}
	for _, suffix := range []string{"medium", "gguf", "weights"} {
		if base, ok := strings.CutSuffix(k, suffix); ok && t.specs[base] != nil {
			return t.specs[base], true
		}
	}
	return nil, false
}

// bitsName reads formats named by their bits per weight.
func bitsName(name string) (canonical string, bits float64, ok bool) {
	k := fold(name)
	for _, p := range []string{"exl2", "exl3"} {
		if rest, found := strings.CutPrefix(k, p); found {
			rest = strings.TrimSuffix(strings.TrimSuffix(rest, "bpw"), "h6")
			b, err := strconv.ParseFloat(rest, 64)
			if err == nil && b >= 1 && b <= 16 {
				return strings.ToUpper(p) + "-" + trimFloat(b), b, true
			}
		}
	}
	if rest, found := strings.CutSuffix(k, "bpw"); found {
		i := len(rest)
		for i > 0 && (isDigit(rest[i-1]) || rest[i-1] == '.') {
			i--
		}
		b, err := strconv.ParseFloat(rest[i:], 64)
		if err == nil && b >= 0.5 && b <= 32 {
			return trimFloat(b) + "bpw", b, true
		}
	}
	return "", 0, false
}

func trimFloat(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// nearest returns up to three canonical names by edit distance.
func (t *Table) nearest(name string) []string {
	if len(name) > 40 {
		name = name[:40]
	}
	k := fold(name)
	type scored struct {
		name string
		d    int
	}
	var all []scored
	for _, s := range t.order {
		d := distance(k, fold(s.Name))
		for _, a := range s.Aliases {
			d = min(d, distance(k, fold(a)))
		}
		all = append(all, scored{s.Name, d})
	}
	slices.SortStableFunc(all, func(a, b scored) int { return a.d - b.d })
	var out []string
	for _, s := range all[:min(3, len(all))] {
		out = append(out, s.name)
	}
	return out
}

func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diag, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diag+cost)
		}
	}
	return row[len(b)]
}

// Names lists the canonical names in the order of the data.
func (t *Table) Names() []string {
	out := make([]string, len(t.order))
	for i, s := range t.order {
		out[i] = s.Name
	}
	return out
}

// Spec returns the description of a format by any of its names.
func (t *Table) Spec(name string) (*Spec, bool) { return t.find(name) }

// GGUF returns the format that a GGUF file under the given name holds, where
// that differs: "MXFP4" files keep the other tensors at Q8_0.
func (t *Table) GGUF(name string) string {
	s, ok := t.find(name)
	if !ok {
		return name
	}
	if s.GGUF != "" {
		return s.GGUF
	}
	return s.Name
}

// BytesPerElement returns the bytes per element of a block type, also of those
// a KV cache is kept in; false where the type is unknown.
func (t *Table) BytesPerElement(blockType string) (float64, bool) {
	b, ok := t.blocks[fold(blockType)]
	if !ok {
		return 0, false
	}
	return float64(b.Bytes) / float64(b.Elements), true
}

// Block returns a block type by name.
func (t *Table) Block(name string) (*Block, bool) {
	b, ok := t.blocks[fold(name)]
	return b, ok
}
