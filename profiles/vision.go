package profiles

import (
	_ "embed"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/vision"
)

// visionRules say how model families turn pictures, films and sounds into
// tokens: one rule a line, with its source. To add a family add a line; its
// "kind" is one of those of package vision.
//
//go:embed vision/rules.json
var visionRules []byte

var visionTable = sync.OnceValues(func() (*vision.Table, error) { return vision.Parse(visionRules) })

// Vision returns the rules of images, video and sound, decoded once.
func Vision() (*vision.Table, error) { return visionTable() }
