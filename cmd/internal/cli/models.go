package cli

import (
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator/model"
	"github.com/plimsoll/plimsoll/profiles"
)

func newModels(a *app) *cobra.Command {
	return group("models", "The catalogue of models, and what a model file holds", newModelsList(a), newModelsShow(a), newModelsInspect(a))
}

func newModelsList(a *app) *cobra.Command {
	var class, family, output string
	cmd := &cobra.Command{
		Use: "list [TEXT]", Short: "List the models of the catalogue",
		Example: "  plimsoll models list qwen3\n  plimsoll models list --class moe -o csv\n  plimsoll models list --class text-to-image",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("output", output, "table", "json", "jsonl", "csv"); err != nil {
				return err
			}
			all, err := a.allModels()
			if err != nil {
				return err
			}
			var chosen []profiles.ModelEntry
			l := &listing{header: []string{"id", "parameters", "active", "max context", "class", "family", "released", "name"},
				right: []bool{false, true, true, true, false, false, false, false}}
			for _, m := range all {
				if class != "" && !strings.EqualFold(m.Class, class) || family != "" && !strings.EqualFold(m.Family, family) ||
					!matches(strings.Join(args, " "), m.ID, m.Name, strings.Join(m.Aliases, " ")) {
					continue
				}
				chosen = append(chosen, m)
				active := m.ParamsActive
				if active == 0 {
					active = m.ParamsTotal
				}
				l.rows = append(l.rows, []string{m.ID, parameters(m.ParamsTotal), parameters(active), tokens(m.MaxContext), m.Class, m.Family, m.Released, m.Name})
			}
			return writeListing(a, output, chosen, l)
		},
	}
	cmd.Flags().StringVar(&class, "class", "", "only this class: llm, moe, multimodal, embedding, text-to-image, text-to-video, speech-recognition, speech-synthesis or speech-denoising")
	cmd.Flags().StringVar(&family, "family", "", "only this family")
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table, json, jsonl or csv")
	return cmd
}

// parameters prints a count of parameters: 8.03B.
func parameters(n int64) string {
	switch {
	case n <= 0:
		return ""
	case n >= 1e9:
		return units.Number(float64(n)/1e9) + "B"
	}
	return units.Number(float64(n)/1e6) + "M"
}

func tokens(n int) string {
	if n == 0 {
		return ""
	}
	return units.Thousands(int64(n))
}

func newModelsShow(a *app) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "show MODEL", Short: "Show what is known of one model, and from where",
		Args: oneArg("model", "plimsoll models show llama-3.1-8b"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("output", output, "table", "json"); err != nil {
				return err
			}
			if p, err := a.pipelineNamed(args[0]); err != nil {
				return err
			} else if p != nil && output == "json" {
				return writeJSON(a.out, p)
			} else if p != nil {
				return a.showPipeline(p)
			}
			m, err := a.model(args[0])
			if err != nil {
				return err
			}
			if output == "json" {
				return writeJSON(a.out, &m.Arch)
			}
			a.showModel(m)
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return cmd
}

func (a *app) model(query string) (*model.Model, error) {
	return scenario.NewResolver(scenario.NewStore(a.Facts)).Model(query)
}

// field prints one named fact when there is one.
func (a *app) field(name, value string) {
	if value != "" && value != "0" {
		fmt.Fprintf(a.out, "%-16s %s\n", name, problem.OneLine(value))
	}
}

func (a *app) showModel(m *model.Model) {
	r := &m.Arch
	a.field("id", r.ID)
	a.field("name", r.Name)
	a.field("aliases", strings.Join(r.Aliases, ", "))
	a.field("family", r.Family)
	a.field("class", r.Class)
	a.field("repository", r.HFRepo)
	a.field("licence", r.License)
	a.field("released", r.Released)
	a.field("parameters", parameters(r.ParamsTotal))
	if r.ParamsActive != 0 && r.ParamsActive != r.ParamsTotal {
		a.field("active", parameters(r.ParamsActive))
	}
	a.field("layers", fmt.Sprint(len(m.Layers)))
	a.field("hidden size", fmt.Sprint(r.HiddenSize))
	a.field("feed-forward", fmt.Sprint(r.IntermediateSize))
	a.field("attention", strings.TrimSpace(fmt.Sprintf("%s, %d heads, %d KV heads of %d", r.Attention, r.Heads, r.KVHeads, r.HeadDim)))
	if r.SlidingWindow > 0 {
		a.field("window", units.Thousands(int64(r.SlidingWindow))+" tokens")
	}
	if r.MoE != nil {
		a.field("experts", fmt.Sprintf("%d, %d per token, %d shared, width %d", r.MoE.Experts, r.MoE.ExpertsPerToken, r.MoE.SharedExperts, r.MoE.IntermediateSize))
	}
	if r.MLA != nil {
		a.field("latent", fmt.Sprintf("%d + %d per token and layer", r.MLA.KVLoraRank, r.MLA.RopeDim))
	}
	if r.SSM != nil {
		a.field("recurrent", fmt.Sprintf("%s in %d layers, attention in %d", r.SSM.Kind, r.SSM.RecurrentLayers, r.SSM.AttentionLayers))
	}
	a.field("vocabulary", units.Thousands(int64(r.VocabSize)))
	a.field("max context", tokens(r.MaxContext))
	a.field("native type", r.NativeDType)
	a.field("file format", m.FileFormat)
	a.field("note", r.Note)
	for _, s := range r.Source {
		a.field("source", s)
	}
	a.assumed(r.Assumed)
	for _, s := range m.Assumptions {
		a.field("assumed", s)
	}
}

