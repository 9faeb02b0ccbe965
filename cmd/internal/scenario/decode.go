package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
)

// field returns a pointer to the field with the given JSON name, or nil. It
// is the one list of names for JSON lines and grids alike.
func (s *Scenario) field(name []byte) any {
	switch string(name) {
	case "id":
		return &s.ID
	case "model":
		return &s.Model
	case "quant":
		return &s.Quant
	case "kv_type":
		return &s.KVType
	case "kv_type_k":
		return &s.KVTypeK
	case "kv_type_v":
		return &s.KVTypeV
	case "on":
		return &s.On
	case "host":
		return &s.Host
	case "ram":
		return &s.RAM
	case "devices":
		return &s.Devices
	case "nodes":
		return &s.Nodes
	case "split":
		return &s.Split
	case "tp":
		return &s.TP
	case "pp":
		return &s.PP
	case "ep":
		return &s.EP
	case "dp":
		return &s.DP
	case "engine":
		return &s.Engine
	case "backend":
		return &s.Backend
	case "engine_date":
		return &s.EngineDate
	case "quant_assumed":
		return &s.QuantAssumed
	case "engine_assumed":
		return &s.EngineAssumed
	case "context_assumed":
		return &s.ContextAssumed
	case "gpu_layers":
		return &s.GPULayers
	case "cpu_moe":
		return &s.CPUMoE
	case "threads":
		return &s.Threads
	case "batch":
		return &s.Batch
	case "input_tokens":
		return &s.InputTokens
	case "output_tokens":
		return &s.OutputTokens
	case "prompt_assumed":
		return &s.PromptAssumed
	case "depth":
		return &s.Depth
	case "context":
		return &s.Context
	case "context_rule":
		return &s.ContextRule
	case "batch_size":
		return &s.BatchSize
	case "ubatch":
		return &s.UBatch
	case "parallel":
		return &s.Parallel
	case "flash_attention":
		return &s.FlashAttention
	case "swa_full":
		return &s.SWAFull
	case "kv_unified":
		return &s.KVUnified
	case "no_mmap":
		return &s.NoMmap
	case "no_kv_offload":
		return &s.NoKVOffload
	case "mla":
		return &s.MLA
	case "gpu_memory_utilization":
		return &s.GPUMemoryUtilization
	case "max_num_seqs":
		return &s.MaxNumSeqs
	case "max_num_batched_tokens":
		return &s.MaxNumBatchedTokens
	case "images":
		return &s.Images
	case "image_size":
		return &s.ImageSize
	case "video_frames":
		return &s.VideoFrames
	case "mmproj":
		return &s.Mmproj
	case "width":
		return &s.Width
	case "height":
		return &s.Height
	case "frames":
		return &s.Frames
	case "fps":
		return &s.FPS
	case "steps":
		return &s.Steps
	case "guidance_passes":
		return &s.GuidancePasses
	case "text_tokens":
		return &s.TextTokens
	case "audio_seconds":
		return &s.AudioSeconds
	case "characters":
		return &s.Characters
	case "beam":
		return &s.Beam
	case "chunk_seconds":
		return &s.ChunkSeconds
	case "sequence_tokens":
		return &s.SequenceTokens
	case "documents":
		return &s.Documents
	case "text_quant":
		return &s.TextQuant
	case "offload":
		return &s.Offload
	case "blocks_swapped":
		return &s.BlocksSwapped
	case "text_on_cpu":
		return &s.TextOnCPU
	case "vae_tiling":
		return &s.VAETiling
	case "vae_slicing":
		return &s.VAESlicing
	case "ulysses":
		return &s.Ulysses
	case "ring":
		return &s.Ring
	case "cfg_devices":
		return &s.CFGDevices
	case "sharded":
		return &s.Sharded
	case "set":
		return &s.Set
	}
	return nil
}

// Decoder reads scenarios from JSON lines. It keeps its buffers and the
// strings it has seen, so it is not for concurrent use.
type Decoder struct {
	name []byte // of the field being read
	// Base is what a line's scenario starts from: the defaults.
	Base   Scenario
	json   *jsontext.Decoder
	source bytes.Reader
	seen   map[string]string
}

// NewDecoder returns a Decoder.
func NewDecoder() *Decoder {
	d := &Decoder{Base: New(), seen: map[string]string{}}
	d.json = jsontext.NewDecoder(&d.source)
	return d
}

// maxSeen bounds the strings kept: names repeat in a sweep, ids do not.
const maxSeen = 4096

