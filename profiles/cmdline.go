package profiles

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"
)

// One table for each engine whose command lines are understood, named by the
// engine's id, and what belongs to no engine: shell.json (programs that start
// others, options of container tools) and deploy.json (names of resources,
// margins). To teach a flag add an entry to its engine's table, no Go.
//
//go:embed cmdline/*.json
var cmdlineFiles embed.FS

// Files of cmdline that are no engine's.
const (
	shellFile  = "shell"
	deployFile = "deploy"
)

// CommandTable says what each flag, environment variable and configuration key
// of one engine means here, and how the engine is deployed.
type CommandTable struct {
	Engine string   `json:"engine"` // id in engines/
	Source []string `json:"source"`
	// Abbreviations: a prefix of one flag stands for it (argparse). Negations:
	// "--no-x" and "--disable-x" switch "--x" and "--enable-x" off.
	Abbreviations bool `json:"abbreviations"`
	Negations     bool `json:"negations"`
	// EnvPrefixes begin the names of the engine's own environment variables.
	EnvPrefixes []string         `json:"env_prefixes"`
	Releases    []CommandRelease `json:"releases"` // oldest first
	Flags       []CommandFlag    `json:"flags"`
	// NotModelled and NoEffect list the flags that are known and not read.
	NotModelled []CommandGroup   `json:"not_modelled"`
	NoEffect    []CommandGroup   `json:"no_effect"`
	Defaults    []CommandDefault `json:"defaults"`
	Derive      []CommandRule    `json:"derive"`
	Lacks       []CommandLack    `json:"lacks"`
	Serve       *CommandServe    `json:"serve"`
}

// CommandProgram is one program of an engine, or one subcommand.
type CommandProgram struct {
	ID     string   `json:"id"`
	Engine string   `json:"engine"`
	Words  []string `json:"words"` // executable and subcommand
	// Module is what "python -m" runs.
	Module string `json:"module"`
	// Path: the name alone is too common; it counts only with a directory before it.
	Path bool `json:"path"`
	// Positional names the arguments without a dash, in order: model, or anything
	// else for those that are skipped. The last stands for all that follow.
	Positional []string `json:"positional"`
}

// CommandImage is a container image: its names, by the end of the reference,
// and the program that its entry point is ("" where the arguments name one).
type CommandImage struct {
	Name    string `json:"name"`
	Engine  string `json:"engine"`
	Tag     string `json:"tag"` // what the tag begins with; "" for any
	Program string `json:"program"`
}

// CommandRelease dates a version, for tags of images.
type CommandRelease struct {
	Version string `json:"version"`
	Month   string `json:"month"`
}

// CommandFlag is a setting that the estimate takes over.
type CommandFlag struct {
	Flags []string `json:"flags"` // spellings, the one that is written first
	Env   []string `json:"env"`
	Keys  []string `json:"keys"` // of configuration files
	// Parameters are the names in an ollama Modelfile.
	Parameters []string `json:"parameters"`
	Programs   []string `json:"programs"` // ids; empty for all
	// Arity is switch, one (the default), maybe (a value may follow) or many.
	Arity string `json:"arity"`
	// Type says how a value is read: text (the default), count, human (1k =
	// 1000, 1K = 1024), number, bool, not (the opposite of a bool), devices (a
	// list, counted), shares, experts, file, hub, tag.
	Type  string `json:"type"`
	First bool   `json:"first"` // of a comma-separated list only the first is taken
	// Field is the scenario's field. Also are further fields that take the value.
	Field string   `json:"field"`
	Also  []string `json:"also"`
	// Set are fields that the flag sets by its presence; Values maps a value to
	// the fields that it sets (none: it says what is so anyway); Other is why
	// values outside of Values are not modelled ("" if they are read by Type).
	Set    map[string]string            `json:"set"`
	Values map[string]map[string]string `json:"values"`
	Other  string                       `json:"other"`
	Note   string                       `json:"note"`
	// Emit maps a field's value to the flag's where they differ and lists all
	// that can be written; ReadOnly flags are never written.
	Emit     map[string]string `json:"emit"`
	ReadOnly bool              `json:"read_only"`
}

// CommandGroup lists flags that share a fate: Why.
type CommandGroup struct {
	Why        string   `json:"why"`
	Programs   []string `json:"programs"`
	Switches   []string `json:"switches"`
	Values     []string `json:"values"` // flags with one value
	Maybe      []string `json:"maybe"`
	Lists      []string `json:"lists"`
	Env        []string `json:"env"`
	Keys       []string `json:"keys"` // a key also stands for all below it
	Parameters []string `json:"parameters"`
}

// CommandDefault is a setting that the engine takes by itself where the
// estimate would take another.
type CommandDefault struct {
	Field    string   `json:"field"`
	Value    string   `json:"value"`
	Programs []string `json:"programs"`
	// Since and Before bound the month of the build; an unknown month is the newest.
	Since  string   `json:"since"`
	Before string   `json:"before"`
	If     []string `json:"if"`
	Note   string   `json:"note"`
	Source string   `json:"source"`
}

// CommandRule works fields out from others once all flags are read, and back
// when a command is written. Conditions are "field" (set), "!field",
// "field>number" and "field=value".
type CommandRule struct {
	Programs []string        `json:"programs"`
	If       []string        `json:"if"`
	Set      []CommandAssign `json:"set"`
	Note     string          `json:"note"`
	Emit     *CommandRule    `json:"emit"`
}

