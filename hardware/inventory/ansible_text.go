package inventory

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// ansibleText reads what ansible -m setup prints: "host | SUCCESS => {…}" for
// each host, or what went wrong there in the same form.
func (b *Builder) ansibleText(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), int(maxValue))
	var text strings.Builder
	host, read := "", int64(0)
	flush := func() error {
		if host == "" {
			return nil
		}
		var fields map[string]jsontext.Value
		if err := decode(jsontext.Value(text.String()), &fields); err != nil {
			return fmt.Errorf("the facts of a host (%.80q) are not valid JSON", host)
		}
		return b.ansible(host, fields)
	}
	for lines.Scan() {
		line := lines.Text()
		if next, rest, begins := ansibleHost(line); begins {
			if err := flush(); err != nil {
				return err
			}
			host, line = next, rest
			text.Reset()
		}
		read += int64(len(line))
		if text.Len()+len(line) > int(maxValue) || read > maxInput {
			return errors.New("the facts of one host take more than 4 MiB, or all more than 4 GiB")
		}
		text.WriteString(line)
		text.WriteByte('\n')
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return flush()
}

// ansibleHost reads the line with which the answer of a host begins.
func ansibleHost(line string) (host, rest string, ok bool) {
	head, rest, ok := strings.Cut(line, " => ")
	if !ok {
		return "", "", false
	}
	host, state, ok := strings.Cut(head, " | ")
	word, _, _ := strings.Cut(state, " ")
	switch strings.TrimRight(word, "!") {
	case "SUCCESS", "CHANGED", "UNREACHABLE", "FAILED":
		return strings.TrimSpace(host), rest, ok
	}
	return "", "", false
}
