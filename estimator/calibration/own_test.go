package calibration

import (
	"strings"
	"testing"
)

func table() *Table {
	return &Table{Groups: map[string]Group{
		GroupKey("e", "b", "device", "known"): {Factors: Factors{Stream: 0.9}, Rows: 5},
	}}
}

func TestWithOwn(t *testing.T) {
	before := table()
	after, err := before.WithOwn("# a remark\n" + GroupColumns + "\ne,b,device,known,3,1.1,,,,,0.05,\ne,b,device,new,2,,,0.8,,,,0.1\n")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Group{
		GroupKey("e", "b", "device", "known"): {Factors: Factors{Stream: 1.1}, Rows: 3, SDDecode: 0.05, Own: true},
		GroupKey("e", "b", "device", "new"):   {Factors: Factors{GEMM: 0.8}, Rows: 2, SDPrefill: 0.1, Own: true},
	}
	for k, w := range want {
		if after.Groups[k] != w {
			t.Errorf("%s: got %+v, want %+v", k, after.Groups[k], w)
		}
	}
	if g := before.Groups[GroupKey("e", "b", "device", "known")]; g.Own || g.Stream != 0.9 {
		t.Errorf("the table that was read into changed: %+v", g)
	}
	// What is written is what was read.
	again, err := table().WithOwn(after.FormatOwn())
	if err != nil {
		t.Fatal(err)
	}
	for k := range want {
		if again.Groups[k] != after.Groups[k] {
			t.Errorf("%s: %+v after writing and reading, want %+v", k, again.Groups[k], after.Groups[k])
		}
	}
	for _, bad := range []string{"e,b,device\n", "e,b,device,x,1,lots\n", "e,b,device,x,1,-1\n", "e,b,device,x,1,NaN\n", "e,b,device,x,1,1e300\n"} {
		if _, err := table().WithOwn(bad); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%q: got %v, want an error that names line 1", bad, err)
		}
	}
}

func FuzzWithOwn(f *testing.F) {
	f.Add(GroupColumns + "\ne,b,device,known,3,1.1,,,,,0.05,\n")
	f.Add("e,b,device,x,1,lots\n")
	f.Add("e,b,device,x,1,999999\n") // rounds up to the bound
	f.Add("#\n\n,,,,,,,,,,,,,\n")
	f.Fuzz(func(t *testing.T, data string) {
		own, err := table().WithOwn(data)
		if err != nil {
			return
		}
		for k, g := range own.Groups {
			for i := range FactorFields {
				if v := *FactorFields[i].Of(&g.Factors); !(v >= 0 && v <= 1e6) {
					t.Errorf("%s: %s is %v", k, FactorFields[i].Name, v)
				}
			}
		}
		again, err := table().WithOwn(own.FormatOwn())
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if len(again.Groups) != len(own.Groups) {
			t.Errorf("%d groups, %d after writing and reading", len(own.Groups), len(again.Groups))
		}
	})
}
