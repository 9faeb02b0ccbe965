package inventory

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// ErrProfile is the error of an input that is no inventory but what plimsoll
// hardware detect writes.
var ErrProfile = errors.New("a hardware profile")

// Read takes in one input. name is what the file is called without its folder
// (a host, in a folder of Ansible facts), or empty. The source is recognised by
// the content unless Options.From names it. Errors are one line, without the
// file's name.
func (b *Builder) Read(name string, r io.Reader) error {
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(4096)
	if err != nil && err != io.EOF {
		return err
	}
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	text := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(text) == 0:
		return errors.New("it is empty")
	case bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")):
		return errors.New("it is UTF-16: write it as UTF-8 (in PowerShell: | Out-File -Encoding utf8)")
	case text[0] == '{' || text[0] == '[' && (len(text) < 2 || text[1] < 'A' || text[1] > 'Z'): // a tool's [WARNING] is text
		in.Discard(bufferedBefore(in, text)) //nolint:errcheck // what was peeked is there
		return b.json(name, in)
	}
	source, read := b.text(string(text))
	switch {
	case read == nil && source != "":
		return errors.New(string(source))
	case read == nil:
		return errors.New("it is no inventory that is known: want Kubernetes, Slurm, Ray, Nomad or Ansible (see plimsoll hardware import --help)")
	}
	if b.From != "" && b.From != source {
		return otherSource(source, b.From)
	}
	return read(in)
}

// otherSource is the error of an input that is of another source than was said.
func otherSource(is, want Source) error { return fmt.Errorf("it is of %s, not of %s", is, want) }

// bufferedBefore is how many bytes stand before text, which is the end of what
// was peeked.
func bufferedBefore(in *bufio.Reader, text []byte) int {
	head, _ := in.Peek(4096)
	return max(len(head)-len(text), 0)
}

// text recognises inputs that are not JSON. Without a reader the source is the
// error.
func (b *Builder) text(head string) (Source, func(io.Reader) error) {
	has := func(s string) bool { return strings.Contains(head, s) }
	first, _, _ := strings.Cut(head, "\n")
	switch words := strings.Fields(first); {
	case strings.HasPrefix(head, "NodeName="):
		return Slurm, b.slurmText
	case has(" | SUCCESS => {") || has(" | UNREACHABLE! => {") || has(" | FAILED! => {") || has(" | CHANGED => {"):
		return Ansible, b.ansibleText
	case has("Autoscaler status:") || has("Node status\n"):
		return Ray, b.rayStatus
	case has("apiVersion: "):
		return "it is YAML: write it as JSON (kubectl get nodes -o json)", nil
	case len(words) > 1 && words[0] == "NAME" && words[1] == "STATUS":
		return "it is kubectl's table, which leaves out what matters: write kubectl get nodes -o json", nil
	case len(words) > 1 && (words[0] == "PARTITION" || words[0] == "NODELIST"):
		return "it is sinfo's table, which leaves out what matters: write scontrol show node --json, or scontrol show node", nil
	case len(words) > 1 && words[0] == "ID" && (has("Datacenter") || has("DC")):
		return "it is Nomad's table, which leaves out what matters: write nomad operator api '/v1/nodes?resources=true'", nil
	}
	return "", nil
}

// json reads a stream of JSON values: one list, or the objects of several nodes
// one after the other.
func (b *Builder) json(name string, r io.Reader) error {
	dec := newStream(r)
	for first := true; ; first = false {
		switch dec.PeekKind() {
		case '{':
			if err := b.object(dec, name); err != nil {
				return jsonError(dec.Decoder, err)
			}
		case '[':
			if err := nodes(dec, func(v *jsontext.Value) error { return b.value(*v, name) }); err != nil {
				return jsonError(dec.Decoder, err)
			}
		default:
			_, err := dec.ReadToken()
			switch {
			case err == io.EOF && !first:
				if b.bare > 0 && b.bare == len(b.Nodes)+len(b.Left)+b.Unselected {
					return errors.New("this list of Nomad nodes tells no resources: write nomad operator api '/v1/nodes?resources=true', or nomad node status -json ID of each")
				}
				return nil
			case err != nil:
				return jsonError(dec.Decoder, err)
			}
			return errors.New("it is no inventory: want JSON objects or a list of them")
		}
	}
}

