package profiles

import (
	"slices"
	"strings"
	"sync"

	"github.com/plimsoll/plimsoll/profiles/names"
)

// modelIndex holds the names of all models, pipelines too, so that a miss
// suggests any of them. It is built only where the exact scan found nothing.
var modelIndex = sync.OnceValue(func() *names.Index {
	entries := lineNames(make([]names.Entry, 0, 768), modelFiles, "models")
	entries = lineNames(entries, pipelineFiles, "pipelines")
	return names.New("model", entries)
})

// variantWords end the names of repositories that hold a catalogue model in
// another tuning or packaging: the same tensors.
var variantWords = []string{"instruct", "chat", "it", "base", "pt", "hf", "gguf", "safetensors", "mlx", "awq", "gptq", "fp8", "bf16", "fp16", "nvfp4", "int4", "int8", "4bit", "8bit", "latest"}

// resolveModel looks a name up leniently, with its owner and then with the
// words at its end that name a variant left out.
func resolveModel(query string) (string, error) {
	if len(query) > 200 {
		query = query[:200]
	}
	id, miss := modelIndex().Resolve(query)
	if miss == nil {
		return id, nil
	}
	if id, ok := variantOf(query); ok {
		return id, nil
	}
	return "", miss
}

// variantOf drops the owner of a name, then the words at its end that name a
// variant, until a model fits.
func variantOf(query string) (string, bool) {
	name := query
	if i := strings.LastIndexByte(name, '/'); i >= 0 && i+1 < len(name) {
		name = name[i+1:]
		if line := exactModel(name); line != nil {
			return headID(line), true
		}
		if line := exactLine(pipelineFiles, "pipelines", name); line != nil {
			return headID(line), true
		}
	}
	for range 4 {
		cut := strings.LastIndexAny(name, "-_ :.")
		if cut <= 0 || !slices.Contains(variantWords, strings.ToLower(name[cut+1:])) {
			break
		}
		name = name[:cut]
		if ids := modelIndex().Match(name); len(ids) == 1 {
			return ids[0], true
		}
	}
	return "", false
}