// assumed prints which facts are assumed and why, in a stable order.
func (a *app) assumed(facts map[string]string) {
	names := make([]string, 0, len(facts))
	for n := range facts {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		a.field("assumed", n+": "+facts[n])
	}
}

// inventory is what inspect reports of a file.
type inventory struct {
	File     string              `json:"file"`
	Format   string              `json:"format"`
	Tensors  int                 `json:"tensors"`
	Elements int64               `json:"elements"`
	Bytes    int64               `json:"bytes"` // 0: the source gives no sizes
	ByRole   []inventoryRow      `json:"by_role"`
	ByType   []inventoryRow      `json:"by_type"`
	All      []tensorRow         `json:"all,omitempty"`
	Model    *model.Architecture `json:"model"`
	Assumed  []string            `json:"assumptions"`
}

type inventoryRow struct {
	Name     string `json:"name"`
	Tensors  int    `json:"tensors"`
	Elements int64  `json:"elements"`
	Bytes    int64  `json:"bytes"`
}

type tensorRow struct {
	Name     string `json:"name"`
	Role     string `json:"role"`
	Layer    int    `json:"layer"`
	Type     string `json:"type"`
	Elements int64  `json:"elements"`
	Bytes    int64  `json:"bytes"`
}

func newModelsInspect(a *app) *cobra.Command {
	var output string
	var all bool
	cmd := &cobra.Command{
		Use: "inspect FILE", Short: "Show what a model file holds: tensors by role and by type",
		Args: oneArg("file", "plimsoll models inspect model.gguf"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("output", output, "table", "json"); err != nil {
				return err
			}
			if _, err := os.Stat(args[0]); err != nil {
				return problem.Wrong(problem.BadFile, "no such model file", fmt.Sprintf("%.200q", args[0]), "give a GGUF or safetensors file, a folder, or a config.json; models show serves the catalogue")
			}
			m, err := a.model(args[0])
			if err != nil {
				return err
			}
			inv := inspect(args[0], m, all)
			if output == "json" {
				return writeJSON(a.out, inv)
			}
			a.showModel(m)
			fmt.Fprintf(a.out, "\n%d tensors, %s elements", inv.Tensors, units.Thousands(inv.Elements))
			if inv.Bytes > 0 {
				fmt.Fprintf(a.out, ", %s bytes (%s GiB)", units.Thousands(inv.Bytes), units.GiB(float64(inv.Bytes)))
			}
			fmt.Fprintln(a.out)
			a.inventoryTable("role", inv.ByRole)
			if len(inv.ByType) > 1 || inv.Bytes > 0 {
				a.inventoryTable("type", inv.ByType)
			}
			if all {
				l := &listing{header: []string{"tensor", "elements", "bytes", "type", "role"}, right: []bool{false, true, true, false, false}}
				for _, t := range inv.All {
					l.rows = append(l.rows, []string{problem.OneLine(t.Name), units.Thousands(t.Elements), units.Thousands(t.Bytes), t.Type, t.Role})
				}
				fmt.Fprintln(a.out)
				l.write(a.out, 0)
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	cmd.Flags().BoolVar(&all, "all", false, "list every tensor")
	return cmd
}

func (a *app) inventoryTable(by string, rows []inventoryRow) {
	l := &listing{header: []string{by, "tensors", "elements", "GiB"}, right: []bool{false, true, true, true}}
	for _, r := range rows {
		gib := ""
		if r.Bytes > 0 {
			gib = units.GiB(float64(r.Bytes))
		}
		l.rows = append(l.rows, []string{problem.OneLine(r.Name), units.Thousands(int64(r.Tensors)), units.Thousands(r.Elements), gib})
	}
	fmt.Fprintln(a.out)
	l.write(a.out, 0)
}

// inspect counts the tensors of a model by role and by type, largest first.
func inspect(file string, m *model.Model, all bool) *inventory {
	inv := &inventory{File: file, Format: m.FileFormat, Tensors: len(m.Tensors), Model: &m.Arch, Assumed: m.Assumptions}
	if inv.Assumed == nil {
		inv.Assumed = []string{}
	}
	roles, types := map[string]*inventoryRow{}, map[string]*inventoryRow{}
	count := func(rows map[string]*inventoryRow, name string, t *model.Tensor) {
		r := rows[name]
		if r == nil {
			r = &inventoryRow{Name: name}
			rows[name] = r
		}
		r.Tensors++
		r.Elements += t.Elements
		r.Bytes += t.Bytes
	}
	for i := range m.Tensors {
		t := &m.Tensors[i]
		inv.Elements += t.Elements
		inv.Bytes += t.Bytes
		count(roles, string(t.Role), t)
		name := t.Type
		if name == "" {
			name = "unknown"
		}
		count(types, name, t)
		if all {
			inv.All = append(inv.All, tensorRow{t.Name, string(t.Role), t.Layer, t.Type, t.Elements, t.Bytes})
		}
	}
	inv.ByRole, inv.ByType = sorted(roles), sorted(types)
	return inv
}

func sorted(rows map[string]*inventoryRow) []inventoryRow {
	out := make([]inventoryRow, 0, len(rows))
	for _, r := range rows {
		out = append(out, *r)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Elements != out[j].Elements {
			return out[i].Elements > out[j].Elements
		}
		return out[i].Name < out[j].Name
	})
	return out
}
