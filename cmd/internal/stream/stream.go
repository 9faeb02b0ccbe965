package stream

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"github.com/plimsoll/plimsoll/cmd/internal/scenario"
)

// Worker answers questions, one at a time. Each method appends the answer to
// out and returns it with its exit code.
type Worker interface {
	Line(out, line []byte, number int) ([]byte, int)
	TooLong(out []byte, limit, number int) ([]byte, int)
	Scenario(out []byte, s *scenario.Scenario, number int) ([]byte, int)
}

// Flusher is where answers go.
type Flusher interface {
	io.Writer
	Flush() error
}

// Job is one run.
type Job struct {
	Workers   int
	NewWorker func() Worker
	Out       Flusher
}

// MaxLine is the longest line that is read, in bytes.
const MaxLine = 1 << 20

// Sizes of a chunk.
const (
	chunkLines = 128
	chunkBytes = 64 << 10
)

// chunk is some questions and, later, their answers.
type chunk struct {
	first     int // number of the first question, from 1
	data      []byte
	ends      []int // of each line in data; negative: the line was too long
	scenarios []scenario.Scenario
	out       []byte
	exit      int
	done      chan struct{}
}

func (c *chunk) reset(first int) {
	c.first, c.data, c.ends, c.scenarios, c.out, c.exit = first, c.data[:0], c.ends[:0], c.scenarios[:0], c.out[:0], 0
}

func (c *chunk) len() int { return len(c.ends) + len(c.scenarios) }

// Lines answers each line of r; blank lines are skipped but counted.
func (j *Job) Lines(ctx context.Context, r io.Reader) (exit int, err error) {
	return j.run(ctx, func(next func() *chunk, send func(*chunk) bool) error {
		in := bufio.NewReaderSize(r, 256<<10)
		number := 0
		c := next()
		if c == nil {
			return nil
		}
		c.reset(1)
		for {
			start := len(c.data)
			tooLong, err := readLine(in, &c.data)
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			last := err != nil
			number++
			switch {
			case tooLong:
				c.data = c.data[:start]
				c.ends = append(c.ends, -1)
			case last && len(c.data) == start:
			default:
				c.ends = append(c.ends, len(c.data))
			}
			full := len(c.ends) >= chunkLines || len(c.data) >= chunkBytes
			// A slow writer at the other end gets its answers at once.
			if c.len() > 0 && (full || last || in.Buffered() == 0) {
				if !send(c) {
					return nil
				}
				if c = next(); c == nil {
					return nil
				}
				c.reset(number + 1)
			}
			if last {
				return nil
			}
		}
	})
}

// readLine appends one line, without its end, to *data. A line that is too
// long is read to its end but not kept.
func readLine(in *bufio.Reader, data *[]byte) (tooLong bool, err error) {
	start := len(*data)
	for {
		part, err := in.ReadSlice('\n')
		if !tooLong {
			*data = append(*data, part...)
			tooLong = len(*data)-start > MaxLine
			if tooLong {
				*data = (*data)[:start]
			}
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if !tooLong {
			*data = (*data)[:start+len(bytes.TrimRight((*data)[start:], "\r\n"))]
		}
		return tooLong, err
	}
}

// Scenarios answers each scenario that generate yields.
func (j *Job) Scenarios(ctx context.Context, generate func(yield func(*scenario.Scenario) bool)) (exit int, err error) {
	return j.run(ctx, func(next func() *chunk, send func(*chunk) bool) error {
		number := 0
		c := next()
		if c == nil {
			return nil
		}
		c.reset(1)
		generate(func(s *scenario.Scenario) bool {
			number++
			c.scenarios = append(c.scenarios, *s)
			if c.len() < chunkLines {
				return true
			}
			if !send(c) {
				c = nil
				return false
			}
			if c = next(); c == nil {
				return false
			}
			c.reset(number + 1)
			return true
		})
		if c != nil && c.len() > 0 {
			send(c)
		}
		return nil
	})
}

// run joins a producer of chunks, the workers, and the writer.
func (j *Job) run(ctx context.Context, produce func(next func() *chunk, send func(*chunk) bool) error) (exit int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	inFlight := 4 * j.Workers
	free := make(chan *chunk, inFlight)
	for range inFlight {
		free <- &chunk{done: make(chan struct{}, 1)}
	}
	work := make(chan *chunk, inFlight)
	order := make(chan *chunk, inFlight)
	produced := make(chan error, 1)
	go func() {
		next := func() *chunk {
			select {
			case c := <-free:
				return c
			case <-ctx.Done():
				return nil
			}
		}
		send := func(c *chunk) bool {
			if ctx.Err() != nil {
				return false
			}
			order <- c // never blocks: there are no more chunks than places
			work <- c
			return true
		}
		produced <- produce(next, send)
		close(work)
		close(order)
	}()
	var workers sync.WaitGroup
	for range j.Workers {
		workers.Go(func() {
			w := j.NewWorker()
			for c := range work {
				c.answer(w)
				c.done <- struct{}{}
			}
		})
	}
	exit, err = j.write(ctx, order, free)
	cancel()
	if err != nil {
		return exit, err // the producer may be waiting for input that never comes
	}
	if ctxErr := context.Cause(ctx); ctxErr != nil && !errors.Is(ctxErr, context.Canceled) {
		return exit, ctxErr
	}
	select {
	case err = <-produced:
		workers.Wait()
	default: // interrupted while waiting for input
	}
	return exit, err
}

// write hands out the answers in order; what is ready is flushed before
// waiting for more.
func (j *Job) write(ctx context.Context, order <-chan *chunk, free chan<- *chunk) (exit int, err error) {
	for {
		var c *chunk
		var ok bool
		select {
		case c, ok = <-order:
		default:
			if err := j.Out.Flush(); err != nil {
				return exit, err
			}
			select {
			case c, ok = <-order:
			case <-ctx.Done():
				return exit, nil
			}
		}
		if !ok {
			return exit, j.Out.Flush()
		}
		select {
		case <-c.done:
		case <-ctx.Done():
			return exit, j.Out.Flush()
		}
		exit = max(exit, c.exit)
		if _, err := j.Out.Write(c.out); err != nil {
			return exit, err
		}
		free <- c
	}
}

// answer fills c.out.
func (c *chunk) answer(w Worker) {
	start := 0
	note := func(out []byte, exit int) {
		c.out = out
		c.exit = max(c.exit, exit)
	}
	for i, end := range c.ends {
		if end < 0 {
			note(w.TooLong(c.out, MaxLine, c.first+i))
			continue
		}
		line := bytes.TrimSpace(c.data[start:end])
		start = end
		if len(line) > 0 {
			note(w.Line(c.out, line, c.first+i))
		}
	}
	for i := range c.scenarios {
		note(w.Scenario(c.out, &c.scenarios[i], c.first+i))
	}
}
