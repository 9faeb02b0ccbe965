package cli_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/plimsoll/plimsoll/cmd/internal/cli"
	"github.com/plimsoll/plimsoll/cmd/internal/facts"
	"github.com/plimsoll/plimsoll/estimator"
)

// sweepLine is a scenario with every field that matters given.
const sweepLine = `{"id":"r1","model":"llama-3.1-8b","quant":"Q4_K_M","kv_type":"f16","on":"rtx-4090-24gb","engine":"llama.cpp","backend":"cuda","gpu_layers":-1,"batch":1,"input_tokens":512,"output_tokens":128,"depth":0,"context":4096,"ubatch":512,"flash_attention":true}` + "\n"

// BenchmarkSweep runs one scenario per operation through the whole of sweep:
// decoding, resolving, estimating, encoding, on one worker.
func BenchmarkSweep(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(sweepLine)))
	in := bytes.Repeat([]byte(sweepLine), b.N)
	b.ResetTimer()
	code := cli.Main(context.Background(), []string{"sweep", "-", "--workers", "1"}, cli.Env{Stdin: bytes.NewReader(in), Stdout: io.Discard, Stderr: io.Discard,
		Getenv: func(string) string { return "" }, Facts: new(facts.Embedded), Estimate: estimator.Estimate})
	if code != 0 {
		b.Fatal("exit code", code)
	}
}
