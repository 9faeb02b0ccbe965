package profiles

import (
	"regexp"
	"testing"
)

func TestVersionIsAShortHash(t *testing.T) {
	if v := Version(); !regexp.MustCompile(`^[0-9a-f]{8}$`).MatchString(v) || v != Version() {
		t.Errorf("Version() = %q", v)
	}
}