// CommandLack is something that a command leaves open, and what to do about it.
type CommandLack struct {
	If  []string `json:"if"`
	Why string   `json:"why"`
}

// CommandAssign sets a field: to Value, or to the product, quotient, sum or
// maximum of fields.
type CommandAssign struct {
	Field    string   `json:"field"`
	Value    string   `json:"value"`
	Clear    bool     `json:"clear"`
	Product  []string `json:"product"`
	Quotient []string `json:"quotient"`
	Sum      []string `json:"sum"`
	Max      []string `json:"max"`
}

// CommandServe is what a deployment in containers needs.
type CommandServe struct {
	Program    string            `json:"program"` // id of the program that is written
	Entrypoint []string          `json:"entrypoint"`
	Args       []string          `json:"args"`   // written before the settings: host and port
	Images     map[string]string `json:"images"` // by backend; {version} is the release's
	Port       int               `json:"port"`
	Health     string            `json:"health"` // path that answers once the model is loaded
	// Weights is hub (the program fetches them into Cache), file (a GGUF file is
	// mounted) or pull (the program keeps its own store in Cache).
	Weights string `json:"weights"`
	Cache   string `json:"cache"`
	// CacheEnv is the variable that names the folder of fetched files, where the
	// program does not use Cache by itself.
	CacheEnv string  `json:"cache_env"`
	ShmGiB   float64 `json:"shm_gib"`
	// OnLoad are the weight formats that the program makes itself from a 16-bit
	// checkpoint; every other format needs a checkpoint of its own.
	OnLoad []string `json:"on_load"`
	Notes  []string `json:"notes"` // comments
}

// ShellTable names the programs and images of all engines, and what may stand
// around an engine's command.
type ShellTable struct {
	Programs []CommandProgram `json:"programs"`
	Images   []CommandImage   `json:"images"`
	// Entries are first arguments of images with several programs.
	Entries map[string]string `json:"entries"`
	// Wrappers start the command that follows them; Shells run the text after -c.
	Wrappers []string `json:"wrappers"`
	Shells   []string `json:"shells"`
	// Containers run an image; their options come before it.
	Containers []string `json:"containers"`
	Switches   []string `json:"switches"`
	Values     []string `json:"values"`
	// NotModelled are options that bound the container, with the flag to give instead.
	NotModelled map[string]string `json:"not_modelled"`
	// Devices are environment variables that choose accelerators; NoEffect are
	// harmless ones.
	Devices  []string `json:"devices"`
	NoEffect []string `json:"no_effect"`
	Source   []string `json:"source"`
}

// DeployTable holds what container platforms call things, and margins.
type DeployTable struct {
	Vendors map[string]DeployVendor `json:"vendors"`
	// HostMargin is added to the host memory of the estimate, as a share.
	HostMargin float64 `json:"host_margin"`
	// HostLeastGiB is the least memory asked for; CPUs are asked for per
	// deployment and per device.
	HostLeastGiB float64  `json:"host_least_gib"`
	CPUs         int      `json:"cpus"`
	CPUsPerDev   int      `json:"cpus_per_device"`
	StoreMargin  float64  `json:"store_margin"` // added to the weights for their volume
	Source       []string `json:"source"`
}

// DeployVendor is how devices of one vendor are asked for.
type DeployVendor struct {
	Resource string   `json:"resource"` // of Kubernetes
	Driver   string   `json:"driver"`   // of Compose's device reservations; "" where devices are passed
	Devices  []string `json:"devices"`
	Groups   []string `json:"groups"`
	Visible  string   `json:"visible"` // the variable that chooses devices
}

var commandCache struct {
	sync.Mutex
	byEngine map[string]*CommandTable
}

// CommandLines returns the table of an engine's command lines; nil where its
// commands are not known.
func CommandLines(engine string) (*CommandTable, error) {
	commandCache.Lock()
	defer commandCache.Unlock()
	if t, ok := commandCache.byEngine[engine]; ok {
		return t, nil
	}
	t := new(CommandTable)
	if err := cmdlineJSON(engine, t); err != nil {
		if engine == shellFile || engine == deployFile || strings.Contains(err.Error(), fs.ErrNotExist.Error()) {
			return nil, nil
		}
		return nil, err
	}
	if commandCache.byEngine == nil {
		commandCache.byEngine = map[string]*CommandTable{}
	}
	commandCache.byEngine[engine] = t
	return t, nil
}

// CommandEngines lists the engines whose command lines are known.
func CommandEngines() ([]string, error) {
	files, err := cmdlineFiles.ReadDir("cmdline")
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, f := range files {
		if id := strings.TrimSuffix(path.Base(f.Name()), ".json"); id != shellFile && id != deployFile {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// Shell returns what may stand around an engine's command.
var Shell = sync.OnceValues(func() (*ShellTable, error) {
	t := new(ShellTable)
	return t, cmdlineJSON(shellFile, t)
})

// Deploy returns the names and margins of container platforms.
var Deploy = sync.OnceValues(func() (*DeployTable, error) {
	t := new(DeployTable)
	return t, cmdlineJSON(deployFile, t)
})

func cmdlineJSON(name string, into any) error {
	if strings.ContainsAny(name, `/\`) || !fs.ValidPath(name) {
		return fs.ErrNotExist
	}
	data, err := cmdlineFiles.ReadFile("cmdline/" + name + ".json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("cmdline/%s.json: %w", name, err)
	}
	return nil
}