// object reads an object of the top: lists in it as a stream, what else it has
// as a whole.
func (b *Builder) object(dec stream, name string) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	lists := map[string]struct {
		of   Source
		read func() error
	}{
		"items": {Kubernetes, func() error { return nodes(dec, b.kube) }},
		"nodes": {Slurm, func() error { return nodes(dec, b.slurm) }},
		"sinfo": {Slurm, func() error { return nodes(dec, b.sinfo) }},
	}
	fields := map[string]jsontext.Value{}
	size, streamed := 0, false
	for dec.PeekKind() != '}' {
		t, err := dec.ReadToken()
		if err != nil {
			return err
		}
		key := t.String()
		if list, ok := lists[key]; ok && dec.PeekKind() == '[' {
			if b.From != "" && b.From != list.of {
				return otherSource(list.of, b.From)
			}
			if err := list.read(); err != nil {
				return err
			}
			streamed = true
			continue
		}
		v, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if size += len(key) + len(v) + 64; size > int(maxValue) {
			return errors.New("one object is larger than 4 MiB")
		}
		fields[key] = v.Clone()
	}
	if _, err := dec.ReadToken(); err != nil || streamed {
		return err
	}
	return b.fields(fields, name)
}

// value reads an element of a list at the top.
func (b *Builder) value(v jsontext.Value, name string) error {
	var fields map[string]jsontext.Value
	if v.Kind() != '{' {
		return errors.New("it is no inventory: want a list of objects")
	}
	if err := decode(v, &fields); err != nil {
		return err
	}
	return b.fields(fields, name)
}

// fields recognises an object by its keys and takes it in.
func (b *Builder) fields(fields map[string]jsontext.Value, name string) error {
	has := func(keys ...string) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return fields[k] != nil })
	}
	source := b.From
	switch {
	case has("machine") && has("findings"):
		return ErrProfile
	case has("kind") && has("metadata"):
		source = Kubernetes
	case has("NodeResources", "SchedulingEligibility"):
		source = Nomad
	case has("node_id", "NodeID") || has("result") && has("data"):
		source = Ray
	case has("gres", "real_memory") && has("name"):
		source = Slurm
	case has("ansible_facts", "ansible_processor", "ansible_memtotal_mb", "ansible_architecture"), has("unreachable") && has("msg"):
		source = Ansible
	}
	if b.From != "" && source != b.From {
		return otherSource(source, b.From)
	}
	switch source {
	case Kubernetes:
		return take(fields, b.kube)
	case Slurm:
		return take(fields, b.slurm)
	case Nomad:
		return take(fields, b.nomad)
	case Ansible:
		return b.ansible(name, fields)
	case Ray:
		if has("data") {
			return b.rayAnswer(fields["data"])
		}
		return take(fields, b.ray)
	}
	return errors.New("it is no inventory that is known: want Kubernetes, Slurm, Ray, Nomad or Ansible (see plimsoll hardware import --help)")
}

// take decodes an object of which the fields are known.
func take[T any](fields map[string]jsontext.Value, take func(*T) error) error {
	raw := []byte{'{'}
	for k, v := range fields {
		if len(raw) > 1 {
			raw = append(raw, ',')
		}
		var err error
		if raw, err = jsontext.AppendQuote(raw, k); err != nil {
			return err
		}
		raw = append(append(raw, ':'), v...)
	}
	var v T
	if err := decode(append(raw, '}'), &v); err != nil {
		return err
	}
	return take(&v)
}

// rayAnswer reads what Ray's HTTP interface wraps: a list of nodes
// (/api/v0/nodes) or the dashboard's summary (/nodes?view=summary).
func (b *Builder) rayAnswer(data jsontext.Value) error {
	var d struct {
		Summary []rayHost `json:"summary"`
		Result  struct {
			Result []rayNode `json:"result"`
		} `json:"result"`
	}
	if err := decode(data, &d); err != nil {
		return err
	}
	for i := range d.Summary {
		if err := b.rayHost(&d.Summary[i]); err != nil {
			return err
		}
	}
	for i := range d.Result.Result {
		if err := b.ray(&d.Result.Result[i]); err != nil {
			return err
		}
	}
	return nil
}
