package cmdline

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll/plimsoll/profiles"
)

var errNoFiles = errors.New("no files here")

// entry reads the value of a flag, variable, key or parameter.
func (p *parser) entry(name string, e entry, value string) error {
	switch {
	case e.group != nil && e.noEffect:
		p.noEffect(name)
		return nil
	case e.group != nil:
		p.left(name, e.group.Why)
		return nil
	}
	f := e.flag
	if e.arity == noValue {
		if on, ok := boolOf(value); ok && !on && f.Field == "" && f.Values == nil {
			p.noEffect(name) // a preset that is switched off
			return nil
		}
	}
	if f.First {
		first, _, more := strings.Cut(value, ",")
		if more {
			p.left(name, "a list: only its first value is estimated, plimsoll sweep takes them all")
		}
		value = first
	}
	if strings.Contains(value, unknown) {
		p.left(name, "its value comes from the shell that runs the command: give it beside the command")
		return nil
	}
	if set, ok := choice(f.Values, value); ok {
		p.chosen(name, f, set)
		return nil
	}
	return p.typed(name, f, value)
}

// choice finds a value among the known ones, in any case.
func choice(values map[string]map[string]string, value string) (map[string]string, bool) {
	if set, ok := values[value]; ok {
		return set, true
	}
	set, ok := values[strings.ToLower(value)]
	return set, ok
}

// chosen applies what a known value stands for.
func (p *parser) chosen(name string, f *profiles.CommandFlag, set map[string]string) {
	switch {
	case set == nil:
		p.left(name, f.Other)
	case len(set) == 0:
		p.noEffect(name)
	}
	p.sets(name, set, f.Note)
}

func (p *parser) sets(name string, set map[string]string, note string) {
	fields := make([]string, 0, len(set))
	for field := range set {
		fields = append(fields, field)
	}
	slices.Sort(fields)
	for _, field := range fields {
		if field == "model" {
			p.named(name, kindHub, set[field])
			continue
		}
		p.read(name, field, set[field], note)
	}
}

// typed reads a value by its type.
func (p *parser) typed(name string, f *profiles.CommandFlag, value string) error {
	switch f.Type {
	case "":
		switch {
		case f.Values == nil:
		case f.Other != "":
			p.left(name, f.Other)
			return nil
		default:
			return badValue(name, value, "one of "+strings.Join(slices.Sorted(maps.Keys(f.Values)), ", "))
		}
	case "text":
	case "count":
		if !isCount(value) {
			return badValue(name, value, "a whole number")
		}
		value = strings.TrimLeft(value, "0")
		if value == "" {
			value = "0"
		}
	case "human":
		n, ok := humanInt(value)
		if !ok {
			return badValue(name, value, "a whole number, or one such as 32k")
		}
		value = strconv.FormatInt(n, 10)
	case "number":
		v, err := strconv.ParseFloat(value, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return badValue(name, value, "a number")
		}
	case "bool", "not":
		on, ok := boolOf(value)
		if !ok {
			return badValue(name, value, "on or off")
		}
		value = strconv.FormatBool(on != (f.Type == "not"))
	case "devices":
		p.devices(name, value)
		return nil
	case "shares":
		return p.shares(name, f, value)
	case "experts":
		p.experts = append(p.experts, value)
		p.origin[markExperts] = name
		return nil
	case kindFile, kindHub, kindTag:
		switch f.Field {
		case "model":
			p.named(name, f.Type, value)
		case markFile:
			p.read(name, markFile, value, "")
		default: // of no use where it is not
			if at := p.outside(value); p.exists(at) {
				p.read(name, f.Field, at, f.Note)
			} else {
				p.left(name, "the file is not here: what it takes of memory and time is not counted")
			}
		}
		return nil
	}
	if f.Field != "" {
		p.read(name, f.Field, value, f.Note)
	}
	for _, field := range f.Also {
		p.read(name, field, value, f.Note)
	}
	p.sets(name, f.Set, f.Note)
	return nil
}

// isCount accepts decimal digits of a size that any count has.
func isCount(s string) bool {
	if s == "" || len(s) > 12 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// boolOf reads a switch's value.
func boolOf(s string) (on, ok bool) {
	switch strings.ToLower(s) {
	case "true", "on", "1", "yes", "enabled", "enable":
		return true, true
	case "false", "off", "0", "no", "disabled", "disable":
		return false, true
	}
	return false, false
}

// humanInt reads vLLM's numbers: 32k is 32 000, 32K is 32 768 (vLLM:
// utils/argparse_utils.py, human_readable_int).
func humanInt(s string) (int64, bool) {
	if isCount(s) {
		n, err := strconv.ParseInt(s, 10, 64)
		return n, err == nil
	}
	if s == "" {
		return 0, false
	}
	decimal := map[byte]float64{'k': 1e3, 'm': 1e6, 'g': 1e9, 't': 1e12}
	binary := map[byte]float64{'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'T': 1 << 40}
	number, unit := s[:len(s)-1], s[len(s)-1]
	if scale, ok := binary[unit]; ok && isCount(number) {
		n, err := strconv.ParseFloat(number, 64)
		return whole(n*scale, err)
	}
	if scale, ok := decimal[unit]; ok && number != "" && number[0] >= '0' && number[0] <= '9' {
		n, err := strconv.ParseFloat(number, 64)
		return whole(n*scale, err)
	}
	return 0, false
}

// whole cuts a number to an integer within any count's bounds.
func whole(f float64, err error) (int64, bool) {
	if err != nil || !(f >= 0 && f < 1e15) {
		return 0, false
	}
	return int64(f), true
}

// devices counts a list of devices; none of them leaves the work to the CPU.
func (p *parser) devices(name, value string) {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "", "-1", "none", "void", "nodevfiles":
		p.read(name, "gpu_layers", "0", "no accelerator is visible")
		return
	case "all", "auto":
		p.noEffect(name)
		return
	}
	if strings.Contains(value, unknown) {
		p.left(name, "its value comes from the shell that runs the command: give it beside the command")
		return
	}
	n := len(strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == '/' || r == ' ' }))
	p.read(name, "devices", strconv.Itoa(n), "")
}

// shares reads the parts that devices take: equal ones are what is modelled.
func (p *parser) shares(name string, f *profiles.CommandFlag, value string) error {
	parts := strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == '/' || r == ';' })
	even := true
	for _, s := range parts {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return badValue(name, value, "a list of numbers")
		}
		first, _ := strconv.ParseFloat(parts[0], 64)
		even = even && v == first
	}
	if even {
		p.noEffect(name)
		return nil
	}
	p.left(name, f.Other)
	return nil
}
