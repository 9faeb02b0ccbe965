package hardware

import "testing"

// Programs compute in FP32 where 16 bits are slower: on a Tesla P40 at 0.18 of
// 11.76 TFLOPS (NVIDIA Tesla P40 datasheet; CUDA C++ Programming Guide,
// arithmetic instructions), not on an RTX 3090 at 142 and 71.
func TestUsable(t *testing.T) {
	p40, rtx := Rates{FP32: 11.76, FP16: 0.18, INT8: 47}, Rates{FP32: 35.6, FP16: 142, FP16Acc32: 71.2, BF16: 71.2, INT8: 285}
	for _, c := range []struct {
		r    *Rates
		name string
		want float64
	}{{&p40, "fp16", 11.76}, {&p40, "int8", 47}, {&p40, "fp32", 11.76}, {&p40, "bf16", 0}, {&p40, "fp16_acc32", 0}, {&p40, "fp64", 0},
		{&rtx, "fp16", 142}, {&rtx, "fp16_acc32", 71.2}, {&rtx, "bf16", 71.2}, {&rtx, "int8", 285}} {
		if got := c.r.Usable(c.name); got != c.want {
			t.Errorf("%s of %+v: %g, want %g", c.name, *c.r, got, c.want)
		}
	}
}
