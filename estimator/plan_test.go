package estimator

import (
	"slices"
	"testing"
)

func TestFewer(t *testing.T) {
	for _, c := range []struct {
		n, box int
		want   []int
	}{
		{1, 0, nil},
		{8, 0, []int{1, 2, 3, 4, 5, 6, 7}},
		{8, 8, []int{1, 2, 3, 4, 5, 6, 7}},
		{16, 4, []int{1, 2, 3, 4, 8, 12}},
		{36, 0, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 26, 28, 30, 32}},
	} {
		if got := fewer(c.n, c.box); !slices.Equal(got, c.want) {
			t.Errorf("of %d devices in computers of %d: %v, want %v", c.n, c.box, got, c.want)
		}
	}
	if n := len(fewer(4096, 8)); n > 70 {
		t.Errorf("%d numbers of 4,096 devices are tried", n)
	}
}
