package profiles

import (
	"sync"

	"github.com/plimsoll/plimsoll/profiles/names"
)

// modelIndex is built only where the exact scan found nothing.
var modelIndex = sync.OnceValue(func() *names.Index {
	entries := make([]names.Entry, 0, 512)
	_ = modelLines(func(_ string, line []byte) bool {
		id, list := modelHead(line)
		e := names.Entry{ID: string(id)}
		for len(list) > 0 {
			var alias []byte
			if alias, list = nextString(list); alias != nil {
				e.Aliases = append(e.Aliases, string(alias))
			}
		}
		entries = append(entries, e)
		return true
	})
	return names.New("model", entries)
})

func resolveModel(query string) (string, error) { return modelIndex().Resolve(query) }
