package units

import (
	"math"
	"strings"
	"testing"
)

func TestParseAmount(t *testing.T) {
	for text, want := range map[string]float64{
		"70B": 70e9, "70b": 70e9, " 1.4 T ": 1.4e12, "1.4e12": 1.4e12, "300 billion tokens": 300e9, "8.03bn": 8.03e9, "124M": 124e6,
		"350 million params": 350e6, "2 trillion": 2e12, "1_000_000": 1e6, "7,000,000,000": 7e9, "10k": 1e4, "12": 12, "15T tokens": 15e12, "175G": 175e9,
	} {
		if got, err := ParseAmount(text, false); err != nil || math.Abs(got/want-1) > 1e-12 {
			t.Errorf("%q: %g %v, want %g", text, got, err, want)
		}
	}
	for _, text := range []string{"", "B", "many", "-1", "-70B", "0", "nan", "inf", "infB", "1e41", "1e-50", "70BB", "70GiB", "0x10", "0x1p9", "1e400", "7 0B", "٣"} {
		if got, err := ParseAmount(text, false); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q is %g, %v", text, got, err)
		}
	}
	if got, err := ParseAmount("0", true); err != nil || got != 0 {
		t.Errorf("0: %g %v", got, err)
	}
}

func TestParseFLOPs(t *testing.T) {
	for text, want := range map[string]float64{
		"5.76e23": 5.76e23, "5.76E+23": 5.76e23, "5.76e23 FLOPs": 5.76e23, "576 ZFLOPs": 576e21, "3.8e25flop": 3.8e25, "1 EFLOP": 1e18, "1e3 PFLOPs": 1e18,
		"3640 PF-days": 3640 * 8.64e19, "1 petaflop/s-day": 8.64e19, "2pfd": 2 * 8.64e19, "38 YFLOPs": 38e24,
	} {
		if got, err := ParseFLOPs(text); err != nil || math.Abs(got/want-1) > 1e-12 {
			t.Errorf("%q: %g %v, want %g", text, got, err, want)
		}
	}
	for _, text := range []string{"", "flops", "0", "-1e20", "70B", "1e41", "nan", "PF-days", "1e23 FLOP/s", "0x1p90"} {
		if got, err := ParseFLOPs(text); err == nil {
			t.Errorf("%q is %g", text, got)
		}
	}
}

func TestAmounts(t *testing.T) {
	for want, v := range map[string]float64{"70B": 70e9, "1.43T": 1.433e12, "6.7B": 6.7e9, "216T": 216.2e12, "1B": 999.6e6, "124M": 123.6e6, "12": 12, "0": 0,
		"1.5K": 1500, "5.76e23": 5.76e23, "1426T": 1425.5e12, "1.00e17": 1e17, "5.00e-01": 0.5} {
		if got := Amount(v); got != want {
			t.Errorf("%g prints as %s, want %s", v, got, want)
		}
	}
	for want, v := range map[string]float64{"5.76e23": 5.76e23, "1.00e9": 1e9, "2.00e-18": 2e-18, "0": 0} {
		if got := Power(v); got != want {
			t.Errorf("%g prints as %s, want %s", v, got, want)
		}
	}
}

// What is printed can be read again, to three digits.
func FuzzAmount(f *testing.F) {
	for _, s := range []string{"70B", "1.4T", "5.76e23", "1e-30", "999.5", "99999.5k", "3 million", "12x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, parse := range []func(string) (float64, error){ParseFLOPs, func(s string) (float64, error) { return ParseAmount(s, false) }} {
			v, err := parse(s)
			if err != nil {
				if len(err.Error()) > 500 {
					t.Fatalf("an error of %d bytes", len(err.Error()))
				}
				continue
			}
			again, err := ParseAmount(Amount(v), false)
			if err != nil || math.Abs(again/v-1) > 0.006 {
				t.Fatalf("%q is %g, printed as %s, read as %g, %v", s, v, Amount(v), again, err)
			}
		}
	})
}
