package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cmd/internal/fleet"
	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/render"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	nodelist "github.com/plimsoll/plimsoll/hardware/inventory"
)

// importOptions is what plimsoll hardware import was asked.
type importOptions struct {
	fleet.Options
	files     []string
	from      string
	kubectl   bool
	context   string
	config    string
	timeout   time.Duration
	onlyReady bool
	selectors []string
	output    output
}

// fromProfiles is the value of --from that is no inventory's.
const fromProfiles = "profiles"

func newHardwareImport(a *app) *cobra.Command {
	o := importOptions{}
	cmd := &cobra.Command{
		Use: "import [FILE|DIR|-]...", Short: "Make a profile of a fleet that a scheduler or Ansible knows",
		Long: "Make a cluster profile, which --on reads, of what a scheduler or Ansible knows of a fleet:\n\n" +
			"  kubernetes  kubectl get nodes -o json (get nodes,pods -A -o json tells what is in use)\n" +
			"  slurm       scontrol show node --json, sinfo --json, scontrol show node\n" +
			"  ray         ray list nodes --format json --limit 10000, the dashboard's /nodes?view=summary, ray status -v\n" +
			"  nomad       nomad operator api '/v1/nodes?resources=true', nomad node status -json ID of each\n" +
			"  ansible     ansible all -m setup --tree DIR, a fact cache of JSON files, what ansible -m setup prints\n" +
			"  profiles    a folder of what plimsoll hardware detect -o yaml (or json) wrote on each computer\n\n" +
			"Without FILE it reads standard input; on a terminal it asks kubectl. Like nodes become a pool, which is\n" +
			"named after its node pool, partition or instance type. What the catalogue does not know stays in the\n" +
			"profile with what the inventory says of it. Names of nodes are left out unless --names is given.",
		Example: "  kubectl get nodes -o json | plimsoll hardware import > fleet.yaml\n" +
			"  scontrol show node --json | plimsoll hardware import --selector partition=gpu -o table\n" +
			"  plimsoll hardware import --kubectl --context prod --free --out-file free.yaml\n" +
			"  plimsoll check llama-3.1-70b -q FP8 --on fleet.yaml --engine vllm",
	}
	fs := cmd.Flags()
	fs.StringVar(&o.from, "from", "", "what it is: "+strings.Join(importSources(), ", ")+" (default: recognised by its content)")
	fs.BoolVar(&o.kubectl, "kubectl", false, "ask kubectl for the nodes")
	fs.StringVar(&o.context, "context", "", "kubectl's context (implies --kubectl)")
	fs.StringVar(&o.config, "kubeconfig", "", "kubectl's configuration file (implies --kubectl)")
	fs.DurationVar(&o.timeout, "timeout", time.Minute, "how long kubectl may take")
	fs.StringVar(&o.Network, "network", "", "link between the nodes, by its name in the catalogue (default: as found)")
	fs.BoolVar(&o.onlyReady, "only-ready", true, "leave out nodes that take no work: cordoned, drained, down")
	fs.StringArrayVarP(&o.selectors, "selector", "l", nil, "only nodes with these labels, as key=value,key!=value (slurm: partition, feature, state; nomad: node_pool, class, datacenter)")
	fs.BoolVar(&o.Free, "free", false, "only devices that are not in use")
	fs.BoolVar(&o.CPUNodes, "cpu-nodes", false, "nodes without accelerators, too")
	fs.BoolVar(&o.Names, "names", false, "name the nodes in the result")
	fs.StringVarP(&o.output.form, "output", "o", "yaml", "yaml (the profile), json or table")
	fs.StringVar(&o.output.file, "out-file", "", "write the result to a file")
	fs.BoolVar(&o.output.noColor, "no-color", false, "no colours (as with NO_COLOR)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.files = args
		o.kubectl = o.kubectl || o.context != "" || o.config != ""
		return a.importFleet(cmd.Context(), &o)
	}
	return cmd
}

func importSources() []string {
	var out []string
	for _, s := range nodelist.Sources {
		out = append(out, string(s))
	}
	return append(out, fromProfiles)
}

// importFleet reads the inventory and writes the profile.
func (a *app) importFleet(ctx context.Context, o *importOptions) error {
	if err := oneOf("output", o.output.form, "yaml", "json", "table"); err != nil {
		return err
	}
	if o.from != "" {
		if err := oneOf("from", o.from, importSources()...); err != nil {
			return err
		}
	}
	switch {
	case o.kubectl && len(o.files) > 0:
		return problem.Wrong(problem.Contradiction, "a file is given and kubectl is to be asked", "--kubectl", "leave out either")
	case o.kubectl && o.from != "" && o.from != string(nodelist.Kubernetes):
		return problem.Wrong(problem.Contradiction, "kubectl knows no "+o.from, "--from", "leave out either")
	case o.timeout <= 0:
		return problem.Wrong(problem.BadValue, "the time for kubectl is not above 0", "--timeout", "write it as 30s")
	}
	in := importReader{app: a, builder: nodelist.Builder{Options: nodelist.Options{NotReady: !o.onlyReady}}, from: o.from}
	if o.from != fromProfiles {
		in.builder.From = nodelist.Source(o.from)
	}
	for _, text := range o.selectors {
		s, err := nodelist.ParseSelector(text)
		if err != nil {
			return problem.Wrong(problem.BadValue, err.Error(), "--selector", "")
		}
		in.builder.Selector = append(in.builder.Selector, s...)
	}
	if err := in.all(ctx, o); err != nil {
		return err
	}
	input := fleet.Input{Profiles: in.profiles, Left: in.left}
	if in.inventories > 0 || len(in.profiles) == 0 {
		inv, err := in.builder.Finish()
		if err != nil && len(in.profiles) == 0 {
			return problem.Wrong(problem.BadFile, err.Error(), in.where, in.whyNone())
		}
		input.Inventory = inv
	}
	r, err := fleet.Build(&input, o.Options)
	if err != nil {
		return err
	}
	for _, line := range r.Said {
		fmt.Fprintf(a.Stderr, "plimsoll: %s\n", line)
	}
	doc := &report.Fleet{Schema: report.FleetSchema, SchemaVersion: report.SchemaVersion, ToolVersion: toolVersion(), DataVersion: a.Facts.DataVersion(),
		Inputs: report.FleetInputs{From: strings.ToLower(r.Source), OnlyReady: o.onlyReady, Selector: strings.Join(o.selectors, ","), Network: o.Network, Free: o.Free, CPUNodes: o.CPUNodes, Names: o.Names},
		Result: r.FleetResult, Assumptions: r.Assumptions, Warnings: r.Warnings}
	if o.output.form == "yaml" { // the other forms have them
		for _, w := range r.Warnings {
			fmt.Fprintf(a.Stderr, "plimsoll: %s\n", problem.OneLine(w.Message))
		}
	}
	return a.writeReport(&o.output, func(w io.Writer, s render.Style, _ int) error {
		switch o.output.form {
		case "json":
			return writeJSON(w, doc)
		case "table":
			return writeFleet(w, doc, s)
		}
		_, err := io.WriteString(w, doc.Result.Profile)
		return err
	})
}
