package inventory

import (
	"errors"
	"fmt"
	"slices"
)

// Options says which nodes are wanted.
type Options struct {
	// From is what the input is; empty: it is recognised by its content.
	From Source
	// NotReady keeps nodes that take no work as they are.
	NotReady bool
	Selector Selector
}

// Builder collects an inventory from one input after the other. Its zero value
// is ready.
type Builder struct {
	Options
	Inventory
	// at finds a node by its name where a source lists one several times (-1:
	// it was left out), listed is how many entries such lists had.
	at     map[string]int
	listed int
	bare   int // Nomad nodes without resources
	// used is what the pods of a Kubernetes node ask for, by resource, and
	// resourced which resources count its accelerators.
	used      map[string]map[string]int64
	resourced map[string][]counted
}

var errTooMany = fmt.Errorf("more than %d nodes: select fewer (--selector)", MaxNodes)

// from notes a source.
func (b *Builder) from(s Source) {
	if !slices.Contains(b.Sources, s) {
		b.Sources = append(b.Sources, s)
	}
}

// add takes a node, or leaves it out; labels are what a selector sees.
func (b *Builder) add(n Node, labels func(key string) []string) error {
	switch {
	case len(b.Nodes)+len(b.Left) >= MaxNodes:
		return errTooMany
	case !b.Selector.matches(labels):
		b.Unselected++
		return nil
	case n.NotReady != "" && !b.NotReady:
		b.Left = append(b.Left, Left{n.Name, n.NotReady, n.Detail})
		return nil
	}
	b.Nodes = append(b.Nodes, n)
	return nil
}

// Finish completes what only the end of all inputs tells, and returns the
// inventory. It is an error if nothing was found.
func (b *Builder) Finish() (*Inventory, error) {
	b.spendPods()
	if len(b.Nodes)+len(b.Left)+b.Unselected == 0 {
		return nil, errors.New("no node is in it")
	}
	return &b.Inventory, nil
}

// pick returns a function of labels for Builder.add that looks in a map.
func pick(labels map[string]string) func(string) []string {
	return func(key string) []string {
		if v, ok := labels[key]; ok {
			return []string{v}
		}
		return nil
	}
}

// devices bounds a number of devices that an input gives.
func devices(n int64) int { return int(min(max(n, 0), maxDevices)) }
