package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
)

// firstLine bounds how far into its input a sweep looks for its first line.
const firstLine = 64 << 10

// chooseColumns settles the columns of a CSV before its first row is known:
// those of pipelines are added where a model of the grid is one, or the one of
// the first line. It returns the input unread.
func (o *sweepOptions) chooseColumns(in io.Reader, r *scenario.Resolver) io.Reader {
	if !o.stdin {
		for _, ax := range o.axes {
			if ax.axis.flag != "model" {
				continue
			}
			for _, v := range ax.values {
				s := o.base
				if ax.axis.apply(&s, v) == nil {
					o.csv.Pipelines = o.csv.Pipelines || r.IsPipeline(&s)
				}
			}
		}
		return in
	}
	b := bufio.NewReaderSize(in, firstLine)
	d := scenario.NewDecoder()
	d.Base = o.base
	var s scenario.Scenario
	if d.Decode(peekLine(b), &s) == nil {
		o.csv.Pipelines = r.IsPipeline(&s)
	}
	return b
}

// peekLine looks at the first line that is not empty, waiting for no more than
// that.
func peekLine(b *bufio.Reader) []byte {
	for n := 1; n <= firstLine; n = b.Buffered() + 1 {
		_, err := b.Peek(n)
		ahead, _ := b.Peek(b.Buffered())
		line, _, whole := bytes.Cut(bytes.TrimLeft(ahead, " \t\r\n"), []byte("\n"))
		if whole || err != nil {
			return bytes.TrimSpace(line)
		}
	}
	return nil
}

// otherColumns is the error of a pipeline in a table of language models.
func otherColumns(model string) error {
	return problem.Wrong(problem.Usage, fmt.Sprintf("%s is no language model, and the columns are of those, as the first line is one", model), "--output csv",
		"use --output jsonl, or put it first")
}
