package inventory

import (
	"bufio"
	"io"
	"strings"
)

// maxLine bounds a line of text input.
const maxLine = 1 << 20

// slurmText reads what scontrol show node prints, on one line for each node
// (-o) or on several.
func (b *Builder) slurmText(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	fields := map[string]string{}
	flush := func() error {
		if fields["NodeName"] == "" {
			return nil
		}
		s := slurmNode{Name: word(fields["NodeName"]), State: words{fields["State"]}, Reason: word(fields["Reason"]), Partitions: commas(fields["Partitions"]),
			Features: commas(fields["AvailableFeatures"]), Active: commas(fields["ActiveFeatures"]), Gres: word(fields["Gres"]), GresUsed: word(fields["GresUsed"]),
			TRES: word(fields["CfgTRES"]), TRESUsed: word(fields["AllocTRES"]), Memory: amount(quantity(fields["RealMemory"])), CPUs: amount(quantity(fields["CPUTot"])),
			Sockets: amount(quantity(fields["Sockets"])), Cores: amount(quantity(fields["CoresPerSocket"])), Architecture: word(fields["Arch"]), OS: word(fields["OS"]),
			Instance: word(fields["InstanceType"])}
		fields = map[string]string{}
		return b.slurm(&s)
	}
	last := ""
	for lines.Scan() {
		for token := range strings.FieldsSeq(lines.Text()) {
			key, value, ok := strings.Cut(token, "=")
			switch {
			case ok && fieldName(key):
				if key == "NodeName" {
					if err := flush(); err != nil {
						return err
					}
				}
				if _, twice := fields[key]; !twice {
					fields[key] = value
				}
				last = key
			case last != "" && len(fields[last]) < 4096: // the value goes on after a blank
				fields[last] += " " + token
			}
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return flush()
}

// fieldName says whether a token begins a field of scontrol's.
func fieldName(s string) bool {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	return strings.IndexFunc(s, func(c rune) bool { return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' }) < 0
}
