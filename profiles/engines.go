package profiles

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/engine"
	"github.com/plimsoll/plimsoll/profiles/names"
)

//go:embed engines/*.json
var engineFiles embed.FS

// hostsFile holds what belongs to no engine: the reserves of operating systems.
const hostsFile = "hosts"

// Engines are read one at a time, when asked for, and kept.
var engineCache struct {
	sync.Mutex
	byID map[string]*engine.Engine
}

var hostRules = sync.OnceValues(func() (*engine.HostRules, error) {
	data, err := engineFiles.ReadFile("engines/" + hostsFile + ".json")
	if err != nil {
		return nil, err
	}
	h := new(engine.HostRules)
	if err := json.Unmarshal(data, h); err != nil {
		return nil, fmt.Errorf("engines/%s.json: %w", hostsFile, err)
	}
	return h, nil
})

// HostReserves returns what operating systems keep of memories for themselves.
func HostReserves() (*engine.HostRules, error) { return hostRules() }

// Engine returns the engine of that name; a miss suggests the nearest.
func Engine(query string) (*engine.Engine, error) {
	engineCache.Lock()
	defer engineCache.Unlock()
	if e, ok := engineCache.byID[query]; ok {
		return e, nil
	}
	e, err := loadEngine(strings.ToLower(query))
	if err == nil {
		return remember(query, e), nil
	}
	if !strings.Contains(err.Error(), fs.ErrNotExist.Error()) {
		return nil, err
	}
	index, err := engineNames()
	if err != nil {
		return nil, err
	}
	id, err := index.Resolve(query)
	if err != nil {
		return nil, err
	}
	if e, err = loadEngine(id); err != nil {
		return nil, err
	}
	return remember(query, e), nil
}

func remember(query string, e *engine.Engine) *engine.Engine {
	if engineCache.byID == nil {
		engineCache.byID = make(map[string]*engine.Engine, 4)
	}
	if known, ok := engineCache.byID[e.ID]; ok {
		e = known
	}
	// Only ids and aliases get here: the map stays small.
	engineCache.byID[e.ID], engineCache.byID[query] = e, e
	return e
}

// Engines returns every engine, by id.
func Engines() ([]*engine.Engine, error) {
	ids, err := engineIDs()
	if err != nil {
		return nil, err
	}
	out := make([]*engine.Engine, 0, len(ids))
	for _, id := range ids {
		e, err := Engine(id)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// loadEngine reads one engine and the one it extends.
func loadEngine(id string) (*engine.Engine, error) {
	if id == hostsFile || strings.ContainsAny(id, `/\`) || !fs.ValidPath("engines/"+id+".json") {
		return nil, fs.ErrNotExist
	}
	data, err := engineFiles.ReadFile("engines/" + id + ".json")
	if err != nil {
		return nil, err
	}
	var head struct {
		Extends string `json:"extends"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("engines/%s.json: %w", id, err)
	}
	var base *engine.Engine
	if head.Extends != "" && head.Extends != id {
		if base, err = loadEngine(head.Extends); err != nil {
			return nil, fmt.Errorf("engines/%s.json: extends %s: %w", id, head.Extends, err)
		}
	}
	e, err := engine.Parse(data, base)
	if err != nil {
		return nil, fmt.Errorf("engines/%s.json: %w", id, err)
	}
	if e.Host, err = hostRules(); err != nil {
		return nil, err
	}
	return e, nil
}

func engineIDs() ([]string, error) {
	files, err := engineFiles.ReadDir("engines")
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, f := range files {
		if id := strings.TrimSuffix(path.Base(f.Name()), ".json"); id != hostsFile {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// engineNames is the index of ids and aliases, made where no id matched.
var engineNames = sync.OnceValues(func() (*names.Index, error) {
	ids, err := engineIDs()
	if err != nil {
		return nil, err
	}
	var entries []names.Entry
	for _, id := range ids {
		data, err := engineFiles.ReadFile("engines/" + id + ".json")
		if err != nil {
			return nil, err
		}
		var head struct {
			Aliases []string `json:"aliases"`
		}
		if err := json.Unmarshal(data, &head); err != nil {
			return nil, fmt.Errorf("engines/%s.json: %w", id, err)
		}
		entries = append(entries, names.Entry{ID: id, Aliases: head.Aliases})
	}
	return names.New("engine", entries), nil
})
