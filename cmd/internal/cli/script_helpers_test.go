package cli_test

import (
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/plimsoll/plimsoll/profiles/modelfile/brokentest"
	"github.com/plimsoll/plimsoll/profiles/modelfile/gguf/gguftest"
	"github.com/rogpeppe/go-internal/testscript"
)

func stringReader(s string) io.Reader { return strings.NewReader(s) }

// oneLine: stderr is exactly one line and stdout is empty.
func oneLine(ts *testscript.TestScript, _ bool, _ []string) {
	text := ts.ReadFile("stderr")
	if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") || len(text) < 10 {
		ts.Fatalf("stderr is not one line: %q", text)
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("stdout is not empty: %q", out)
	}
}

// ggufs KIND FILE: an invented model of 2 layers (model), or the encoder of
// Qwen2.5-VL with so many elements an embedding (PROJECTOR-WIDTH).
func ggufs(ts *testscript.TestScript, _ bool, args []string) {
	f := brokentest.Llama()
	if projector, text, ok := strings.Cut(args[0], "-"); ok {
		width, err := strconv.ParseInt(text, 10, 64)
		ts.Check(err)
		f = &gguftest.File{
			KV: []gguftest.KV{
				{Key: "general.architecture", Value: "clip"}, {Key: "clip.has_vision_encoder", Value: true}, {Key: "clip.projector_type", Value: projector},
				{Key: "clip.vision.image_size", Value: 560}, {Key: "clip.vision.patch_size", Value: 14}, {Key: "clip.vision.embedding_length", Value: 1280},
				{Key: "clip.vision.feed_forward_length", Value: 3420}, {Key: "clip.vision.block_count", Value: 32}, {Key: "clip.vision.attention.head_count", Value: 16},
				{Key: "clip.vision.projection_dim", Value: int(width)},
			},
			Tensors: []gguftest.Tensor{{Name: "v.blk.0.ffn_up.weight", Dims: []int64{1280, 1 << 19}, Type: "F16"}, {Name: "mm.2.bias", Dims: []int64{width}, Type: "F32"}},
		}
	}
	ts.Check(f.Write(ts.MkAbs(args[1])))
}

// width N: no line of stdout is wider, except commands to be copied.
func width(ts *testscript.TestScript, _ bool, args []string) {
	limit, err := strconv.Atoi(args[0])
	ts.Check(err)
	before := ""
	for _, line := range strings.Split(ts.ReadFile("stdout"), "\n") {
		if utf8.RuneCountInString(line) > limit && before != "Check it on the real machine" {
			ts.Fatalf("wider than %d: %q", limit, line)
		}
		before = line
	}
}