func (d *Decoder) intern(b []byte) string {
	if s, ok := d.seen[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(b) <= 64 {
		if len(d.seen) >= maxSeen {
			clear(d.seen)
		}
		d.seen[s] = s
	}
	return s
}

// Decode reads one line into s, strictly: an unknown or repeated field, a
// wrong type or anything after the object is an error. Whatever was read
// before the error stays in s, so that its id can be told.
func (d *Decoder) Decode(line []byte, s *Scenario) error {
	*s = d.Base
	d.source.Reset(line)
	d.json.Reset(&d.source)
	if kind := d.json.PeekKind(); kind != '{' {
		if _, err := d.json.ReadToken(); err != nil && !errors.Is(err, io.EOF) {
			return d.syntax(err)
		}
		return badLine("a scenario must be a JSON object", "", `write {"model":"llama-3.1-8b"}`)
	}
	if _, err := d.json.ReadToken(); err != nil {
		return d.syntax(err)
	}
	var inputGiven, assumedGiven bool
	for d.json.PeekKind() == '"' {
		raw, err := d.json.ReadValue()
		if err != nil {
			return d.syntax(err)
		}
		name := raw[1 : len(raw)-1]
		target := s.field(name)
		if target == nil {
			return badLine("unknown field "+quoted(string(name)), "", suggestField(string(name)))
		}
		switch string(name) {
		case "input_tokens":
			inputGiven = true
		case "prompt_assumed":
			assumedGiven = true
		}
		d.name = append(d.name[:0], name...) // name lies in a buffer that the next read overwrites
		if err := d.value(target, d.name); err != nil {
			return err
		}
	}
	if _, err := d.json.ReadToken(); err != nil {
		return d.syntax(err)
	}
	if _, err := d.json.ReadToken(); !errors.Is(err, io.EOF) {
		return badLine("something follows the JSON object", "", "put one scenario on each line")
	}
	if inputGiven && !assumedGiven {
		s.PromptAssumed = false
	}
	return nil
}

// value reads one value into target; null leaves the default.
func (d *Decoder) value(target any, name []byte) error {
	raw, err := d.json.ReadValue()
	if err != nil {
		return d.syntax(err)
	}
	kind := raw.Kind()
	if kind == 'n' {
		return nil
	}
	switch t := target.(type) {
	case *string:
		if kind != '"' {
			return wrongType(name, "a string", raw)
		}
		*t, err = d.text(raw)
		return err
	case *[]string:
		return d.texts(t, name, raw)
	case *int:
		n, err := integer(name, raw)
		if err != nil {
			return err
		}
		*t = n
	case *float64:
		if kind != '0' {
			return wrongType(name, "a number", raw)
		}
		f, err := strconv.ParseFloat(string(raw), 64)
		if err != nil {
			return wrongType(name, "a number in range", raw)
		}
		*t = f
	case *bool:
		if kind != 't' && kind != 'f' {
			return wrongType(name, "true or false", raw)
		}
		*t = kind == 't'
	case **bool:
		if kind != 't' && kind != 'f' {
			return wrongType(name, "true, false or null", raw)
		}
		if kind == 't' {
			*t = &yes
		} else {
			*t = &no
		}
	}
	return nil
}

// text reads a string.
func (d *Decoder) text(raw jsontext.Value) (string, error) {
	text := raw[1 : len(raw)-1]
	if bytes.IndexByte(text, '\\') >= 0 {
		var err error
		if text, err = jsontext.AppendUnquote(nil, raw); err != nil {
			return "", d.syntax(err)
		}
	}
	return d.intern(text), nil
}

// texts reads a list of strings; an empty one is as good as none.
func (d *Decoder) texts(to *[]string, name []byte, raw jsontext.Value) error {
	if raw.Kind() != '[' {
		return wrongType(name, "a list of strings", raw)
	}
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil {
		return wrongType(name, "a list of strings", raw)
	}
	*to = nil
	for _, text := range list {
		*to = append(*to, d.intern([]byte(text)))
	}
	return nil
}

// yes and no are what FlashAttention points to; nobody writes to them.
var yes, no = true, false

// integer reads a whole number; 4096.0 and 4e3 count as such.
func integer(name []byte, raw jsontext.Value) (int, error) {
	if raw.Kind() != '0' {
		return 0, wrongType(name, "a whole number", raw)
	}
	negative := raw[0] == '-'
	digits := raw
	if negative {
		digits = raw[1:]
	}
	if len(digits) <= 15 {
		n, plain := 0, true
		for _, c := range digits {
			if c < '0' || c > '9' {
				plain = false
				break
			}
			n = n*10 + int(c-'0')
		}
		if plain {
			if negative {
				n = -n
			}
			return n, nil
		}
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f > 1e15 || f < -1e15 {
		return 0, badLine(string(name)+" is out of range: "+clipped(raw), "", "use a smaller number")
	}
	if f != float64(int64(f)) {
		return 0, wrongType(name, "a whole number", raw)
	}
	return int(f), nil
}

func (d *Decoder) syntax(err error) error {
	var syn *jsontext.SyntacticError
	at := d.json.InputOffset()
	if errors.As(err, &syn) {
		at = syn.ByteOffset
		if errors.Is(syn.Err, jsontext.ErrDuplicateName) {
			return badLine("a field is given twice", fmt.Sprintf("byte %d", at+1), "keep one of them")
		}
		return badLine("not valid JSON: "+syn.Err.Error(), fmt.Sprintf("byte %d", at+1), "write one JSON object on each line")
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return badLine("the JSON object is cut short", fmt.Sprintf("byte %d", at+1), "write one JSON object on each line")
	}
	return badLine("not valid JSON", fmt.Sprintf("byte %d", at+1), "write one JSON object on each line")
}

func badLine(what, where, remedy string) error {
	return problem.Wrong(problem.BadScenario, what, where, remedy)
}

func wrongType(name []byte, want string, raw jsontext.Value) error {
	return badLine(string(name)+" must be "+want+", not "+clipped(raw), "", "see plimsoll schema sweep-input")
}

func clipped(raw []byte) string {
	const limit = 40
	if len(raw) > limit {
		return string(raw[:limit]) + "…"
	}
	return string(raw)
}
